"""Stages of a run with weak labels: before each, pseudo masks are made with what was learnt so far.

A run of masks has one stage, and nothing is made.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np
from torch.utils.data import DataLoader, Dataset
from tqdm import tqdm

from slvp.data.benchmark_clips import keep_videos, split_videos
from slvp.data.benchmarks.records import Group, sequences_of
from slvp.data.datasets import seed_worker
from slvp.data.pseudo_masks.making import make_from_sentence, make_pseudo_masks
from slvp.data.pseudo_masks.scene import Scene
from slvp.data.pseudo_masks.store import (
    PseudoMasks,
    path_of,
    read_pseudo_masks,
    write_pseudo_masks,
)
from slvp.data.weak_clips import pseudo_frames, pseudo_names
from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.models.referring_model import ReferringModel
from slvp.training.config import TrainConfig
from slvp.training.processes import Processes
from slvp.training.teacher import Teacher
from slvp.training.weak_data import PseudoFolder, load_benchmark, with_masks
from slvp.types import UInt8Array


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
            _Making(jobs),
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
            for asked in pseudo.path.glob(f"*/*{_ASKED}"):
                asked.unlink()
        processes.gather(None)

    def stand_in(self) -> None:
        """Write empty pseudo masks for the first stage, so that batches can be made at once."""
        pseudo = self.pseudo(0)
        for job in () if pseudo is None else self._jobs(pseudo):
            job.write_empty()

    def _jobs(self, pseudo: PseudoFolder) -> list[_Job]:
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
                jobs.append(_Job(group, path, pseudo.frames))
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


_ASKED = ".asked"
"""Ending of a file with what the model says, until pseudo masks are made of it."""


@dataclass(frozen=True)
class _Job:
    """A video to make pseudo masks of.

    Attributes:
        group: its sentences, with labels.
        path: of the pseudo masks.
        most_frames: that get them.
    """

    group: Group
    path: Path
    most_frames: int

    @property
    def _asked(self) -> Path:
        return self.path.with_suffix(_ASKED)

    @property
    def _frames(self) -> tuple[int, ...]:
        return pseudo_frames(self.group[0], self.most_frames)

    @property
    def _names(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(name for one in self.group for name in pseudo_names(one)))

    def write_empty(self) -> None:
        """Write pseudo masks of nothing, a pixel each."""
        frames, names = self._frames, self._names
        nothing_NTHW = np.zeros((len(names), len(frames), 1, 1), np.uint8)
        write_pseudo_masks(self.path, PseudoMasks(frames, names, nothing_NTHW))

    def ask(self, teacher: Teacher) -> None:
        """Ask a model, and keep what it says until :meth:`make` reads it."""
        if self.path.is_file() or self._asked.is_file():
            return
        frames = self._frames
        scene = Scene.of(self.group[0].frames, frames)
        names: list[str] = []
        sentences: list[str] = []
        for one in self.group:
            of_one = pseudo_names(one)
            if len(of_one) == 1:  # of several objects together, none can be told
                names += of_one
                sentences.append(one.text)
        told = teacher.ask(scene.frames_THWC, sentences)
        mean = {
            name: told[[known == name for known in names]].mean(0) for name in dict.fromkeys(names)
        }
        if mean:
            probability = np.stack([np.round(255 * one) for one in mean.values()])
            write_pseudo_masks(
                self._asked, PseudoMasks(frames, tuple(mean), probability.astype(np.uint8))
            )

    def make(self) -> None:
        """Make the video's pseudo masks."""
        if self.path.is_file():
            return
        labels = self.group[0].labels
        assert labels is not None
        frames, names = self._frames, self._names
        scene = Scene.of(self.group[0].frames, frames)
        told = read_pseudo_masks(self._asked) if self._asked.is_file() else None
        teacher = (
            {}
            if told is None
            else dict(zip(told.names, told.probability_NTHW.astype(np.float32) / 255, strict=True))
        )
        if not names:
            probability_NTHW: UInt8Array = np.zeros((0, *scene.frames_THWC.shape[:3]), np.uint8)
        elif labels.kind == "sentence":
            probability_NTHW = np.stack(
                [make_from_sentence(scene, teacher.get(name)) for name in names]
            )
        else:
            objects = [int(name) for name in names]
            by_object = {int(name): one for name, one in teacher.items()}
            probability_NTHW = make_pseudo_masks(scene, frames, labels, objects, by_object)
        write_pseudo_masks(self.path, PseudoMasks(frames, names, probability_NTHW))


class _Making(Dataset[UserError | None]):
    """Makes the pseudo masks of a video when it is asked for; an error is returned."""

    def __init__(self, jobs: Sequence[_Job]) -> None:
        self._jobs = jobs

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, number: int) -> UserError | None:
        try:
            self._jobs[number].make()
        except UserError as error:
            return error
        return None
