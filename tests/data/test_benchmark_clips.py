from collections import Counter
from dataclasses import dataclass, replace

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from referring_photographs import write_photographs

from slvp.data import benchmark_clips
from slvp.data.benchmark_clips import BenchmarkClips, keep_videos, split_videos
from slvp.data.benchmarks.catalog import TRAINED_ON, TRAINING_SPLIT
from slvp.data.benchmarks.masks import IdMap
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.captioned.clips import Form
from slvp.data.examples.a2d_sentences import write_a2d_sentences
from slvp.data.examples.mevis import write_mevis
from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.data.examples.ref_youtube_vos import write_ref_youtube_vos
from slvp.data.referring_images import load_referring_images
from slvp.errors import UserError

FORMS = [Form(4, 32, 64), Form(1, 64, 64)]
PIXELS = 3 * 4 * 32 * 64
BRIGHTNESS = {1: 120, 2: 220}  # of objects; the background is black


@dataclass(frozen=True)
class Drawn:
    """A video of two rectangles, one on the left and one on the right, that move down."""

    length: int = 12
    gone_from: int = 99  # frame from which object 1 isn't there
    broken: bool = False
    mask_columns: int = 80

    @property
    def names(self) -> tuple[str, ...]:
        return tuple(f"{t:05d}" for t in range(self.length))

    def ids(self, t: int) -> np.ndarray:
        ids_HW = np.zeros((60, self.mask_columns), np.uint8)
        if t < self.gone_from:
            ids_HW[10 + t : 30 + t, 6:34] = 1
        ids_HW[15 + t : 40 + t, 46:72] = 2
        return ids_HW


class DrawnFrames(Drawn):
    def read(self, indices):
        if self.broken:
            raise UserError("00000.jpg can't be read as a picture.")
        for t in indices:
            ids_HW = self.ids(t)
            frame_HW = sum((ids_HW == one) * value for one, value in BRIGHTNESS.items())
            yield np.repeat(frame_HW[..., None], 3, -1).astype(np.uint8)


class DrawnMasks(Drawn):
    def read(self, t):
        return IdMap(self.ids(t))


def video(name, texts, scored=None, **what) -> list[BenchmarkExpression]:
    """Return the expressions of a video; each text is asked of objects by their numbers."""
    frames = DrawnFrames(**what)
    masks = DrawnMasks(**what)
    scored = tuple(range(frames.length)) if scored is None else scored
    return [
        BenchmarkExpression(name, str(number), text, object_ids, "", frames, masks, scored)
        for number, (text, object_ids) in enumerate(texts.items())
    ]


SIDES = {"the one on the left": (1,), "the one on the right": (2,)}


def clips(expressions, **changes) -> BenchmarkClips:
    options = {"forms": FORMS, "pixels": PIXELS, "sentences": 2, "seed": 0}
    return BenchmarkClips("drawn", expressions, **(options | changes))


def batches(source, turns):
    for turn in range(turns):
        draws = source.plan(np.random.default_rng(turn), turn)
        yield draws, source.make(draws)


@pytest.fixture
def plain(monkeypatch):
    """Leave the colours as they are."""
    monkeypatch.setattr(benchmark_clips.compositing, "degrade", lambda rng, frames: frames)
    monkeypatch.setattr(benchmark_clips.compositing, "vary_colour", lambda rng, rgb, how: rgb)


@pytest.mark.usefixtures("plain")
def test_masks_lie_on_what_the_sentence_names():
    pixels, wrong, mirrored = 0, 0, Counter()
    for draws, batch in batches(clips(video("v", SIDES)), 10):
        form = FORMS[draws[0].form]
        assert len(draws) == round(PIXELS / (form.frames * form.height * form.width))
        shape = (form.frames, form.height, form.width)
        assert batch.frames_BTCHW.shape == (len(draws), shape[0], 3, *shape[1:])
        assert batch.masks_ETHW.shape == (2 * len(draws), *shape)
        assert batch.names == ("drawn/v",) * len(draws)
        for clip in range(len(draws)):
            own = batch.clip_of_E == clip
            said = [s for s, mine in zip(batch.sentences, own, strict=True) if mine]
            assert set(said) == set(SIDES)
            frames_THW = batch.frames_BTCHW[clip, :, 0] * 255
            centres = {}
            for sentence, mask_THW in zip(said, batch.masks_ETHW[own], strict=True):
                shown = frames_THW[mask_THW == 1]
                is_first = bool(shown.median() < 170)
                # Not at its border, where resized frames are grey.
                expected_THW = (
                    (frames_THW > 60) & (frames_THW < 170) if is_first else frames_THW >= 170
                )
                wrong += int((expected_THW != (mask_THW == 1)).sum())
                pixels += mask_THW.numel()
                centres[sentence] = float(mask_THW.nonzero()[:, 2].float().mean())
                mirrored[is_first == (sentence == "the one on the left")] += 1
            # Mirrored or not, the sentences are true.
            assert centres["the one on the left"] < centres["the one on the right"]
    assert wrong < 0.03 * pixels
    assert min(mirrored[True], mirrored[False]) > 0.3 * mirrored.total()


