import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from slvp.segmenter.proposing import propose


def _logits(*pieces, size=(24, 40)):
    """Return a map that is sure of nothing but rectangles: (rows, columns, logit)."""
    logits_HW = np.full(size, -8, np.float32)
    for rows, columns, logit in pieces:
        logits_HW[rows, columns] = logit
    return logits_HW


def test_each_piece_is_a_candidate_in_pixels_of_the_frame() -> None:
    logits_HW = _logits((np.s_[2:10], np.s_[4:12], 3), (np.s_[12:20], np.s_[30:34], 2))
    found = propose(logits_HW, 0.8, (96, 160), one=True)
    assert found.boxes_N4.tolist() == [[16, 8, 48, 40], [120, 48, 136, 80]]
    large, small = found.score_N
    assert 0.8 * 0.94 < large < 0.8 and small < large


def test_of_several_things_all_pieces_are_one_candidate() -> None:
    logits_HW = _logits((np.s_[2:10], np.s_[4:12], 3), (np.s_[12:20], np.s_[30:34], 2))
    found = propose(logits_HW, 1, (24, 40), one=False)
    assert found.boxes_N4.tolist() == [[4, 2, 34, 20]]
    faint = np.s_[20:23], np.s_[36:39], -1
    parts = _logits((np.s_[2:10], np.s_[4:12], 3), (np.s_[12:20], np.s_[30:34], 2), faint)
    assert propose(parts, 1, (24, 40), one=False).boxes_N4.tolist() == [[4, 2, 34, 20]]
    assert propose(_logits(faint), 1, (24, 40), one=False).boxes_N4.tolist() == [[36, 20, 39, 23]]


def test_what_is_behind_something_thin_is_one_piece() -> None:
    halves = _logits((np.s_[2:10], np.s_[4:12], 3), (np.s_[2:10], np.s_[13:20], 3))
    assert propose(halves, 1, (24, 40), one=True).boxes_N4.tolist() == [[4, 2, 20, 10]]


def test_faint_pieces_are_candidates_and_specks_are_none() -> None:
    pieces = (np.s_[2:10], np.s_[4:12], 3), (np.s_[12:20], np.s_[24:34], -1)
    found = propose(_logits(*pieces), 1, (24, 40), one=True)
    assert found.boxes_N4.tolist() == [[4, 2, 12, 10], [24, 12, 34, 20]]
    assert found.score_N[1] < 0.3 < found.score_N[0]
    speck = np.s_[22:23], np.s_[38:39], 3
    assert len(propose(_logits(*pieces, speck), 1, (24, 40), one=True).score_N) == 2


def test_what_is_inside_a_ring_is_a_candidate_beside_it() -> None:
    size = 120, 160
    ring = _logits((np.s_[1:119], np.s_[1:159], 0.1), (np.s_[2:118], np.s_[2:158], -8), size=size)
    ring[6:114, 6:154] = 4
    found = propose(ring, 1, size, one=True).boxes_N4.tolist()
    assert [6, 6, 154, 114] in found


def test_a_lower_threshold_reaches_candidates() -> None:
    dim = _logits((np.s_[2:10], np.s_[4:12], -2))  # 0.12
    assert not len(propose(dim, 1, (24, 40), one=True).score_N)
    assert len(propose(dim, 1, (24, 40), one=True, threshold=0.1).score_N) == 1


def test_nothing_marked_is_no_candidate() -> None:
    found = propose(_logits(), 1, (24, 40), one=True)
    assert found.boxes_N4.shape == (0, 4) and found.score_N.shape == (0,)


_sides = st.integers(1, 12)


@given(
    hnp.arrays(np.float32, st.tuples(_sides, _sides), elements=st.floats(-50, 50, width=32)),
    st.floats(0, 1),
    st.booleans(),
)
def test_boxes_are_within_the_frame_and_scores_at_most_the_presence(logits_HW, presence, one):
    found = propose(logits_HW, presence, (48, 36), one=one)
    assert (found.boxes_N4[:, :2] < found.boxes_N4[:, 2:]).all()
    assert (found.boxes_N4 >= 0).all() and (found.boxes_N4 <= (36, 48, 36, 48)).all()
    assert (found.score_N >= 0).all() and (found.score_N <= presence + 1e-6).all()
