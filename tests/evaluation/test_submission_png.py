import io

import cv2
import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from PIL import Image

from slvp.evaluation.submission.png import grey_png, indexed_png

values = arrays(
    np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=20), elements=st.integers(0, 255)
)


@given(values)
def test_grey_files_read_alike_in_other_programs(values_HW) -> None:
    content = grey_png(values_HW)
    with Image.open(io.BytesIO(content)) as picture:
        picture.verify()  # the checksums
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.mode == "L"
        np.testing.assert_array_equal(np.array(picture), values_HW)
    buffer = np.frombuffer(content, np.uint8)
    np.testing.assert_array_equal(cv2.imdecode(buffer, cv2.IMREAD_UNCHANGED), values_HW)


@given(values)
def test_indexed_files_keep_ids_and_have_the_colours_of_davis(ids_HW) -> None:
    content = indexed_png(ids_HW)
    with Image.open(io.BytesIO(content)) as picture:
        assert picture.mode == "P"
        np.testing.assert_array_equal(np.array(picture), ids_HW)
        assert picture.getpalette()[: 3 * 4] == [0, 0, 0, 128, 0, 0, 0, 128, 0, 128, 128, 0]
        colours_HWC = np.array(picture.convert("RGB"))
    buffer = np.frombuffer(content, np.uint8)
    read_HWC = cv2.imdecode(buffer, cv2.IMREAD_COLOR)[:, :, ::-1]
    np.testing.assert_array_equal(read_HWC, colours_HWC)


def test_long_runs_take_little_room() -> None:
    mask_HW = np.zeros((480, 854), np.uint8)
    mask_HW[100:300, 200:500] = 255
    assert len(grey_png(mask_HW)) < 1500
