import numpy as np
import pytest
import torch
from PIL import Image

from slvp.data.cutouts import CutoutLibrary
from slvp.data.flow import dis_flow
from slvp.data.made_batches import WorldFlow, WorldMasks
from slvp.data.world import World, WorldConfig
from slvp.models.heads import FlowOutput, MaskOutput
from slvp.training.pictures import (
    flow_scale,
    flow_sheet,
    mask_sheet,
    unseen_camera,
    warp_error,
)
from tiny import tiny_model

CPU = torch.device("cpu")


def texture(height=96, width=128):
    noise = np.random.default_rng(0).normal(size=(height // 8, width // 8, 3))
    big = np.asarray(
        Image.fromarray(np.uint8(np.clip(noise * 50 + 128, 0, 255))).resize((width, height))
    )
    return np.ascontiguousarray(big)


def constant(x, y, height=96, width=128):
    return np.full((height, width, 2), (x, y), np.float32)


def test_a_frame_is_the_next_one_brought_back_by_the_flow_between_them():
    first = texture()
    second = np.roll(first, (2, 5), axis=(0, 1))  # 5 to the right, 2 down
    error = warp_error(first, second, constant(5, 2))
    assert np.nanmax(error[:-2, :-5]) == 0
    assert np.isnan(error[-2:]).all() and np.isnan(error[:, -5:]).all()
    assert np.nanmean(warp_error(first, second, constant(0, 0))) > 0.02
    assert np.nanmean(warp_error(first, second, constant(-5, -2))) > 0.02


def test_the_cameras_motion_is_what_the_target_leaves_out():
    first = texture()
    frames = np.stack([first, np.roll(first, 3, axis=1)])
    everywhere = np.ones(first.shape[:2], bool)
    left_out = unseen_camera(frames, constant(0, 0), everywhere)
    np.testing.assert_allclose(np.median(left_out, axis=(0, 1)), (3, 0), atol=0.2)
    kept = unseen_camera(frames, dis_flow(frames)[0], everywhere)
    assert np.abs(kept).max() < 0.1


def test_full_colour_goes_to_nearly_the_longest_that_can_be_trusted():
    flow, valid = constant(0, 0), np.ones((96, 128), bool)
    flow[:20] = (30, 40)
    assert flow_scale(flow, valid) == pytest.approx(50)
    valid[:20] = False
    assert flow_scale(flow, valid) == pytest.approx(0.02 * 128)
    assert flow_scale(flow, np.zeros_like(valid)) == pytest.approx(0.02 * 128)


def world_batch(source, frames, **options):
    world = World(CutoutLibrary.drawn_shapes(), WorldConfig(frames=frames, height=64, width=96))
    source = source([world], 3 * frames * 64 * 96, 2, **options)
    return source.make(source.plan(np.random.default_rng(0), 0))


@pytest.mark.parametrize(("frames", "columns"), [(3, 8), (2, 5)])
def test_flow_pictures(frames, columns):
    """A clip of one frame has no next one to compare with."""
    batch = world_batch(WorldFlow, frames, with_others=True)
    sheet = flow_sheet(tiny_model(head="flow"), [batch], CPU)
    assert len(sheet.titles) == columns
    assert len(sheet.rows) == 3
    for clip, row in enumerate(sheet.rows):
        first = int((batch.clip_of_E == clip).nonzero()[0])
        assert row.text == batch.sentences[first]
        assert len(row.cells) == columns
        assert row.cells[4].note == batch.others[first]
        for cell in row.cells:
            assert cell.picture_HW3.shape == (64, 96, 3)
            assert cell.picture_HW3.dtype == np.uint8


def test_what_the_model_says_is_painted_in_pixels_at_the_scale_of_the_target():
    batch = world_batch(WorldFlow, 3, with_others=True)
    batch.flow_BT2HW[:] = 0
    batch.flow_BT2HW[:, :, 0] = 9.6
    batch.valid_BTHW[:] = 1
    batch.valid_BTHW[..., :8, :8] = 0

    def model(frames_BTCHW, sentences, clip_of_E):
        """Half of the target from one frame, all of it from the clip."""
        clips, frames = frames_BTCHW.shape[:2]
        flow = torch.zeros(clips, frames, 2, 16, 24)
        flow[:, :, 0] = 10 if frames > 1 else 5  # units of 0.96 pixels
        return FlowOutput(flow)

    for row in flow_sheet(model, [batch], CPU).rows:
        _, target, clip, frame = (cell.picture_HW3[40, 40] for cell in row.cells[:4])
        np.testing.assert_allclose(target, (255, 0, 0), atol=1)
        np.testing.assert_allclose(clip, (255, 0, 0), atol=1)
        np.testing.assert_allclose(frame, (255, 127, 127), atol=1)
        assert tuple(row.cells[1].picture_HW3[2, 2]) == (128, 128, 128)  # not to be trusted


def test_mask_pictures_of_several_batches(tmp_path):
    batches = [world_batch(WorldMasks, 2), world_batch(WorldMasks, 1)]
    sheet = mask_sheet(tiny_model(), batches, CPU)
    assert [len(row.cells) for row in sheet.rows] == [3] * 6
    assert [row.text for row in sheet.rows] == [
        batch.sentences[int((batch.clip_of_E == clip).nonzero()[0])]
        for batch in batches
        for clip in range(3)
    ]
    sheet.write(tmp_path / "a.png")
    with Image.open(tmp_path / "a.png") as image:
        assert image.width == 2 * 16 + 3 * 184 + 2 * 8


def test_masks_are_drawn_where_they_are():
    batch = world_batch(WorldMasks, 1)
    first = int((batch.clip_of_E == 0).nonzero()[0])
    batch.masks_ETHW[first] = 0
    batch.masks_ETHW[first, :, 16:32, 16:48] = 1

    def model(frames_BTCHW, sentences, clip_of_E):
        logits = torch.full((len(sentences), 1, 1, 16, 24), -9.0)
        logits[0, 0, 0, 4:8, 4:12] = 9
        return MaskOutput(logits, torch.full((len(sentences), 1, 1), 9.0))

    frame, truth, prediction = mask_sheet(model, [batch], CPU).rows[0].cells
    assert prediction.note.startswith("J 1.00") or prediction.note.startswith("J 0.9")
    for cell in (truth, prediction):
        changed = (cell.picture_HW3 != frame.picture_HW3).any(-1)
        assert changed[18:30, 18:46].all()
        assert not changed[:14].any() and not changed[:, 50:].any()
