import timm
import torch
from timm.layers import Conv2dSame
from torch import nn

from slvp.models.folding import fold_batch_norms
from slvp.models.onednn import PlaceConv
from tiny import tiny_model


def network() -> nn.Module:
    torch.manual_seed(0)
    made = timm.create_model("tf_efficientnet_lite0", features_only=True).eval()
    for module in made.modules():
        if isinstance(module, nn.BatchNorm2d):  # or there would be nothing to fold
            module.running_mean.normal_(0, 0.1)
            module.running_var.uniform_(0.5, 2)
            module.bias.data.normal_(0, 0.1)
    return made


@torch.no_grad()
def test_the_same_features_in_fewer_steps():
    whole, folded = network(), network()
    fold_batch_norms(folded)
    kinds = [type(module) for module in folded.modules()]
    assert not any(issubclass(kind, nn.BatchNorm2d | Conv2dSame) for kind in kinds)
    assert PlaceConv in kinds
    frames = torch.rand(2, 3, 64, 96)
    for ours, theirs in zip(folded(frames), whole(frames), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-3, atol=1e-4)


@torch.no_grad()
def test_a_ready_model_answers_the_same_and_leaves_the_model_as_it_is():
    model = tiny_model(vision_frozen=True)
    state = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    asked = model.ready()
    assert asked is not model
    frames, clips = torch.rand(1, 2, 3, 64, 64), torch.zeros(1, dtype=torch.long)
    ours, theirs = (one(frames, ["a dog"], clips) for one in (asked, model))
    torch.testing.assert_close(ours.logits_ENTHW, theirs.logits_ENTHW, rtol=1e-3, atol=1e-4)
    assert model.state_dict().keys() == state.keys()
    assert all(torch.equal(tensor, state[name]) for name, tensor in model.state_dict().items())


def test_what_is_trained_is_not_folded_until_asked_to():
    model = tiny_model(vision_frozen=False)
    assert model.ready() is model
    assert model.folded() is not model
