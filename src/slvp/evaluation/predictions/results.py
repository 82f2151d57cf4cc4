"""Masks in a JSON file: COCO's results, and those of YouTube-VIS.

COCO's is a list with an entry for each mask of a frame::

    {"image_id": "VIDEO/EXPRESSION/FRAME", "segmentation": RLE, "score": 0.9}

For A2D-Sentences and JHMDB-Sentences, ``image_id`` may also be that of MTTR, the first public code
that scored them in this way (Botach, Zheltonozhskii and Baskin, CVPR 2022). YouTube-VIS's has an
entry for each mask of a video, null for frames without::

    {"video_id": VIDEO, "exp_id": EXPRESSION, "segmentations": [RLE, null, ...], "score": 0.9}

``score`` may be left out. Several entries for one image or expression are candidates; one without
any has an empty mask.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any, Literal

from slvp.data.benchmarks import a2d_sentences, jhmdb_sentences
from slvp.data.benchmarks.records import BenchmarkExpression, Group
from slvp.errors import UserError
from slvp.evaluation.answers import Answer, Candidate
from slvp.evaluation.predictions.composing import (
    frame_size,
    id_map_answers,
    mask_answers,
    pixels,
)
from slvp.evaluation.predictions.rle import mask_from_json
from slvp.words import counted

ImageName = Callable[[BenchmarkExpression, int], str]
"""From an expression and a frame's index to what a file calls the image that both make."""


def image_path(expression: BenchmarkExpression, t: int) -> str:
    """Return VIDEO/EXPRESSION/FRAME."""
    return f"{video_path(expression)}/{expression.frames.names[t]}"


def video_path(expression: BenchmarkExpression, t: int = 0) -> str:
    """Return VIDEO/EXPRESSION, whatever the frame."""
    return f"{expression.sequence}/{expression.expression_id}"


def _instance_image(expression: BenchmarkExpression, t: int) -> str:
    """Return MTTR's image id for A2D-Sentences, whose expressions have one object each."""
    if len(expression.object_ids) != 1:
        return image_path(expression, t)
    return a2d_sentences.image_id(expression, t)


# How image ids look, and what makes them.
_NAMES: tuple[tuple[str, ImageName], ...] = (
    (r"v_.+_f_\d+_i_\d+", _instance_image),
    (r"v_.+_f_\d+", jhmdb_sentences.image_id),
    (".*", image_path),
)


_IMAGE_FIELDS = ("image_id", "segmentation")
_VIDEO_FIELDS = ("video_id", "exp_id", "segmentations")

_SHOWN = 40
"""Letters of a wrong value that a message shows."""


@dataclass(frozen=True)
class _Entry:
    number: int
    score: float
    masks: Any  # a run-length encoding, or a list of them


