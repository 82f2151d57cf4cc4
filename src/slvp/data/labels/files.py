"""Files of labels: one for a benchmark's split and a kind, that programs or people may write.

``ROOT/labels/SPLIT-KIND.json``, where ROOT is the benchmark's folder, reads::

    {"kind": "box", "benchmark": "ref-davis17", "split": "train", "videos": {
    "bear": {"size": [480, 854], "labelled": ["00000", "00001"],
             "objects": {"1": {"00000": [101, 82, 404, 310]}}}}}

``size`` is height and width, ``labelled`` names the frames that were looked at: an object that has
no label there is not seen in them. A box is ``[x, y, width, height]``, a point ``[x, y]``, a mask
(of ``first-frame``) COCO's compressed run lengths, ``{"size": [HEIGHT, WIDTH], "counts":
LETTERS}``. All are in pixels from the top left corner, in whole numbers.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any

from slvp.data.benchmarks.files import read_json, typed
from slvp.data.labels.kinds import WeakKind
from slvp.data.labels.records import Box, Label, Outlined, Point, VideoLabels
from slvp.data.rle import decode_rle
from slvp.errors import UserError
from slvp.files import whole_file
from slvp.words import counted

Size = tuple[int, int]

FrameNames = Mapping[str, Sequence[str]]
"""By a video's name, what the benchmark calls its frames, in order."""

_MEND = "mend that, or move the file away"


def label_file(root: Path, split: str, kind: WeakKind) -> Path:
    """Return where the labels of a split are looked for."""
    return root / "labels" / f"{split}-{kind}.json"


def read_labels(
    path: Path, benchmark: str, split: str, kind: WeakKind, frames: FrameNames
) -> dict[str, VideoLabels]:
    """Read a file of labels.

    Args:
        path: the file, which is there.
        benchmark: its name on the command line.
        split: one of its splits.
        kind: of the labels.
        frames: of all videos of the split.

    Returns:
        Labels by the video's name, in the order of the file, which may lack some videos.

    Raises:
        UserError: the file doesn't read as said above, is about something else, or doesn't fit the
            benchmark's videos and frames.
    """
    content = read_json(path, benchmark, mend=_MEND)
    try:
        content = typed(content, dict, "the file")
        for key, value in (("kind", kind), ("benchmark", benchmark), ("split", split)):
            if content.get(key) != value:
                raise ValueError(f'"{key}" is {content.get(key)!r} and not {value!r}')
        labels = {}
        for name, video in typed(content.get("videos"), dict, '"videos"').items():
            if name not in frames:
                raise ValueError(f"{benchmark} has no video {name} in {split}")
            try:
                labels[name] = _parse_video(video, kind, frames[name])
            except ValueError as error:
                raise ValueError(f"video {name}, {error}") from error
        return labels
    except ValueError as error:
        raise UserError(f"{path} doesn't read as labels ({error}): {_MEND}.") from error


def write_labels(
    path: Path,
    benchmark: str,
    split: str,
    kind: WeakKind,
    labels: Mapping[str, VideoLabels],
    frames: FrameNames,
) -> None:
    """Write a file of labels, whole or not at all, a line for each video; same labels, same bytes.

    Args:
        path: the file to make or replace; its folder is made, too.
        benchmark: its name on the command line.
        split: one of its splits.
        kind: of all labels.
        labels: by the video's name.
        frames: of the labelled videos.

    Raises:
        UserError: ``path`` can't be written.
    """
    head = json.dumps({"kind": kind, "benchmark": benchmark, "split": split})
    videos = ",\n".join(
        f"{json.dumps(name)}: {json.dumps(_video_content(one, frames[name]))}"
        for name, one in labels.items()
    )
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with whole_file(path) as part:
            part.write_text(f'{head[:-1]}, "videos": {{\n{videos}\n}}}}\n', encoding="utf-8")
    except OSError as error:
        raise UserError(
            f"{path} can't be written ({error.strerror}): name another file, or make the folder "
            "writable."
        ) from error


def count_labels(labels: Mapping[str, VideoLabels]) -> str:
    """Return how much there is, in words: 2 videos, 3 objects, 18 labels."""
    objects = [one for video in labels.values() for one in video.frames.values()]
    return ", ".join(
        (
            counted(len(labels), "video"),
            counted(len(objects), "object"),
            counted(sum(map(len, objects)), "label"),
        )
    )


