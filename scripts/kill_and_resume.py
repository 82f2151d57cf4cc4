"""Kill a training run again and again, resume it, and compare it with one that was let be.

    python scripts/kill_and_resume.py --kills 20 --steps 120

trains the same small run twice: once undisturbed, and once with ``kill -9`` at moments drawn at
random (every second one while a checkpoint is being written), each time followed by ``slvp
resume``. Then these must be the same to the byte: the log of losses and held-out figures, the list
of the clips that each step saw (so no sample was seen twice or lost), and the model. After every
kill, all checkpoints must be readable. If a run ends before all kills are used up, another begins.

The model is that of the recipe ``lite``, the clips are small ones of the embedded world; nothing is
fetched. A step takes a fraction of a second; most of the time goes into starting the processes.
"""

from __future__ import annotations

import argparse
import os
import random
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import replace
from pathlib import Path

from slvp.training.checkpoints import is_whole
from slvp.training.config import DataConfig, TrainConfig
from slvp.training.logs import read_rows
from slvp.training.recipes import recipe
from slvp.training.run import Run

# Shall one kill in two hit a checkpoint that is being written, it has to be seen in time.
_LOOK_EVERY = 0.0005
_PATIENCE = 600.0  # seconds until a run that neither ends nor writes counts as hanging


def main() -> int:
    """Run the comparison; 0 if nothing differs."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--kills", type=int, default=20, help="how many in all (20)")
    parser.add_argument("--steps", type=int, default=120, help="length of the run (120)")
    parser.add_argument("--checkpoint-every", type=int, default=4, help="in steps (4)")
    parser.add_argument("--task", choices=("pretrain", "finetune"), default="pretrain")
    parser.add_argument("--seed", type=int, default=0, help="of the moments and of the runs (0)")
    parser.add_argument("--out", type=Path, help="where the runs stay (a temporary folder)")
    options = parser.parse_args()

    folder = Path(tempfile.mkdtemp()) if options.out is None else options.out
    config = small_run(options.task, options.steps, options.checkpoint_every, options.seed)
    whole = Run(folder / "undisturbed")
    _begin(whole, config)
    began = time.monotonic()
    with _resume(whole) as process:
        first_step = _wait_for_first_step(whole, process) - began
    if not whole.finished:
        raise SystemExit(f"{whole.folder}: failed by itself")
    per_step = (time.monotonic() - began - first_step) / options.steps
    print(f"undisturbed: {first_step:.1f} s to the first step, then {per_step:.2f} s a step")

    chance = random.Random(options.seed)
    kills, number, differences = 0, 0, []
    while kills < options.kills:
        number += 1
        run = Run(folder / f"killed-{number}")
        _begin(run, config)
        # So that the kills that are left reach the end of the run, give or take.
        reach = first_step + 2 * per_step * options.steps / (options.kills - kills)
        while kills < options.kills:
            aimed = kills % 2 == 1
            how = _killed(run, chance.uniform(0, reach), aimed)
            if not how:
                break  # it was over first
            kills += 1
            print(f"kill {kills}: {how}; {_state(run)}", flush=True)
            broken = [path.name for path in run.checkpoints.glob("*.pt") if not is_whole(path)]
            differences += [f"{run.folder}: {name} can't be read" for name in broken]
        if not run.finished:
            with _resume(run) as process:
                process.wait()
        differences += compare(whole, run)
    for difference in differences:
        print(difference, file=sys.stderr)
    if not differences:
        print(f"{kills} kills, {number} run(s): log, samples and model are those of the other run")
    if options.out is None:
        shutil.rmtree(folder)
    return 1 if differences else 0


def small_run(task: str, steps: int, checkpoint_every: int, seed: int) -> TrainConfig:
    """Return the recipe ``lite`` with few, small clips in a batch."""
    config = recipe("lite", "finetune" if task == "finetune" else "pretrain")
    return replace(
        config,
        data=replace(DataConfig(), sizes=((64, 64),), frames=(2,), pixels=4 * 3 * 64 * 64),
        steps=steps,
        seed=seed,
        validate_every=max(1, steps // 2),
        validation_batches=2,
        checkpoint_every=checkpoint_every,
    )


def compare(whole: Run, other: Run) -> list[str]:
    """Return a sentence for each file that should be the same and is not."""
    differences = []
    for ours, theirs in (
        (whole.log_file, other.log_file),
        (whole.samples_file, other.samples_file),
        (whole.model / "model.safetensors", other.model / "model.safetensors"),
    ):
        if not theirs.is_file():
            differences.append(f"{theirs}: missing")
        elif ours.read_bytes() != theirs.read_bytes():
            differences.append(f"{theirs}: differs from {ours}")
    leftovers = [str(path) for path in other.folder.glob("**/.*")]
    return differences + [f"{path}: left behind" for path in leftovers]


def _begin(run: Run, config: TrainConfig) -> None:
    """Leave a run as one that was killed before its first step, so that all starts are alike."""
    run.folder.mkdir(parents=True)
    config.save(run.config_file)


def _resume(run: Run) -> subprocess.Popen[bytes]:
    return subprocess.Popen(
        [sys.executable, "-m", "slvp", "resume", str(run.folder), "--quiet"],
        stdout=subprocess.DEVNULL,
        env={"OMP_NUM_THREADS": "1", **os.environ},
    )


def _wait_for_first_step(run: Run, process: subprocess.Popen[bytes]) -> float:
    """Return when the first step was over."""
    while process.poll() is None and not read_rows(run.samples_file):
        time.sleep(0.01)
    return time.monotonic()


def _killed(run: Run, seconds: float, aimed: bool) -> str:
    """Resume a run, kill it, and say how; empty if it was over before.

    Args:
        run: which.
        seconds: when to kill it.
        aimed: wait after that until a checkpoint is being written.
    """
    with _resume(run) as process:
        began = time.monotonic()
        while process.poll() is None:
            now = time.monotonic() - began
            if now > _PATIENCE:
                process.kill()
                raise SystemExit(f"{run.folder}: neither ends nor writes checkpoints")
            writing = aimed and any(run.checkpoints.glob(".*.part"))
            if now >= seconds and (writing or not aimed):
                process.kill()
                process.wait()
                return f"after {now:.2f} s" + (" while a checkpoint was written" if writing else "")
            time.sleep(_LOOK_EVERY)
    if not run.finished:
        raise SystemExit(f"{run.folder}: failed by itself")
    return ""


def _state(run: Run) -> str:
    """Tell how far a killed run is."""
    steps = len(read_rows(run.samples_file))
    kept = sorted(path.stem for path in run.checkpoints.glob("*.pt"))
    return f"{steps} steps done, checkpoints: {', '.join(kept) or 'none'}"


if __name__ == "__main__":
    sys.exit(main())
