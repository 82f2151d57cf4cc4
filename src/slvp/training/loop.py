"""The one training loop."""

from __future__ import annotations

import math
import sys
from collections.abc import Callable
from pathlib import Path

import torch
from tqdm import tqdm

from slvp.data.datasets import WHOLE, Part, StepBatches
from slvp.errors import UserError
from slvp.models.build import build
from slvp.models.device import keep_freed_memory
from slvp.models.referring_model import ReferringModel
from slvp.models.reuse import start_from
from slvp.training import checkpoints
from slvp.training.asked import objective_of
from slvp.training.checkpoints import Checkpoints
from slvp.training.config import TrainConfig
from slvp.training.curves import draw_curves
from slvp.training.learner import Learner, Outcome
from slvp.training.logs import Logs, read_rows
from slvp.training.pictures import MOST_CLIPS, flow_sheet, mask_sheet
from slvp.training.processes import Processes, check_installed
from slvp.training.run import Run
from slvp.training.skipped import SkippedLog
from slvp.training.sources import build_batches, say_nothing
from slvp.training.stages import Stage, Stages, first_teacher
from slvp.training.stream import Seen, Stream, Times, checked
from slvp.training.validation import validate
from slvp.types import Batch

_LOG_EVERY = 20


def train(config: TrainConfig, folder: Path, *, quiet: bool = False) -> Path:
    """Begin a run in a new folder and train to its end.

    Started by ``torchrun`` or ``accelerate launch``, the processes share each batch; only the
    first of them prints and writes.

    Returns:
        The folder of the finished model.
    """
    processes = _start(config)
    run = Run(folder)
    if processes.leads:
        run.check_new()
    return _Loop(config, run, processes, quiet).go()


def resume(folder: Path, *, quiet: bool = False) -> Path:
    """Go on with an interrupted run: the batches, and so the losses, are those it would have had.

    Any number of processes may go on with what any other number began.

    Returns:
        The folder of the finished model.
    """
    run = Run(folder)
    config = TrainConfig.load(run.config_file)
    if run.finished:
        raise UserError(f"{folder}: this run is finished; its model is {run.model}")
    return _Loop(config, run, _start(config), quiet).go()


def _start(config: TrainConfig) -> Processes:
    check_installed("matplotlib", "tensorboard")
    return Processes.start(config.precision, config.sharding)


