"""Stages of a run with weak labels: before each, pseudo masks are made with what was learnt so far.

A run of masks has one stage, and nothing is made.
"""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from torch.utils.data import DataLoader
from tqdm import tqdm

from slvp.data.benchmark_clips import keep_videos, split_videos
from slvp.data.benchmarks.records import sequences_of
from slvp.data.datasets import seed_worker
from slvp.data.pseudo_masks.store import path_of
from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.models.referring_model import ReferringModel
from slvp.training.config import TrainConfig
from slvp.training.processes import Processes
from slvp.training.pseudo_jobs import ASKED, Making, PseudoJob
from slvp.training.teacher import Teacher
from slvp.training.weak_data import PseudoFolder, load_benchmark, with_masks


@dataclass(frozen=True)
class Stage:
    """Some of a run's steps.

    Attributes:
        number: from 0.
        steps: of the run.
    """

    number: int
    steps: range


class Stages:
    """The stages of a run.

    Args:
        config: of the run.
        folder: of the pseudo masks; is made when it is needed.

    Attributes:
        weak: whether pseudo masks are needed at all.
    """

    def __init__(self, config: TrainConfig, folder: Path) -> None:
        self._config = config
        self._folder = folder
        self.weak = config.data.supervision != "mask"
        self._count = config.weak.stages if self.weak else 1

    def after(self, step: int) -> list[Stage]:
        """Return the stages from a step on; the first one without the steps before it."""
        bounds = np.linspace(0, self._config.steps, self._count + 1).round().astype(int).tolist()
        return [
            Stage(number, range(max(first, step), end))
            for number, (first, end) in enumerate(pairwise(bounds))
            if end > max(first, step)
        ]

    def pseudo(self, stage: int) -> PseudoFolder | None:
        """Return where the pseudo masks of a stage lie; None where masks are known."""
        if not self.weak:
            return None
        return PseudoFolder(self._folder / f"stage-{stage + 1}", self._config.weak.frames)

    def make(
        self, stage: int, model: ReferringModel | None, processes: Processes, *, quiet: bool
    ) -> None:
        """Make a stage's pseudo masks, unless they are there; several processes share the videos.

        Args:
            stage: number of it.
            model: what is asked beside the labels; None for nothing.
            processes: all must call.
            quiet: show no progress.

        Raises:
            UserError: frames or labels can't be read.
        """
        pseudo = self.pseudo(stage)
        if pseudo is None or processes.first(pseudo.path.is_dir()):
            return
        # A run that goes on later finds the videos that are done: they may have taken hours.
        part = PseudoFolder(pseudo.path.with_name(f"{pseudo.path.name}-unfinished"), pseudo.frames)
        jobs = self._jobs(part)[processes.rank :: processes.of]
        if model is not None:
            teacher = Teacher(model.to(processes.device), processes.device)
            for job in tqdm(jobs, desc="teacher", unit="video", disable=quiet):
                job.ask(teacher)
        # One more than make batches: nothing else is done meanwhile.
        loader = DataLoader(
            Making(jobs),
            batch_size=None,
            num_workers=self._config.workers + 1 if self._config.workers else 0,
            worker_init_fn=seed_worker,
        )
        for error in tqdm(
            loader, desc=f"pseudo masks, stage {stage + 1}", unit="video", disable=quiet
        ):
            if isinstance(error, UserError):
                raise error
        processes.gather(None)  # wait for the others
        if processes.leads:
            part.path.replace(pseudo.path)
            for asked in pseudo.path.glob(f"*/*{ASKED}"):
                asked.unlink()
        processes.gather(None)

    def stand_in(self) -> None:
        """Write empty pseudo masks for the first stage, so that batches can be made at once."""
        pseudo = self.pseudo(0)
        for job in () if pseudo is None else self._jobs(pseudo):
            job.write_empty()

    def _jobs(self, pseudo: PseudoFolder) -> list[PseudoJob]:
        """Return each video that training looks at, and held-out ones that have no masks.

        The folders of their pseudo masks are made.
        """
        data = self._config.data
        jobs = []
        for number, (name, folder, _) in enumerate(data.benchmarks):
            seen, unseen = split_videos(
                load_benchmark(name, folder, data.supervision), data.held_out
            )
            wanted = keep_videos(seen, data.labels)
            if with_masks(name, folder, unseen) is None:
                used = {one.sequence for one in wanted}
                wanted += [one for one in unseen if one.sequence not in used]
            pseudo.of(number, name).mkdir(parents=True, exist_ok=True)
            for group in sequences_of(wanted):
                path = path_of(pseudo.of(number, name), group[0].sequence)
                jobs.append(PseudoJob(group, path, pseudo.frames))
        return jobs


def first_teacher(config: TrainConfig) -> ReferringModel | None:
    """Return the model that the first stage asks beside the labels.

    It is the one that the run starts from; a flow head is asked only where nothing but sentences is
    known, for it tells less than any label.
    """
    if not config.init:
        return None
    model = from_pretrained(config.init)
    asked = model.config.head == "mask" or config.data.supervision == "sentence"
    return model if asked else None
