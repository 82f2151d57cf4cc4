import shutil
from pathlib import Path

import numpy as np
import pytest

from slvp.data.benchmarks.visor import load_visor
from slvp.data.examples.visor import write_visor
from slvp.data.visor.prepare import prepare_visor
from slvp.errors import UserError


@pytest.fixture(scope="module")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("visor")
    (folder / "source").mkdir()
    write_visor(folder / "source")
    prepare_visor(folder / "source", folder / "out", progress=False)
    return folder / "out"


def test_every_frame_is_scored_the_last_one_too(prepared: Path) -> None:
    expressions = load_visor(prepared)
    assert len(expressions) == 15
    first = expressions[0]
    assert (first.sequence, first.expression_id) == ("P01_107_seq_00001", "0")
    assert (first.text, first.object_ids) == ("the bowl on the left", (1,))
    assert first.frames.names[0] == "P01_107_frame_0000000140"
    assert first.scored == (0, 1, 2) and len(first.frames.names) == 3
    assert [one.frames for one in expressions if one.sequence == first.sequence] == [
        first.frames
    ] * 4


def test_frames_and_masks_can_be_read(prepared: Path) -> None:
    for one in load_visor(prepared, "train"):
        assert one.masks is not None
        for t, frame_HWC in zip(one.scored, one.frames.read(one.scored), strict=True):
            masks = one.masks.read(t)
            assert frame_HWC.shape == (480, 854, 3) and masks.size == (480, 854)
            assert masks.void() is None and np.any(masks.mask(one.object_ids))


def test_unseen_kitchens_are_a_part_of_val(prepared: Path) -> None:
    unseen = load_visor(prepared, "val_unseen")
    assert {one.sequence for one in unseen} == {"P09_02_seq_00001", "P09_02_seq_00002"}
    assert set(unseen) < set(load_visor(prepared, "val"))


def test_what_is_not_converted_says_how(prepared: Path) -> None:
    for root in (prepared.parent / "source", prepared / "val"):
        with pytest.raises(UserError, match="slvp data prepare visor SOURCE OUT"):
            load_visor(root)


def test_a_missing_mask_is_named(prepared: Path, tmp_path: Path) -> None:
    shutil.copytree(prepared, tmp_path / "copy")
    next((tmp_path / "copy/val/Annotations").rglob("*.png")).unlink()
    with pytest.raises(UserError, match=r"\.png is missing, yet .*meta_expressions\.json names it"):
        load_visor(tmp_path / "copy")
