"""A tiny data set in the layout of Ref-DAVIS17; the parser of that name shows the layout."""

from __future__ import annotations

from pathlib import Path

from slvp.data.benchmarks.masks import VOID
from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS
from slvp.data.examples.files import write_frames, write_masks
from slvp.data.examples.scene import scene, sentences_of

SEQUENCES = {"train": {"bear": 1, "classic-car": 2}, "val": {"blackswan": 1, "dogs-scale": 2}}
"""By split, how many objects each sequence has. The names are DAVIS's, the pictures are not."""

FRAMES = tuple(f"{number:05d}" for number in range(6))

# As the published description files have it.
_MISSPELT = {"classic-car": "clasic-car", "dogs-scale": "dog-scale"}


def write_ref_davis17(out: Path, seed: int = 0) -> None:
    """Write two sequences of six frames for each split; same seed, same files.

    As in the published files, two sequences are misspelt in the descriptions, and those of the
    second annotator are Latin-1. The masks for the unsupervised task have void pixels.

    Args:
        out: a folder that exists and is empty.
        seed: of all that is random.
    """
    lines: dict[str, list[str]] = {name: [] for name in ANNOTATION_SETS}
    number = 0
    for split, sequences in SEQUENCES.items():
        split_file = out / "DAVIS" / "ImageSets" / "2017" / f"{split}.txt"
        split_file.parent.mkdir(parents=True, exist_ok=True)
        split_file.write_text("".join(f"{sequence}\n" for sequence in sequences))
        for sequence, objects in sequences.items():
            clip = scene(100 * seed + number, objects=objects)
            number += 1
            assert clip.ids_THW is not None
            folders = [
                out / "DAVIS" / name / "480p" / sequence
                for name in ("JPEGImages", "Annotations", "Annotations_unsupervised")
            ]
            write_frames(clip.frames_THWC, folders[0], FRAMES)
            write_masks(clip.ids_THW, folders[1], FRAMES)
            with_void_THW = clip.ids_THW.copy()
            with_void_THW[2, :6, :8] = VOID
            write_masks(with_void_THW, folders[2], FRAMES)
            for object_id in range(1, objects + 1):
                sentences = sentences_of(clip, object_id)
                for index, name in enumerate(ANNOTATION_SETS):
                    text = sentences[index % len(sentences)]
                    if name.startswith("annot2"):
                        text += " vis-à-vis the viewer"
                    spelt = _MISSPELT.get(sequence, sequence)
                    lines[name].append(f'{spelt} {object_id} "{text}"\n')

    texts = out / "davis_text_annotations"
    texts.mkdir()
    for name, described in lines.items():
        encoding = "latin-1" if name.startswith("annot2") else "ascii"
        (texts / f"Davis17_{name}.txt").write_bytes("".join(described).encode(encoding))
