"""Clips whose flow was computed before: it fits the frames that are shown."""

from __future__ import annotations

import tarfile
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from captioned_videos import scene, tar, write

from slvp.data.captioned import open_captioned
from slvp.data.captioned.batches import CaptionedFlow
from slvp.data.captioned.clips import Form
from slvp.data.flow import SceneFlow
from slvp.data.flow.prepare import write_flow_shards
from slvp.data.flow.samples import FlowSettings
from slvp.types import Batch


@pytest.fixture(scope="module")
def shard(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Four videos in which something moves, and the flow between their frames."""
    folder = tmp_path_factory.mktemp("stored")
    (folder / "videos").mkdir()
    for number in range(4):
        write(folder / f"videos/{number}.mp4", scene(number, 48, 0, growth=0.03))
    names = ", ".join(f'"{number}": ["a square"]' for number in range(4))
    (folder / "captions.json").write_text(f"{{{names}}}")
    write_flow_shards(
        open_captioned([folder]), folder / "out", FlowSettings(), shard_size=4, progress=False
    )
    return folder / "out"


def source(place: Path, **options) -> CaptionedFlow:
    options = {"target": SceneFlow(subtract_camera=False)} | options
    forms = (Form(2, 64, 64), Form(1, 64, 96))
    return CaptionedFlow(open_captioned([place]), forms, 8 * 3 * 64 * 64, 1, seed=0, **options)


def first(source: CaptionedFlow, turn: int) -> Batch:
    return source.make(source.plan(np.random.default_rng(turn), turn))


@pytest.mark.parametrize("turn", [0, 1])
def test_stored_flow_is_that_of_the_frames_shown(shard: Path, turn: int) -> None:
    def unasked(frames_THWC):
        raise AssertionError("estimated, though it is stored")

    target = SceneFlow(subtract_camera=False)
    object.__setattr__(target, "estimator", unasked)
    batch = first(source(shard, target=target), turn)
    assert len(batch.names) >= 7
    if batch.frames_BTCHW.shape[1] == 1:
        return
    frames_BTHWC = (batch.frames_BTCHW.movedim(2, -1) * 255).round().byte().numpy()
    errors = []
    for frames_THWC, flow_T2HW, valid_THW in zip(
        frames_BTHWC, batch.flow_BT2HW.numpy(), batch.valid_BTHW.numpy(), strict=True
    ):
        estimated_THW2, reliable_THW = SceneFlow(subtract_camera=False)(frames_THWC)
        error_HW = np.linalg.norm(flow_T2HW[0].transpose(1, 2, 0) - estimated_THW2[0], axis=-1)
        moves_HW = np.linalg.norm(estimated_THW2[0], axis=-1) > 2
        errors.append(error_HW[moves_HW & ((valid_THW[0] * reliable_THW[0]) > 0)])
    assert len(np.concatenate(errors)) > 1000
    assert np.median(np.concatenate(errors)) < 0.35  # of the pair before or after it is 1.6


def test_the_camera_is_subtracted_where_asked_for(shard: Path) -> None:
    with_camera = first(source(shard), 0)
    without = first(source(shard, target=SceneFlow()), 0)
    assert with_camera.names == without.names
    difference = (with_camera.flow_BT2HW - without.flow_BT2HW).abs().mean()
    assert 0 < difference < 1


def members(shard: Path) -> dict[str, bytes]:
    with tarfile.open(next(shard.glob("*.tar"))) as archive:
        return {m.name: archive.extractfile(m).read() for m in archive}  # type: ignore[union-attr]


def test_damaged_and_short_flow_is_told(shard: Path, tmp_path: Path) -> None:
    content = members(shard)
    flows = sorted(name for name in content if name.endswith(".flow"))
    content[flows[0]] = content[flows[0]][:-7]
    content[flows[1]] = b"x"
    broken = source(tar(tmp_path / "a.tar", content))
    skipped = [s for turn in range(2) for s in first(broken, turn).skipped]
    assert {Path(s.name).name for s in skipped if s.why == "broken"} == {
        Path(name).stem for name in flows[:2]
    }
    assert all("its flow is cut off" in s.reason for s in skipped if s.why == "broken")
    long = replace(source(shard), forms=(Form(12, 64, 64),))
    assert {s.why for s in first(long, 0).skipped} == {"broken"}
