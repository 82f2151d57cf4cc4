import numpy as np
import pytest

from slvp.errors import UserError
from slvp.evaluation.predictions.pictures import binary_mask, id_map

MASK_HW = np.zeros((5, 7), np.bool_)
MASK_HW[1:3, 2:6] = True


@pytest.mark.parametrize(
    ("values_HW", "mode"),
    [
        (MASK_HW * 255, "L"),
        (MASK_HW * 1, "L"),
        (MASK_HW * 38, "L"),
        (MASK_HW * 255, "1"),
        (MASK_HW * 1, "P"),
        (MASK_HW * np.arange(3, 10), "P"),
    ],
    ids=["255", "1", "another grey", "one bit", "indexed", "several indices"],
)
def test_binary_masks_are_read_however_they_are_written(kit, values_HW, mode) -> None:
    read_HW = binary_mask(kit.png(values_HW, mode), "x.png", MASK_HW.shape)
    assert read_HW.dtype == np.bool_
    np.testing.assert_array_equal(read_HW, MASK_HW)


@pytest.mark.parametrize("value", [0, 1, 255])
def test_a_mask_may_be_of_one_value(kit, value) -> None:
    assert (
        binary_mask(kit.png(np.full(MASK_HW.shape, value)), "x.png", MASK_HW.shape) == (value > 0)
    ).all()


def test_a_soft_mask_is_no_binary_one(kit) -> None:
    soft_HW = MASK_HW * np.arange(100, 107)
    with pytest.raises(UserError, match=r"a/b\.png has grey values 102 and 105.*binary"):
        binary_mask(kit.png(soft_HW), "a/b.png", MASK_HW.shape)


@pytest.mark.parametrize("read", [binary_mask, id_map])
def test_another_size_is_named_before_the_values_that_scaling_made(kit, read) -> None:
    soft_HW = MASK_HW * np.arange(100, 107)
    with pytest.raises(UserError, match=r"a/b\.png is 7 x 5 pixels, its frame 14 x 10"):
        read(kit.png(soft_HW), "a/b.png", (10, 14))


@pytest.mark.parametrize("read", [binary_mask, id_map])
@pytest.mark.parametrize("mode", ["RGB", "RGBA", "LA", "I;16"])
def test_colours_are_no_mask(kit, read, mode) -> None:
    with pytest.raises(UserError, match=r"a/b\.png is a picture of mode"):
        read(kit.png(MASK_HW * 255, mode), "a/b.png", MASK_HW.shape)


@pytest.mark.parametrize("read", [binary_mask, id_map])
@pytest.mark.parametrize("damage", ["text", "cut", "empty"])
def test_damage_is_named(kit, read, damage) -> None:
    noise_HW = np.random.default_rng(0).integers(0, 2, (64, 64))
    content = {"text": b"hello", "cut": kit.png(noise_HW)[:-300], "empty": b""}[damage]
    with pytest.raises(UserError, match=r"a/b\.png can't be read"):
        read(content, "a/b.png", MASK_HW.shape)


@pytest.mark.parametrize("mode", ["P", "L"])
def test_ids_are_the_values(kit, mode) -> None:
    ids_HW = MASK_HW * np.arange(7) % 5
    np.testing.assert_array_equal(id_map(kit.png(ids_HW, mode), "x.png", MASK_HW.shape), ids_HW)


def test_one_bit_is_one_object(kit) -> None:
    np.testing.assert_array_equal(
        id_map(kit.png(MASK_HW * 255, "1"), "x.png", MASK_HW.shape), MASK_HW * 1
    )


def test_a_binary_mask_is_no_map_of_ids(kit) -> None:
    with pytest.raises(UserError, match=r"a/b\.png has grey value 255.*ids"):
        id_map(kit.png(MASK_HW * 255), "a/b.png", MASK_HW.shape)
