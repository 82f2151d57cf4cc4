"""Masks in PNG files, in a folder or zip file."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Literal

from slvp.data.benchmarks.records import BenchmarkExpression, Group
from slvp.errors import UserError
from slvp.evaluation.answers import Answer, Candidate, IdMapAnswer
from slvp.evaluation.predictions.composing import (
    asked_frames,
    frame_size,
    id_map_answers,
    mask_answers,
)
from slvp.evaluation.predictions.files import Files
from slvp.evaluation.predictions.layouts import Layout, find_layout
from slvp.evaluation.predictions.pictures import binary_mask, id_map
from slvp.words import counted

_NAMED = 3
"""How many of a list a message names."""


class PngPredictions:
    """PNG files as answers; the first question finds out how they are laid out."""

    def __init__(self, files: Files, answers: Literal["id_maps", "masks"]) -> None:
        self._files = files
        self._kind = answers
        self._layout: Layout | None = None

    def check(self, groups: Sequence[Group]) -> list[str]:
        """Compare the files with what the benchmark asks for; opens none.

        Returns:
            A sentence for videos, and one for expressions, that the benchmark doesn't have.

        Raises:
            UserError: a mask is missing, or all are.
        """
        layout = self._layout_for(groups)
        self._require([name for group in groups for name in self._missing(layout, group)], "")
        return [
            f"{self._files.path} has {counted(len(extra), kind)} that the benchmark doesn't have, "
            f"as {', '.join(extra[:_NAMED])}; they are not looked at"
            for kind, extra in layout.extra(self._files, groups)
            if extra
        ]

    def answers(self, group: Group) -> Iterator[Answer]:
        """Yield an answer for each frame that any expression is asked of, in order.

        Raises:
            UserError: a mask is missing, can't be read, or differs in size from its frame.
        """
        layout = self._layout_for([group])
        self._require(self._missing(layout, group), f" of {group[0].sequence}")
        size = frame_size(group[0].frames)
        if layout.sets is not None:
            return self._maps(layout, group, size)

        def read(expression: BenchmarkExpression, t: int) -> tuple[Candidate, ...]:
            name = self._name(layout.folder(expression), expression, t)
            png = self._files.read(name)
            return (Candidate(binary_mask(png, self._full(name), size)),)

        if self._kind == "masks":
            return mask_answers(group, read)
        return id_map_answers(group, read, size)

    def _maps(self, layout: Layout, group: Group, size: tuple[int, int]) -> Iterator[IdMapAnswer]:
        of_set = {one.annotation_set: one for one in group}
        for t in sorted({t for frames in asked_frames(group) for t in frames}):
            ids = {}
            for annotation_set, one in of_set.items():
                name = self._name(layout.folder(one), one, t)
                ids[annotation_set] = id_map(self._files.read(name), self._full(name), size)
            yield IdMapAnswer(t, ids)

    def _layout_for(self, groups: Sequence[Group]) -> Layout:
        if self._layout is None:
            self._layout = find_layout(self._files, groups, self._kind)
        return self._layout

    def _missing(self, layout: Layout, group: Group) -> list[str]:
        names = group[0].frames.names
        wanted: dict[str, set[int]] = {}
        for one, frames in zip(group, asked_frames(group), strict=True):
            wanted.setdefault(layout.folder(one), set()).update(frames)
        missing = []
        for folder, indices in wanted.items():
            there = set(self._files.names(folder))
            missing += [
                f"{folder}/{names[t]}.png"
                for t in sorted(indices)
                if f"{names[t]}.png" not in there
            ]
        return missing

    def _require(self, missing: list[str], whose: str) -> None:
        if missing:
            raise UserError(
                f"{self._files.path} lacks {counted(len(missing), 'mask')}{whose}, the first "
                f"{', '.join(missing[:_NAMED])}: write a mask for every frame, an empty one where "
                "the object isn't there."
            )

    def _name(self, folder: str, expression: BenchmarkExpression, t: int) -> str:
        return f"{folder}/{expression.frames.names[t]}.png"

    def _full(self, name: str) -> str:
        return f"{self._files.path}/{name}"
