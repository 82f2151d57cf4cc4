"""Flow files: any part read alone, damage told."""

from __future__ import annotations

import io

import numpy as np
import pytest

from slvp.data.flow import ClipFlow
from slvp.data.flow.stored import FlowReader, FlowWriter
from slvp.errors import UserError

HEIGHT, WIDTH = 6, 10


def _clip(pairs: int, seed: int, camera: bool = True) -> ClipFlow:
    rng = np.random.default_rng(seed)
    flow = rng.integers(-400, 400, (pairs, HEIGHT, WIDTH, 2)).astype(np.float32) / 16
    cameras = rng.normal(size=(pairs, 3, 3)).astype(np.float32) if camera else None
    return ClipFlow(flow, rng.random((pairs, HEIGHT, WIDTH)) < 0.7, cameras)


def _stored(*clips: ClipFlow) -> bytes:
    file = io.BytesIO()
    writer = FlowWriter(file, HEIGHT, WIDTH)
    for clip in clips:
        writer.write(clip)
    writer.finish({"fps": 6.25})
    return file.getvalue()


def _reader(content: bytes) -> FlowReader:
    return FlowReader(io.BytesIO(content), len(content), "a.flow")


@pytest.mark.parametrize("camera", [True, False])
def test_any_part_is_read_alone(camera: bool) -> None:
    first, second = _clip(3, 0, camera), _clip(2, 1, camera)
    reader = _reader(_stored(first, second))
    assert len(reader) == 5 and (reader.height, reader.width) == (HEIGHT, WIDTH)
    assert reader.notes["fps"] == 6.25
    flow = np.concatenate([first.flow_THW2, second.flow_THW2])
    valid = np.concatenate([first.valid_THW, second.valid_THW])
    for start, count in ((0, 5), (2, 2), (4, 1)):
        part = reader.read(start, count)
        assert (part.flow_THW2 == flow[start : start + count]).all()
        assert (part.valid_THW == valid[start : start + count]).all()
        if first.camera_T33 is None or second.camera_T33 is None:
            assert part.camera_T33 is None
        else:
            cameras = np.concatenate([first.camera_T33, second.camera_T33])
            assert (part.camera_T33 == cameras[start : start + count]).all()
    for start, count in ((-1, 2), (0, 6), (5, 1), (2, 0)):
        with pytest.raises(IndexError):
            reader.read(start, count)


def test_the_camera_is_subtracted_by_the_reader() -> None:
    shift = np.array([[1, 0, 2], [0, 1, -1], [0, 0, 1]], np.float32)
    flow = np.full((1, HEIGHT, WIDTH, 2), 3, np.float32)
    clip = ClipFlow(flow, np.ones((1, HEIGHT, WIDTH), np.bool_), shift[None])
    part = _reader(_stored(clip)).read(0, 1)
    assert np.allclose(part.against_scene(), (1, 4)) and (part.flow_THW2 == 3).all()


def test_damage_is_told() -> None:
    content = _stored(_clip(3, 0))
    for broken in (b"", content[:-1], content[: len(content) // 2], content[9:], b"x" * 50):
        with pytest.raises(UserError, match=r"a\.flow is cut off or no flow file"):
            _reader(broken)
    another = content.replace(b'"version":1', b'"version":2')
    with pytest.raises(UserError, match="another version"):
        _reader(another)
    with pytest.raises(UserError, match=r"a\.flow is damaged"):
        _reader(content[:20] + b"\0" * 10 + content[30:]).read(0, 1)
