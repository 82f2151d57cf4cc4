from dataclasses import replace

import numpy as np
import pytest
import torch
from PIL import Image

from slvp.data.captioned.clips import Form
from slvp.data.cutouts import CutoutLibrary
from slvp.data.made_batches import StillMasks, WorldFlow, WorldMasks
from slvp.data.stills import Stills
from slvp.data.world import World, WorldConfig
from slvp.errors import UserError


@pytest.fixture(scope="module")
def worlds():
    library = CutoutLibrary.drawn_shapes()
    return [World(library, WorldConfig(frames=3, height=64, width=w)) for w in (64, 96)]


def first_batch(source, seed=0):
    draws = source.plan(np.random.default_rng(seed), 0)
    return draws, source.make(draws)


def test_masks_belong_to_their_sentences(worlds):
    source = WorldMasks(worlds[1:], pixels=3 * 3 * 64 * 96, sentences=2)
    draws, batch = first_batch(source)
    assert batch.frames_BTCHW.shape == (3, 3, 3, 64, 96)
    assert batch.masks_ETHW.shape == (len(batch.sentences), 3, 64, 96)
    assert len(batch.clip_of_E) == len(batch.sentences)
    assert set(batch.masks_ETHW.unique().tolist()) <= {0.0, 1.0}
    # The same draw by hand: every mask is the union of its expression's objects.
    rng = np.random.default_rng(draws[0].seed)
    clip = worlds[1].clip(int(rng.integers(2**62)))
    ids_of = {e.text: e.object_ids for e in clip.expressions}
    checked = 0
    for text, mask_THW, owner in zip(
        batch.sentences, batch.masks_ETHW, batch.clip_of_E, strict=True
    ):
        if owner == 0:
            expected = np.isin(clip.ids_THW, ids_of[text])
            np.testing.assert_array_equal(mask_THW.numpy() > 0, expected)
            checked += 1
    assert checked


def test_flow_has_a_frame_more_than_is_shown(worlds):
    draws, batch = first_batch(WorldFlow(worlds[1:], pixels=4 * 3 * 64 * 96, sentences=1))
    assert len(draws) == 4
    assert batch.frames_BTCHW.shape == (4, 2, 3, 64, 96)
    assert batch.flow_BT2HW.shape == (4, 2, 2, 64, 96)
    assert batch.valid_BTHW.shape == (4, 2, 64, 96)
    assert batch.masks_ETHW is None
    assert len(batch.sentences) == 4


def test_captions_of_other_clips_come_along(worlds):
    plain = WorldFlow(worlds, pixels=4 * 3 * 64 * 96, sentences=2)
    draws, batch = first_batch(plain)
    assert batch.others == []
    both = replace(plain, with_others=True).make(draws)
    assert torch.equal(both.frames_BTCHW, batch.frames_BTCHW)
    assert both.sentences == batch.sentences
    assert len(both.others) == len(both.sentences)
    for draw, sentence, other in zip(
        (draws[clip] for clip in both.clip_of_E), both.sentences, both.others, strict=True
    ):
        clip = worlds[draw.form].clip(int(np.random.default_rng(draw.seed).integers(2**62)))
        assert sentence in clip.captions
        assert other not in clip.captions


def test_exact_flow_is_the_worlds_less_the_camera():
    """With exact rendering, what is estimated is near to what the world knows."""
    world = World(
        CutoutLibrary.drawn_shapes(),
        WorldConfig(frames=2, height=128, width=128, randomise=False, min_objects=2, patches=0.0),
    )
    source = WorldFlow([world], pixels=6 * 2 * 128 * 128, sentences=1)
    draws, estimated = first_batch(source)
    exact = replace(source, exact=True).make(draws)
    assert torch.equal(exact.frames_BTCHW, estimated.frames_BTCHW)
    assert exact.valid_BTHW.min() == 1
    length = exact.flow_BT2HW.norm(dim=2)
    error = (exact.flow_BT2HW - estimated.flow_BT2HW).norm(dim=2)
    moving = (estimated.valid_BTHW > 0) & (length > 2)
    assert moving.float().mean() > 0.02
    assert error[moving].median() < 0.3 * length[moving].median()
    clips = [world.clip(int(np.random.default_rng(draw.seed).integers(2**62))) for draw in draws]
    scene = torch.from_numpy(np.stack([clip.ids_THW[:-1] for clip in clips]) == 0)
    assert length[scene].quantile(0.9) < 1e-3  # though the camera moves; edges of objects blend


@pytest.fixture
def stills(tmp_path):
    """Two photographs of a red and a blue square."""
    rows = ["image,object_id,class_name,caption"]
    for name in ("a", "b"):
        picture = np.random.default_rng(0).integers(90, 160, (80, 120, 3), np.uint8)
        ids = np.zeros((80, 120), np.uint8)
        for object_id, left, colour in ((1, 15, (200, 30, 30)), (2, 70, (30, 30, 200))):
            ids[25:55, left : left + 30] = object_id
            picture[ids == object_id] = colour
        Image.fromarray(picture).save(tmp_path / f"{name}.jpg")
        mask = Image.fromarray(ids, mode="P")
        mask.putpalette([0, 0, 0, 128, 0, 0, 0, 128, 0])
        mask.save(tmp_path / f"{name}.png")
        rows += [f"{name}.jpg,1,box,a red box", f"{name}.jpg,2,box,a blue box"]
    (tmp_path / "stills.csv").write_text("\n".join(rows) + "\n")
    return Stills(tmp_path)


@pytest.mark.parametrize("kind", ["masks", "flow", "stills"])
def test_every_part_of_a_batch_can_be_made_alone(worlds, kind, request):
    if kind == "stills":
        stills = request.getfixturevalue("stills")
        source = StillMasks(stills, [Form(1, 64, 64), Form(2, 64, 96)], 3 * 2 * 64 * 96, 2)
    else:
        source = (WorldMasks if kind == "masks" else WorldFlow)(worlds, 3 * 3 * 64 * 64, 1)
    forms = set()
    for seed in range(4):
        draws, whole = first_batch(source, seed)
        forms.add(draws[0].form)
        assert len(draws) >= source.smallest
        for clip, draw in enumerate(draws):
            alone = source.make([draw])
            own = whole.clip_of_E == clip
            assert torch.equal(alone.frames_BTCHW[0], whole.frames_BTCHW[clip])
            assert alone.sentences == [
                s for s, mine in zip(whole.sentences, own, strict=True) if mine
            ]
            if kind == "flow":
                assert torch.equal(alone.flow_BT2HW[0], whole.flow_BT2HW[clip])
                assert torch.equal(alone.valid_BTHW[0], whole.valid_BTHW[clip])
            else:
                assert torch.equal(alone.masks_ETHW, whole.masks_ETHW[own])
    assert forms == {0, 1}


def test_clips_with_nothing_to_ask(worlds):
    class Mute:
        config = worlds[0].config

        def clip(self, seed):
            clip = worlds[0].clip(seed)
            clip.expressions = ()
            return clip

    source = WorldMasks([Mute()], pixels=1, sentences=1)
    with pytest.raises(UserError, match="no expressions could be written"):
        first_batch(source)
