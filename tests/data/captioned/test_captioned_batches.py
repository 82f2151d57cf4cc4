"""Batches of captioned clips: what is in them, and what can't be."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import numpy as np
import pytest
import torch
from captioned_videos import SHARED, scene, tar, ten_hours, write
from torch.utils.data import DataLoader

from slvp.data.captioned import CaptionedIndex, open_captioned
from slvp.data.captioned.batches import CaptionedFlow
from slvp.data.captioned.clips import Form
from slvp.data.datasets import Part, StepBatches
from slvp.data.flow import SceneFlow
from slvp.types import Batch, Skipped

FORMS = (Form(2, 64, 64), Form(1, 64, 96))


def source(index: CaptionedIndex, pixels: int = 6 * 3 * 64 * 64, **options) -> CaptionedFlow:
    return CaptionedFlow(index, FORMS, pixels, 1, seed=3, **options)


@pytest.fixture(scope="module")
def good(tmp_path_factory, moving) -> CaptionedIndex:
    """Three shards of three or four moving videos each."""
    folder = tmp_path_factory.mktemp("good")
    for shard in range(3):
        members = {}
        for number in range(3 + (shard == 0)):
            members[f"{shard}{number}.mp4"] = moving(number)
            members[f"{shard}{number}.txt"] = f"square {shard}{number}".encode()
        tar(folder / f"{shard}.tar", members)
    return open_captioned([folder])


def first(source: CaptionedFlow, turn: int = 0) -> Batch:
    return source.make(source.plan(np.random.default_rng(turn), turn))


def test_a_batch_has_clips_their_captions_and_how_things_move(good: CaptionedIndex) -> None:
    forms = set()
    for turn in range(2):
        batch = first(source(good), turn)
        clips, frames, _, height, width = batch.frames_BTCHW.shape
        forms.add((clips, frames, height, width))
        assert batch.flow_BT2HW.shape == (clips, frames, 2, height, width)
        assert batch.valid_BTHW.shape == (clips, frames, height, width)
        assert batch.clip_of_E.tolist() == list(range(clips))
        assert batch.sentences == [f"square {Path(name).name}" for name in batch.names]
        assert batch.skipped == ()
        assert batch.frames_BTCHW.min() >= 0 and 0.5 < batch.frames_BTCHW.max() <= 1
    assert forms == {(6, 2, 64, 64), (6, 1, 64, 96)}


def heading(flow_T2HW: torch.Tensor, valid_THW: torch.Tensor) -> torch.Tensor:
    """The flow (x, y) of what moves fastest in a clip."""
    flow_2N = flow_T2HW.movedim(1, 0).flatten(1)
    speed_N = flow_2N.norm(dim=0) * valid_THW.flatten()
    return flow_2N[:, speed_N > 0.8 * speed_N.max()].median(dim=1).values


def test_the_target_is_the_motion_of_the_clip_as_it_is_shown(good: CaptionedIndex) -> None:
    """The square goes right, 1.2 x 4 pixels of the video a step: left where it is mirrored."""
    directions = Counter()
    for turn in range(8):
        batch = first(source(good, target=SceneFlow(subtract_camera=False)), turn)
        for flow_T2HW, valid_THW in zip(batch.flow_BT2HW, batch.valid_BTHW, strict=True):
            x, y = heading(flow_T2HW, valid_THW).tolist()
            directions[x > 0] += 1
            assert 1.2 * 4 * 64 / 96 * 0.7 < abs(x) < 1.2 * 4 * 64 / 96 * 2.2
            assert abs(y) < 0.5
    assert min(directions.values()) > 10


def test_an_epoch_has_each_video_once(good: CaptionedIndex) -> None:
    clips = source(good)
    draws = [draw for turn in range(5) for draw in clips.plan(np.random.default_rng(0), turn)]
    items = [draw.item for draw in draws]
    assert [sorted(items[start : start + 10]) for start in (0, 10, 20)] == [list(range(10))] * 3
    assert items[:10] != items[10:20]
    assert len({draw.seed for draw in draws[:6]}) == 6


def test_forms_take_turns_and_videos_follow_whatever_their_clips_are(good: CaptionedIndex) -> None:
    clips = CaptionedFlow(good, (Form(1, 64, 64), Form(3, 64, 64)), 12 * 64 * 64, 1, seed=0)
    assert clips.smallest == 3
    plans = [clips.plan(np.random.default_rng(0), turn) for turn in range(20)]
    sizes = [len(plan) for plan in plans]
    assert all(sorted(sizes[turn : turn + 2]) == [3, 6] for turn in range(0, 20, 2))
    assert {tuple(sizes[turn : turn + 2]) for turn in range(0, 20, 2)} == {(3, 6), (6, 3)}
    items = [draw.item for plan in plans for draw in plan]
    assert all(sorted(items[at : at + 10]) == list(range(10)) for at in range(0, 90, 10))


def same(one: Batch, other: Batch) -> None:
    assert one.names == other.names
    assert one.sentences == other.sentences
    assert one.skipped == other.skipped
    for name in ("frames_BTCHW", "flow_BT2HW", "valid_BTHW"):
        assert torch.equal(getattr(one, name), getattr(other, name)), name


@pytest.mark.parametrize("workers", [0, 2])
def test_processes_and_workers_see_together_what_one_sees(
    good: CaptionedIndex, workers: int
) -> None:
    whole = StepBatches([source(good)], [1], 5, steps=4)
    parts = [
        DataLoader(
            StepBatches([source(good)], [1], 5, steps=4, part=Part(rank, 4)),
            batch_size=None,
            num_workers=workers,
        )
        for rank in range(4)
    ]
    for step, shares in enumerate(zip(*parts, strict=True)):
        expected = whole[step]
        for rank, share in enumerate(shares):
            assert share.names == expected.names[rank::4]
            for name in ("frames_BTCHW", "flow_BT2HW", "valid_BTHW"):
                assert torch.equal(getattr(share, name), getattr(expected, name)[rank::4]), name
    same(whole[2], StepBatches([source(good)], [1], 5, steps=9)[2])


def test_what_is_broken_is_named_and_the_rest_goes_on(
    tmp_path: Path, moving, odd: dict[str, bytes], capfd
) -> None:
    members = {"good.mp4": moving(0), "good.txt": b"a square", "mute.mp4": moving(1)}
    members |= {"latin.mp4": moving(2), "latin.txt": b"caf\xe9"}
    members |= {"lie.mkv": ten_hours(moving(3)), "lie.txt": b"short"}
    for name, content in odd.items():
        members |= {f"{name}.mp4": content, f"{name}.txt": b"something"}
    index = open_captioned([tar(tmp_path / "0.tar", members)])
    batch = first(source(index, pixels=len(index) * 3 * 64 * 64))
    captions = {Path(n).name: s for n, s in zip(batch.names, batch.sentences, strict=True)}
    assert captions == {"good": "a square", "latin": "café", "lie": "short"}
    told = {Path(s.name).name: (s.why, s.reason) for s in batch.skipped}
    assert set(told) == {*odd, "mute"}
    assert {name: why for name, (why, _) in told.items()} == {
        "truncated": "broken",
        "empty": "broken",
        "page": "broken",
        "one_frame": "broken",
        "static": "static",
        "cuts": "cut",
        "mute": "uncaptioned",
    }
    for name, said in {
        "truncated": "cut off", "empty": "empty", "page": "can't be read", "one_frame": "fewer than"
    }.items():  # fmt: skip
        assert said in told[name][1]
    assert capfd.readouterr().err == ""


def test_files_that_vanish_are_broken(tmp_path: Path, moving) -> None:
    (tmp_path / "a.mp4").write_bytes(moving(0))
    (tmp_path / "captions.json").write_text('{"a": ["a square"]}')
    folder = open_captioned([tmp_path])
    shard = tar(
        tmp_path / "0.tar", {"b.mp4": moving(0), "b.txt": b"x", "c.mp4": b"", "c.json": b"{"}
    )
    index = folder + open_captioned([shard])
    batch = first(source(index, pixels=3 * 3 * 64 * 64))
    assert len(batch.names) == 2
    assert "c.json: is no JSON" in batch.skipped[0].reason
    shard.unlink()
    (tmp_path / "a.mp4").unlink()
    batch = first(source(index, pixels=3 * 3 * 64 * 64))
    assert {s.why for s in batch.skipped} == {"broken"}
    assert {s.reason for s in batch.skipped} == {"can't be read (No such file or directory)"}


def test_where_nothing_is_left_a_blank_clip_counts_for_nothing(
    tmp_path: Path, odd: dict[str, bytes]
) -> None:
    index = open_captioned([tar(tmp_path / "0.tar", {"a.mp4": odd["empty"], "a.txt": b"x"})])
    batch = first(source(index))
    assert len(batch.skipped) == 6
    assert batch.frames_BTCHW.shape[0] == 1
    assert len(batch.sentences) == len(batch.clip_of_E) == 1
    assert batch.valid_BTHW.sum() == 0


def test_a_cut_in_a_video_is_gone_round(tmp_path: Path) -> None:
    frames = [*scene(0, 40, 0.7), *scene(1, 40, 0.7)]
    write(tmp_path / "a.mp4", frames)
    (tmp_path / "captions.json").write_text('{"a": ["two squares"]}')
    clips = source(open_captioned([tmp_path]), pixels=10 * 3 * 64 * 64)
    for turn in range(4):
        batch = first(clips, turn)
        assert batch.skipped == ()
        steps = (batch.frames_BTCHW[:, 1:] - batch.frames_BTCHW[:, :-1]).abs()
        assert steps.numel() == 0 or steps.mean((1, 2, 3, 4)).max() < 0.15


def test_a_short_video_is_slowed_down(tmp_path: Path) -> None:
    write(tmp_path / "a.mp4", scene(0, 4, 4))
    (tmp_path / "captions.json").write_text('{"a": ["a square"]}')
    assert len(first(source(open_captioned([tmp_path]))).names) == 6


def test_several_captions_of_a_video(tmp_path: Path, moving) -> None:
    (tmp_path / "a.mp4").write_bytes(moving(0))
    (tmp_path / "captions.json").write_text('{"a": ["one", "two", "three"]}')
    clips = CaptionedFlow(open_captioned([tmp_path]), FORMS, 6 * 3 * 64 * 64, 2, seed=0)
    batch = first(clips)
    assert batch.clip_of_E.tolist() == [0, 0, 1, 1, 2, 2, 3, 3, 4, 4, 5, 5]
    assert set(batch.sentences) == {"one", "two", "three"}


def test_a_mirrored_clip_has_no_side_in_its_caption(tmp_path: Path, moving) -> None:
    (tmp_path / "a.mp4").write_bytes(moving(0))
    (tmp_path / "captions.json").write_text('{"a": ["a square goes to the right"]}')
    clips = source(open_captioned([tmp_path]), target=SceneFlow(subtract_camera=False))
    for turn in range(2):
        batch = first(clips, turn)
        for flow_T2HW, valid_THW in zip(batch.flow_BT2HW, batch.valid_BTHW, strict=True):
            assert heading(flow_T2HW, valid_THW)[0] > 0


def test_real_captioned_video() -> None:
    if not SHARED.is_dir():
        pytest.skip(f"{SHARED} isn't there: it is development material")
    index = open_captioned([SHARED / "captioned", SHARED / "davis-train27"])
    clips = CaptionedFlow(index, [Form(2, 96, 160)], 52 * 3 * 96 * 160, 1, seed=0)
    batch = first(clips)
    assert len(batch.names) >= 45
    assert {s.why for s in batch.skipped} <= {"static", "cut"}
    names: list[Skipped] = list(batch.skipped)
    assert len(set(batch.names)) + len(names) == 52
