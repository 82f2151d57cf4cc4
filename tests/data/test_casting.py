"""Crowds, objects alike, dancers: who is in a clip of the world."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from slvp.data import vocabulary
from slvp.data.casting import Actor, Casting
from slvp.data.cutouts import CutoutLibrary
from slvp.data.pictures import Cutout
from slvp.data.world import World, WorldConfig
from slvp.types import UInt8Array

SHAPES = CutoutLibrary.drawn_shapes()


def _named(class_name: str, colour: str, number: int) -> Cutout:
    shape = SHAPES.cutouts[number % len(SHAPES.cutouts)]
    return replace(
        shape,
        name=f"{class_name}-{colour}-{number}",
        class_name=class_name,
        caption=f"a {colour} {class_name}",
        broader=vocabulary.broader(class_name),
    )


ZOO = CutoutLibrary(
    tuple(
        _named(class_name, colour, number)
        for class_name in ("dog", "cow", "car", "bus", "man", "cup")
        for number, colour in enumerate(("black", "white", "brown", "red", "gray", "blue"))
    ),
    SHAPES.backgrounds,
)


def _clips(config: WorldConfig, library: CutoutLibrary = ZOO, count: int = 60) -> list[list[Actor]]:
    casting = Casting(library, config)
    return [casting.draw(np.random.default_rng(seed)) for seed in range(count)]


def _moves(actor: Actor) -> bool:
    return actor.path.moves or actor.path.dances


def test_crowds_are_of_people_or_of_one_class_of_animals() -> None:
    kinds = set()
    for actors in _clips(WorldConfig(crowd=1.0)):
        assert 4 <= len(actors) <= 8
        kinds |= {frozenset(actor.cutout.class_name for actor in actors)}
    assert kinds == {frozenset({"man"}), frozenset({"dog"}), frozenset({"cow"})}


def test_no_crowd_where_there_are_neither_people_nor_herds() -> None:
    clips = _clips(WorldConfig(crowd=1.0, max_objects=2), SHAPES)
    assert all(len(actors) <= 2 for actors in clips)


def test_spectators_stand_behind_and_are_not_named() -> None:
    clips = _clips(WorldConfig(crowd=1.0, spectators=1.0))
    for actors in clips:
        assert not actors[-1].unnamed, "the nearest must be someone to refer to"
    behind = [actor for actors in clips for actor in actors[:-2]]
    assert np.mean([_moves(actor) for actor in behind]) < 0.2
    assert np.mean([actor.unnamed for actor in behind]) > 0.6
    assert np.mean([_moves(actors[-1]) for actors in clips]) > 0.7


def test_nobody_refers_to_a_spectator() -> None:
    config = WorldConfig(crowd=1.0, spectators=1.0, clutter=0.0)
    world = World(ZOO, config)
    for seed in range(15):
        actors = enumerate(world.actors(seed), start=1)
        unnamed = {number for number, actor in actors if actor.unnamed}
        said = {e.object_ids[0] for e in world.clip(seed).expressions if len(e.object_ids) == 1}
        assert said and not said & unnamed


def test_objects_alike_have_other_colours() -> None:
    config = WorldConfig(crowd=0.0, same_class=1.0, min_objects=2, max_objects=3)

    def same_colours(share: float) -> float:
        pairs = [
            actors[0].cutout.caption == actors[1].cutout.caption
            for actors in _clips(replace(config, other_colours=share))
            if actors[0].cutout.class_name == actors[1].cutout.class_name
        ]
        return float(np.mean(pairs))

    assert same_colours(1.0) < 0.05 < same_colours(0.0)


def test_objects_of_a_kind() -> None:
    config = WorldConfig(crowd=0.0, same_class=0.0, same_kind=1.0, min_objects=3)
    for actors in _clips(config):
        assert len({vocabulary.broader(actor.cutout.class_name) for actor in actors}) == 1


def test_people_dance_and_stay_where_they_are() -> None:
    config = WorldConfig(crowd=0.0, still_object=0.0, dancing=1.0, frames=8)
    actors = [actor for clip in _clips(config) for actor in clip]
    dancers = [actor for actor in actors if actor.path.dances]
    assert {actor.cutout.class_name for actor in dancers} == {"man"}
    for dancer in dancers:
        x = dancer.path.centres_T2[:, 0]
        assert 0 < np.ptp(x) < 192 and (np.diff(np.sign(np.diff(x))) != 0).any(), "to and fro"


def test_dancing_tells_a_dancer_from_those_who_stand() -> None:
    config = WorldConfig(crowd=1.0, spectators=1.0, dancing=1.0, randomise=False, patches=0.0)
    world = World(ZOO, config)
    said = [e for seed in range(60) for e in world.clip(seed).expressions if e.kind == "motion"]
    assert sum("dancing" in e.text for e in said) > 3
    assert all("walking" not in e.text for e in said if "man" in e.text and "dancing" in e.text)


def test_one_and_the_same_in_several_colours() -> None:
    painted = tuple(
        replace(c, class_name="car", caption="a red car", read=_red_square)
        for c in SHAPES.cutouts[:2]
    )
    config = WorldConfig(crowd=0.0, same_class=1.0, recoloured=1.0, min_objects=3, max_objects=3)
    for actors in _clips(config, CutoutLibrary(painted, SHAPES.backgrounds), count=10):
        captions = {actor.cutout.caption for actor in actors}
        assert len(captions) > 1, "of more than one colour"
        assert all(caption.endswith(" car") for caption in captions)


def _red_square() -> UInt8Array:
    rgba = np.full((60, 60, 4), 255, np.uint8)
    rgba[..., :3] = (200, 30, 25)
    return rgba
