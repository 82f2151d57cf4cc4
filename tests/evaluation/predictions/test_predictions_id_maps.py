"""Maps of object ids for each annotation set, from any of the layouts."""

import json
from pathlib import Path

import numpy as np
import pytest

from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS
from slvp.data.rle import encode_rle
from slvp.errors import UserError
from slvp.evaluation.predictions import open_predictions

OWN = dict(zip(ANNOTATION_SETS, ANNOTATION_SETS, strict=True))
REFERFORMER = {name: f"anno_{index}" for index, name in enumerate(ANNOTATION_SETS)}


@pytest.fixture(params=["masks", "masks.zip"])
def out(request, tmp_path: Path) -> Path:
    return tmp_path / request.param


@pytest.fixture
def groups(kit):
    """Two sequences, two objects each, with four descriptions."""
    return [
        kit.group(
            name,
            [str(number) for number in range(8)],
            frames=("00000", "00001"),
            scored=[(0, 1)] * 8,
            objects=[1] * 4 + [2] * 4,
            sets=[*ANNOTATION_SETS, *ANNOTATION_SETS],
        )
        for name in ("dog", "cat")
    ]


def map_files(kit, groups, folders, prefix="", mode="P"):
    random = np.random.default_rng(1)
    maps = {
        (name, group[0].sequence, t): random.integers(0, 3, kit.size)
        for name in ANNOTATION_SETS
        for group in groups
        for t in range(2)
    }
    files = {
        f"{prefix}{folders[name]}/{sequence}/0000{t}.png": kit.png(ids_HW, mode)
        for (name, sequence, t), ids_HW in maps.items()
    }
    return files, maps


def assert_maps(predictions, groups, maps) -> None:
    for group in groups:
        answers = list(predictions.answers(group))
        assert [answer.t for answer in answers] == [0, 1]
        for answer in answers:
            assert tuple(answer.ids) == ANNOTATION_SETS
            for name, ids_HW in answer.ids.items():
                assert ids_HW.dtype == np.uint8
                np.testing.assert_array_equal(ids_HW, maps[name, group[0].sequence, answer.t])


@pytest.mark.parametrize("prefix", ["", "valid/", "Annotations/", "davis/Annotations/"])
@pytest.mark.parametrize("folders", [REFERFORMER, OWN], ids=["anno_0", "annot1"])
@pytest.mark.parametrize("mode", ["P", "L"])
def test_maps_of_each_set_are_read(kit, out, groups, prefix, folders, mode) -> None:
    files, maps = map_files(kit, groups, folders, prefix, mode)
    predictions = open_predictions(kit.write(out, files), "id_maps")
    assert predictions.check(groups) == []
    assert_maps(predictions, groups, maps)


def test_missing_and_extra_maps_are_told(kit, out, groups) -> None:
    files, _ = map_files(kit, groups, REFERFORMER)
    predictions = open_predictions(kit.write(out, files), "id_maps")
    (warning,) = predictions.check(groups[:1])
    assert "4 videos" in warning
    assert "anno_0/cat" in warning


def test_a_missing_set_is_told(kit, out, groups) -> None:
    files, _ = map_files(kit, groups, REFERFORMER)
    files = {name: content for name, content in files.items() if "anno_2" not in name}
    predictions = open_predictions(kit.write(out, files), "id_maps")
    with pytest.raises(UserError, match=r"lacks 4 masks, the first anno_2/dog/00000\.png"):
        predictions.check(groups)


def merged_by_hand(groups, masks, size):
    """The lower object wins where two overlap."""
    maps = {}
    for group in groups:
        for one in group:
            for t in range(2):
                key = (one.annotation_set, one.sequence, t)
                ids_HW = maps.setdefault(key, np.zeros(size, np.uint8))
                mask_HW = masks[one.sequence, one.expression_id, t]
                ids_HW[mask_HW & (ids_HW == 0)] = one.object_ids[0]
    return maps


@pytest.mark.parametrize("prefix", ["", "Annotations/"])
def test_binary_masks_of_expressions_are_merged(kit, out, groups, prefix) -> None:
    files, masks = kit.mask_files(groups, prefix)
    predictions = open_predictions(kit.write(out, files), "id_maps")
    assert predictions.check(groups) == []
    maps = merged_by_hand(groups, masks, kit.size)
    overlap_HW = masks["dog", "0", 0] & masks["dog", "4", 0]
    assert overlap_HW.any()
    assert (maps["annot1", "dog", 0][overlap_HW] == 1).all()
    assert_maps(predictions, groups, maps)


def test_the_order_of_expressions_does_not_decide_overlaps(kit, out, groups) -> None:
    files, masks = kit.mask_files(groups)
    maps = merged_by_hand(groups, masks, kit.size)
    turned = [group[::-1] for group in groups]
    for group in turned:
        for answer in open_predictions(kit.write(out, files), "id_maps").answers(group):
            for name, ids_HW in answer.ids.items():
                np.testing.assert_array_equal(ids_HW, maps[name, group[0].sequence, answer.t])


def test_a_mask_of_another_size_than_its_frame_is_named(kit, out, groups) -> None:
    files, _ = kit.mask_files(groups)
    files["dog/4/00001.png"] = kit.png(np.zeros((3, 4)))
    answers = open_predictions(kit.write(out, files), "id_maps").answers(groups[0])
    next(answers)
    with pytest.raises(UserError, match=r"dog/4/00001\.png is 4 x 3 pixels, its frame 8 x 6"):
        next(answers)


def test_json_is_merged_too_and_silence_is_background(kit, tmp_path: Path, groups) -> None:
    _, masks = kit.mask_files(groups)
    silent = [key for key in masks if key[1] in "37" or key[0] == "cat"]
    for key in silent:
        masks[key][:] = False
    path = tmp_path / "masks.json"
    path.write_text(
        json.dumps(
            [
                {
                    "image_id": f"{sequence}/{expression}/0000{t}",
                    "segmentation": encode_rle(mask_HW),
                }
                for (sequence, expression, t), mask_HW in masks.items()
                if (sequence, expression, t) not in silent
            ]
        )
    )
    predictions = open_predictions(path, "id_maps")
    (warning,) = predictions.check(groups)
    assert "10 of 16 expressions, as dog/3" in warning
    assert_maps(predictions, groups, merged_by_hand(groups, masks, kit.size))
