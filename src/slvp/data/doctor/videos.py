"""Every frame and every mask of a video, opened and looked at."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from PIL import Image, UnidentifiedImageError

from slvp.data.benchmarks.frames import PictureFrames, open_picture
from slvp.data.benchmarks.masks import PaletteMasks
from slvp.data.benchmarks.records import BenchmarkExpression, Frames, Masks
from slvp.data.doctor.findings import Problem
from slvp.errors import UserError

_Size = tuple[int, int]


@dataclass(frozen=True)
class Video:
    """What there is to look at of one video.

    Attributes:
        name: the benchmark's.
        frames: of the video.
        masks: one source of masks or several; none where a server keeps them.
        masked: ascending indices of the frames that have masks.
        object_ids: the objects that sentences describe.
    """

    name: str
    frames: Frames
    masks: tuple[Masks, ...]
    masked: tuple[int, ...]
    object_ids: frozenset[int] = frozenset()

    @property
    def file_count(self) -> int:
        """The number of frames and masks."""
        return len(self.frames.names) + len(self.masks) * len(self.masked)


@dataclass(frozen=True)
class Seen:
    """What came of looking at one video.

    Attributes:
        file_count: as in ``Video``.
        problems: of its files.
        unseen: objects that sentences describe but no mask shows; empty where that isn't known.
    """

    file_count: int
    problems: tuple[Problem, ...]
    unseen: tuple[str, ...]


def videos_of(expressions: Iterable[BenchmarkExpression]) -> list[Video]:
    """Return the videos that expressions are about, each once."""
    by_name: dict[str, list[BenchmarkExpression]] = defaultdict(list)
    for one in expressions:
        by_name[one.sequence].append(one)
    videos = []
    for name, group in by_name.items():
        masks: list[Masks] = []
        for one in group:
            if one.masks is not None and one.masks not in masks:
                masks.append(one.masks)
        videos.append(
            Video(
                name=name,
                frames=group[0].frames,
                masks=tuple(masks),
                masked=tuple(sorted({t for one in group for t in one.scored})),
                object_ids=frozenset(number for one in group for number in one.object_ids),
            )
        )
    return videos


def look_at(video: Video, *, quick: bool) -> Seen:
    """Open and decode a video's frames and masks, one at a time.

    Args:
        video: to look at.
        quick: read only the heads of pictures, the first frame of a video file and the first mask
            where masks are no pictures.
    """
    problems: list[Problem] = []
    size = _look_at_frames(video.frames, quick, problems)
    unseen = set(video.object_ids)
    for masks in video.masks:
        if isinstance(masks, PaletteMasks) and quick:
            for t in video.masked:
                _look_at_head(masks.paths[t], size, problems)
            continue
        for t in video.masked[:1] if quick else video.masked:
            path = masks.paths[t] if isinstance(masks, PaletteMasks) else None
            if path is not None and _is_missing(path, problems):
                continue
            try:
                objects = masks.read(t)
                unseen -= {one for one in unseen if objects.mask((one,)).any()}
            except UserError as error:
                problems.append(problem_of(error, "Masks can't be read", path))
                continue
            where = path or f"{video.name}, frame {video.frames.names[t]}"
            _compare(where, objects.size, size, problems)
    if problems or quick or not video.masks:
        unseen.clear()
    named = tuple(f"{video.name}, object {number}" for number in sorted(unseen))
    return Seen(video.file_count, tuple(problems), named)


def problem_of(error: UserError, kind: str, path: Path | None = None) -> Problem:
    """Return a parser's complaint, which says what is wrong and, after a colon, what to do.

    Args:
        error: the complaint.
        kind: of the problem.
        path: the file that it is about, if that is known.
    """
    what, colon, mend = str(error).rstrip(".").rpartition(": ")
    if not colon:
        what, mend = mend, "mend that file"
    if path is not None:
        what = what.removeprefix(str(path)).strip()
    return Problem(kind, path, what, mend)


def _look_at_frames(frames: Frames, quick: bool, problems: list[Problem]) -> _Size | None:
    """Return the size of a video's frames, None where none can be read."""
    if not isinstance(frames, PictureFrames):
        try:
            # Only the last frame tells that the file is whole.
            for frame_HWC in frames.read((0 if quick else len(frames.names) - 1,)):
                height, width, _ = frame_HWC.shape
                return height, width
        except UserError as error:
            problems.append(problem_of(error, "Videos can't be read"))
        return None
    expected: _Size | None = None
    for path in frames.paths:
        if _is_missing(path, problems):
            continue
        try:
            image = _head(path) if quick else open_picture(path)
        except UserError as error:
            problems.append(problem_of(error, "Frames can't be read", path))
            continue
        expected = expected or (image.height, image.width)
        if (image.height, image.width) != expected:
            problems.append(
                Problem(
                    "Frames of one video differ in size",
                    path,
                    f"{image.width} x {image.height} pixels, the first frame "
                    f"{expected[1]} x {expected[0]}",
                    "unpack the frames again, all from the same download",
                )
            )
    return expected


def _look_at_head(path: Path, size: _Size | None, problems: list[Problem]) -> None:
    if _is_missing(path, problems):
        return
    try:
        image = _head(path)
    except UserError as error:
        problems.append(problem_of(error, "Masks can't be read", path))
        return
    if image.mode != "P":
        problems.append(
            Problem(
                "Masks can't be read",
                path,
                f"a picture of mode {image.mode}, not a palette PNG whose values are object ids",
                "copy the benchmark's masks again without converting them",
            )
        )
    _compare(path, (image.height, image.width), size, problems)


def _head(path: Path) -> Image.Image:
    try:
        with Image.open(path) as image:
            return image
    except (UnidentifiedImageError, OSError) as error:
        raise UserError(
            f"{path} can't be read as a picture: unpack or copy the benchmark again."
        ) from error


def _is_missing(path: Path, problems: list[Problem]) -> bool:
    if path.is_file():
        return False
    problems.append(Problem("Missing", path, "", "unpack or copy the benchmark again"))
    return True


def _compare(where: Path | str, mask: _Size, frame: _Size | None, problems: list[Problem]) -> None:
    if frame is not None and mask != frame:
        detail = f"{mask[1]} x {mask[0]} pixels, the video's frames {frame[1]} x {frame[0]}"
        path = where if isinstance(where, Path) else None
        problems.append(
            Problem(
                "Masks are not as large as their frames",
                path,
                detail if path else f"{where}: {detail}",
                "unpack frames and masks again, both in the size of the published benchmark",
            )
        )
