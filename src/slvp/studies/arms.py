"""What a study compares: arms, each a way to train and what the result is tested on."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Literal

from slvp.errors import UserError
from slvp.evaluation.benchmarks import BENCHMARKS
from slvp.studies.material import Material
from slvp.training.config import TrainConfig

Kind = Literal["labels", "differences", "lines"]


@dataclass(frozen=True)
class MaskTest:
    """A benchmark to score masks on.

    Attributes:
        name: of the test in cards and tables.
        benchmark: on the command line.
        split: of it.
        protocol: see ``Benchmark.way``.
        folder: where it lies.
    """

    name: str
    benchmark: str
    split: str
    protocol: str
    folder: Path

    def __post_init__(self) -> None:
        BENCHMARKS[self.benchmark].way(self.protocol)


@dataclass(frozen=True)
class Arm:
    """One way to train a model.

    Attributes:
        line: what it is called in tables and plots; arms that differ in ``labels`` only share it.
        labels: share of the annotated videos whose masks it is fine-tuned on.
        pretrain: a run without masks to start from; None for none.
        finetune: the run with masks; its ``init`` is filled in.
        tests: of the fine-tuned model.
        flow_clips: held-out clips of the world that the pre-trained model's flow is measured on.
    """

    line: str
    labels: float
    pretrain: TrainConfig | None
    finetune: TrainConfig
    tests: tuple[MaskTest, ...]
    flow_clips: int = 0

    @property
    def name(self) -> str:
        """What the arm is called in files and on the command line."""
        words = "".join(one if one.isalnum() else " " for one in self.line.lower()).split()
        return f"{'-'.join(words)}-{100 * self.labels:g}"

    def seeded(self, seed: int) -> Arm:
        """Return the same arm with a seed for both runs."""
        pretrain = None if self.pretrain is None else replace(self.pretrain, seed=seed)
        return replace(self, pretrain=pretrain, finetune=replace(self.finetune, seed=seed))


@dataclass(frozen=True)
class Study:
    """A question, and what answers it.

    Attributes:
        name: on the command line.
        question: that its arms answer.
        kind: ``labels``: scores over the share of masks, a curve for each line. ``differences``:
            each line beside the reference. ``lines``: scores of each line.
        arms: from material to arms; material is made on the way.
        pairs: (reference, judged) lines whose differences are tested, at each share of masks.
        speed: tell size and speed of models, too.
    """

    name: str
    question: str
    kind: Kind
    arms: Callable[[Material], list[Arm]]
    pairs: tuple[tuple[str, str], ...]
    speed: bool = False


def chosen_arms(arms: Sequence[Arm], chosen: Sequence[str]) -> list[Arm]:
    """Return the arms of some names; all for none.

    Raises:
        UserError: a name is unknown.
    """
    known = [arm.name for arm in arms]
    for name in chosen:
        if name not in known:
            raise UserError(f"--arms {name}: unknown; expected some of {', '.join(known)}")
    return [arm for arm in arms if not chosen or arm.name in chosen]
