"""The one training loop."""

from __future__ import annotations

import copy
import math
import sys
import time
from pathlib import Path
from typing import Any

import torch
from torch.utils.data import DataLoader, Subset
from tqdm import tqdm

from slvp.data.datasets import StepBatches, seed_worker
from slvp.errors import UserError
from slvp.models.checkpoint import WEIGHTS_FILE, from_pretrained, reuse, save_pretrained
from slvp.models.device import keep_freed_memory
from slvp.models.slvp import SLVP
from slvp.training.config import OptimiserConfig, TrainConfig
from slvp.training.objectives import FlowPretraining, MaskFinetuning, Objective
from slvp.training.run import Log, Run
from slvp.training.sources import build_batches
from slvp.types import Batch

_LOG_EVERY = 20


def train(config: TrainConfig, folder: Path, *, quiet: bool = False) -> Path:
    """Begin a run in a new folder and train to its end.

    Returns:
        The folder of the finished model.
    """
    run = Run(folder)
    run.check_new()
    return _train(config, run, quiet)


def resume(folder: Path, *, quiet: bool = False) -> Path:
    """Go on with an interrupted run: the batches, and so the losses, are those it would have had.

    Returns:
        The folder of the finished model.
    """
    run = Run(folder)
    config = TrainConfig.load(run.config_file)
    if (run.model / WEIGHTS_FILE).is_file():
        raise UserError(f"{folder}: this run is finished; its model is {run.model}")
    return _train(config, run, quiet)


def _train(config: TrainConfig, run: Run, quiet: bool) -> Path:
    try:
        from accelerate import Accelerator
    except ImportError:
        raise UserError(
            "training needs the 'train' extra; install it with pip install 'slvp[train]'"
        ) from None

    keep_freed_memory()
    accelerator: Any = Accelerator(mixed_precision=config.precision)
    torch.manual_seed(config.seed)
    model = SLVP(config.model)
    checkpoint = run.load_checkpoint()
    if config.init and checkpoint is None:
        _initialise(model, config.init, quiet)
    objective: Objective = (
        MaskFinetuning() if config.task == "finetune" else FlowPretraining(seed=config.seed)
    )
    training, validation = build_batches(config)
    # Only now that all that the options name has been found: a wrong one leaves nothing behind.
    run.begin(config)

    optimiser = torch.optim.AdamW(
        model.trained_parameters(),
        lr=config.optimiser.learning_rate,
        weight_decay=config.optimiser.weight_decay,
    )
    ema = copy.deepcopy(model).requires_grad_(False).eval()
    first_step = 0
    if checkpoint is not None:
        model.load_state_dict(checkpoint["model"], strict=False)
        ema.load_state_dict(checkpoint["ema"], strict=False)
        optimiser.load_state_dict(checkpoint["optimiser"])
        first_step = checkpoint["step"]
    prepared, optimiser = accelerator.prepare(model, optimiser)
    ema.to(accelerator.device)

    log = Log(run, first_step)
    progress = tqdm(
        _loader(training, first_step, config.workers),
        desc=f"{config.task} {run.folder.name}",
        initial=first_step,
        total=config.steps,
        unit="step",
        disable=quiet,
        file=sys.stderr,
    )
    began = time.perf_counter()
    for step, batch in enumerate(progress, start=first_step):
        if isinstance(batch, UserError):
            raise batch
        for group in optimiser.param_groups:
            group["lr"] = learning_rate(config.optimiser, step, config.steps)
        prepared.train()
        batch = batch.to(accelerator.device)
        counts = objective.counts(batch, step)
        totals = objective.totals(prepared, batch, step)
        terms = {name: total / counts[name].clamp(min=1) for name, total in totals.items()}
        terms["loss"] = sum(
            (objective.weights[name] * term for name, term in terms.items()), torch.zeros(())
        )
        accelerator.backward(terms["loss"])
        norm = accelerator.clip_grad_norm_(model.trained_parameters(), config.optimiser.clip_norm)
        optimiser.step()
        optimiser.zero_grad(set_to_none=True)
        _update_ema(ema, model, config.optimiser.ema, step)

        done = step + 1
        if step % _LOG_EVERY == 0:
            figures = {name: float(value.detach()) for name, value in terms.items()}
            progress.set_postfix(loss=f"{figures['loss']:.3f}")
            speed = (done - first_step) / (time.perf_counter() - began)
            figures |= {"gradient_norm": float(norm), "steps_per_second": speed}
            log.write(step, {f"train/{name}": value for name, value in figures.items()})
        if done % config.validate_every == 0 or done == config.steps:
            figures = _validate(objective, ema, validation, accelerator.device)
            log.write(step, {f"held-out/{name}": value for name, value in figures.items()})
            told = "  ".join(f"{name} {value:.3f}" for name, value in figures.items())
            if not quiet:
                progress.write(f"step {done}: {told}", file=sys.stderr)
        if config.snapshot_every and done % config.snapshot_every == 0:
            save_pretrained(ema, run.snapshot(done))
        if done % config.checkpoint_every == 0:
            run.save_checkpoint(
                {
                    "step": done,
                    "model": model.stored_state(),
                    "ema": ema.stored_state(),
                    "optimiser": optimiser.state_dict(),
                }
            )
    log.close()
    save_pretrained(ema, run.model)
    return run.model


def learning_rate(config: OptimiserConfig, step: int, steps: int) -> float:
    """Return the rate at a step: linear warm-up, then a cosine to zero."""
    if step < config.warmup:
        return config.learning_rate * (step + 1) / config.warmup
    share = (step - config.warmup) / max(1, steps - config.warmup)
    return config.learning_rate * (1 + math.cos(math.pi * share)) / 2


def _initialise(model: SLVP, init: str, quiet: bool) -> None:
    reused, new = reuse(model, from_pretrained(init).stored_state())
    if len(reused) < len(new):
        raise UserError(
            f"init {init!r}: only {len(reused)} of {len(reused) + len(new)} tensors fit this "
            "recipe's model; expected one pre-trained by the same recipe"
        )
    if not quiet:
        parts = sorted({name.split(".")[0] for name in new}) or ["none"]
        print(
            f"reused {len(reused)} tensors of {init}; {len(new)} start new ({', '.join(parts)})",
            file=sys.stderr,
        )


def _loader(batches: StepBatches, first_step: int, workers: int) -> DataLoader[Batch | UserError]:
    return DataLoader(
        Subset(batches, range(first_step, len(batches))),
        batch_size=None,
        num_workers=workers,
        prefetch_factor=4 if workers else None,
        worker_init_fn=seed_worker,
    )


@torch.no_grad()
def _update_ema(ema: SLVP, model: SLVP, decay: float, step: int) -> None:
    """Move the average towards the model; faster in the first steps, when it is still random."""
    decay = min(decay, (1 + step) / (10 + step))
    trained = dict(model.named_parameters())
    for name, parameter in ema.named_parameters():
        parameter.lerp_(trained[name].to(parameter.dtype), 1 - decay)
    for kept, buffer in zip(ema.buffers(), model.buffers(), strict=True):
        kept.copy_(buffer)  # statistics of an unfrozen backbone's normalisation


def _validate(
    objective: Objective, model: SLVP, batches: StepBatches, device: torch.device
) -> dict[str, float]:
    scores = []
    for index in range(len(batches)):
        batch = batches[index]
        if isinstance(batch, UserError):
            raise batch
        scores.append(objective.score(model, batch.to(device)))
    return {
        name: sum(score[name].total for score in scores)
        / max(1, sum(score[name].count for score in scores))
        for name in scores[0]
    }
