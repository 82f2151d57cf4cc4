from pathlib import Path

import h5py
import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from slvp.data.benchmarks.puppet_masks import ACTOR, PuppetMasks, _read_masks, count_masks
from slvp.errors import UserError


def write_mat(path: Path, name: str, values: np.ndarray, compressed: bool = True) -> Path:
    scipy.io.savemat(path, {name: values, "another": np.zeros(3)}, do_compression=compressed)
    _read_masks.cache_clear()  # the file of that name is another one now
    return path


@given(
    arrays.arrays(
        np.uint8,
        # MATLAB drops an axis of length 1 at the end.
        st.tuples(st.integers(1, 5), st.integers(1, 5), st.integers(2, 4)),
        elements=st.sampled_from([0, 1]),
    ),
    st.booleans(),
)
def test_masks_come_back_frame_by_frame(
    tmp_path_factory: pytest.TempPathFactory, masks_HWT: np.ndarray, compressed: bool
) -> None:
    path = tmp_path_factory.getbasetemp() / "puppet_mask.mat"
    write_mat(path, "part_mask", masks_HWT, compressed)
    assert count_masks(path) == masks_HWT.shape[2]
    for t in range(masks_HWT.shape[2]):
        masks = PuppetMasks(path).read(t)
        assert masks.size == masks_HWT.shape[:2]
        assert masks.void() is None
        np.testing.assert_array_equal(masks.mask([ACTOR]), masks_HWT[:, :, t])


def test_only_one_video_is_kept_in_memory(tmp_path: Path) -> None:
    _read_masks.cache_clear()
    for number in range(5):
        path = write_mat(tmp_path / f"{number}.mat", "part_mask", np.ones((4, 6, 3), np.uint8))
        for t in range(3):
            PuppetMasks(path).read(t)
        assert _read_masks.cache_info().misses == 1
        assert _read_masks.cache_info().currsize == 1
    assert _read_masks.cache_info().maxsize == 1


def broken(path: Path, how: str) -> None:
    write_mat(path, "part_mask", np.random.default_rng(0).integers(0, 2, (40, 60, 6), np.uint8))
    content = path.read_bytes()
    if how == "cut off":
        path.write_bytes(content[: len(content) // 2])
    elif how == "cut off at once":
        path.write_bytes(content[:130])
    elif how == "empty":
        path.write_bytes(b"")
    elif how == "no MATLAB file":
        path.write_bytes(b"<html>not found</html>" * 100)
    elif how == "HDF5":
        with h5py.File(path, "w") as file:
            file["part_mask"] = np.zeros((3, 4, 5))
    elif how == "other name":
        write_mat(path, "masks", np.ones((4, 6, 3), np.uint8))
    elif how == "flat":
        write_mat(path, "part_mask", np.ones((4, 6), np.uint8))
    elif how == "missing":
        path.unlink()


WAYS = [
    "cut off",
    "cut off at once",
    "empty",
    "no MATLAB file",
    "HDF5",
    "other name",
    "flat",
    "missing",
]


@pytest.mark.parametrize("how", WAYS)
def test_a_broken_file_is_told_in_one_line_that_names_it(tmp_path: Path, how: str) -> None:
    path = tmp_path / "puppet_mask.mat"
    broken(path, how)
    with pytest.raises(UserError, match=r"puppet_mask\.mat can't be read") as caught:
        PuppetMasks(path).read(0)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("how", [way for way in WAYS if way != "cut off"])
def test_a_broken_head_is_told_when_masks_are_counted(tmp_path: Path, how: str) -> None:
    path = tmp_path / "puppet_mask.mat"
    broken(path, how)
    with pytest.raises(UserError, match=r"puppet_mask\.mat can't be read"):
        count_masks(path)


def test_a_frame_after_the_last_mask_is_told(tmp_path: Path) -> None:
    path = write_mat(tmp_path / "short.mat", "part_mask", np.ones((4, 6, 3), np.uint8))
    with pytest.raises(UserError, match=r"short\.mat ends after the masks of 3 frames.* frame 4"):
        PuppetMasks(path).read(3)


@given(st.integers(0, 2000))
def test_no_cut_is_anything_but_a_user_error(
    tmp_path_factory: pytest.TempPathFactory, length: int
) -> None:
    path = tmp_path_factory.getbasetemp() / "cut.mat"
    noise_HWT = np.random.default_rng(0).integers(0, 2, (40, 60, 6), np.uint8)
    write_mat(path, "part_mask", noise_HWT)
    path.write_bytes(path.read_bytes()[:length])
    with pytest.raises(UserError, match=r"cut\.mat can't be read"):
        PuppetMasks(path).read(0)
