"""How programs lay out the PNG files of masks, found from the names.

``[WRAPPER/]VIDEO/EXPRESSION/FRAME.png``
    binary masks; the submissions of Ref-YouTube-VOS (where WRAPPER is ``Annotations``), MeViS.
``[WRAPPER/]anno_0/SEQUENCE/FRAME.png`` to ``anno_3``
    maps of all objects, one for each annotation set of Ref-DAVIS17, as ReferFormer writes them (Wu
    et al., CVPR 2022); the sets' own names may stand in place of ``anno_0`` to ``anno_3``.

WRAPPER is any one folder, with another, ``Annotations``, in it or not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Literal

from slvp.data.benchmarks.records import BenchmarkExpression, Group
from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS
from slvp.errors import UserError
from slvp.evaluation.predictions.files import Files, join
from slvp.words import counted

WRAPPER = "Annotations"
"""The folder that Ref-YouTube-VOS's server wants around the videos."""

SET_FOLDERS = {name: f"anno_{index}" for index, name in enumerate(ANNOTATION_SETS)}
"""ReferFormer's folder of each annotation set of Ref-DAVIS17."""


@dataclass(frozen=True)
class Layout:
    """Where the masks of an expression are.

    Attributes:
        root: the wrapper folders; empty where there are none.
        sets: the folder of each annotation set where its objects share a map; None where each
            expression has a folder of its own.
    """

    root: str
    sets: dict[str, str] | None

    def folder(self, expression: BenchmarkExpression) -> str:
        """Return the folder of an expression's masks."""
        return join(self.root, self._below_root(expression))

    def extra(self, files: Files, groups: Sequence[Group]) -> Iterator[tuple[str, list[str]]]:
        """Yield, for videos and then for expressions, those that the benchmark doesn't have."""
        sequences = {group[0].sequence for group in groups}
        tops = [self.root] if self.sets is None else [join(self.root, s) for s in self.used(groups)]
        yield "video", _unknown(files, tops, sequences)
        if self.sets is None:
            expressions = []
            for group in groups:
                folder = join(self.root, group[0].sequence)
                expressions += _unknown(files, [folder], {one.expression_id for one in group})
            yield "expression", expressions

    def used(self, groups: Sequence[Group]) -> list[str]:
        """Return the folders of the annotation sets that the benchmark asks for."""
        assert self.sets is not None
        names = dict.fromkeys(one.annotation_set for group in groups for one in group)
        return [self.sets[name] for name in names]

    def holds(self, files: Files, groups: Sequence[Group]) -> bool:
        """Is any expression's folder there?"""
        there = set(files.names(self.root))
        return any(
            self._below_root(one).split("/")[0] in there and files.names(self.folder(one))
            for group in groups
            for one in group
        )

    def _below_root(self, expression: BenchmarkExpression) -> str:
        if self.sets is None:
            return join(expression.sequence, expression.expression_id)
        return join(self.sets[expression.annotation_set], expression.sequence)


def find_layout(
    files: Files, groups: Sequence[Group], answers: Literal["id_maps", "masks"]
) -> Layout:
    """Find out which layout ``files`` has and where it begins.

    Raises:
        UserError: there is none of the benchmark's videos in it, or more than one place for them.
    """
    wrappers = [name for name in files.names("") if name != WRAPPER]
    nested = [join(name, WRAPPER) for name in wrappers]
    own_names = {name: name for name in ANNOTATION_SETS}
    kinds = [SET_FOLDERS, own_names, None] if answers == "id_maps" else [None]
    for sets in kinds:
        # The plainest place counts; but nothing tells one of several wrappers from another.
        for roots in ([""], [WRAPPER], [*wrappers, *nested]):
            layouts = [Layout(root, sets) for root in roots]
            found = [one for one in layouts if one.holds(files, groups)]
            if len(found) > 1:
                raise UserError(
                    f"{files.path} has masks of the benchmark both in {found[0].root} and in "
                    f"{found[1].root}: give only one of them."
                )
            if found:
                return found[0]
    first = groups[0][0]
    expected = [f"{Layout('', sets).folder(first)}/{first.frames.names[0]}.png" for sets in kinds]
    raise UserError(
        f"{files.path} has no mask of the benchmark's {counted(len(groups), 'video')}: files such "
        f"as {' or '.join(expected)} are expected in it, in {WRAPPER}/ or in one folder around "
        "them."
    )


def _unknown(files: Files, folders: Sequence[str], known: set[str]) -> list[str]:
    paths = [
        join(folder, name)
        for folder in folders
        for name in sorted(files.names(folder))
        if name not in known
    ]
    return [path for path in paths if files.names(path)]
