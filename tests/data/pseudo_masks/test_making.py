"""Pseudo masks of a video of which everything is known."""

import numpy as np
import pytest
from moving_disc import FRAMES, HEIGHT, WIDTH, ReadFrames, disc_masks, filmed, overlap

from slvp.data.labels.records import Box, Outlined, VideoLabels
from slvp.data.labels.weaken import box_of, deepest_point
from slvp.data.pseudo_masks.making import make_from_sentence, make_pseudo_masks
from slvp.data.pseudo_masks.scene import Scene

MASKS = disc_masks()
SCENE = Scene.of(ReadFrames(filmed(MASKS)), range(FRAMES))
MAKES = {"box": box_of, "point": deepest_point, "first-frame": Outlined.of}


def labels_of(kind, masks_THW=MASKS, labelled=range(FRAMES)):
    of_object = {t: MAKES[kind](masks_THW[t]) for t in labelled if masks_THW[t].any()}
    return VideoLabels(kind, (HEIGHT, WIDTH), {1: of_object}, tuple(labelled))


def made(labels, teacher=None, scene=SCENE):
    return make_pseudo_masks(scene, range(FRAMES), labels, [1], teacher or {})[0]


@pytest.mark.parametrize(
    ("kind", "labelled", "least"),
    [
        ("box", range(FRAMES), 0.95),
        ("box", [1], 0.9),
        ("point", range(FRAMES), 0.95),
        ("point", [0, 3], 0.9),
        ("first-frame", [0], 0.9),
    ],
)
def test_the_object_is_found_from_its_label(kind, labelled, least):
    probability_THW = made(labels_of(kind, labelled=labelled))
    assert probability_THW.dtype == np.uint8
    overlaps = [overlap(one > 127, true) for one, true in zip(probability_THW, MASKS, strict=True)]
    assert min(overlaps) > least


def test_the_same_labels_give_the_same_masks():
    labels = labels_of("box")
    np.testing.assert_array_equal(made(labels), made(labels))


def test_what_a_label_says_is_certain():
    labels = labels_of("first-frame", labelled=[2])
    np.testing.assert_array_equal(made(labels)[2], 255 * MASKS[2])
    nowhere = VideoLabels("box", (HEIGHT, WIDTH), {1: {0: box_of(MASKS[0])}}, (0, 1))
    found = made(nowhere)
    assert found[0].any()
    assert not found[1].any()
    box = box_of(MASKS[0])
    outside_HW = np.ones((HEIGHT, WIDTH), bool)
    outside_HW[box.top : box.top + box.height, box.left : box.left + box.width] = False
    assert not found[0][outside_HW].any()


def test_an_object_without_a_label_in_the_video_is_nowhere():
    assert not make_pseudo_masks(SCENE, range(FRAMES), labels_of("box"), [7], {}).any()


def test_a_teacher_speaks_for_one_of_two_alike():
    """Beside the disc there is another like it, within the box."""
    other = disc_masks(left=40 + 38)
    both = MASKS | other
    scene = Scene.of(ReadFrames(filmed(both)), range(FRAMES))
    boxes = {1: {t: box_of(both[t]) for t in range(FRAMES)}}
    labels = VideoLabels("box", (HEIGHT, WIDTH), boxes, tuple(range(FRAMES)))
    alone = made(labels, scene=scene)
    sure = np.where(MASKS, 0.99, 0.01).astype(np.float32)
    told = made(labels, {1: sure}, scene=scene)
    assert told[other].mean() < alone[other].mean() - 3
    assert told[MASKS].mean() > told[other].mean() + 3


def test_of_a_sentence_what_moves_is_taken_for_the_object():
    found = make_from_sentence(SCENE, None)
    assert overlap(found > 127, MASKS) > 0.7


def test_of_a_sentence_the_teacher_decides():
    still = Scene.of(ReadFrames(filmed(MASKS[:1].repeat(FRAMES, 0))), range(FRAMES))
    sure_THW = np.where(MASKS[:1], 0.9, 0.1).astype(np.float32).repeat(FRAMES, 0)
    assert overlap(make_from_sentence(still, sure_THW)[0] > 127, MASKS[0]) > 0.9


def test_labels_are_scaled_to_small_frames():
    """The small frames have a third of the sides; so have boxes."""
    large = filmed(MASKS).repeat(5, 1).repeat(5, 2)
    scene = Scene.of(ReadFrames(large), range(FRAMES))
    assert scene.frames_THWC.shape == (FRAMES, 160, 213, 3)
    boxes = {t: box_of(MASKS[t].repeat(5, 0).repeat(5, 1)) for t in range(FRAMES)}
    labels = VideoLabels("box", large.shape[1:3], {1: boxes}, tuple(range(FRAMES)))
    found = make_pseudo_masks(scene, range(FRAMES), labels, [1], {})[0]
    rows, columns = np.nonzero(found[0] > 127)
    box = boxes[0]
    assert isinstance(box, Box)
    assert abs(rows.min() / scene.scale - box.top) < 10
    assert abs((columns.max() + 1) / scene.scale - box.left - box.width) < 10
