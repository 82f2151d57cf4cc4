"""One real step of a recipe with random weights, to see that it runs and what it takes."""

from __future__ import annotations

import resource
import sys
import time
from dataclasses import dataclass, replace
from pathlib import Path
from tempfile import TemporaryDirectory

import torch

from slvp.data.datasets import Part
from slvp.errors import UserError
from slvp.models.build import build
from slvp.models.referring_model import ParameterCounts
from slvp.training.asked import objective_of
from slvp.training.config import TrainConfig
from slvp.training.learner import Learner
from slvp.training.processes import Processes
from slvp.training.sources import build_batches
from slvp.training.stages import Stages
from slvp.training.stream import checked

_CLIPS = 2  # of a reduced batch, for each process
_FRAMES = 2  # of a reduced clip, at most


@dataclass(frozen=True)
class DryRun:
    """What a step was like in one process.

    Attributes:
        parameters: of the model.
        device: where it ran.
        processes: that shared the batch.
        clips: that this process learnt from.
        frames, height, width: of each clip.
        sentences: asked of all clips together.
        batch_seconds: until the batch was made.
        step_seconds: of forward, backward and optimiser.
        memory: most bytes that were taken: of the GPU by tensors, or by the whole process.
        figures: loss and its terms, and other numbers that a run logs.
    """

    parameters: ParameterCounts
    device: str
    processes: int
    clips: int
    frames: int
    height: int
    width: int
    sentences: int
    batch_seconds: float
    step_seconds: float
    memory: int
    figures: dict[str, float]


def dry_run(config: TrainConfig, size: int | None = None) -> DryRun | None:
    """Make a batch and learn from it; nothing is fetched, and nothing is left on the disk.

    Where labels are weak, empty pseudo masks stand in for those that a run would make first. The
    clips are of the largest form that the recipe has, and all their frames are shown, so that
    no step of a run takes more. DIS stands in for RAFT, whose weights would have to be fetched.

    Args:
        config: the run. Its ``init`` isn't read.
        size: side of the frames of a reduced batch, which has two clips of at most two frames for
            each process; None for the recipe's own.

    Returns:
        What it was like; None in processes that don't print.

    Raises:
        UserError: the size can't be had, or something that the configuration names is unusable.
    """
    processes = Processes.start(config.precision, config.sharding)
    config = _largest(config) if size is None else _reduced(config, size, processes.of)
    config = replace(config, objective=replace(config.objective, single_frame=0.0))
    torch.manual_seed(config.seed)
    model = build(config.model, weights="random")
    parameters = model.parameter_counts()
    objective = objective_of(config)
    learner = Learner(config, model, objective, processes)

    with TemporaryDirectory() as folder:
        stages = Stages(config, Path(folder))
        stages.stand_in()
        part = Part(processes.rank, processes.of)
        training, _ = build_batches(config, part, fetch=False, pseudo=stages.pseudo(0))
        began = time.perf_counter()
        (batch,) = checked([training[0]])
        made = time.perf_counter()
    clips, frames, _, height, width = batch.frames_BTCHW.shape
    least_clips = min(processes.gather(clips))
    outcome = learner.step(batch, 0, min(config.accumulate, least_clips))
    figures = learner.figures(outcome)  # waits for the device to be done
    done = time.perf_counter()
    memory = _most_memory(processes.device)
    processes.end()
    if not processes.leads:
        return None
    return DryRun(
        parameters=parameters,
        device=str(processes.device),
        processes=processes.of,
        clips=clips,
        frames=frames,
        height=height,
        width=width,
        sentences=len(batch.sentences),
        batch_seconds=made - began,
        step_seconds=done - made,
        memory=memory,
        figures=figures,
    )


def _largest(config: TrainConfig) -> TrainConfig:
    data = config.data
    size = max(data.sizes, key=lambda size: size[0] * size[1])
    return replace(config, data=replace(data, sizes=(size,), frames=(max(data.frames),)))


def _reduced(config: TrainConfig, size: int, processes: int) -> TrainConfig:
    if size < 32 or size % 32:
        raise UserError(f"size {size} of the dry run's frames is no positive multiple of 32")
    frames = min(_FRAMES, max(config.data.frames))
    # Pre-training reads one more, for the flow of the last.
    read = frames + (config.task == "pretrain")
    data = replace(
        config.data,
        sizes=((size, size),),
        frames=(frames,),
        pixels=_CLIPS * processes * read * size * size,
    )
    return replace(config, data=data)


def _most_memory(device: torch.device) -> int:
    if device.type == "cuda":
        return torch.cuda.max_memory_allocated(device)
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most if sys.platform == "darwin" else most * 1024  # elsewhere it is in kibibytes
