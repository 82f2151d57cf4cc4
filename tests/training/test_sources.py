"""From a configuration to batches: what is mixed, in which shares, and what is held out."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
import torch

from slvp.data.datasets import Part
from slvp.errors import UserError
from slvp.models.config import ModelConfig
from slvp.training.config import DataConfig, ObjectiveConfig, TrainConfig
from slvp.training.sources import build_batches
from slvp.types import Batch
from slvp.video import VideoWriter

VIDEOS = 12


@pytest.fixture(scope="module")
def videos(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of captioned videos in which a square goes to the right."""
    folder = tmp_path_factory.mktemp("videos")
    rng = np.random.default_rng(0)
    for number in range(VIDEOS):
        with VideoWriter(folder / f"{number}.mp4", frame_rate=Fraction(12)) as writer:
            background = np.kron(rng.integers(0, 99, (12, 12, 3), np.uint8), np.ones((8, 8, 1)))
            square = np.kron(rng.integers(99, 255, (4, 4, 3), np.uint8), np.ones((6, 6, 1)))
            for step in range(16):
                frame = background.astype(np.uint8)
                frame[30:54, 4 * step : 4 * step + 24] = square
                writer.write(frame)
    captions = {str(number): [f"square {number}"] for number in range(VIDEOS)}
    (folder / "captions.json").write_text(json.dumps(captions))
    return folder


def config(data: DataConfig, **changes) -> TrainConfig:
    whole = TrainConfig(task="pretrain", model=ModelConfig(head="flow"), data=data, steps=40)
    return replace(whole, **changes)


def small(**changes) -> DataConfig:
    changes = {"sizes": ((64, 64),), "frames": (2,), "pixels": 2 * 3 * 64 * 64} | changes
    return DataConfig(expressions=1, **changes)


def kinds(batches) -> Counter[str]:
    return Counter(
        "video" if batch.sentences[0].startswith("square") else "world"
        for batch in map(batches.__getitem__, range(len(batches)))
    )


@pytest.mark.parametrize(("share", "least", "most"), [(0.3, 5, 20), (0.8, 24, 38), (1.0, 40, 40)])
def test_captioned_video_has_its_share(videos: Path, share: float, least: int, most: int) -> None:
    data = small(captioned=(str(videos),), captioned_share=share)
    training, validation = build_batches(config(data))
    assert least <= kinds(training)["video"] <= most
    assert kinds(validation)["video"] > 0


def test_without_captioned_video_all_is_the_world() -> None:
    training, _ = build_batches(config(small(), steps=5))
    assert kinds(training) == {"world": 5}


def names(batches) -> list[str]:
    return [name for step in range(len(batches)) for name in batches[step].names if name]


def test_held_out_videos_are_never_trained_on(videos: Path) -> None:
    data = small(captioned=(str(videos),), captioned_share=1.0, held_out=0.25)
    training, validation = build_batches(config(data))
    seen, unseen = set(names(training)), set(names(validation))
    assert seen and unseen and not seen & unseen
    assert len(seen | unseen) == VIDEOS


def test_parts_and_restarts_see_together_what_one_process_sees(videos: Path) -> None:
    data = small(captioned=(str(videos),), captioned_share=0.5, pixels=4 * 3 * 64 * 64)
    whole, _ = build_batches(config(data))
    parts = [build_batches(config(data), Part(rank, 3))[0] for rank in range(3)]
    for step in (0, 7, 39):
        expected = whole[step]
        assert isinstance(expected, Batch)
        for rank, part in enumerate(parts):
            share = part[step]
            assert share.names == expected.names[rank::3]
            assert torch.equal(share.frames_BTCHW, expected.frames_BTCHW[rank::3])
            assert torch.equal(share.flow_BT2HW, expected.flow_BT2HW[rank::3])


def test_the_objective_says_what_the_target_is(videos: Path) -> None:
    data = small(captioned=(str(videos),), captioned_share=1.0)
    trusting = ObjectiveConfig(subtract_camera=False, check_consistency=False)
    one, _ = build_batches(config(data))
    all_valid, _ = build_batches(config(data, objective=trusting))
    assert one[0].valid_BTHW.mean() < 1
    assert all_valid[0].valid_BTHW.mean() == 1


def test_others_come_where_the_objective_needs_them(videos: Path) -> None:
    data = small(captioned=(str(videos),), captioned_share=1.0)
    training, validation = build_batches(config(data))
    assert training[0].others == []
    assert len(validation[0].others) == len(validation[0].sentences)
    contrast, _ = build_batches(config(data, objective=ObjectiveConfig(contrast=1.0)))
    assert len(contrast[0].others) == len(contrast[0].sentences)


def test_the_user_hears_what_was_found(videos: Path, tmp_path: Path) -> None:
    lines: list[str] = []
    listed = [{"file": str(videos / "0.mp4"), "captions": ["square"]}]
    (tmp_path / "captions.json").write_text(json.dumps([*listed, {"file": "x", "captions": []}]))
    data = small(captioned=(str(videos), str(tmp_path)), held_out=0.25)
    build_batches(config(data), tell=lines.append)
    assert lines[0] == f"{tmp_path}/captions.json: 1 of 2 videos aren't there"
    assert lines[1].startswith("captioned video: ")
    training, held_out = (int(word) for word in lines[1].split() if word.isdigit())
    assert training + held_out == VIDEOS + 1


@pytest.mark.parametrize(
    ("changes", "objective", "said"),
    [
        ({"captioned_share": 0.0}, {}, "--captioned-share 0"),
        ({"captioned_share": 1.5}, {}, "--captioned-share 1.5"),
        ({"captioned_share": 1.0, "stamps": True}, {}, "--stamps would not be used"),
        ({}, {"estimator": "exact"}, "'exact' is the embedded world's"),
        ({"captioned": ("nowhere",)}, {}, "nowhere: not found"),
    ],
)
def test_mistakes(videos: Path, changes, objective, said: str) -> None:
    data = replace(small(captioned=(str(videos),)), **changes)
    with pytest.raises(UserError, match=said):
        build_batches(config(data, objective=ObjectiveConfig(**objective)))


@pytest.mark.parametrize("randomise", [True, False])
def test_the_world_is_varied_unless_it_shall_not_be(randomise: bool) -> None:
    data = DataConfig(randomise=randomise, sizes=((64, 64),), frames=(2,), pixels=2 * 64 * 64)
    training, _ = build_batches(TrainConfig("finetune", data=data, steps=1))
    assert [world.config.randomise for world in training.sources[0].worlds] == [randomise]
