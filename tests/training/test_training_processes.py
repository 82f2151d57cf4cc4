import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
import torch

from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.training import loop
from slvp.training.processes import Processes
from slvp.training.stream import Seen
from tiny_runs import interrupt, logged, weights
from two_processes import BREAKS_OFF, CLIPS, RUNS


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Folders of the runs of one process, and of those of two."""
    alone, together = tmp_path_factory.mktemp("alone"), tmp_path_factory.mktemp("together")
    data = tmp_path_factory.mktemp("data")
    (data / "davis").mkdir()
    write_ref_davis17(data / "davis")
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(loop, "_LOG_EVERY", 1)
        patch.chdir(data)
        for name, config in RUNS.items():
            one = replace(config, sharding="none", accumulate=1)
            loop.train(one, alone / name, quiet=True)
        interrupt(RUNS["begun by one"], together / "begun by one", BREAKS_OFF)
    script = Path(__file__).parents[1] / "two_processes.py"
    torchrun = ["-m", "torch.distributed.run", "--standalone", "--nproc_per_node", "2"]
    done = subprocess.run(
        [sys.executable, *torchrun, str(script), str(together)],
        cwd=data,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout == ""
    return alone, together


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_two_processes_train_to_the_same_weights_as_one(runs, name):
    alone, together = (run / name for run in runs)
    torch.manual_seed(RUNS[name].seed)
    begun = SLVP(RUNS[name].model).stored_state()
    one, two = weights(alone), weights(together)
    assert one.keys() == two.keys()
    moved = sum(float((one[key] - begun[key]).square().sum()) for key in one) ** 0.5
    apart = sum(float((one[key] - two[key]).square().sum()) for key in one) ** 0.5
    # Rounding, but Adam makes the most of it where gradients are next to nothing.
    assert apart < 3e-3 * moved
    SLVP.from_pretrained(together / "model")


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_two_processes_have_the_same_losses_and_figures_as_one(runs, name):
    """Gradient norms, too: Adam would not mind wrong factors."""
    alone, together = (run / name for run in runs)
    names = ["train/loss", "train/gradient_norm", "train/learning_rate"]
    names += (
        ["held-out/predicted_epe", "held-out/zero_epe"]
        if RUNS[name].task == "pretrain"
        else ["held-out/iou", "held-out/presence_accuracy"]
    )
    for figure in names:
        assert logged(together, figure) == pytest.approx(logged(alone, figure), rel=2e-3), figure
        assert logged(together, figure)


@pytest.mark.slow
@pytest.mark.parametrize("name", RUNS)
def test_two_processes_see_together_what_one_sees(runs, name):
    alone, together = (run / name / "samples.csv" for run in runs)
    assert together.read_bytes() == alone.read_bytes()
    assert len(alone.read_text().splitlines()) == 1 + RUNS[name].steps
    assert alone.read_text().splitlines()[1].split(",")[1] == str(CLIPS)


def test_alone():
    processes = Processes.start("no", "fsdp")
    assert (processes.rank, processes.of, processes.leads) == (0, 1, True)
    assert not processes.sharded  # there is nobody to share with
    assert processes.gather(Seen(1, 2, ())) == [Seen(1, 2, ())]
    assert processes.first("a") == "a"
    values = processes.sum({"a": torch.tensor(2), "b": torch.tensor(0.5)})
    assert {name: float(value) for name, value in values.items()} == {"a": 2.0, "b": 0.5}
    processes.end()


def test_fp16_needs_a_gpu():
    if torch.cuda.is_available():
        pytest.skip("there is a GPU")
    with pytest.raises(UserError, match="'fp16' needs a GPU"):
        Processes.start("fp16", "none")
