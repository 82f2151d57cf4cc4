"""Which frames of a video are looked at, and how things move in them."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from moving_disc import FRAMES, ReadFrames, disc_masks, filmed

from slvp.data.pseudo_masks.scene import Scene, chosen_frames


@given(
    count=st.integers(1, 200),
    labelled=st.sets(st.integers(0, 199)),
    most=st.integers(2, 60),
)
def test_frames_are_chosen_evenly_and_labelled_ones_among_them(count, labelled, most):
    labelled = sorted(one for one in labelled if one < count)
    chosen = chosen_frames(count, labelled, most)
    assert list(chosen) == sorted(set(chosen))
    assert set(chosen) <= set(range(count))
    assert len(chosen) <= max(most, 1)
    if count <= most:
        assert len(chosen) == count
    else:
        assert len(set(chosen) & set(labelled)) >= min(len(labelled), most // 2)
        assert max(np.diff(chosen), default=0) <= 2 * count / max(1, most - most // 2 - 1) + 1


def test_motion_is_that_against_the_scene_in_hundredths_of_the_longer_side():
    masks_THW = disc_masks(step=4)
    scene = Scene.of(ReadFrames(filmed(masks_THW, step=4)), range(FRAMES))
    unit = max(scene.frames_THWC.shape[1:3]) / 100
    inside = scene.motion_THW2[1][masks_THW[1]]
    assert abs(np.median(inside[:, 0]) * unit - 4) < 0.5
    assert np.abs(np.median(scene.motion_THW2[1][~masks_THW[1]], axis=0)).max() < 0.2
    assert not scene.flow_THW2[-1].any()
    np.testing.assert_array_equal(scene.motion_THW2[-1], scene.motion_THW2[-2])


def test_only_the_chosen_frames_are_read():
    frames = ReadFrames(filmed(disc_masks(frames=6)))
    scene = Scene.of(frames, (1, 4))
    assert frames.asked == [1, 4]
    assert len(scene.frames_THWC) == 2


def test_a_single_frame_does_not_move():
    scene = Scene.of(ReadFrames(filmed(disc_masks(frames=1))), (0,))
    assert not scene.motion_THW2.any()
    assert scene.flow_THW2.shape == (1, *scene.frames_THWC.shape[1:3], 2)
