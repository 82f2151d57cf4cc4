"""What a batch of weak labels counts for, and one of masks among them."""

from dataclasses import replace

import pytest
import torch
from test_weak_losses import batch

from slvp.models.heads import MaskOutput
from slvp.training.config import WeakConfig
from slvp.training.objectives import MaskFinetuning
from slvp.training.weak_objective import WeakFinetuning

WEAK = ("projection", "affinity", "level_set")


def answering(mask_ETHW):
    """Return a model that always answers with a mask."""
    logits = 20 * (torch.nn.functional.avg_pool2d(mask_ETHW, 4) * 2 - 1)

    def model(frames_BTCHW, sentences, clip_of_E):
        present = mask_ETHW.flatten(2).amax(-1)
        return MaskOutput(logits[:, None], 20 * (present * 2 - 1)[:, None])

    return model


def test_weights_are_the_configs():
    objective = WeakFinetuning(config=WeakConfig(projection=3, affinity=0.25, level_set=0))
    assert {name: objective.weights[name] for name in WEAK} == {
        "projection": 3,
        "affinity": 0.25,
        "level_set": 0,
    }
    assert MaskFinetuning().weights.items() <= objective.weights.items()
    assert not set(WEAK) & set(MaskFinetuning().weights)


def test_a_batch_with_masks_counts_as_in_mask_fine_tuning():
    masked = replace(batch(), trust_ETHW=None, boxes_ETHW=None, flow_BT2HW=None, valid_BTHW=None)
    model = answering(masked.masks_ETHW)
    weak, plain = WeakFinetuning(), MaskFinetuning()
    for of_weak, of_plain in (
        (weak.counts(masked, 0), plain.counts(masked, 0)),
        (weak.totals(model, masked, 0), plain.totals(model, masked, 0)),
    ):
        assert {name: of_weak[name] for name in of_plain} == of_plain
        assert all(of_weak[name] == 0 for name in WEAK)


@pytest.mark.parametrize("trust", [0.0, 1.0])
def test_pseudo_masks_count_as_far_as_they_are_trusted(trust):
    seen = batch()
    wrong = seen.masks_ETHW.roll(20, -1)
    told = replace(seen, masks_ETHW=wrong, trust_ETHW=torch.full_like(wrong, trust))
    totals = WeakFinetuning().totals(answering(seen.masks_ETHW), told, 0)
    assert (totals["bce"] > 0.5) == (trust > 0)
    assert totals["projection"] < 0.05  # boxes are right, and always count
