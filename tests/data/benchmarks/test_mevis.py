import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from PIL import Image
from pycocotools import mask as coco

from slvp.data.benchmarks.mevis import RleMasks, load_mevis
from slvp.data.examples.mevis import FRAMES, VIDEOS, write_mevis
from slvp.data.examples.scene import scene, sentences_of
from slvp.errors import UserError

VIDEO = VIDEOS["valid_u"][0]
FIRST_SEED = {"train": 0, "valid_u": 2, "valid": 4}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mevis")
    write_mevis(folder)
    return folder


@pytest.fixture
def copy(example: Path, tmp_path: Path) -> Path:
    """The example, to be broken."""
    return Path(shutil.copytree(example, tmp_path / "copy"))


def change(path: Path, edit: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def encode(mask_HW: np.ndarray) -> str:
    return coco.encode(np.asfortranarray(mask_HW, np.uint8))["counts"].decode()


@pytest.mark.parametrize("split", ["train", "valid_u"])
def test_expressions_are_for_one_object_both_or_none(example: Path, split: str) -> None:
    expressions = load_mevis(example, split)
    expected = []
    for index, video in enumerate(VIDEOS[split]):
        clip = scene(FIRST_SEED[split] + index)
        first, second = 2 * index, 2 * index + 1
        described = [(text, (first,)) for text in sentences_of(clip, 1)[:2]]
        described += [(text, (second,)) for text in sentences_of(clip, 2)[:2]]
        described += [("both shapes", (first, second)), ("the giraffe that walks away", ())]
        expected += [
            (video, str(number), text, annotations)
            for number, (text, annotations) in enumerate(described)
        ]
    assert [
        (one.sequence, one.expression_id, one.text, one.object_ids) for one in expressions
    ] == expected
    assert {one.scored for one in expressions} == {tuple(range(len(FRAMES)))}
    assert load_mevis(example) == load_mevis(example, "valid_u")


def test_masks_are_those_of_the_clip_but_for_the_last_frame(example: Path) -> None:
    expressions = load_mevis(example, "train")
    for index, video in enumerate(VIDEOS["train"]):
        ids_THW = scene(index).ids_THW
        ids_THW[-1] = 0
        group = [one for one in expressions if one.sequence == video]
        masks = group[0].masks
        assert all(one.masks is masks and one.frames is group[0].frames for one in group)
        first = 2 * index
        for t in range(len(FRAMES)):
            frame = masks.read(t)
            assert frame.size == (72, 96)
            assert frame.void() is None
            for annotations, object_ids in (
                ((first,), (1,)),
                ((first + 1,), (2,)),
                ((first, first + 1), (1, 2)),
                ((), ()),
                ((99,), ()),
            ):
                mask_HW = frame.mask(annotations)
                assert mask_HW.dtype == bool
                np.testing.assert_array_equal(mask_HW, np.isin(ids_THW[t], object_ids))


def test_a_mask_may_be_changed_without_changing_the_next(example: Path) -> None:
    frame = load_mevis(example)[0].masks.read(0)
    mask_HW = frame.mask((0,))
    before_HW = mask_HW.copy()
    mask_HW[:] = True
    np.testing.assert_array_equal(frame.mask((0,)), before_HW)


def test_the_answers_of_valid_are_kept_by_the_server(example: Path) -> None:
    expressions = load_mevis(example, "valid")
    assert {one.sequence for one in expressions} == set(VIDEOS["valid"])
    assert {(one.object_ids, one.masks, one.scored) for one in expressions} == {((), None, ())}
    assert expressions[0].frames.names == FRAMES
    assert next(expressions[0].frames.read([0])).shape == (72, 96, 3)


def test_frames_stay_in_the_order_of_the_file_as_the_masks_do(copy: Path) -> None:
    def turn_round(content: Any) -> None:
        content["videos"][VIDEO]["frames"].reverse()

    change(copy / "valid_u/meta_expressions.json", turn_round)
    expressions = load_mevis(copy)
    assert expressions[0].frames.names == FRAMES[::-1]
    assert next(expressions[0].frames.read([0])).max() < 20  # the black frame
    assert expressions[0].masks.read(0).mask((0,)).any()


@pytest.mark.parametrize(
    ("split", "missing"),
    [
        ("valid_u", "valid_u/meta_expressions.json"),
        ("valid_u", "valid_u/mask_dict.json"),
        ("valid_u", "valid_u/JPEGImages"),
        ("valid_u", f"valid_u/JPEGImages/{VIDEO}/00003.jpg"),
        ("train", "train/mask_dict.json"),
        ("valid", f"valid/JPEGImages/{VIDEOS['valid'][1]}/00005.jpg"),
    ],
)
def test_a_missing_part_is_named(copy: Path, split: str, missing: str) -> None:
    path = copy / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError, match=f"{missing} is") as told:
        load_mevis(copy, split)
    assert "\n" not in str(told.value)


@pytest.mark.parametrize("name", ["meta_expressions.json", "mask_dict.json"])
def test_a_file_that_is_cut_off_is_named(copy: Path, name: str) -> None:
    path = copy / "valid_u" / name
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(UserError, match=rf"{name} doesn't read as JSON"):
        load_mevis(copy)


