import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from pycocotools import mask as coco

from slvp.data.rle import encode_rle
from slvp.evaluation.predictions.rle import mask_from_json

masks = arrays(np.bool_, array_shapes(min_dims=2, max_dims=2, max_side=12))


@given(masks)
def test_what_is_encoded_reads_back_here_and_with_pycocotools(mask_HW) -> None:
    rle = json.loads(json.dumps(encode_rle(mask_HW)))
    np.testing.assert_array_equal(mask_from_json(rle), mask_HW)
    np.testing.assert_array_equal(coco.decode(rle), mask_HW)


@given(masks)
def test_lists_of_runs_read_as_pycocotools_does(mask_HW) -> None:
    flat = mask_HW.ravel(order="F")
    edges = np.flatnonzero(np.diff(np.concatenate(([False], flat)))).tolist()
    runs = np.diff([0, *edges, flat.size]).tolist()
    rle = {"size": list(mask_HW.shape), "counts": runs}
    np.testing.assert_array_equal(mask_from_json(rle), mask_HW)
    np.testing.assert_array_equal(coco.decode(coco.frPyObjects(rle, *mask_HW.shape)), mask_HW)


@pytest.mark.parametrize(
    ("rle", "named"),
    [
        (None, "no run-length encoding"),
        ([1, 2], "no run-length encoding"),
        ({"size": [2, 2]}, "no run-length encoding"),
        ({"size": [2], "counts": [4]}, "size"),
        ({"size": [0, 2], "counts": []}, "size"),
        ({"size": ["2", 2], "counts": [4]}, "size"),
        ({"size": [2, 2], "counts": [3]}, "3 pixels"),
        ({"size": [2, 2], "counts": [3, 2]}, "5 pixels"),
        ({"size": [2, 2], "counts": [5, -1]}, "neither"),
        ({"size": [2, 2], "counts": [4.0]}, "neither"),
        ({"size": [2, 2], "counts": 4}, "neither"),
        ({"size": [2, 2], "counts": ""}, "counts"),
        ({"size": [2, 2], "counts": "é"}, "counts"),
        ({"size": [2, 2], "counts": "3"}, "counts"),
    ],
)
def test_broken_encodings_are_named(rle, named) -> None:
    with pytest.raises(ValueError, match=named):
        mask_from_json(rle)


@given(st.text(st.characters(max_codepoint=130), max_size=12))
def test_no_string_gives_a_mask_that_it_does_not_hold(counts) -> None:
    try:
        mask_HW = mask_from_json({"size": [5, 4], "counts": counts})
    except ValueError:
        return
    decoded_HW = coco.decode({"size": [5, 4], "counts": counts})
    np.testing.assert_array_equal(mask_HW, decoded_HW)
