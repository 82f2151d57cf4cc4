import cv2
import numpy as np
import pytest

from slvp.data.visor.annotations import Annotation
from slvp.data.visor.drawing import HEIGHT, WIDTH, draw_ids, shrink_photograph
from slvp.errors import UserError


def box(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    return np.array([[left, top], [right, top], [right, bottom], [left, bottom]], dtype=np.float64)


def mask(*polygons: np.ndarray) -> Annotation:
    return Annotation("id", "name", polygons)


def test_half_of_the_frame() -> None:
    ids_HW = draw_ids([(mask(box(0, 0, 959, 1079)), 3)])
    assert ids_HW is not None and ids_HW.shape == (HEIGHT, WIDTH) and ids_HW.dtype == np.uint8
    assert np.unique(ids_HW[:, :427]).tolist() == [3] and not ids_HW[:, 427:].any()


def test_corners_are_cut_to_whole_numbers() -> None:
    whole, cut = (draw_ids([(mask(box(0, 0, 900 + x, 500 + x)), 1)]) for x in (0.0, 0.99))
    assert whole is not None and np.array_equal(whole, cut)


def test_polygons_of_one_mask_are_even_odd() -> None:
    ids_HW = draw_ids([(mask(box(192, 108, 1728, 972), box(576, 324, 1344, 756)), 1)])
    assert ids_HW is not None
    assert ids_HW[HEIGHT // 2, WIDTH // 2] == 0 and ids_HW[HEIGHT // 2, WIDTH // 5] == 1
    two = draw_ids([(mask(box(0, 0, 400, 400)), 1), (mask(box(800, 0, 1200, 400)), 1)])
    together = draw_ids([(mask(box(0, 0, 400, 400), box(800, 0, 1200, 400)), 1)])
    assert two is not None and np.array_equal(two, together)


def test_later_masks_lie_over_earlier_ones() -> None:
    below, above = mask(box(0, 0, 1000, 1000)), mask(box(500, 0, 1500, 1000))
    ids_HW = draw_ids([(below, 2), (above, 1)])
    assert ids_HW is not None
    assert (ids_HW[100, 100], ids_HW[100, 400], ids_HW[100, 600]) == (2, 1, 1)


def test_no_mask_is_no_picture() -> None:
    assert draw_ids([]) is None
    assert draw_ids([(mask(box(2000, 0, 2100, 100)), 1)]) is None


def test_photographs_shrink_by_the_mean_of_areas() -> None:
    frame_HWC = np.zeros((1080, 1920, 3), dtype=np.uint8)
    frame_HWC[::2] = 200
    content = bytes(cv2.imencode(".jpg", frame_HWC, [cv2.IMWRITE_JPEG_QUALITY, 100])[1])
    small = cv2.imdecode(np.frombuffer(shrink_photograph(content, "here"), np.uint8), 1)
    assert small.shape == (HEIGHT, WIDTH, 3)
    assert abs(float(small.mean()) - 100) < 2 and small.std() < 25


@pytest.mark.parametrize("content", [b"", b"no picture"])
def test_broken_photographs_are_named(content: bytes) -> None:
    with pytest.raises(UserError, match=r"^frames/a\.jpg can't be read as a picture"):
        shrink_photograph(content, "frames/a.jpg")
