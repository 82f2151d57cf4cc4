"""Stored flow that isn't what a recipe asks for stops the run before it begins."""

from __future__ import annotations

import io
import json
import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from slvp.data.captioned import open_captioned
from slvp.data.flow import ClipFlow
from slvp.data.flow.stored import FlowWriter
from slvp.errors import UserError
from slvp.training import sources
from slvp.training.config import DataConfig, ObjectiveConfig, TrainConfig
from slvp.training.sources import build_batches
from slvp.training.stored_flow import check_stored_flow


def shard(
    path: Path, facts: dict[str, str], *, camera: bool, damaged: bool = False, flow: bool = True
) -> Path:
    """Two samples, the first of which may be damaged; their videos are never looked at."""
    file = io.BytesIO()
    writer = FlowWriter(file, 4, 6)
    still_T33 = np.eye(3, dtype=np.float32)[None] if camera else None
    writer.write(ClipFlow(np.zeros((1, 4, 6, 2), np.float32), np.ones((1, 4, 6), bool), still_T33))
    writer.finish({})
    with tarfile.open(path, "w") as archive:
        for key in "ab":
            members = {
                "mp4": b"video",
                "json": json.dumps({"caption": ["a square"], **facts}).encode(),
                "flow": b"x" if damaged and key == "a" else file.getvalue(),
            }
            if not flow:
                del members["flow"]
            for suffix, content in members.items():
                member = tarfile.TarInfo(f"{key}.{suffix}")
                member.size = len(content)
                archive.addfile(member, io.BytesIO(content))
    return path


ASKED = ObjectiveConfig()


@pytest.mark.parametrize(
    ("made_by", "camera", "objective"),
    [
        ("dis", True, ASKED),
        ("dis", False, replace(ASKED, subtract_camera=False)),
        ("raft-large:/weights.pt", True, replace(ASKED, estimator="raft-large")),
        ("precomputed:flow", True, ASKED),
        ("precomputed:flow", True, replace(ASKED, check_consistency=False)),
        (None, True, replace(ASKED, estimator="dis-fast")),
    ],
)
def test_flow_that_is_what_a_recipe_asks_for_is_taken(
    made_by: str | None, camera: bool, objective: ObjectiveConfig, tmp_path: Path
) -> None:
    facts = {"estimator": made_by} if made_by else {}
    videos = open_captioned([shard(tmp_path / "0.tar", facts, camera=camera)])
    assert check_stored_flow(videos, objective)


@pytest.mark.parametrize("damaged", [False, True])
@pytest.mark.parametrize(
    ("made_by", "camera", "objective", "told"),
    [
        ("dis", True, replace(ASKED, estimator="dis-fast"), "--estimator dis-fast"),
        (
            "raft-small",
            True,
            ASKED,
            "made by 'raft-small', but the run asks for 'dis'; give --estimator raft-small",
        ),
        ("precomputed:flow", True, replace(ASKED, estimator="raft-large"), "--estimator dis,"),
        ("dis", False, ASKED, "made with --no-camera"),
        ("dis", True, replace(ASKED, check_consistency=False), "trusts all"),
    ],
)
def test_other_flow_is_told_of_with_its_shard(
    made_by: str,
    camera: bool,
    objective: ObjectiveConfig,
    told: str,
    damaged: bool,
    tmp_path: Path,
) -> None:
    good = shard(tmp_path / "0.tar", {}, camera=True)
    bad = shard(tmp_path / "1.tar", {"estimator": made_by}, camera=camera, damaged=damaged)
    videos = open_captioned([good]) + open_captioned([bad])
    with pytest.raises(UserError) as caught:
        check_stored_flow(videos, objective)
    assert str(caught.value).startswith(f"{bad}: ")
    assert told in str(caught.value)


def test_no_run_begins_with_it(tmp_path: Path) -> None:
    place = shard(tmp_path / "0.tar", {"estimator": "dis"}, camera=False)
    data = DataConfig(captioned=(str(place),), captioned_share=1.0)
    with pytest.raises(UserError, match="--no-camera"):
        build_batches(TrainConfig(task="pretrain", data=data))


def begin(data: DataConfig, share: float) -> None:
    objective = replace(ASKED, estimator="raft-small")
    data = replace(data, captioned_share=share)
    build_batches(TrainConfig(task="pretrain", data=data, objective=objective))


def test_an_estimator_is_not_loaded_where_all_flow_is_stored(tmp_path: Path, monkeypatch) -> None:
    def unreachable(name: str) -> None:
        raise UserError(f"the weights of {name} can't be downloaded")

    monkeypatch.setattr(sources, "estimator", unreachable)
    place = shard(tmp_path / "0.tar", {"estimator": "raft-small"}, camera=True)
    data = DataConfig(captioned=(str(place),))
    begin(data, 1.0)
    with pytest.raises(UserError, match="raft-small can't be downloaded"):
        begin(data, 0.5)  # for the world's clips
    other = shard(tmp_path / "1.tar", {}, camera=True, flow=False)
    with pytest.raises(UserError, match="raft-small can't be downloaded"):
        begin(replace(data, captioned=(str(place), str(other))), 1.0)


def test_a_video_whose_flow_alone_is_missing_is_told_of(tmp_path: Path) -> None:
    target = sources._target(replace(ASKED, estimator="raft-small"), fetch=True, needed=False)
    with pytest.raises(UserError, match="its flow isn't stored, as that of the other videos is"):
        target(np.zeros((2, 32, 32, 3), np.uint8))
