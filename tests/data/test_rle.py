"""Run lengths decode as COCO's own code does it, and broken ones never to a mask."""

import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from pycocotools import mask as coco

from slvp.data.rle import decode_rle, encode_rle, expand

MASKS = hnp.arrays(bool, hnp.array_shapes(min_dims=2, max_dims=2, min_side=1, max_side=40))


def encode(mask_HW: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(mask_HW, np.uint8))["counts"].decode()


@given(mask_HW=MASKS)
def test_encodes_as_coco_does(mask_HW: np.ndarray) -> None:
    rle = json.loads(json.dumps(encode_rle(mask_HW)))
    assert rle == {"size": list(mask_HW.shape), "counts": encode(mask_HW)}
    np.testing.assert_array_equal(coco.decode(rle), mask_HW)


@given(mask_HW=MASKS)
def test_decodes_what_coco_encodes(mask_HW: np.ndarray) -> None:
    decoded_HW = decode_rle(encode(mask_HW), *mask_HW.shape)
    assert decoded_HW.dtype == bool
    np.testing.assert_array_equal(decoded_HW, mask_HW)


def test_long_runs_and_runs_that_shrink() -> None:
    mask_HW = np.zeros((1080, 1920), bool)
    mask_HW[:, 700:1500] = True
    mask_HW[300:320, 5] = True
    np.testing.assert_array_equal(decode_rle(encode(mask_HW), 1080, 1920), mask_HW)


@given(mask_HW=MASKS, data=st.data())
def test_another_size_is_refused(mask_HW: np.ndarray, data: st.DataObject) -> None:
    height, width = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40)))
    if height * width == mask_HW.size:
        width += 1
    with pytest.raises(ValueError, match=f"{width} x {height}"):
        decode_rle(encode(mask_HW), height, width)


@given(mask_HW=MASKS, data=st.data())
def test_counts_that_are_cut_off_are_refused(mask_HW: np.ndarray, data: st.DataObject) -> None:
    counts = encode(mask_HW)
    kept = data.draw(st.integers(0, len(counts) - 1))
    # A last run of no pixels may be missing.
    if counts[kept:] != "0":
        with pytest.raises(ValueError, match="run lengths"):
            decode_rle(counts[:kept], *mask_HW.shape)


@given(counts=st.text(max_size=30))
def test_any_text_is_a_mask_or_refused(counts: str) -> None:
    try:
        mask_HW = decode_rle(counts, 3, 4)
    except ValueError:
        return
    assert mask_HW.shape == (3, 4)


@pytest.mark.parametrize("counts", ["", "P", "~", "é", "/", "oooooooo0", "\ud800"])
def test_letters_that_are_no_run_lengths(counts: str) -> None:
    with pytest.raises(ValueError, match=r"^no|^a run length|surrogates"):
        decode_rle(counts, 3, 4)


def test_runs_of_less_than_no_pixels_are_refused() -> None:
    # -16 and 28, twelve in all.
    with pytest.raises(ValueError, match="not the run lengths of a mask of 4 x 3 pixels"):
        decode_rle("@l0", 3, 4)


def test_a_number_that_no_computer_holds_is_refused() -> None:
    # 12 and 2 ** 65.
    with pytest.raises(ValueError, match="a run length beyond any picture"):
        decode_rle("l" + "P" * 12 + "1", 3, 4)


@given(mask_HW=MASKS)
def test_plain_numbers_are_expanded_as_coco_wrote_them(mask_HW: np.ndarray) -> None:
    height, width = mask_HW.shape
    flat = mask_HW.T.ravel()
    changes = np.flatnonzero(np.diff(flat.astype(np.int8))) + 1
    lengths = np.diff(np.concatenate([[0], changes, [flat.size]]))
    lengths = np.concatenate([[0], lengths]) if flat[0] else lengths
    np.testing.assert_array_equal(expand(lengths, height, width), mask_HW)


@pytest.mark.parametrize("lengths", [[], [11], [13], [-1, 13], [2**62, 2**62, 2**62, 2**62 + 12]])
def test_plain_numbers_of_another_mask_are_refused(lengths: list[int]) -> None:
    with pytest.raises(ValueError, match="not the run lengths of a mask of 4 x 3 pixels"):
        expand(np.array(lengths, np.int64), 3, 4)
