import json

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from pycocotools import mask as coco
from referring_photographs import HEIGHT, SENTENCES, WIDTH, content, write_photographs

from slvp.data.referring_images import Outlines, load_referring_images
from slvp.errors import UserError


def test_sentences_by_photograph_with_their_masks(tmp_path):
    expressions = load_referring_images(*write_photographs(tmp_path))
    assert [(one.sequence, one.text) for one in expressions] == [
        (name, sentence.strip()) for name, sentence, *_ in SENTENCES
    ]
    for one, (*_, mask_HW, number, _) in zip(expressions, SENTENCES, strict=True):
        objects = one.masks.read(0)
        assert objects.size == (HEIGHT, WIDTH)
        assert objects.void() is None
        np.testing.assert_array_equal(objects.mask(one.object_ids), mask_HW)
        assert one.object_ids == (number,)
        assert one.scored == (0,)
        assert one.annotation_set == "refcoco"
        (frame_HWC,) = one.frames.read([0])
        assert np.abs(frame_HWC[mask_HW].astype(int) - (128, 128, 128)).max(1).min() > 60
    # All sentences of a photograph share its frame and its masks.
    assert expressions[0].frames is expressions[2].frames
    assert expressions[0].masks is expressions[2].masks
    assert expressions[0].frames is not expressions[3].frames


def test_several_objects_are_meant_together(tmp_path):
    annotations, images = write_photographs(tmp_path)
    changed = content()
    changed["annotations"][2]["image_id"] = 1
    changed["images"].pop(2)
    annotations.write_text(json.dumps(changed))
    both = load_referring_images(annotations, images)[0]
    assert both.object_ids == (501, 502)
    mask_HW = both.masks.read(0).mask(both.object_ids)
    np.testing.assert_array_equal(mask_HW, SENTENCES[0][2] | SENTENCES[2][2])


@given(
    st.lists(
        st.lists(st.floats(0, 30), min_size=6, max_size=16).filter(lambda p: len(p) % 2 == 0),
        min_size=1,
        max_size=3,
    )
)
def test_polygons_are_drawn_as_coco_draws_them(polygons):
    drawn_HW = Outlines("file.json", (30, 30), {1: polygons}).mask([1])
    expected = coco.decode(coco.frPyObjects(polygons, 30, 30)).any(-1)
    np.testing.assert_array_equal(drawn_HW, expected)


@pytest.mark.parametrize(
    "segmentation",
    [
        [],
        [[]],
        [[1, 2, 3, 4]],
        [[1, 2, 3, 4, 5, 6, 7]],
        [[1, 2, 3, 4, 5, float("nan")]],
        [["a", 2, 3, 4, 5, 6]],
        [[1, 2, 3, 4, 5, 6], 7],
        {"counts": "abc"},
        {"size": [60, 80], "counts": "abc"},
        {"size": [60, 80], "counts": [1, 2]},
        {"size": [60, 80], "counts": [2**70]},
        {"size": [60, 80], "counts": None},
        {"size": [80, 60], "counts": [4800]},
        "polygon",
        None,
    ],
)
def test_broken_segmentations_are_named(segmentation):
    with pytest.raises(UserError, match=r"^file\.json, annotation 17, has .* can't be drawn"):
        Outlines("file.json", (60, 80), {17: segmentation}).mask([17])


def test_polygons_far_out_of_the_picture_are_cut_off():
    outlines = Outlines("file.json", (20, 30), {1: [[-1e9, -1e9, 1e9, -1e9, 1e9, 1e9, -1e9, 1e9]]})
    assert outlines.mask([1]).all()


def change(what):
    changed = content()
    what(changed)
    return json.dumps(changed)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("{", "doesn't read as JSON"),
        ("[]", "doesn't read as COCO's JSON"),
        ("{}", "nothing is called 'annotations'"),
        (change(lambda c: c.update(annotations=[1])), "doesn't read as COCO's JSON"),
        (change(lambda c: c["annotations"][0].pop("segmentation")), "called 'segmentation'"),
        (change(lambda c: c["annotations"].pop(1)), "image 2 has no annotation"),
        (change(lambda c: c["images"].clear()), "it has no image"),
        (change(lambda c: c["images"][0].pop("caption")), "an image reads .*'file_name': 'a.jpg'"),
        (change(lambda c: c["images"][0].update(width="80")), "an image reads"),
        (change(lambda c: c["images"][0].update(width=10**9)), "an image reads"),
        (change(lambda c: c["images"][0].update(height=0)), "an image reads"),
        (change(lambda c: c["images"][0].update(file_name="c.jpg")), r"c\.jpg is missing"),
    ],
)
def test_another_file_is_refused_in_one_line(text, said, tmp_path):
    annotations, images = write_photographs(tmp_path)
    annotations.write_text(text)
    with pytest.raises(UserError, match=said) as raised:
        load_referring_images(annotations, images)
    assert "\n" not in str(raised.value)
    assert "instances_refcoco_train.json" in str(raised.value)


def test_missing_files(tmp_path):
    annotations, images = write_photographs(tmp_path)
    with pytest.raises(UserError, match=r"elsewhere\.json is missing"):
        load_referring_images(tmp_path / "elsewhere.json", images)
    with pytest.raises(UserError, match="no-folder is no folder"):
        load_referring_images(annotations, tmp_path / "no-folder")


def test_pickles_are_not_opened(tmp_path):
    pickle = tmp_path / "refs(unc).p"
    pickle.write_bytes(b"\x80\x04.")
    with pytest.raises(UserError, match=r"is a pickle.*convert_refexp_to_coco\.py"):
        load_referring_images(pickle, tmp_path)
