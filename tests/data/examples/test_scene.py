import numpy as np
import pytest

from slvp.data.examples.scene import scene, sentences_of


@pytest.mark.parametrize("objects", [1, 2, 3])
@pytest.mark.parametrize("seed", range(4))
def test_every_object_is_seen_at_first_and_described_alone(seed: int, objects: int) -> None:
    clip = scene(seed, objects=objects)
    assert clip.frames_THWC.shape == (6, 72, 96, 3)
    assert clip.ids_THW.shape == (6, 72, 96)
    assert set(np.unique(clip.ids_THW[0])) == set(range(objects + 1))
    assert set(np.unique(clip.ids_THW)) == set(range(objects + 1))
    for object_id in range(1, objects + 1):
        sentences = sentences_of(clip, object_id)
        assert sentences
        meant = {one.text: one.object_ids for one in clip.expressions}
        assert {meant[text] for text in sentences} == {(object_id,)}


def test_same_seed_same_clip() -> None:
    clip, again, other = scene(3), scene(3), scene(4)
    np.testing.assert_array_equal(clip.frames_THWC, again.frames_THWC)
    np.testing.assert_array_equal(clip.ids_THW, again.ids_THW)
    assert clip.expressions == again.expressions
    assert (clip.frames_THWC != other.frames_THWC).any()


def test_any_size_and_length() -> None:
    clip = scene(0, frames=3, height=64, width=80, objects=1)
    assert clip.frames_THWC.shape == (3, 64, 80, 3)
