from dataclasses import replace

import numpy as np
import pytest
from made_up_cards import made_up_card, made_up_flow

from slvp.errors import UserError
from slvp.studies.arms import Study
from slvp.studies.findings import find
from slvp.studies.tables import format_findings

STUDY = Study("labels", "Does it?", "labels", lambda _: [], (("old", "new"),), speed=True)
OLD, NEW = [0.1, 0.2, 0.3, 0.4], [0.2, 0.2, 0.5, 0.3]


def cards():
    return [
        made_up_card(line, labels, seed, np.array(j) + 0.1 * seed)
        for line, j in (("new", NEW), ("old", OLD))
        for labels in (1.0, 0.01)
        for seed in range(3)
    ]


def test_scores_are_means_over_seeds_and_expressions():
    card = made_up_card("old", 0.1, 0, [0.2] * 4, f=[0.4] * 4)
    (found,) = find(STUDY, [card, made_up_card("old", 0.1, 1, [0.4] * 4, f=[0.8] * 4)])
    (arm,) = found.arms
    assert (arm.j, arm.f, arm.jf.mean) == pytest.approx((0.3, 0.6, 0.45))
    assert arm.of_seeds == pytest.approx((0.3, 0.6))
    assert (found.videos, found.expressions) == (3, 4)


def test_differences_are_of_the_same_seed_and_expression():
    (found,) = find(STUDY, cards())
    assert [(one.reference, one.judged, one.labels) for one in found.differences] == [
        ("old", "new", 0.01),
        ("old", "new", 1.0),
    ]
    for one in found.differences:
        assert one.jf.mean == pytest.approx(np.mean(NEW) - np.mean(OLD))
        # By video: +0.1 and 0, +0.2, -0.1. Seeds shift both lines alike, so they add nothing.
        assert (one.jf.low, one.jf.high) == pytest.approx((-0.1, 0.2))
        assert one.share == pytest.approx(0.4 / 0.35)
        assert one.seeds == 3


def test_only_seeds_of_both_are_compared():
    some = [card for card in cards() if card.line == "old" or card.seed == 1]
    (found,) = find(STUDY, some)
    assert {one.seeds for one in found.differences} == {1}
    alone = [card for card in cards() if (card.line == "old") == (card.seed == 0)]
    assert find(STUDY, alone)[0].differences == ()


def test_the_order_of_cards_does_not_matter():
    assert find(STUDY, cards()) == find(STUDY, cards()[::-1])


def test_cards_of_other_clips_are_refused():
    one, two = made_up_card("old", 1.0, 0, OLD), made_up_card("new", 1.0, 0, NEW)
    (masks,) = two.masks
    other = replace(masks, sequences=("a", "a", "b", "d"))
    with pytest.raises(UserError, match="tested on other clips"):
        find(STUDY, [one, replace(two, masks=(other,))])


def test_flow_tells_what_the_caption_is_worth():
    flow = made_up_flow([1.0, 2.0], [2.0, 3.0], [4.0, 4.0])
    (found,) = find(STUDY, [made_up_card("old", 1.0, 0, OLD, flow=flow)])
    told = found.arms[0].flow
    assert told is not None
    frame, clip = told.frame, told.clip
    assert (frame.right.mean, frame.caption.mean, told.nothing) == pytest.approx((1.5, 1.0, 4.0))
    assert (frame.caption.low, frame.caption.high) == pytest.approx((1.0, 1.0))
    assert (clip.right.mean, clip.caption.mean) == pytest.approx((0.75, 0.75))


def test_tables_have_a_row_for_each_arm_and_difference():
    text = format_findings(STUDY, find(STUDY, cards()), cards())
    assert "| 1% | old | 35.0 | " in text
    assert "| 35.0 | 35.0 | 25.0, 35.0, 45.0 | 3.00 M | 1.00 M | 8 |" in text
    assert "| masks | model | compared with | J&F | interval | of its J&F | seeds |" in text
    # 0.4 and 0.35, means over seeds and expressions: 0.05 more, or 8/7.
    assert "| 100% | new | old | +5.0 | -10.0 to +20.0 | 114% | 3 |" in text
    assert "4 expressions of 3 videos" in text
    assert "too few videos" in text
    assert "smoke" not in text
    assert "0123456789ab" in text


def test_a_smoke_test_is_called_one():
    card = made_up_card("old", 1.0, 0, OLD, smoke=True)
    assert "say nothing" in format_findings(STUDY, find(STUDY, [card]), [card])
