"""RAFT without its trained weights: what goes in, what comes out, what a wrong file does."""

from __future__ import annotations

from pathlib import Path
from urllib.error import URLError

import numpy as np
import pytest
import torch
from torch import nn
from torchvision.models.optical_flow import raft_large, raft_small

from slvp.data.flow import estimator
from slvp.data.flow.raft import RaftFlow
from slvp.errors import UserError


class Brightness(nn.Module):
    """Says how much brighter the second frame is, as x; and notes what it is given."""

    def __init__(self) -> None:
        super().__init__()
        self.shapes: list[torch.Size] = []

    def forward(self, first: torch.Tensor, second: torch.Tensor) -> list[torch.Tensor]:
        self.shapes.append(first.shape)
        assert first.min() >= -1 and first.max() <= 1
        x = (second - first).mean(1)
        flow = torch.stack([x, torch.zeros_like(x)], 1)
        return [flow * 0, flow]  # the last of its iterations counts


def test_pairs_padding_and_batches() -> None:
    model = Brightness()
    levels = np.array([0, 51, 153, 255, 255, 0], np.uint8)
    frames_THWC = np.broadcast_to(levels[:, None, None, None], (6, 130, 141, 3))
    raft = RaftFlow(model, batch=2)
    forward, backward = raft(frames_THWC), raft(frames_THWC, backward=True)
    assert forward.shape == (5, 130, 141, 2) and forward.dtype == np.float32
    assert np.allclose(forward[:, 3, 4, 0], [0.4, 0.8, 0.8, 0, -2])
    assert np.allclose(forward, -backward) and not forward[..., 1].any()
    assert model.shapes[:3] == [(2, 3, 136, 144), (2, 3, 136, 144), (1, 3, 136, 144)]


def test_small_frames_are_padded_to_what_the_pyramid_needs() -> None:
    model = Brightness()
    RaftFlow(model)(np.zeros((2, 40, 200, 3), np.uint8))
    assert model.shapes == [(1, 3, 128, 200)]


@pytest.mark.parametrize(
    ("name", "build"), [("raft-small", raft_small), ("raft-large", raft_large)]
)
def test_weights_of_a_file_are_used(name: str, build, tmp_path: Path) -> None:
    state = build(weights=None).state_dict()
    # Each of its 12 updates adds this, in eighths of the frame's resolution: x first.
    state["update_block.flow_head.conv2.weight"].zero_()
    state["update_block.flow_head.conv2.bias"].copy_(torch.tensor([0.5, -0.25]) / 12)
    torch.save(state, tmp_path / "weights.pth")
    frames_THWC = np.random.default_rng(0).integers(0, 255, (2, 130, 128, 3), dtype=np.uint8)
    flow_THW2 = estimator(f"{name}:{tmp_path / 'weights.pth'}")(frames_THWC)
    assert flow_THW2.shape == (1, 130, 128, 2)
    inner = flow_THW2[0, 16:-16, 16:-16]  # its learned upsampling sees zeros beyond the border
    assert np.allclose(inner, (4, -2), atol=1e-3)


def test_wrong_files_are_told_in_one_line(tmp_path: Path) -> None:
    missing = tmp_path / "missing.pth"
    with pytest.raises(UserError, match=r"missing\.pth can't be read \(No such file"):
        estimator(f"raft-small:{missing}")
    (tmp_path / "text.pth").write_text("weights")
    with pytest.raises(UserError, match=r"text\.pth is no file of weights that torch can load"):
        estimator(f"raft-small:{tmp_path / 'text.pth'}")
    for number, content in enumerate(
        [nn.Linear(2, 2).state_dict(), [1, 2], raft_large(weights=None).state_dict()]
    ):
        torch.save(content, tmp_path / f"{number}.pth")
        with pytest.raises(UserError, match="no weights of torchvision's raft_small") as caught:
            estimator(f"raft-small:{tmp_path / f'{number}.pth'}")
        assert "\n" not in str(caught.value)


def test_no_network_says_what_to_do(monkeypatch) -> None:
    def fail(*_: object, **__: object) -> None:
        raise URLError("no route")

    monkeypatch.setattr(torch.hub, "load_state_dict_from_url", fail)
    with pytest.raises(UserError, match=r"no route.*--estimator raft-large:FILE"):
        estimator("raft-large")