def _parse_video(content: Any, kind: WeakKind, names: Sequence[str]) -> VideoLabels:
    match typed(content, dict, "its entry"):
        case {"size": [int(height), int(width)]} if height > 0 and width > 0:
            size = height, width
        case _:
            raise ValueError('"size": expected [HEIGHT, WIDTH], in pixels')
    index = {name: t for t, name in enumerate(names)}
    looked_at = typed(content.get("labelled"), list, '"labelled"')
    labelled = [_find(name, index, '"labelled"') for name in looked_at]
    if len(set(labelled)) < len(labelled):
        raise ValueError('"labelled" names a frame twice')

    found: dict[int, dict[int, Label]] = {}
    for key, entries in typed(content.get("objects"), dict, '"objects"').items():
        place = f"object {key}"
        if not key.isdecimal() or key != str(int(key)):
            raise ValueError(f"{place}: expected a number, such as 1")
        labels = {}
        for name, value in typed(entries, dict, place).items():
            t = _find(name, index, place)
            try:
                if kind != "first-frame" and t not in labelled:
                    raise ValueError('a label, yet the frame is not among "labelled"')
                labels[t] = _PARSE[kind](value, size)
            except ValueError as error:
                raise ValueError(f"{place}, frame {name}: {error}") from error
        if kind == "first-frame" and len(labels) > 1:
            raise ValueError(f"{place}: masks in {len(labels)} frames and not in one")
        found[int(key)] = dict(sorted(labels.items()))
    return VideoLabels(kind, size, dict(sorted(found.items())), tuple(sorted(labelled)))


def _find(name: Any, index: dict[str, int], place: str) -> int:
    if not isinstance(name, str) or name not in index:
        first, last = next(iter(index)), next(reversed(index))
        raise ValueError(f"{place}: no frame {name!r}; the video's are {first} to {last}")
    return index[name]


def _parse_box(value: Any, size: Size) -> Box:
    height, width = size
    match value:
        case [int(x), int(y), int(columns), int(rows)]:
            if 0 <= x < x + columns <= width and 0 <= y < y + rows <= height:
                return Box(x, y, columns, rows)
            raise ValueError(f"the box {value} is empty or not within {width} x {height} pixels")
    raise ValueError(f"{value!r} is no box [X, Y, WIDTH, HEIGHT] in whole pixels")


def _parse_point(value: Any, size: Size) -> Point:
    height, width = size
    match value:
        case [int(x), int(y)]:
            if 0 <= x < width and 0 <= y < height:
                return Point(x, y)
            raise ValueError(f"the point {value} is not within {width} x {height} pixels")
    raise ValueError(f"{value!r} is no point [X, Y] in whole pixels")


def _parse_mask(value: Any, size: Size) -> Outlined:
    height, width = size
    match value:
        case {"size": [int(rows), int(columns)], "counts": str(counts)}:
            if (rows, columns) != size:
                raise ValueError(
                    f"a mask of {columns} x {rows} pixels, yet the video's are {width} x {height}"
                )
            mask_HW = decode_rle(counts, height, width)
            if not mask_HW.any():
                raise ValueError("an empty mask")
            return Outlined.of(mask_HW)
    raise ValueError('no mask {"size": [HEIGHT, WIDTH], "counts": LETTERS}')


_PARSE: dict[WeakKind, Callable[[Any, Size], Label]] = {
    "box": _parse_box,
    "point": _parse_point,
    "first-frame": _parse_mask,
}


def _video_content(labels: VideoLabels, names: Sequence[str]) -> dict[str, Any]:
    return {
        "size": labels.size,
        "labelled": [names[t] for t in labels.labelled],
        "objects": {
            str(object_id): {names[t]: _label_content(one) for t, one in found.items()}
            for object_id, found in labels.frames.items()
        },
    }


def _label_content(label: Label) -> Any:
    match label:
        case Box():
            return [label.left, label.top, label.width, label.height]
        case Point():
            return [label.x, label.y]
        case Outlined():
            return {"size": label.size, "counts": label.counts}
