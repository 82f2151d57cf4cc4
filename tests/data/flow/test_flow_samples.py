"""From a video to the frames and the flow of a sample."""

from __future__ import annotations

import io
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest

from conftest import MOVE, PAN, write_video
from slvp.data.captioned import CaptionedVideo, Stored
from slvp.data.flow import samples
from slvp.data.flow.samples import FlowSettings, SampleWriter, pieces_of, scaled_size
from slvp.data.flow.stored import FlowReader
from slvp.errors import UserError
from slvp.video.windows import View, WindowReader


def _captioned(path: Path) -> CaptionedVideo:
    return CaptionedVideo(str(path), ("a thing",), Stored(path))


def test_pieces_overlap_by_a_frame(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr(samples, "_PAIRS_AT_ONCE", 4)
    write_video(tmp_path / "a.mp4", 20)
    settings = FlowSettings(fps=6)
    pieces = list(pieces_of(_captioned(tmp_path / "a.mp4"), settings))
    numbers = [[frame.index for frame in piece.frames] for piece in pieces]
    assert numbers == [[0, 2, 4, 6, 8], [8, 10, 12, 14, 16], [16, 18]]
    assert [len(piece.flow.flow_THW2) for piece in pieces] == [4, 4, 1]
    assert pieces[0].rate == pytest.approx(6, rel=1e-3)

    frames, flow = io.BytesIO(), io.BytesIO()
    writer = SampleWriter(frames, flow, pieces[0])
    for piece in pieces:
        writer.write(piece)
    writer.finish()
    assert writer.rate == Fraction(6) and writer.frames == list(range(0, 20, 2))
    assert writer.pixels == 9 * 96 * 128 and 0.5 < writer.valid / writer.pixels < 1
    assert 0 < writer.error <= 1 / 32

    stored = FlowReader(flow, len(flow.getvalue()), "a")
    part = stored.read(3, 2)
    assert len(stored) == 9
    for index, exact in enumerate([pieces[0].flow.flow_THW2[3], pieces[1].flow.flow_THW2[0]]):
        assert np.abs(part.flow_THW2[index] - exact).max() <= 1 / 32
    with WindowReader(frames, len(frames.getvalue()), "a") as reader:
        seen = reader.read(3 / 6, 1 / 6, 3, View(96, 128, 0, 0, 96, 128))
    for index, frame in enumerate([pieces[0].frames[3], pieces[0].frames[4], pieces[1].frames[1]]):
        assert np.abs(seen[index].astype(int) - frame.image_HW3).mean() < 8


def test_camera_and_thing_are_told_apart(tmp_path: Path) -> None:
    write_video(tmp_path / "a.mp4", 9)
    (piece,) = pieces_of(_captioned(tmp_path / "a.mp4"), FlowSettings(fps=6))
    step = piece.frames[1].index
    target_THW2 = piece.flow.against_scene()
    for moment, frame in enumerate(piece.frames[:-1]):
        left = 10 + MOVE * frame.index
        thing = target_THW2[moment, 44:60, left + 12 : left + 28]
        assert np.abs(np.median(thing, (0, 1)) - ((MOVE + PAN) * step, 0)).max() < 0.5
        assert np.abs(np.median(target_THW2[moment, 80:], (0, 1))).max() < 0.1
    (raw,) = pieces_of(_captioned(tmp_path / "a.mp4"), FlowSettings(fps=6, camera=False))
    assert raw.flow.camera_T33 is None
    scene = np.median(raw.flow.against_scene()[0, 80:], (0, 1))
    assert np.allclose(scene, (-PAN * step, 0), atol=0.3)


def test_flow_of_another_program(tmp_path: Path) -> None:
    write_video(tmp_path / "clip.mp4", 5)
    (tmp_path / "flow" / "clip").mkdir(parents=True)
    for number in range(4):
        field = np.full((48, 64, 2), (number, 0), np.float32)
        field[:5] = np.nan
        np.save(tmp_path / "flow" / "clip" / f"{number}.npy", field)
    settings = FlowSettings(fps=6, camera=False, estimator=f"precomputed:{tmp_path / 'flow'}")
    (piece,) = pieces_of(_captioned(tmp_path / "clip.mp4"), settings)
    assert piece.flow.flow_THW2.shape == (2, 96, 128, 2)  # of the frames, which are twice as large
    assert np.allclose(piece.flow.flow_THW2[:, 50, 20], [(2 * (0 + 1), 0), (2 * (2 + 3), 0)])
    assert not piece.flow.valid_THW[:, 3].any() and piece.flow.valid_THW[0, 50, :100].all()
    with pytest.raises(UserError, match="there is no such folder"):
        samples.load_estimator(FlowSettings(estimator=f"precomputed:{tmp_path / 'none'}"))


def test_what_has_no_flow_is_told(tmp_path: Path) -> None:
    write_video(tmp_path / "single.mp4", 1)
    with pytest.raises(UserError, match=r"single\.mp4 has a single frame at --fps 6"):
        list(pieces_of(_captioned(tmp_path / "single.mp4"), FlowSettings()))
    with pytest.raises(UserError, match=r"none\.mp4 can't be read \(No such file"):
        list(pieces_of(_captioned(tmp_path / "none.mp4"), FlowSettings()))


@pytest.mark.parametrize(
    ("size", "expected"),
    [((1080, 1920), (256, 456)), ((1920, 1080), (456, 256)), ((101, 33), (100, 32))],
)
def test_size(size: tuple[int, int], expected: tuple[int, int]) -> None:
    assert scaled_size(*size, 256) == expected
