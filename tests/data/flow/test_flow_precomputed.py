"""Flow files of other programs."""

from __future__ import annotations

import struct
from pathlib import Path

import cv2
import numpy as np
import pytest

from slvp.data.flow.precomputed import PrecomputedFlow, read_flow
from slvp.errors import UserError

FLOW = np.random.default_rng(0).integers(-900, 900, (5, 7, 2)).astype(np.float32) / 64


def write_flo(path: Path, flow: np.ndarray) -> None:
    height, width = flow.shape[:2]
    path.write_bytes(b"PIEH" + struct.pack("<ii", width, height) + flow.astype("<f4").tobytes())


def write_kitti(path: Path, flow: np.ndarray, known: np.ndarray) -> None:
    red_green = (flow * 64 + 32768).astype(np.uint16)
    bgr = np.dstack([known.astype(np.uint16), red_green[..., 1], red_green[..., 0]])
    assert cv2.imwrite(str(path), bgr)


def test_formats(tmp_path: Path) -> None:
    unknown = FLOW.copy()
    unknown[1, 2] = 1e10
    write_flo(tmp_path / "a.flo", unknown)
    np.save(tmp_path / "b.npy", np.where(unknown > 1e9, np.inf, unknown).astype(np.float64))
    known = np.ones((5, 7))
    known[1, 2] = 0
    write_kitti(tmp_path / "c.png", FLOW, known)
    expected = FLOW.copy()
    expected[1, 2] = np.nan
    for name in ("a.flo", "b.npy", "c.png"):
        found = read_flow(tmp_path / name)
        assert found.dtype == np.float32
        assert np.array_equal(found, expected, equal_nan=True), name


def test_flow_between_distant_frames_is_chained_and_scaled(tmp_path: Path) -> None:
    folder = tmp_path / "clip"
    folder.mkdir()
    for number in range(11):  # 10 comes after 9
        write_flo(folder / f"{number}.flo", np.full((20, 40, 2), (number, -1), np.float32))
    flow = PrecomputedFlow(tmp_path).of("clip", [1, 4, 5, 11], 10, 10)
    assert flow.forward_THW2.shape == (3, 10, 10, 2)
    middle = flow.forward_THW2[:, 7, 1]
    assert np.allclose(middle[0], ((1 + 2 + 3) / 4, -3 / 2))
    assert np.allclose(middle[1], (4 / 4, -1 / 2))
    assert np.isnan(flow.forward_THW2[2, 0]).all()  # it leaves the frame on the way
    # A place that moves is followed: what is right of x = 5 goes on by 8, the rest stays.
    step = np.zeros((4, 30, 2), np.float32)
    step[:, 6:, 0] = 8
    (tmp_path / "other").mkdir()
    np.save(tmp_path / "other" / "0.npy", np.full((4, 30, 2), (5, 0), np.float32))
    np.save(tmp_path / "other" / "1.npy", step)
    (chained,) = PrecomputedFlow(tmp_path).of("other", [0, 2], 4, 30).forward_THW2
    assert np.allclose(chained[0, :2, 0], [5, 13])


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    flow = PrecomputedFlow(tmp_path)
    with pytest.raises(UserError, match=r"clip isn't there"):
        flow.of("clip", [0, 1], 4, 4)
    (tmp_path / "clip").mkdir()
    write_flo(tmp_path / "clip" / "0.flo", FLOW)
    with pytest.raises(UserError, match=r"has 1 flow files; expected .* at least 2"):
        flow.of("clip", [0, 2], 4, 4)
    write_flo(tmp_path / "clip" / "1.flo", FLOW[1:])
    with pytest.raises(UserError, match="another size"):
        flow.of("clip", [0, 2], 4, 4)


@pytest.mark.parametrize(
    ("name", "content"),
    [("a.flo", b"PIEH"), ("a.flo", b"PIEX" + bytes(8)), ("a.npy", b"\x93NUMPY"), ("a.png", b"")],
)
def test_broken_files_are_told(name: str, content: bytes, tmp_path: Path) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(UserError, match=f"{name} is no flow file"):
        read_flow(tmp_path / name)