@pytest.mark.usefixtures("plain")
def test_windows_are_frames_at_equal_distances(monkeypatch):
    windows = []
    read = DrawnFrames.read
    monkeypatch.setattr(
        DrawnFrames, "read", lambda self, indices: windows.append(indices) or read(self, indices)
    )
    for _ in batches(clips(video("v", SIDES), forms=[FORMS[0]]), 30):
        pass
    steps = {tuple(np.diff(window)) for window in windows}
    assert steps == {(1, 1, 1), (2, 2, 2), (3, 3, 3)}
    assert {t for window in windows for t in window} == set(range(12))


def test_the_last_frame_of_a_short_video_is_held():
    source = clips(video("v", SIDES, length=2), forms=[FORMS[0]])
    for _, batch in batches(source, 3):
        masks_ETHW = batch.masks_ETHW
        assert batch.frames_BTCHW.shape[1] == 4
        assert torch.equal(masks_ETHW[:, 1], masks_ETHW[:, 2])
        assert torch.equal(masks_ETHW[:, 1], masks_ETHW[:, 3])
        assert not torch.equal(masks_ETHW[:, 0], masks_ETHW[:, 1])


def test_an_object_that_leaves_has_empty_masks():
    source = clips(video("v", {"the first": (1,), "nothing": ()}, gone_from=6), forms=[FORMS[0]])
    shown = Counter()
    for _, batch in batches(source, 20):
        for sentence, mask_THW in zip(batch.sentences, batch.masks_ETHW, strict=True):
            there_T = mask_THW.flatten(1).any(1).tolist()
            shown[sentence, tuple(there_T)] += 1
            assert sorted(there_T, reverse=True) == there_T
    assert shown["nothing", (False,) * 4] == sum(shown.values()) / 2
    assert shown["the first", (True,) * 4]
    assert shown["the first", (False,) * 4]
    assert shown["the first", (True, True, False, False)]


def test_scattered_annotations_give_clips_of_one_frame():
    both = video("v", {"the first": (1,)}, scored=(2, 5))
    second = [replace(one, scored=(5, 9)) for one in video("v", {"the second": (2,)})]
    source = clips([*both, *second])
    assert source.forms == [Form(1, 32, 64), Form(1, 64, 64)]
    together = Counter()
    for draws, batch in batches(source, 10):
        assert batch.frames_BTCHW.shape[1] == 1
        for clip in range(len(draws)):
            together[int((batch.clip_of_E == clip).sum())] += 1
    # Of frame 5 both are asked, of the others one.
    assert set(together) == {1, 2}


