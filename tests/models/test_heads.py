import pytest
import torch

from slvp.models.heads import MaskOutput
from tiny import tiny_model

SENTENCES = ["a dog", "a red car on the left", "the cat"]
CLIP_OF_E = torch.tensor([0, 1, 1])


@pytest.fixture
def frames_BTCHW():
    return torch.rand(2, 3, 3, 64, 96, generator=torch.Generator().manual_seed(0))


def test_layers_of_flow_are_affine_motions_under_masks(frames_BTCHW):
    model = tiny_model(fusion="language-as-query", head="flow")
    with torch.no_grad():
        last = model.head.motion[-1]
        last.weight.zero_()
        # Constant motion (2, -1) of every layer, so the flow is that times the sum of the masks.
        last.bias.copy_(torch.tensor([0, 0, 2, 0, 0, -1.0]))
        flow = model(frames_BTCHW, SENTENCES, CLIP_OF_E).flow_ET2HW
    torch.testing.assert_close(flow[:, :, 0], -2 * flow[:, :, 1])
    assert (flow[:, :, 0] > 0).all()


def test_no_layer_of_flow_can_vanish(frames_BTCHW):
    """What stands still pushes masks down as far as it can; then their gradients would be none."""
    model = tiny_model(fusion="language-as-query", head="flow")
    last = model.head.motion[-1]
    with torch.no_grad():
        last.bias.copy_(torch.tensor([0, 0, 2, 0, 0, -1.0]))
        model.head.kernels.kernel[-1].bias[-1] = -50
    flow = model(frames_BTCHW, SENTENCES, CLIP_OF_E).flow_ET2HW
    assert (flow[:, :, 0].amax((-3, -2, -1)) > 1).all()
    flow.square().mean().backward()
    assert model.head.kernels.kernel[-1].weight.grad.abs().max() > 1e-6


def test_layers_do_not_move_before_they_are_trained(frames_BTCHW):
    model = tiny_model(fusion="language-as-query", head="flow")
    assert (model(frames_BTCHW, SENTENCES, CLIP_OF_E).flow_ET2HW == 0).all()


def test_the_best_query_gives_the_mask_and_all_together_the_presence():
    logits_ENTHW = torch.arange(2.0).view(1, 2, 1, 1, 1).expand(1, 2, 3, 4, 4)
    chance_ENT = torch.tensor([[[0.3, 0.1, 0.9], [0.4, 0.2, 0.8]]])
    logits_ETHW, presence_ET = MaskOutput(logits_ENTHW, chance_ENT.logit()).best()
    assert (logits_ETHW == 1).all()  # of the second: 1.4 against 1.3
    torch.testing.assert_close(presence_ET[0, :2].sigmoid(), torch.tensor([0.7, 0.3]))
    assert presence_ET[0, 2].sigmoid() > 0.999
    assert torch.isfinite(presence_ET).all()


def test_a_single_query_keeps_its_presence():
    presence_ENT = torch.tensor([[[-3.0, 0.0, 2.5]]])
    _, presence_ET = MaskOutput(torch.zeros(1, 1, 3, 2, 2), presence_ENT).best()
    torch.testing.assert_close(presence_ET, presence_ENT[:, 0])