def test_an_annotation_that_stands_twice_is_named(copy: Path) -> None:
    path = copy / "valid_u/mask_dict.json"
    path.write_text(path.read_text().replace('"1": [', '"0": ['))
    with pytest.raises(UserError, match=r"mask_dict\.json .*'0' stands twice"):
        load_mevis(copy)


@pytest.mark.parametrize(
    ("named", "complaint"),
    [
        (None, 'has no "anno_id"'),
        ("0", "no list of numbers"),
        ([-1], "no list of numbers"),
        ([0.5], "no list of numbers"),
        ([True], "no list of numbers"),
    ],
)
def test_what_names_no_annotations_is_told(copy: Path, named: Any, complaint: str) -> None:
    def rename(content: Any) -> None:
        content["videos"][VIDEO]["expressions"]["1"]["anno_id"] = named

    change(copy / "valid_u/meta_expressions.json", rename)
    with pytest.raises(
        UserError, match=rf"meta_expressions\.json .* expression 1 of video {VIDEO} .*{complaint}"
    ):
        load_mevis(copy)


def test_an_annotation_may_be_named_twice_or_by_letters(copy: Path) -> None:
    def rename(content: Any) -> None:
        content["videos"][VIDEO]["expressions"]["1"]["anno_id"] = ["1", 0, 1]

    change(copy / "valid_u/meta_expressions.json", rename)
    assert load_mevis(copy)[1].object_ids == (1, 0)


def _shorten(masks: Any) -> None:
    masks["1"].pop()


def _forget(masks: Any) -> None:
    del masks["1"]


def _resize(masks: Any) -> None:
    masks["1"][2] = {"size": [72, 97], "counts": encode(np.ones((72, 97)))}


def _spread_out(masks: Any) -> None:
    masks["1"][2]["counts"] = [1, 2, 3]


def _strip(masks: Any) -> None:
    masks["1"][2] = masks["1"][2]["counts"]


def _unlist(masks: Any) -> None:
    masks["1"] = {"0": masks["1"]}


@pytest.mark.parametrize(
    ("edit", "complaint"),
    [
        (_shorten, "has 5 masks for the 6 frames"),
        (_forget, "is missing"),
        (_resize, "has masks of another size"),
        (_spread_out, "has a mask that is no"),
        (_strip, "has a mask that is no"),
        (_unlist, "is no list of masks"),
    ],
)
def test_broken_masks_are_named_by_file_video_and_annotation(
    copy: Path, edit: Callable[[Any], None], complaint: str
) -> None:
    change(copy / "valid_u/mask_dict.json", edit)
    with pytest.raises(
        UserError, match=rf"mask_dict\.json, annotation 1 of video {VIDEO}, {complaint}"
    ) as told:
        load_mevis(copy)
    assert "\n" not in str(told.value)


def test_masks_in_no_dictionary_are_refused(copy: Path) -> None:
    (copy / "valid_u/mask_dict.json").write_text("[]")
    with pytest.raises(UserError, match=r"mask_dict\.json has no masks"):
        load_mevis(copy)


def test_run_lengths_of_another_size_are_named_when_read(copy: Path) -> None:
    def replace(masks: Any) -> None:
        masks["1"][2]["counts"] = encode(np.ones((71, 96)))

    change(copy / "valid_u/mask_dict.json", replace)
    masks = load_mevis(copy)[0].masks
    masks.read(1)
    with pytest.raises(
        UserError, match=rf"mask_dict\.json, annotation 1, .*frame 00002 of video {VIDEO} .*96 x 72"
    ):
        masks.read(2)


def test_masks_of_another_size_than_the_frames_are_named_when_read(copy: Path) -> None:
    path = copy / f"valid_u/JPEGImages/{VIDEO}/00000.jpg"
    Image.new("RGB", (48, 36)).save(path)
    masks = load_mevis(copy)[0].masks
    with pytest.raises(
        UserError, match=rf"mask_dict\.json has masks of 96 x 72 .*{VIDEO}/00000\.jpg is 48 x 36"
    ):
        masks.read(0)


def test_a_video_without_any_mask_is_as_large_as_its_frames(copy: Path) -> None:
    def empty(masks: Any) -> None:
        masks["0"] = masks["1"] = [None] * 6

    change(copy / "valid_u/mask_dict.json", empty)
    frame = load_mevis(copy)[0].masks.read(3)
    assert frame.size == (72, 96)
    assert frame.mask((0, 1)).shape == (72, 96)
    assert not frame.mask((0, 1)).any()


MASKS = hnp.arrays(bool, (3, 7, 9))


@given(masks_NHW=MASKS, chosen=st.sets(st.integers(0, 2)), shown=st.sets(st.integers(0, 2)))
def test_the_union_of_any_masks(
    tmp_path_factory: pytest.TempPathFactory,
    masks_NHW: np.ndarray,
    chosen: set[int],
    shown: set[int],
) -> None:
    folder = tmp_path_factory.mktemp("union")
    Image.new("RGB", (9, 7)).save(folder / "00000.jpg")
    counts = {n: (encode(masks_NHW[n]) if n in shown else None,) for n in range(3)}
    masks = RleMasks(folder / "mask_dict.json", (folder / "00000.jpg",), counts, (7, 9))
    expected_HW = np.zeros((7, 9), bool)
    for n in chosen & shown:
        expected_HW |= masks_NHW[n]
    np.testing.assert_array_equal(masks.read(0).mask(sorted(chosen)), expected_HW)
