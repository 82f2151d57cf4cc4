import itertools

import cv2
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.models.grounded.candidates import Candidates, overlap_of, overlaps
from slvp.segmenter.linking import NO_LINK, Found, Linker, Scene, StepCosts, link

RED, BLUE, SIZE = (200, 30, 30), (30, 30, 200), (96, 128)


def _picture(*discs):
    """Return a picture of discs on a textured ground: (centre x, y, radius, colour)."""
    ground = np.random.default_rng(0).integers(90, 160, (*SIZE, 3), dtype=np.uint8)
    image = cv2.GaussianBlur(ground, (0, 0), 2)
    for x, y, radius, colour in discs:
        cv2.circle(image, (x, y), radius, colour, -1)
    return image


def _around(x, y, radius):
    return np.array([x - radius, y - radius, x + radius, y + radius], np.float32)


def _candidates(*found):
    boxes = np.array([box for box, _ in found], np.float32).reshape(-1, 4)
    return Candidates(boxes, np.array([score for _, score in found], np.float32))


def _scenes(images):
    scenes = [None]
    for image in images:
        scenes.append(Scene(image, scenes[-1]))
    return scenes[1:]


def _linked(frames, absent=0.1, **options):
    linker = Linker(**options)
    chosen = [one for frame, scene in frames for one in linker.add(frame, absent, scene)]
    return [None if one is None else one.box_4.tolist() for one in chosen + linker.finish()]


def _crossing(scores_of_blue):
    """A red disc goes right and a blue one left; the blue one's scores are given."""
    images, candidates, red = [], [], []
    for t, score in enumerate(scores_of_blue):
        x, y = 20 + 6 * t, 100 - 6 * t
        images.append(_picture((x, 30, 12, RED), (y, 66, 12, BLUE)))
        red.append(_around(x, 30, 12).tolist())
        candidates.append(_candidates((_around(x, 30, 12), 0.5), (_around(y, 66, 12), score)))
    return list(zip(candidates, _scenes(images), strict=True)), red


def test_a_frame_in_which_another_scores_higher_does_not_break_the_link() -> None:
    frames, red = _crossing([0.2, 0.2, 0.9, 0.2, 0.3, 0.7, 0.2])
    assert _linked(frames) == red
    assert _linked(frames, lag=2) == red
    alone = _linked(frames, steps=NO_LINK)
    assert [box == mine for box, mine in zip(alone, red, strict=True)] == [
        True, True, False, True, True, False, True,
    ]  # fmt: skip


def test_a_wrong_beginning_is_put_right_by_later_frames() -> None:
    frames, red = _crossing([0.7, 0.7, 0.1, 0.1, 0.1, 0.1, 0.1])
    assert _linked(frames) == red
    assert _linked(frames, lag=0)[0] != red[0]


def test_what_is_not_believed_is_not_to_be_seen() -> None:
    image = _picture((40, 40, 12, RED))
    frames = list(
        zip([_candidates((_around(40, 40, 12), 0.05))] * 3, _scenes([image] * 3), strict=True)
    )
    assert _linked(frames, absent=0.6) == [None] * 3
    assert _linked(frames, absent=0.01) == [_around(40, 40, 12).tolist()] * 3
    nothing = [(_candidates(), scene) for _, scene in frames]
    assert _linked(nothing) == [None] * 3


def test_what_trembles_is_not_taken_to_be_gone() -> None:
    images = [_picture((60, 48, 30, RED))] * 12
    random = np.random.default_rng(0)
    boxes = [_around(60, 48, 30) + random.uniform(-9, 9, 4).astype(np.float32) for _ in images]
    frames = zip([_candidates((box, 0.25)) for box in boxes], _scenes(images), strict=True)
    assert _linked(list(frames), absent=0.2) == [box.tolist() for box in boxes]


def test_colours_tell_two_apart_that_swap_places() -> None:
    left, right = _around(40, 48, 14), _around(88, 48, 14)
    images = [
        _picture((40, 48, 14, first), (88, 48, 14, second))
        for first, second in [(RED, BLUE), (RED, BLUE), (BLUE, RED), (BLUE, RED)]
    ]
    candidates = [_candidates((left, 0.6), (right, 0.4))] + [
        _candidates((left, 0.5), (right, 0.5))
    ] * 3
    looks = StepCosts(overlap=0, looks=4, motion=0)
    found = _linked(list(zip(candidates, _scenes(images), strict=True)), steps=looks)
    assert found == [left.tolist()] * 2 + [right.tolist()] * 2


def test_flow_takes_boxes_along() -> None:
    before = Scene(_picture((40, 40, 16, RED)), None)
    after = Scene(_picture((46, 43, 16, RED)), before)
    assert after.moved(_around(40, 40, 12)) == pytest.approx(_around(46, 43, 12), abs=1.5)
    assert before.moved(_around(40, 40, 12)).tolist() == _around(40, 40, 12).tolist()


