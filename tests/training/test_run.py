import pytest
from safetensors import SafetensorError

from slvp.errors import UserError
from slvp.models.slvp import SLVP
from slvp.training.run import Run
from tiny import tiny_model
from tiny_runs import tiny_run


def test_what_killed_processes_left_is_removed(tmp_path):
    run = Run(tmp_path)
    for half in ("model/.saving-abc/model.safetensors", "snapshots/step-000100/.saving-x/a"):
        (tmp_path / half).parent.mkdir(parents=True)
        (tmp_path / half).write_text("half")
    (tmp_path / ".log.csv.4711.part").write_text("half")
    (tmp_path / "pictures").mkdir()
    (tmp_path / "pictures/.step-000008.png.4711.part").write_text("half")
    (tmp_path / "notes.txt").write_text("mine")
    run.begin(tiny_run())
    left = sorted(path.name for path in tmp_path.rglob("*") if path.is_file())
    assert left == ["config.json", "notes.txt"]


def test_a_model_is_saved_and_loaded(tmp_path):
    model, run = tiny_model(seed=3), Run(tmp_path)
    assert not run.finished
    run.save_model(model.config, model.stored_state(), run.model)
    assert run.finished
    loaded = SLVP.from_pretrained(run.model).stored_state()
    assert all(bool((loaded[name] == t).all()) for name, t in model.stored_state().items())


@pytest.mark.parametrize(
    "error", [OSError(28, "No space left on device"), SafetensorError("no space")]
)
def test_what_goes_wrong_with_the_disk_is_one_sentence(tmp_path, error):
    run = Run(tmp_path)
    said = r"log\.csv: can't be written \([Nn]o space"
    with pytest.raises(UserError, match=said) as raised, run.writing(run.log_file):
        raise error
    assert "\n" not in str(raised.value)
    assert f"'slvp resume {tmp_path}' goes on" in str(raised.value)


def test_other_errors_pass(tmp_path):
    run = Run(tmp_path)
    with pytest.raises(ZeroDivisionError), run.writing(run.log_file):
        raise ZeroDivisionError


def test_a_folder_that_can_not_be_made(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UserError, match="can't be written") as raised:
        Run(tmp_path / "file" / "run").begin(tiny_run())
    assert "resume" not in str(raised.value)  # nothing has begun
