"""Compact flow: the bound of its error, what is beyond its range, its size."""

from __future__ import annotations

import zlib

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays

from slvp.data.cutouts import CutoutLibrary
from slvp.data.flow import dis_flow
from slvp.data.flow.coding import LIMIT, UNIT, decode_flow, encode_flow, largest_error
from slvp.data.world import World, WorldConfig


@st.composite
def fields(draw: st.DrawFn) -> tuple[np.ndarray, np.ndarray]:
    shape = draw(array_shapes(min_dims=2, max_dims=2, max_side=9))
    number = st.one_of(
        st.floats(-3000, 3000, width=32),
        st.floats(width=32),  # NaN, infinite and huge ones
        st.sampled_from([LIMIT, -LIMIT, 0.0, 1 / 32, -1 / 32, 2047.96875]),
    )
    return draw(arrays(np.float32, (*shape, 2), elements=number)), draw(arrays(np.bool_, shape))


@given(fields())
@settings(max_examples=200, deadline=None)
def test_error_is_bounded_and_the_rest_is_invalid(field: tuple[np.ndarray, np.ndarray]) -> None:
    flow, valid = field
    found, found_valid = decode_flow(encode_flow(flow, valid), *valid.shape)
    assert found.dtype == np.float32 and found.shape == flow.shape
    storable = (np.abs(flow) <= LIMIT).all(-1)
    assert (found_valid == (valid & storable)).all()
    exact = found[storable].astype(np.float64) - flow[storable]
    assert np.abs(exact).max(initial=0) <= 1 / 32
    assert np.abs(exact).max(initial=0) == largest_error(flow[None])
    assert np.isfinite(found).all() and (np.abs(found) <= LIMIT).all()


def test_what_is_cut() -> None:
    flow = np.array([[[5000, -5000], [np.nan, 3], [np.inf, -np.inf], [2.03, -1.01]]], np.float32)
    found, valid = decode_flow(encode_flow(flow, np.ones((1, 4), np.bool_)), 1, 4)
    assert found.tolist() == [[[LIMIT, -LIMIT], [0, 3], [LIMIT, -LIMIT], [2, -1]]]
    assert valid.tolist() == [[False, False, False, True]]


def test_the_format_is_as_documented() -> None:
    flow = np.array([[[1, -1], [2, -1]], [[1, 30], [0, 0]]], np.float32)
    plain = zlib.decompress(encode_flow(flow, np.array([[True, False], [True, True]])))
    x, y = np.array([[16, 32], [16, 0]]), np.array([[-16, -16], [480, 0]])
    low, high = b"", b""
    for v in (x, y):
        d = np.array(
            [
                [v[0, 0], v[0, 1] - v[0, 0]],
                [v[1, 0] - v[0, 0], v[1, 1] - v[0, 1] - v[1, 0] + v[0, 0]],
            ]
        ).ravel()
        folded = np.where(d < 0, -2 * d - 1, 2 * d)
        low, high = low + bytes((folded % 256).tolist()), high + bytes((folded // 256).tolist())
    assert plain == low + high + bytes([0b10110000])


def test_damage_is_found() -> None:
    content = encode_flow(np.zeros((4, 6, 2), np.float32), np.ones((4, 6), np.bool_))
    for broken in (content[:-3], b"", b"\0" + content[1:]):
        with pytest.raises(ValueError, match=r"[a-z]"):
            decode_flow(broken, 4, 6)
    with pytest.raises(ValueError, match="no flow of 6 x 5 pixels"):
        decode_flow(content, 5, 6)


def test_size_on_estimated_flow_of_the_world() -> None:
    world = World(CutoutLibrary.drawn_shapes(), WorldConfig(frames=2))
    stored = raw = 0
    for seed in range(4):
        (flow,) = dis_flow(world.clip(seed).frames_THWC)
        stored += len(encode_flow(flow, np.ones(flow.shape[:2], np.bool_)))
        raw += flow.nbytes
    assert stored < 0.1 * raw
    assert UNIT / 2 == 1 / 32