class _Loop:
    """One run in one process, from its beginning or its newest checkpoint to its end."""

    def __init__(self, config: TrainConfig, run: Run, processes: Processes, quiet: bool) -> None:
        self.config, self.run, self.processes = config, run, processes
        self.quiet = quiet or not processes.leads
        keep_freed_memory()
        self.checkpoints = Checkpoints(run.checkpoints, config.keep_checkpoints)
        newest = processes.first(self.checkpoints.newest() if processes.leads else None)
        torch.manual_seed(config.seed)
        model = build(config.model)
        reuse = start_from(model, config.init) if config.init and newest is None else None
        if reuse is not None:
            self._tell(reuse.table())
        self.objective = objective_of(config)
        self.stages = Stages(config, run.pseudo)
        self.part = Part(processes.rank, processes.of)
        _, self.validation = self._batches(0, self._tell)
        # Only now that all that the options name has been found: a wrong one leaves nothing behind.
        if processes.leads:
            run.begin(config)
            if reuse is not None:
                with run.writing(run.init_file):
                    reuse.save(run.init_file)

        self.learner = Learner(config, model, self.objective, processes)
        self.first_step = 0
        if newest is not None:
            state = checkpoints.load(newest)
            self.learner.load(state)
            self.first_step = state["step"]
        self.logs = Logs(run, self.first_step) if processes.leads else None
        with run.writing(run.skipped_file):
            file = run.skipped_file if processes.leads else None
            self.skipped = SkippedLog(file, config.data.max_broken, self.first_step)
        self.times = Times()
        self._newest: tuple[int, Outcome] | None = None  # step of this process
        self._logged = Times()  # what of these times is in the log

    def go(self) -> Path:
        """Train to the end and return the folder of the model."""
        try:
            self._train()
        except (RuntimeError, ConnectionError) as error:
            # Which of the two depends on what the worker was doing when it was ended.
            if isinstance(error, RuntimeError) and not str(error).startswith("DataLoader worker"):
                raise
            raise UserError(
                f"{self.run.folder}: a process that makes batches was ended by others, maybe for "
                f"want of memory ({error}); 'slvp resume {self.run.folder}' goes on"
            ) from None
        return self._finish()

    def _train(self) -> None:
        config = self.config
        self._progress = tqdm(
            desc=f"{config.task} {self.run.folder.name}",
            initial=self.first_step,
            total=config.steps,
            unit="step",
            disable=self.quiet,
            file=sys.stderr,
        )
        with self._progress:
            for stage in self.stages.after(self.first_step):
                self._make_pseudo_masks(stage)
                training, self.validation = self._batches(stage.number)
                stream = Stream(training, stage.steps, config.workers, self.times)
                for step, batch in zip(stage.steps, stream, strict=True):
                    self.times = stream.times
                    self._learn(step, batch)
                    done = step + 1
                    if done % config.validate_every == 0 or done == config.steps:
                        self._validate(step)
                    if config.snapshot_every and done % config.snapshot_every == 0:
                        self._save_model(self.run.snapshot(done))
                    if done % config.checkpoint_every == 0:
                        self._save_checkpoint(done)
                    self._progress.update()
                self.times = stream.times

    def _batches(
        self, stage: int, tell: Callable[[str], None] = say_nothing
    ) -> tuple[StepBatches, StepBatches]:
        """Return batches to train on in a stage, and held-out ones."""
        training, validation = build_batches(
            self.config, self.part, tell, pseudo=self.stages.pseudo(stage)
        )
        validation.part = WHOLE
        return training, validation

    def _make_pseudo_masks(self, stage: Stage) -> None:
        """Have the stage's pseudo masks made, where there are none yet, by the newest model."""
        if not self.stages.weak:
            return
        with self.run.writing(self.run.pseudo):
            if not stage.number:
                self._ask_for_pseudo_masks(stage, first_teacher(self.config))
            elif self.processes.sharded:
                # Shares are of use only to processes that ask as often as each other.
                self._ask_for_pseudo_masks(stage, self.learner.whole_model())
            else:
                with self.learner.ema.inside(self.learner.model):
                    self._ask_for_pseudo_masks(stage, self.learner.model)

    def _ask_for_pseudo_masks(self, stage: Stage, model: ReferringModel | None) -> None:
        self.stages.make(stage.number, model, self.processes, quiet=self.quiet)

    def _learn(self, step: int, batch: Batch) -> None:
        each = self.processes.gather(Seen.of(batch))
        seen = Seen.together(each)
        if self.logs is not None:
            self.logs.samples(step, seen)
        with self.run.writing(self.run.skipped_file):
            self.skipped.add(step, seen.skipped, seen.clips + len(seen.skipped))
        parts = min(self.config.accumulate, *(one.clips for one in each))
        self._newest = step, self.learner.step(batch, step, parts)
        if step % _LOG_EVERY == 0:
            self._log(step, self._figures())

    def _figures(self) -> dict[str, float]:
        """Return numbers of the newest step; all processes must ask for them.

        Raises:
            UserError: they tell that the weights are of no use any more.
        """
        if self._newest is None:
            return {}
        step, outcome = self._newest
        figures = self.learner.figures(outcome)
        # In fp16, gradients that are no numbers are left out, and the loss is scaled down.
        telling = ("loss",) if self.config.precision == "fp16" else ("loss", "gradient_norm")
        for name in telling:
            if not math.isfinite(figures[name]):
                raise UserError(
                    f"{self.run.folder}: the {name.replace('_', ' ')} of step {step} is "
                    f"{figures[name]}; start a new run with a lower --learning-rate than "
                    f"{self.config.optimiser.learning_rate:g}, or with --precision bf16 if it had "
                    "fp16"
                )
        return figures

    def _log(self, step: int, figures: dict[str, float]) -> None:
        if self.logs is None:
            return
        self._progress.set_postfix(loss=f"{figures['loss']:.3f}")
        self.logs.figures(step, {f"train/{name}": value for name, value in figures.items()})
        lap = self.times - self._logged
        self._logged = self.times
        if lap.steps:
            self.logs.timing(
                step,
                {
                    "train/steps_per_second": lap.steps_per_second,
                    "train/loader_share": lap.loader_share,
                },
            )

    def _validate(self, step: int) -> None:
        learner = self.learner
        with learner.ema.inside(learner.model):
            figures = validate(
                self.objective,
                learner.trained,
                self.validation,
                self.processes,
                self.config.workers,
                self.config.accumulate,
            )
            self._draw(step + 1)
        if self.logs is None:
            return
        self.logs.figures(step, {f"held-out/{name}": value for name, value in figures.items()})
        if not self.quiet:
            told = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
            self._progress.write(f"step {step + 1}: {told}", file=sys.stderr)
        with self.run.writing(self.run.curves_file):
            draw_curves(self.run.log_file, self.run.curves_file)

    def _draw(self, done: int) -> None:
        """Draw what the model makes of held-out clips, some of each source of them."""
        firsts = self.validation.first_of_each() if self.processes.leads else []
        made = [self.validation.beginning(number, MOST_CLIPS) for number in firsts]
        batches = list(checked(self.processes.first(made)))
        draw = mask_sheet if self.config.task == "finetune" else flow_sheet
        # All processes ask the model, which they may share; the first one writes.
        sheet = draw(self.learner.trained, batches, self.processes.device)
        if self.processes.leads:
            path = self.run.picture(done)
            with self.run.writing(path):
                sheet.write(path)

    def _save_model(self, folder: Path) -> None:
        self._figures()  # a model of no numbers is not written
        state = self.learner.averaged_state()
        if self.processes.leads:
            self.run.save_model(self.config.model, state, folder)

    def _save_checkpoint(self, done: int) -> None:
        self._figures()  # nor does a run go on from one
        state = self.learner.state()
        if self.processes.leads:
            self.checkpoints.save(done, state)

    def _finish(self) -> Path:
        self._save_model(self.run.model)
        if self.logs is not None:
            self.logs.close()
        self.skipped.close()
        if named := len(read_rows(self.run.skipped_file)):
            self._tell(f"samples skipped: {named}, named in {self.run.skipped_file}")
        self._tell(f"waited for data {self.times.loader_share:.1%} of the time")
        self.processes.end()
        return self.run.model

    def _tell(self, line: str) -> None:
        if not self.quiet:
            print(line, file=sys.stderr)
