import numpy as np
import pytest
import torch

from slvp.data.cutouts import CutoutLibrary
from slvp.data.datasets import StepBatches, WorldFlow, WorldMasks, collate
from slvp.data.flow import scene_flow
from slvp.data.world import World, WorldConfig
from slvp.types import Sample


@pytest.fixture(scope="module")
def library():
    return CutoutLibrary.drawn_shapes()


def worlds(library, frames):
    return [World(library, WorldConfig(frames=frames, height=64, width=96))]


def test_masks_belong_to_their_sentences(library):
    source = WorldMasks(worlds(library, 2), pixels=3 * 2 * 64 * 96, expressions=2)
    batch = source.batch(np.random.default_rng(0))
    assert batch.frames_BTCHW.shape == (3, 2, 3, 64, 96)
    assert batch.masks_ETHW.shape == (len(batch.sentences), 2, 64, 96)
    assert len(batch.clip_of_E) == len(batch.sentences)
    assert set(batch.masks_ETHW.unique().tolist()) <= {0.0, 1.0}
    # The same draw by hand: every mask is the union of its expression's objects.
    rng = np.random.default_rng(0)
    world = source.worlds[int(rng.integers(1))]
    clip = world.clip(int(rng.integers(2**62)))
    if clip.expressions:
        ids_of = {e.text: e.object_ids for e in clip.expressions}
        for text, mask_THW, owner in zip(
            batch.sentences, batch.masks_ETHW, batch.clip_of_E, strict=True
        ):
            if owner == 0:
                expected = np.isin(clip.ids_THW, ids_of[text])
                np.testing.assert_array_equal(mask_THW.numpy() > 0, expected)


def test_flow_targets_leave_the_camera_out(library):
    batch = WorldFlow(worlds(library, 3), pixels=4 * 3 * 64 * 96, captions=1).batch(
        np.random.default_rng(1)
    )
    clips = batch.frames_BTCHW.shape[0]
    assert batch.frames_BTCHW.shape[1:] == (2, 3, 64, 96)
    assert batch.flow_BT2HW.shape == (clips, 2, 2, 64, 96)
    assert batch.valid_BTHW.shape == (clips, 2, 64, 96)
    assert batch.masks_ETHW is None
    assert len(batch.sentences) == clips


def test_scene_flow_of_a_panning_camera_is_still():
    rng = np.random.default_rng(0)
    coarse = rng.integers(0, 255, (30, 50, 3), dtype=np.uint8)
    scene = np.kron(coarse, np.ones((8, 8, 1), np.uint8))
    frames = np.stack([scene[20:148, 10 + 3 * t : 170 + 3 * t] for t in range(3)])
    flow_THW2, valid_THW = scene_flow(frames)
    inner = flow_THW2[:, 16:-16, 16:-16]
    assert np.median(np.abs(inner)) < 0.1
    assert valid_THW[:, 16:-16, 16:-16].mean() > 0.9


def test_a_batch_is_a_function_of_seed_and_step(library):
    def batches(seed):
        source = WorldMasks(worlds(library, 1), pixels=2 * 64 * 96, expressions=1)
        return StepBatches([source], [1.0], seed, steps=4)

    one, again, other = batches(5), batches(5), batches(6)
    _ = one[0]  # what was drawn before must not matter
    assert one[3].sentences == again[3].sentences
    torch.testing.assert_close(one[3].frames_BTCHW, again[3].frames_BTCHW)
    assert not torch.equal(one[3].frames_BTCHW, one[2].frames_BTCHW)
    assert not torch.equal(one[3].frames_BTCHW, other[3].frames_BTCHW)


def test_sources_come_in_their_shares():
    class Named:
        def __init__(self, name):
            self.name = name

        def batch(self, rng):
            return self.name

    batches = StepBatches([Named("a"), Named("b")], [3, 1], seed=0, steps=400)
    drawn = [batches[step] for step in range(400)]
    assert 0.68 < drawn.count("a") / 400 < 0.82


def test_collate_keeps_sentences_with_their_clips():
    samples = [
        Sample(
            torch.full((1, 3, 8, 8), float(k)),
            [f"{k}{i}" for i in range(k)],
            torch.full((k, 1, 8, 8), float(k)),
        )
        for k in (1, 2)
    ]
    batch = collate(samples)
    assert batch.sentences == ["10", "20", "21"]
    assert batch.clip_of_E.tolist() == [0, 1, 1]
    assert batch.masks_ETHW[:, 0, 0, 0].tolist() == [1, 2, 2]
    assert batch.flow_BT2HW is None