class JsonPredictions:
    """The masks of a JSON file; all of it is in memory, but no mask is decoded before its turn.

    Attributes:
        count: number of entries.
        name_of: gives what the entries are named by.

    Raises:
        UserError: the file doesn't read as said above.
    """

    def __init__(self, path: Path, answers: Literal["id_maps", "masks"]) -> None:
        self._path = path
        self._kind = answers
        content = _read(path)
        self.count = len(content)
        self._per_video = any("segmentations" in entry for entry in content[:1])
        self._entries: dict[str, list[_Entry]] = {}
        for number, entry in enumerate(content):
            try:
                self._add(number, entry)
            except ValueError as error:
                raise UserError(
                    f"{path}, entry {number} (from 0), {error}: write the masks again."
                ) from error
        for entries in self._entries.values():
            entries.sort(key=lambda one: -one.score)
        self.name_of = video_path if self._per_video else _name_like(next(iter(self._entries), ""))

    def check(self, groups: Sequence[Group]) -> list[str]:
        """Compare names with those of the benchmark.

        Returns:
            A sentence if expressions have no mask at all.

        Raises:
            UserError: the file has no entry, or names what the benchmark doesn't have.
        """
        if not self._entries:
            raise UserError(
                f"{self._path} has no mask of the benchmark's {counted(len(groups), 'video')}: "
                f"entries for images such as {image_path(groups[0][0], 0)!r} are expected in it."
            )
        if unknown := self.unknown(groups):
            kind = "expression" if self._per_video else "image"
            raise UserError(
                f"{self._path} names {counted(len(unknown), kind)} that the benchmark doesn't "
                f"have, as {unknown[0]!r}: use the benchmark's names, as "
                f"{self.name_of(groups[0][0], 0)!r}, and the right split."
            )
        if silent := self.silent(groups):
            return [
                f"{self._path} has no mask for {len(silent)} of {sum(map(len, groups))} "
                f"expressions, as {silent[0]}; they count as empty"
            ]
        return []

    def unknown(self, groups: Sequence[Group]) -> list[str]:
        """Return the names of entries that the benchmark doesn't have."""
        known = {
            self.name_of(one, t)
            for group in groups
            for one in group
            for t in range(len(one.frames.names))
        }
        return [name for name in self._entries if name not in known]

    def silent(self, groups: Sequence[Group]) -> list[str]:
        """Return VIDEO/EXPRESSION of each expression without entry."""
        return [
            video_path(one)
            for group in groups
            for one in group
            if not any(self.name_of(one, t) in self._entries for t in range(len(one.frames.names)))
        ]

    def answers(self, group: Group) -> Iterator[Answer]:
        """Yield an answer for each frame that any expression is asked of, in order.

        Raises:
            UserError: a mask can't be decoded or differs in size from its frame, or an entry has
                another number of frames than its video.
        """
        size = frame_size(group[0].frames)
        read = partial(self.candidates, size=size)
        if self._kind == "masks":
            return mask_answers(group, read)
        return id_map_answers(group, read, size)

    def candidates(
        self, expression: BenchmarkExpression, t: int, size: tuple[int, int]
    ) -> tuple[Candidate, ...]:
        """Return the masks of an expression in frame ``t``, the surest first.

        Args:
            expression: of the benchmark.
            t: index of one of its video's frames.
            size: height and width of the frame.

        Raises:
            UserError: as above.
        """
        candidates = []
        for entry in self._entries.get(self.name_of(expression, t), ()):
            try:
                rle = self._rle(entry, expression, t)
                if rle is not None:
                    _require_size(rle, size)
                    candidates.append(Candidate(mask_from_json(rle), entry.score))
            except ValueError as error:
                raise UserError(
                    f"{self._path}, entry {entry.number} (from 0, for "
                    f"{image_path(expression, t)}), {error}: write the masks again."
                ) from error
        return tuple(candidates)

    def _rle(self, entry: _Entry, expression: BenchmarkExpression, t: int) -> Any:
        if not self._per_video:
            return entry.masks
        count = len(expression.frames.names)
        if len(entry.masks) != count:
            raise ValueError(f"has {len(entry.masks)} masks for the {count} frames of its video")
        return entry.masks[t]

    def _add(self, number: int, entry: dict[str, Any]) -> None:
        per_video = "segmentations" in entry
        if per_video != self._per_video and (per_video or "segmentation" in entry):
            kinds = ("one image", "a whole video")
            raise ValueError(f"is for {kinds[per_video]}, but entry 0 for {kinds[not per_video]}")
        fields = _VIDEO_FIELDS if self._per_video else _IMAGE_FIELDS
        if lacking := [name for name in fields if name not in entry]:
            raise ValueError(f"lacks {lacking[0]!r}")
        *names, masks = (entry[name] for name in fields)
        if self._per_video and not isinstance(masks, list):
            raise ValueError("has 'segmentations' that are no list, one for each frame")
        name = "/".join(map(str, names))
        self._entries.setdefault(name, []).append(_Entry(number, _score(entry), masks))


def _score(entry: dict[str, Any]) -> float:
    score = entry.get("score", 1.0)
    # A whole number may be too large for a float.
    if not isinstance(score, int | float) or not abs(score) <= sys.float_info.max:
        raise ValueError(f"has the score {json.dumps(score)[:_SHOWN]}, which is no finite number")
    return float(score)


def _require_size(rle: Any, size: tuple[int, int]) -> None:
    """Refuse another size before a mask is decoded: it may be larger than memory."""
    match rle:
        case {"size": [int(height), int(width)]} if (height, width) != size:
            raise ValueError(f"is {pixels((height, width))} pixels, its frame {pixels(size)}")


def _read(path: Path) -> list[dict[str, Any]]:
    try:
        content = json.loads(path.read_bytes())
    except OSError as error:
        raise UserError(f"{path} can't be read ({error.strerror}): check its rights.") from error
    except RecursionError as error:
        raise UserError(
            f"{path} holds lists within lists without end, and no masks: write or copy it again."
        ) from error
    except ValueError as error:
        raise UserError(
            f"{path} doesn't read as JSON ({error}): write or copy it again."
        ) from error
    if not isinstance(content, list) or not all(isinstance(entry, dict) for entry in content):
        raise UserError(
            f"{path} holds no list of entries, one for each mask, as COCO's results are: write one."
        )
    return content


def _name_like(example: str) -> ImageName:
    return next(name for form, name in _NAMES if re.fullmatch(form, example))
