import torch
from torch import nn

from slvp.training.ema import Ema


def test_average_follows_the_trained_weights():
    model = nn.Sequential(nn.Linear(2, 2), nn.Linear(2, 2).requires_grad_(False))
    ema = Ema(model, 0.9)
    assert sorted(ema.averages) == ["0.bias", "0.weight"]
    before = model[0].weight.detach().clone()
    with torch.no_grad():
        model[0].weight.add_(1.0)
    ema.update(model, 0)  # the first steps are hardly remembered
    torch.testing.assert_close(ema.averages["0.weight"], before + 0.9)
    with torch.no_grad():
        model[0].weight.copy_(before)
    ema.update(model, 1_000_000)
    torch.testing.assert_close(ema.averages["0.weight"], before + 0.81)


def test_inside_the_model_and_out_again():
    model = nn.Linear(2, 2)
    ema = Ema(model, 0.9)
    average = model.weight.detach().clone()
    with torch.no_grad():
        model.weight.mul_(3.7)
    trained = model.weight.detach().clone()
    with ema.inside(model):
        assert torch.equal(model.weight, average)
        assert torch.equal(ema.averages["weight"], trained)
    assert torch.equal(model.weight, trained)
    assert torch.equal(ema.averages["weight"], average)
