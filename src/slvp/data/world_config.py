"""How clips of the world are drawn."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WorldConfig:
    """How clips of the world are drawn. Chances are probabilities in 0..1.

    Attributes:
        frames: T of a clip.
        height: of the frames, in pixels.
        width: of the frames, in pixels.
        min_objects: fewest objects of a clip.
        max_objects: most objects of a clip (crowds have up to three more).
        same_class: chance that several objects share one class, so that a plain noun is not
            enough to tell them apart.
        same_kind: chance, otherwise, that they share a broader class: all are animals, say.
        other_colours: chance that one of several alike is chosen for another colour.
        recoloured: chance that several alike are one and the same in several colours.
        crowd: chance of 4 to 8 people, or animals of one class.
        spectators: chance that of a crowd all but one or two stand behind these, still and unnamed.
        still_object: chance that an object stands still in the scene.
        dancing: chance that a moving person moves to and fro on the spot.
        moving_camera: chance that the camera moves.
        following_camera: chance that the camera follows the nearest object.
        speed: typical motion of an object, in frame widths a step.
        ground: chance that objects stand on the ground (lower means nearer and larger).
        still_backgrounds: chance that objects move before a photograph that shows labelled objects
            of its own, which are asked for, too; where there are such photographs.
        video_backgrounds: chance that they move before a real video; where there are any.
        patches: chance of pasted pieces of background in the shape of cut-outs, which are no
            objects: so that a paste is no evidence of an object.
        shadow: chance of a soft shadow, per object.
        clutter: chance that an object is never referred to.
        absent: share of expressions that describe nothing in the clip.
        max_expressions: most expressions of a clip.
        max_captions: most captions of a clip.
        randomise: vary blending, colour, blur, noise, JPEG and resolution; False for the ablation
            (and for tests of flow and masks).
        seed: of the whole world; a clip is drawn from (seed, clip seed).
    """

    frames: int = 4
    height: int = 192
    width: int = 192
    min_objects: int = 1
    max_objects: int = 5
    same_class: float = 0.6
    same_kind: float = 0.25
    other_colours: float = 0.6
    recoloured: float = 0.4
    crowd: float = 0.12
    spectators: float = 0.5
    still_object: float = 0.35
    dancing: float = 0.15
    moving_camera: float = 0.7
    following_camera: float = 0.2
    speed: float = 0.05
    ground: float = 0.5
    still_backgrounds: float = 0.25
    video_backgrounds: float = 0.15
    patches: float = 0.3
    shadow: float = 0.35
    clutter: float = 0.15
    absent: float = 0.1
    max_expressions: int = 6
    max_captions: int = 3
    randomise: bool = True
    seed: int = 0
