"""Ref-DAVIS17: DAVIS 2017 with four descriptions of every object.

Source: Khoreva, Rohrbach and Schiele, "Video Object Segmentation with Language Referring
Expressions", ACCV 2018. Layout::

    ROOT/DAVIS/JPEGImages/480p/SEQUENCE/00000.jpg ...
    ROOT/DAVIS/Annotations/480p/SEQUENCE/00000.png ...      palette masks, one per frame
    ROOT/DAVIS/Annotations_unsupervised/480p/...            the same for the unsupervised task
    ROOT/DAVIS/ImageSets/2017/val.txt                       one sequence per line
    ROOT/davis_text_annotations/Davis17_annot1.txt ...      SEQUENCE OBJECT "DESCRIPTION"

Expressions are numbered as the field's conversion to the layout of Ref-YouTube-VOS does it: object
by object, each in the order of ``ANNOTATION_SETS``.
"""

from __future__ import annotations

import re
from pathlib import Path

from slvp.data.benchmarks.files import read_text, require_folder
from slvp.data.benchmarks.frames import PictureFrames
from slvp.data.benchmarks.masks import PaletteMasks
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.errors import UserError

BENCHMARK = "Ref-DAVIS17"

ANNOTATION_SETS = ("annot1", "annot1_full_video", "annot2", "annot2_full_video")
"""Two annotators, each of whom described the object from its first frame and from the video."""

# The description files spell three sequences in another way than DAVIS does.
_SPELLING = {"clasic-car": "classic-car", "dog-scale": "dogs-scale", "motor-bike": "motorbike"}

_LINE = re.compile(r'(?P<sequence>\S+)\s+(?P<object>[1-9]\d*)\s+"(?P<text>.*)"')


def load_ref_davis17(
    root: Path, split: str = "val", *, unsupervised: bool = False, with_masks: bool = True
) -> list[BenchmarkExpression]:
    """Read the expressions of Ref-DAVIS17, sequence by sequence in the order of the split's file.

    Args:
        root: the folder with ``DAVIS`` and ``davis_text_annotations`` in it.
        split: ``val`` (30 sequences) or ``train`` (60).
        unsupervised: take the masks of ``Annotations_unsupervised``, where that folder is there.
        with_masks: if not, no mask file is looked at: there are no masks, and no frame is scored.

    Raises:
        UserError: a file or folder is missing, a frame has no mask or a mask no frame, a line
            can't be read, or a sequence is not described in one of the four files, or an object
            twice in one of them.
    """
    root = Path(root)
    davis = require_folder(root / "DAVIS", BENCHMARK)
    split_file = davis / "ImageSets" / "2017" / f"{split}.txt"
    sequences = _decode(read_text(split_file, BENCHMARK)).split()
    if not sequences:
        raise UserError(f"{split_file} names no sequence: unpack {BENCHMARK} again.")
    descriptions = {
        name: _read_descriptions(root / "davis_text_annotations" / f"Davis17_{name}.txt")
        for name in ANNOTATION_SETS
    }

    masks_folder = _masks_folder(davis, unsupervised) if with_masks else None
    expressions = []
    for sequence in sequences:
        frames = _frames(davis, sequence)
        masks = None if masks_folder is None else _masks(masks_folder / sequence, frames)
        for index, name in enumerate(ANNOTATION_SETS):
            described = descriptions[name].get(sequence)
            if described is None:
                raise UserError(
                    f"{root / 'davis_text_annotations' / f'Davis17_{name}.txt'} doesn't describe "
                    f"sequence {sequence}, which {split_file} names: unpack {BENCHMARK} again."
                )
            expressions += [
                BenchmarkExpression(
                    sequence=sequence,
                    expression_id=str(len(ANNOTATION_SETS) * rank + index),
                    text=text,
                    object_ids=(object_id,),
                    annotation_set=name,
                    frames=frames,
                    masks=masks,
                    scored=() if masks is None else tuple(range(len(frames.paths))),
                )
                for rank, (object_id, text) in enumerate(described)
            ]
    return expressions


def _masks_folder(davis: Path, unsupervised: bool) -> Path:
    """Return the folder of masks: one of the two may be all that a user has."""
    folders = [davis / "Annotations_unsupervised" / "480p", davis / "Annotations" / "480p"]
    preferred, other = folders if unsupervised else folders[::-1]
    return preferred if preferred.is_dir() else require_folder(other, BENCHMARK)


def _frames(davis: Path, sequence: str) -> PictureFrames:
    folder = require_folder(davis / "JPEGImages" / "480p" / sequence, BENCHMARK)
    paths = tuple(sorted(folder.glob("*.jpg"), key=lambda path: path.stem))
    if not paths:
        raise UserError(f"{folder} has no frame (*.jpg): unpack {BENCHMARK} again.")
    return PictureFrames(paths)


def _masks(folder: Path, frames: PictureFrames) -> PaletteMasks:
    require_folder(folder, BENCHMARK)
    # Every frame has a mask: a lone mask means that a frame was lost, and scores would shift.
    if lone := set(frames.names) ^ {path.stem for path in folder.glob("*.png")}:
        stem = min(lone)
        frame, mask = frames.paths[0].with_name(f"{stem}.jpg"), folder / f"{stem}.png"
        lost, found = (mask, frame) if stem in frames.names else (frame, mask)
        raise UserError(
            f"{lost} is missing, though {found} is there: unpack {BENCHMARK} again, for every "
            "frame is scored."
        )
    return PaletteMasks(tuple(folder / f"{stem}.png" for stem in frames.names))


def _read_descriptions(path: Path) -> dict[str, list[tuple[int, str]]]:
    """Return, by sequence, object ids and descriptions in the order of the ids, as numbers."""
    described: dict[str, dict[int, str]] = {}
    for number, line in enumerate(_decode(read_text(path, BENCHMARK)).split("\n"), start=1):
        if not line.strip():
            continue
        match = _LINE.fullmatch(line.strip())
        if match is None or not match["text"].strip():
            raise UserError(
                f'{path}, line {number}, doesn\'t read SEQUENCE OBJECT "DESCRIPTION" with an '
                f"object number from 1 on: mend the line or unpack {BENCHMARK} again."
            )
        objects = described.setdefault(_SPELLING.get(match["sequence"], match["sequence"]), {})
        if int(match["object"]) in objects:
            raise UserError(
                f"{path}, line {number}, describes object {match['object']} of sequence "
                f"{match['sequence']}, as a line before it does: take one of them out or unpack "
                f"{BENCHMARK} again."
            )
        objects[int(match["object"])] = match["text"].strip()
    return {sequence: sorted(objects.items()) for sequence, objects in described.items()}


def _decode(content: bytes) -> str:
    # The second annotator's files are Latin-1 as published, the first one's ASCII or UTF-8; a
    # Latin-1 letter outside ASCII is hardly ever valid UTF-8.
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError:
        return content.decode("latin-1")