def test_each_sentence_once_an_epoch():
    expressions = [one for number in range(5) for one in video(f"v{number}", SIDES)]
    source = clips(expressions)
    drawn = Counter()
    items = [draw.item for turn in range(20) for draw in source.plan(np.random.default_rng(), turn)]
    for epoch in range(len(items) // 10):
        assert set(items[10 * epoch : 10 * epoch + 10]) == set(range(10))
    drawn.update(
        source.plan(np.random.default_rng(), turn)[0].form for turn in range(2 * len(FORMS))
    )
    assert drawn == {0: 2, 1: 2}


def test_every_part_of_a_batch_can_be_made_alone():
    expressions = video("v", SIDES) + video("w", SIDES, broken=True)
    source = clips(expressions)
    skipped = 0
    for draws, whole in batches(source, 4):
        for clip, draw in enumerate(draws):
            alone = source.make([draw])
            own = whole.clip_of_E == clip
            assert torch.equal(alone.frames_BTCHW[0], whole.frames_BTCHW[clip])
            assert torch.equal(alone.masks_ETHW, whole.masks_ETHW[own])
            skipped += len(alone.skipped)
        skipped -= len(whole.skipped)
        assert set(whole.names) == {"drawn/v"}
    assert skipped == 0


def test_what_cannot_be_read_is_told_and_replaced():
    expressions = video("v", SIDES) + video("w", SIDES, broken=True)
    told = Counter()
    for draws, batch in batches(clips(expressions), 6):
        assert len(batch.names) == len(draws)
        told.update((s.name, s.why, s.reason) for s in batch.skipped)
    assert set(told) == {("drawn/w", "broken", "00000.jpg can't be read as a picture.")}


def test_nothing_can_be_read():
    source = clips(video("w", SIDES, broken=True))
    with pytest.raises(UserError, match="can't be read as a picture"):
        source.make(source.plan(np.random.default_rng(0), 0))


def test_masks_of_another_size_are_broken():
    (one,) = video("w", {"the first": (1,)})
    odd = replace(one, masks=DrawnMasks(mask_columns=90))
    source = clips([*video("v", SIDES), odd])
    reasons = {s.reason for _, batch in batches(source, 4) for s in batch.skipped}
    assert reasons
    assert all("of w is of 80 x 60 pixels, its masks of 90 x 60" in one for one in reasons)


@given(st.integers(0, 2**32), st.integers(8, 60), st.integers(8, 60))
def test_parts_keep_most_of_every_object(seed, height, width):
    rng = np.random.default_rng(seed)
    masks_ETHW = np.zeros((2, 3, height, width), np.uint8)
    for mask_HW in masks_ETHW.reshape(-1, height, width):
        top, left = rng.integers(height), rng.integers(width)
        mask_HW[top : top + rng.integers(20), left : left + rng.integers(20)] = 1
    form = FORMS[int(rng.integers(2))]
    box = benchmark_clips._draw_box(rng, masks_ETHW, form)
    for mask_THW in masks_ETHW:
        assert mask_THW[:, *box].sum() >= 0.5 * mask_THW.sum()


@pytest.mark.parametrize(
    ("name", "write"),
    [
        ("ref-davis17", write_ref_davis17),
        ("ref-youtube-vos", write_ref_youtube_vos),
        ("mevis", write_mevis),
        ("a2d-sentences", write_a2d_sentences),
    ],
)
def test_every_benchmark_can_be_trained_on(name, write, tmp_path):
    write(tmp_path)
    expressions = TRAINED_ON[name](tmp_path, TRAINING_SPLIT)
    source = BenchmarkClips(name, expressions, FORMS, PIXELS, 2, 0)
    frames = {form.frames for form in source.forms}
    assert frames == ({1} if name == "a2d-sentences" else {1, 4})
    asked = set()
    for draws, batch in batches(source, 4):
        assert not batch.skipped
        assert len(batch.names) == len(draws)
        assert batch.masks_ETHW.any()
        asked |= set(batch.sentences)
    texts = {one.text for one in expressions}
    assert asked & texts


def test_photographs_are_videos_of_one_frame(tmp_path):
    annotations, images = write_photographs(tmp_path)
    expressions = load_referring_images(annotations, images)
    source = clips(expressions)
    assert {form.frames for form in source.forms} == {1}
    for draws, batch in batches(source, 4):
        assert len(batch.names) == len(draws)
        assert not batch.skipped
        assert batch.masks_ETHW.flatten(1).any(1).all()
    (images / "b.jpg").write_bytes(b"no picture")
    told = {s.name for _, batch in batches(source, 4) for s in batch.skipped}
    assert told == {"drawn/b.jpg"}


@pytest.mark.parametrize(("videos", "share", "held_out"), [(20, 0.1, 2), (3, 0.1, 1), (2, 0.9, 1)])
def test_videos_are_parted(videos, share, held_out):
    expressions = [one for number in range(videos) for one in video(f"v{number}", SIDES)]
    training, rest = split_videos(expressions, share)
    seen, unseen = ({one.sequence for one in part} for part in (training, rest))
    assert not seen & unseen
    assert len(unseen) == held_out
    assert len(training) + len(rest) == len(expressions)
    assert split_videos(expressions[::-1], share)[1] == rest[::-1]


@pytest.mark.parametrize(("videos", "share"), [(1, 0.1), (5, 0.0)])
def test_videos_that_are_not_parted_serve_as_both(videos, share):
    expressions = [one for number in range(videos) for one in video(f"v{number}", SIDES)]
    assert split_videos(expressions, share) == (expressions, expressions)


def sequences(expressions) -> set[str]:
    return {one.sequence for one in expressions}


@given(
    st.sets(st.text(min_size=1), min_size=1, max_size=30),
    st.floats(0, 1, exclude_min=True),
    st.floats(0, 1, exclude_min=True),
    st.randoms(),
)
def test_videos_of_a_smaller_share_are_among_those_of_a_larger(names, one, other, order):
    expressions = [expression for name in names for expression in video(name, SIDES)]
    fewer, more = (keep_videos(expressions, share) for share in sorted((one, other)))
    assert sequences(fewer) <= sequences(more)
    assert len(sequences(fewer)) == max(1, round(min(one, other) * len(names)))
    assert len(fewer) == 2 * len(sequences(fewer))  # all sentences of a video, or none
    order.shuffle(expressions)
    assert sequences(keep_videos(expressions, min(one, other))) == sequences(fewer)


def test_all_videos_are_kept_where_all_are_wanted():
    expressions = [one for number in range(5) for one in video(f"v{number}", SIDES)]
    assert keep_videos(expressions, 1.0) == expressions


def test_who_is_kept_hangs_not_on_how_many_are_held_out():
    expressions = [one for number in range(50) for one in video(f"v{number}", SIDES)]
    few, many = (split_videos(expressions, held_out)[0] for held_out in (0.1, 0.5))
    assert sequences(keep_videos(few, 5 / 45)) == sequences(keep_videos(many, 5 / 25))