_sides = st.tuples(st.integers(-20, 140), st.integers(-20, 140), st.integers(1, 90))


@st.composite
def _videos(draw):
    """A few noisy frames of any size, with up to three boxes each, some beyond the frame."""
    height, width = draw(st.integers(1, 70)), draw(st.integers(1, 70))
    frames = []
    random = np.random.default_rng(draw(st.integers(0, 99)))
    for scores in draw(st.lists(st.lists(st.floats(0, 1), max_size=3), min_size=1, max_size=4)):
        boxes = [
            np.array([x, y, x + side, y + draw(st.integers(1, 90))], np.float32)
            for x, y, side in (draw(_sides) for _ in scores)
        ]
        image = random.integers(0, 255, (height, width, 3), dtype=np.uint8)
        frames.append((image, _candidates(*zip(boxes, scores, strict=True))))
    return frames


@settings(deadline=None)
@given(_videos(), st.floats(0, 1))
def test_what_is_chosen_costs_as_little_as_the_best_of_all_choices(frames, absent) -> None:
    scenes, steps = _scenes([image for image, _ in frames]), StepCosts()

    def believed(candidates, choice):
        scores = [*candidates.score_N, absent]
        return -np.log(max(scores[choice], 1e-3))

    def step(t, first, second):
        before, after = frames[t - 1][1].boxes_N4, frames[t][1].boxes_N4
        gone, new = first == len(before), second == len(after)
        if gone or new:
            return steps.unseen if gone and new else steps.change
        a, b, moved = before[first], after[second], scenes[t].moved(before[first])
        wide, high = np.maximum(moved[2:] - moved[:2], 1)
        apart = np.mean(np.abs(moved - b) / [wide, high, wide, high])
        alike = scenes[t - 1].looks(a) @ scenes[t].looks(b)
        return (
            steps.overlap * (1 - overlap_of(a, b))
            + steps.looks * (1 - alike)
            + steps.motion * min(apart, 1)
        )

    def cost(choices):
        stays = sum(believed(one, c) for (_, one), c in zip(frames, choices, strict=True))
        return stays + sum(step(t + 1, *pair) for t, pair in enumerate(itertools.pairwise(choices)))

    linker = Linker()
    for (_, candidates), scene in zip(frames, scenes, strict=True):
        assert linker.add(candidates, absent, scene) == []
    chosen = linker.finish()
    every = itertools.product(*(range(len(one.boxes_N4) + 1) for _, one in frames))
    costs = {choices: cost(choices) for choices in every}
    found = [
        [
            c
            for c, box in enumerate([*candidates.boxes_N4.tolist(), None])
            if box == (None if one is None else one.box_4.tolist())
        ]
        for one, (_, candidates) in zip(chosen, frames, strict=True)
    ]  # boxes may be equal
    assert min(costs[one] for one in itertools.product(*found)) == pytest.approx(
        min(costs.values()), abs=1e-4
    )


_boxes = hnp.arrays(np.float32, (3, 2, 2), elements=st.integers(0, 9)).map(
    lambda corners: np.concatenate([corners.min(1), corners.max(1) + 1], -1)
)


@given(_boxes, _boxes)
def test_overlaps_are_those_of_masks(first, second) -> None:
    def mask(box):
        x0, y0, x1, y1 = box.astype(int)
        found = np.zeros((12, 12), bool)
        found[y0:y1, x0:x1] = True
        return found

    found = overlaps(first, second)
    for (m, a), (n, b) in itertools.product(enumerate(first), enumerate(second)):
        assert found[m, n] == pytest.approx((mask(a) & mask(b)).sum() / (mask(a) | mask(b)).sum())


def test_two_sentences_are_linked_each_by_itself_and_frames_stay_in_order() -> None:
    frames, red = _crossing([0.2, 0.2, 0.9, 0.2, 0.3])
    images = [_picture((20 + t, 30, 12, RED)) for t in range(5)]
    both = [
        Found(image, [candidates, _candidates()], [0.1, 0.1])
        for image, (candidates, _) in zip(images, frames, strict=True)
    ]
    for lag in (0, 2, 9):
        linked = list(link(both, 2, lag))
        assert [one.found is frame for one, frame in zip(linked, both, strict=True)] == [True] * 5
        assert [one.boxes[1] for one in linked] == [None] * 5
    assert [one.boxes[0].tolist() for one in linked] == red


def test_a_step_away_and_back_is_dearer_than_any_step() -> None:
    costs = StepCosts()
    assert 2 * costs.change > costs.overlap + costs.looks + costs.motion
