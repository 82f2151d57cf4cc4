"""Convert VISOR's official download into a benchmark in the layout of Ref-YouTube-VOS.

::

    OUT/SPLIT/JPEGImages/SEQUENCE/FRAME.jpg          854 x 480; SPLIT: train, val
    OUT/SPLIT/Annotations/SEQUENCE/FRAME.png         palette: object ids
    OUT/SPLIT/objects/SEQUENCE.json                  every object: id, name, sentence or why not
    OUT/meta_expressions/SPLIT/meta_expressions.json train, val, val_unseen (a part of val)
    OUT/statistics.json
"""

from __future__ import annotations

import hashlib
import json
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from functools import partial
from pathlib import Path
from typing import Any

from tqdm import tqdm

from slvp.data.palette import indexed_picture
from slvp.data.visor.annotations import read_subsequences
from slvp.data.visor.drawing import shrink_photograph
from slvp.data.visor.sequences import SequenceRecord, make_sequence
from slvp.data.visor.source import FOLDER, SPLITS, VideoImages, annotation_files
from slvp.data.visor.statistics import VisorStatistics, count
from slvp.errors import UserError
from slvp.files import whole_file
from slvp.types import UInt8Array

RECIPE = 1
"""Number of the recipe; a sequence made by another one is made again."""

_CONTENTS = {*SPLITS, "meta_expressions", "statistics.json"}

UNSEEN_KITCHENS = frozenset(
    {
        *("P07_101", "P07_103", "P07_110"),
        *("P09_02", "P09_07", "P09_103", "P09_104", "P09_106"),
        *("P21_01", "P29_04"),
    }
)
"""The videos of ``val`` in kitchens that ``train`` lacks, as VISOR's benchmark lists them.

No rule gives the list: P07 is a participant of ``train``, too, but in another kitchen.
"""


def prepare_visor(source: Path, out: Path, *, progress: bool = True) -> VisorStatistics:
    """Convert the splits that ``source`` holds; ``source`` stays as it is.

    May be stopped and started again: finished sequences are not made again. Same source, same
    files.

    Args:
        source: folder of the download, which holds ``GroundTruth-SparseAnnotations``.
        out: folder of the benchmark; is made if it is missing.
        progress: show a bar with the time left on stderr.

    Raises:
        UserError: ``source`` is no download of VISOR, ``out`` is in it, holds something else than
            an earlier conversion or can't be made, a file of annotations doesn't read, or a frame
            is missing or broken.
    """
    source, out = Path(source), Path(out)
    if not source.is_dir():
        found = "is a file" if source.exists() else "is not there"
        raise UserError(f"{source} {found}: give the folder of VISOR's unpacked download.")
    files = {split: annotation_files(source, split) for split in SPLITS}
    if not any(files.values()):
        raise UserError(
            f"{source / FOLDER / 'annotations'} has no train/*.json or val/*.json: give the folder "
            f"of VISOR's download, which holds {FOLDER}."
        )
    if out.resolve().is_relative_to(source.resolve()):
        raise UserError(
            f"{out} lies in VISOR's download {source}, which stays as it is: give another folder."
        )
    _require_ours(out)
    try:
        out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise UserError(f"{out} can't be made ({error.strerror}): give another folder.") from error

    statistics = {}
    for split in SPLITS:
        if not files[split]:
            continue
        records = []
        bar = tqdm(files[split], split, unit="video", disable=not progress, dynamic_ncols=True)
        for path in bar:
            records += _prepare_video(path, source, out, split)
        _write_meta(out, split, records)
        statistics[split] = count(records)
        if split == "val":
            unseen = [record for record in records if record.video in UNSEEN_KITCHENS]
            _write_meta(out, "val_unseen", unseen)
            statistics["val_unseen"] = count(unseen)
    result = VisorStatistics(statistics)
    _write_json(out / "statistics.json", asdict(result))
    return result


def _require_ours(out: Path) -> None:
    """Check that ``out`` is absent, empty or an earlier conversion, whole or not."""
    if not out.exists():
        return
    if not out.is_dir():
        raise UserError(f"{out} is a file: give a folder, which may be a new one.")
    # Of a conversion that was stopped, there may be folders of frames only.
    strangers = sorted({path.name for path in out.iterdir()} - _CONTENTS)
    if strangers:
        raise UserError(
            f"{out} holds {strangers[0]}, which is no part of a conversion of VISOR: give a new or "
            "empty folder."
        )


def _prepare_video(annotations: Path, source: Path, out: Path, split: str) -> list[SequenceRecord]:
    subsequences = read_subsequences(annotations)
    # The photographs are published together with the annotations, so these stand for both.
    made_from = f"{RECIPE} {hashlib.sha256(annotations.read_bytes()).hexdigest()}"
    records = []
    with VideoImages(source, split, annotations.stem) as images, ThreadPoolExecutor() as threads:
        for subsequence in subsequences:
            record_path = out / split / "objects" / f"{subsequence.name}.json"
            record = _finished(record_path, made_from, out, split)
            if record is None:
                record, ids_by_image = make_sequence(subsequence, split)
                if record.left_out is None:
                    folders = _folders(out, split, record.name)
                    for folder in folders:
                        folder.mkdir(parents=True, exist_ok=True)
                    write = partial(_write_frame, images, annotations, folders)
                    list(threads.map(write, ids_by_image, ids_by_image.values()))
                _write_json(record_path, {"made_from": made_from, **asdict(record)})
            records.append(record)
    return records


def _finished(path: Path, made_from: str, out: Path, split: str) -> SequenceRecord | None:
    """Return the record of a sequence that is whole and made from the same; None otherwise."""
    if not path.is_file():
        return None
    content = json.loads(path.read_bytes())
    if content.pop("made_from") != made_from:
        return None
    record = SequenceRecord.from_json(content)
    photographs, masks = _folders(out, split, record.name)
    whole = record.left_out is not None or all(
        (photographs / f"{frame}.jpg").is_file() and (masks / f"{frame}.png").is_file()
        for frame in record.frames
    )
    return record if whole else None


def _folders(out: Path, split: str, sequence: str) -> tuple[Path, Path]:
    return out / split / "JPEGImages" / sequence, out / split / "Annotations" / sequence


def _write_frame(
    images: VideoImages,
    named_in: Path,
    folders: tuple[Path, Path],
    image: str,
    ids_HW: UInt8Array,
) -> None:
    photographs, masks = folders
    stem = Path(image).stem
    small = shrink_photograph(*images.read(image, named_in))
    with whole_file(photographs / f"{stem}.jpg") as part:
        part.write_bytes(small)
    with whole_file(masks / f"{stem}.png") as part:
        indexed_picture(ids_HW).save(part, format="PNG")


def _write_meta(out: Path, split: str, records: list[SequenceRecord]) -> None:
    videos = {
        record.name: {
            "expressions": {
                str(number): {"exp": one.text, "obj_id": str(one.object_id), "kind": one.kind}
                for number, one in enumerate(one for one in record.objects if one.text)
            },
            "frames": record.frames,
        }
        for record in records
        if record.left_out is None
    }
    _write_json(out / "meta_expressions" / split / "meta_expressions.json", {"videos": videos})


def _write_json(path: Path, content: dict[str, Any]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with whole_file(path) as part:
        part.write_text(json.dumps(content, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
