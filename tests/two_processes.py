"""Runs that two processes share: what torch.distributed.run starts in their tests."""

import sys
from dataclasses import replace
from pathlib import Path

from slvp.training import loop
from slvp.training.config import WeakConfig
from slvp.training.processes import Processes
from tiny_runs import DATA, interrupt, tiny_run

CLIPS = 5  # of a batch, which are shared unevenly
BREAKS_OFF = 3  # a step after a checkpoint


def shared_run(task, fusion, **changes):
    frames = 3 if task == "pretrain" else 2  # that are made
    return tiny_run(
        task,
        # Trained statistics of normalisation would be those of the clips of one process.
        model={"vision_frozen": True, "fusion": fusion},
        data=replace(DATA, pixels=CLIPS * frames * 64 * 64),
        steps=4,
        validate_every=4,
        validation_batches=3,  # not the same number for both
        **changes,
    )


def weak_run():
    """A run on the boxes of one video, of whose pseudo masks one process has nothing to make."""
    config = shared_run(
        "finetune", "vision-as-query", sharding="fsdp", weak=WeakConfig(stages=2, frames=4)
    )
    benchmarks = (("ref-davis17", "davis", 1.0),)  # in the folder that it is started in
    return replace(config, data=replace(config.data, benchmarks=benchmarks, supervision="box"))


RUNS = {
    "pretrain": shared_run("pretrain", "vision-as-query"),
    "sharded": shared_run("pretrain", "language-as-query", sharding="fsdp", accumulate=2),
    "weak": weak_run(),
    "begun by one": shared_run("finetune", "language-as-query", accumulate=3),
}


def main(folder: Path) -> None:
    """Begin or resume all of them."""
    loop._LOG_EVERY = 1
    part = Processes.end
    Processes.end = lambda self: None  # there is more to come
    for name, config in RUNS.items():
        run = folder / name
        if name == "sharded":
            interrupt(config, run, BREAKS_OFF)
        if name in ("pretrain", "weak"):
            loop.train(config, run, quiet=True)
        else:
            loop.resume(run, quiet=True)
    part(Processes.start("no", "none"))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
