import numpy as np
import pytest
from PIL import Image

from slvp.errors import UserError
from slvp.segmenter import FirstMask
from slvp.segmenter.first_masks import check_first_masks, read_first_masks

SIZE = (20, 30)


def ids(*boxes: tuple[int, int]) -> np.ndarray:
    """A picture with a column of pixels for each (place, value)."""
    ids_HW = np.zeros(SIZE, np.uint8)
    for place, value in boxes:
        ids_HW[:, place] = value
    return ids_HW


def save(path, values_HW, mode):
    image = Image.fromarray(values_HW)
    if mode == "P":
        image.putpalette(list(range(256)) * 3)
    image.convert(mode).save(path) if mode != "P" else image.save(path)
    return path


@pytest.mark.parametrize(
    ("mode", "boxes", "places"),
    [
        ("L", [(3, 255)], [[3]]),
        ("L", [(3, 255), (4, 120)], [[3, 4]]),  # shades of one object
        ("L", [(3, 2), (7, 1)], [[7], [3]]),
        ("L", [(3, 1)], [[3]]),
        ("P", [(3, 9), (7, 40)], [[3], [7]]),
        ("P", [(3, 1), (7, 255)], [[3]]),  # void
        ("P", [(7, 255)], [[7]]),
        ("1", [(7, 255)], [[7]]),
    ],
)
def test_what_a_picture_shows(mode, boxes, places, tmp_path):
    masks = read_first_masks(save(tmp_path / "mask.png", ids(*boxes), mode), SIZE)
    assert [np.flatnonzero(mask_HW[0]).tolist() for mask_HW in masks] == places
    assert all(mask_HW.dtype == np.bool_ and mask_HW.shape == SIZE for mask_HW in masks)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("missing", "can't be read as a picture"),
        ("text", "can't be read as a picture"),
        ("empty", "is empty"),
        ("colours", "mode RGB"),
        ("size", "is 30 x 20 pixels, but the video's frames are 30 x 21"),
    ],
)
def test_pictures_that_are_no_masks(case, said, tmp_path):
    path, size = tmp_path / "mask.png", SIZE
    match case:
        case "text":
            path.write_text("mask")
        case "empty":
            save(path, ids(), "L")
        case "colours":
            save(path, ids((3, 255)), "RGB")
        case "size":
            save(path, ids((3, 255)), "L")
            size = (21, 30)
    with pytest.raises(UserError, match=said) as told:
        read_first_masks(path, size)
    assert str(path) in str(told.value)


@pytest.mark.parametrize(
    ("sentences", "masks", "said"),
    [
        (["a dog"], [], "0 first masks for 1 sentences"),
        ([""], [np.zeros(SIZE, np.bool_)], "first mask 1 is empty"),
        (["", ""], [ids((1, 1)) > 0, ids((3, 1))], r"first mask 2 has shape \(20, 30\) .* uint8"),
        ([""], [np.ones((*SIZE, 3), np.bool_)], "first mask 1 has shape"),
        ([""], [None], "sentence 1 is empty"),
        (["  "], [ids((1, 1)) > 0], "sentence 1 is empty"),
        ([], [], "no sentence"),
    ],
)
def test_masks_that_cannot_be_followed(sentences, masks, said):
    with pytest.raises(UserError, match=said):
        check_first_masks(sentences, masks)


def test_masks_become_records():
    mask_HW = ids((1, 1)) > 0
    later = FirstMask(mask_HW, 3)
    first, second, none = check_first_masks(["", "a dog", "a cat"], [mask_HW, later, None])
    assert first is not None
    assert first.mask_HW is mask_HW
    assert first.frame == 0
    assert second is later
    assert none is None
