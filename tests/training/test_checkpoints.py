import errno

import pytest
import torch

from slvp.errors import UserError
from slvp.training.checkpoints import Checkpoints, is_whole, load
from tiny_runs import small_disk


def state(step):
    return {"weights": torch.full((50_000,), float(step)), "name": "weights"}


@pytest.fixture
def checkpoints(tmp_path):
    kept = Checkpoints(tmp_path / "checkpoints", keep=2)
    for step in (90, 100, 1_000_000):
        kept.save(step, state(step))
    return kept


def names(checkpoints):
    return sorted(path.name for path in checkpoints.folder.iterdir())


def test_what_is_saved_is_loaded(checkpoints):
    loaded = load(checkpoints.newest())
    assert loaded["step"] == 1_000_000
    assert loaded["name"] == "weights"
    assert torch.equal(loaded["weights"], state(1_000_000)["weights"])


def test_the_newest_are_kept(checkpoints):
    assert names(checkpoints) == ["step-000100.pt", "step-1000000.pt"]


def test_nothing_to_load(tmp_path):
    assert Checkpoints(tmp_path / "nothing", keep=2).newest() is None


@pytest.mark.parametrize("spoil", ["truncated", "empty", "one bit", "text"])
def test_a_broken_one_is_skipped_and_named(checkpoints, capsys, spoil):
    path = checkpoints.newest()
    content = bytearray(path.read_bytes())
    if spoil == "one bit":
        content[len(content) // 2] ^= 1
    path.write_bytes(
        {"truncated": content[:-1000], "empty": b"", "one bit": content, "text": b"hello"}[spoil]
    )
    assert not is_whole(path)
    assert load(checkpoints.newest())["step"] == 100
    said = capsys.readouterr().err
    assert said.splitlines() == [f"{path}: broken; skipped"]


def test_a_good_one_never_gives_way_to_a_broken_one(tmp_path):
    """The broken one is newer than what a resumed run writes at first."""
    kept = Checkpoints(tmp_path, keep=1)
    (tmp_path / "step-000120.pt").write_bytes(b"broken")
    kept.save(80, state(80))
    kept.save(100, state(100))
    assert load(kept.newest())["step"] == 100


def test_a_full_disk_leaves_the_old_ones_and_nothing_half_written(checkpoints):
    with small_disk(100_000), pytest.raises(UserError) as raised:
        checkpoints.save(1_000_100, state(0))
    message = str(raised.value)
    assert "step-1000100.pt" in message
    assert "make room" in message
    assert "from step 1000000 with 'slvp resume" in message
    assert "\n" not in message
    assert names(checkpoints) == ["step-000100.pt", "step-1000000.pt"]
    assert load(checkpoints.newest())["step"] == 1_000_000


def test_the_reason_is_the_disks_own(checkpoints, monkeypatch):
    def full(state, file):
        file.write(b"half")
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(torch, "save", full)
    with pytest.raises(UserError, match="No space left on device"):
        checkpoints.save(1_000_100, {})
    assert names(checkpoints) == ["step-000100.pt", "step-1000000.pt"]


def test_no_checkpoint_before_the_first_is_written(tmp_path):
    kept = Checkpoints(tmp_path / "checkpoints", keep=2)
    with small_disk(1000), pytest.raises(UserError, match="from the beginning with"):
        kept.save(10, state(10))


def test_other_errors_stay_what_they_are(checkpoints):
    with pytest.raises(AttributeError):
        checkpoints.save(1_000_100, {"not to be saved": lambda: None})
    assert names(checkpoints) == ["step-000100.pt", "step-1000000.pt"]


def test_what_a_killed_process_left_is_removed(checkpoints):
    (checkpoints.folder / ".step-1000100.pt.4711.part").write_bytes(b"half")
    checkpoints.newest()
    assert names(checkpoints) == ["step-000100.pt", "step-1000000.pt"]
