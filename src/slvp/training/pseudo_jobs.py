"""One video at a time to its pseudo masks: a model is asked, then all that is known is joined.

A model is asked by the process that trains, where it is; the rest is done by several at a time.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from torch.utils.data import Dataset

from slvp.data.benchmarks.records import Group
from slvp.data.pseudo_masks.making import make_from_sentence, make_pseudo_masks
from slvp.data.pseudo_masks.scene import Scene
from slvp.data.pseudo_masks.store import PseudoMasks, read_pseudo_masks, write_pseudo_masks
from slvp.data.weak_clips import pseudo_frames, pseudo_names
from slvp.errors import UserError
from slvp.training.teacher import Teacher
from slvp.types import UInt8Array

ASKED = ".asked"
"""Ending of a file with what the model says, until pseudo masks are made of it."""


@dataclass(frozen=True)
class PseudoJob:
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
        return self.path.with_suffix(ASKED)

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

    def _scene(self, frames: Sequence[int]) -> Scene:
        first = self.group[0]
        scene = Scene.of(first.frames, frames)
        assert first.labels is not None
        if first.labels.size not in (None, scene.size):
            (rows, columns), (height, width) = first.labels.size, scene.size
            raise UserError(
                f"video {first.sequence} has frames of {width} x {height} pixels, and labels for "
                f"{columns} x {rows}: label frames of the size that the benchmark has "
                "('slvp data check' names the file)"
            )
        return scene

    def ask(self, teacher: Teacher) -> None:
        """Ask a model, and keep what it says until :meth:`make` reads it."""
        if self.path.is_file() or self._asked.is_file():
            return
        frames = self._frames
        scene = self._scene(frames)
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
        scene = self._scene(frames)
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


class Making(Dataset[UserError | None]):
    """Makes the pseudo masks of a video when it is asked for; an error is returned."""

    def __init__(self, jobs: Sequence[PseudoJob]) -> None:
        self._jobs = jobs

    def __len__(self) -> int:
        return len(self._jobs)

    def __getitem__(self, number: int) -> UserError | None:
        try:
            self._jobs[number].make()
        except UserError as error:
            return error
        return None
