"""Clips with pseudo masks: what they say of each pixel, for every kind of label."""

from dataclasses import dataclass, replace
from typing import get_args

import cv2
import numpy as np
import pytest
import torch
from test_benchmark_clips import SIDES, DrawnMasks, batches, video

from slvp.data import benchmark_clips
from slvp.data.captioned.clips import Form
from slvp.data.labels.kinds import WeakKind
from slvp.data.labels.records import SENTENCE_ONLY
from slvp.data.labels.weaken import weaken
from slvp.data.pseudo_masks.store import PseudoMasks, path_of, write_pseudo_masks
from slvp.data.weak_clips import WeakClips, pseudo_frames, pseudo_names

FORMS = [Form(4, 32, 64), Form(1, 64, 64)]
SURE = {1: 255, 2: 191}  # of the objects' pseudo masks, where they are: certain, and likely
TRUST = {1: 1.0, 2: 2 * 191 / 255 - 1}
BOTH = {"the one on the left": (1,), "both of them": (1, 2)}
ALL = tuple(range(12))


def weak(kind, texts=SIDES, every=1, **what):
    """Return a drawn video's sentences with labels of one kind."""
    labels = SENTENCE_ONLY
    if kind != "sentence":
        labels = weaken(DrawnMasks(**what), ALL, (1, 2), kind, every=every)
    return [replace(one, masks=None, scored=(), labels=labels) for one in video("v", texts, **what)]


def clips(folder, expressions, most_frames=12, forms=FORMS, **what):
    """Write pseudo masks, half as wide and high as the frames, and return clips with them."""
    frames = pseudo_frames(expressions[0], most_frames)
    objects = {}
    for one in expressions:
        # One of several objects, or what a sentence alone describes.
        names = pseudo_names(one)
        objects |= zip(names, (one.object_ids[:1] if len(names) == 1 else one.object_ids), strict=1)
    masks = DrawnMasks(**what)
    maps = [
        [np.where(masks.ids(t)[::2, ::2] == one, SURE[one], 0) for t in frames]
        for one in objects.values()
    ]
    shape = len(objects), len(frames), 30, 40
    told = PseudoMasks(frames, tuple(objects), np.array(maps, np.uint8).reshape(shape))
    write_pseudo_masks(path_of(folder, "v"), told)
    return WeakClips(
        "drawn", expressions, forms, 3 * 4 * 32 * 64, 2, 0, pseudo=folder, most_frames=most_frames
    )


@pytest.fixture
def plain(monkeypatch):
    """Cut out whole frames, and leave their colours as they are."""
    monkeypatch.setattr(benchmark_clips, "_draw_box", lambda *_: (slice(0, 60), slice(0, 80)))
    monkeypatch.setattr(benchmark_clips.compositing, "degrade", lambda rng, frames: frames)
    monkeypatch.setattr(benchmark_clips.compositing, "vary_colour", lambda rng, rgb, how: rgb)


@pytest.fixture
def windows(monkeypatch):
    """The frames that clips were cut from, in order."""
    drawn = []
    draw = benchmark_clips._draw_window

    def listening(*arguments):
        drawn.append(draw(*arguments))
        return drawn[-1]

    monkeypatch.setattr(benchmark_clips, "_draw_window", listening)
    return drawn


def looked_at(source, turns, windows):
    """Yield what clips say of each sentence in each frame: its text, frame and three maps (HW)."""
    for _, batch in batches(source, turns):
        for mask_THW, trust_THW, boxes_THW, text, clip in zip(
            batch.masks_ETHW,
            batch.trust_ETHW,
            batch.boxes_ETHW,
            batch.sentences,
            batch.clip_of_E.tolist(),
            strict=True,
        ):
            window = windows[len(windows) - len(batch.names) + clip]
            for place, t in enumerate(window):
                yield text, t, mask_THW[place], trust_THW[place], boxes_THW[place]


def agreement(one_HW, other_HW):
    return ((one_HW & other_HW).sum() / (one_HW | other_HW).sum().clamp(min=1)).item()


@pytest.mark.parametrize("kind", [*get_args(WeakKind), "sentence"])
@pytest.mark.usefixtures("plain")
def test_pseudo_masks_lie_on_what_the_sentence_names_and_count_as_they_are_sure(tmp_path, kind):
    expressions = weak(kind)
    for draws, batch in batches(clips(tmp_path, expressions), 6):
        form = FORMS[draws[0].form]
        shape = (2 * len(draws), form.frames, form.height, form.width)
        assert batch.masks_ETHW.shape == batch.trust_ETHW.shape == batch.boxes_ETHW.shape == shape
        assert batch.flow_BT2HW.shape == (len(draws), form.frames, 2, *shape[2:])
        assert batch.valid_BTHW.shape == (len(draws), *shape[1:])
        assert not batch.skipped
        grey_ETHW = 255 * batch.frames_BTCHW[batch.clip_of_E, :, 0]
        for mask_THW, trust_THW, grey_THW in zip(
            batch.masks_ETHW, batch.trust_ETHW, grey_ETHW, strict=True
        ):
            one = 1 if grey_THW[mask_THW == 1].median() < 170 else 2
            shown = (grey_THW > 60) & (grey_THW < 170) if one == 1 else grey_THW >= 170
            assert agreement(shown, mask_THW == 1) > 0.7  # edges of the other are as grey
            assert trust_THW[mask_THW == 1].max().item() == pytest.approx(TRUST[one])
            assert trust_THW[mask_THW == 0].max() == 1
            assert trust_THW.min() < 0.5  # at the outline


@pytest.mark.parametrize("kind", ["point", "first-frame", "sentence"])
def test_boxes_are_known_from_boxes_alone(tmp_path, kind):
    for _, batch in batches(clips(tmp_path, weak(kind)), 4):
        assert (batch.boxes_ETHW == -1).all()


@pytest.mark.usefixtures("plain")
def test_boxes_lie_around_their_objects(tmp_path, windows):
    source = clips(tmp_path, weak("box", BOTH))
    for text, _, mask_HW, _, boxes_HW in looked_at(source, 6, windows):
        assert set(boxes_HW.unique().tolist()) == {0, 1}
        # The drawn objects fill their boxes; both together have two of them.
        assert agreement(boxes_HW == 1, mask_HW == 1) > 0.8
        columns = boxes_HW.any(0).int().diff()
        assert int((columns == 1).sum()) == (2 if text == "both of them" else 1)


@pytest.mark.parametrize("every", [3, 12])
def test_in_frames_that_nobody_labelled_no_box_is_known(tmp_path, windows, every):
    seen = set()
    for _, t, mask_HW, _, boxes_HW in looked_at(
        clips(tmp_path, weak("box", every=every)), 20, windows
    ):
        assert (boxes_HW == -1).all() if t % every else (boxes_HW >= 0).all()
        assert mask_HW.any()  # for there are pseudo masks, whoever labelled the frame
        seen.add(t)
    assert seen == set(ALL)
    unlabelled = [window for window in windows if all(t % every for t in window)]
    assert bool(unlabelled)  # windows without any label are looked at, too


@pytest.mark.usefixtures("plain")
def test_objects_that_a_labelled_frame_does_not_show_have_no_box_there(tmp_path, windows):
    texts = {"the one on the left": (1,), "both of them": (1, 2), "a zebra": ()}
    source = clips(tmp_path, weak("box", texts, every=2, gone_from=6), gone_from=6)
    found = {}
    for text, t, mask_HW, trust_HW, boxes_HW in looked_at(source, 30, windows):
        known = "none" if (boxes_HW < 0).all() else "box" if boxes_HW.any() else "nothing"
        assert found.setdefault((text, t), known) == known
        assert mask_HW.any() == (text != "a zebra" and (t < 6 or text == "both of them"))
        if text == "a zebra":
            assert (trust_HW == 1).all()
    for t in ALL:
        unlabelled = t % 2 == 1
        assert found["a zebra", t] == "nothing"
        left = "box" if t < 6 else "nothing"
        assert found["the one on the left", t] == ("none" if unlabelled else left)
        assert found["both of them", t] == ("none" if unlabelled else "box")


def test_sentences_of_one_object_have_pseudo_masks_of_their_own_where_no_object_is_known():
    texts = {"the one on the left": (1,), "the small one": (1,), "both": (1, 2), "a zebra": ()}
    alone = [pseudo_names(one) for one in weak("sentence", texts)]
    assert [len(names) for names in alone] == [1, 1, 1, 0]
    assert len({names for names in alone if names}) == 3
    assert [pseudo_names(one) for one in weak("box", texts)] == [("1",), ("1",), ("1", "2"), ()]


@pytest.mark.parametrize("kind", ["box", "sentence"])
def test_only_frames_that_have_pseudo_masks_are_looked_at(tmp_path, windows, kind):
    expressions = weak(kind, every=5)
    source = clips(tmp_path, expressions, most_frames=6)
    chosen = pseudo_frames(expressions[0], 6)
    assert len(chosen) <= 6
    assert kind == "sentence" or {0, 5, 10} <= set(chosen)
    for _, batch in batches(source, 30):
        assert not batch.skipped
    assert {t for window in windows for t in window} == set(chosen)
    assert max(len(window) for window in windows) == 4  # though they are not in a row


def test_frames_of_first_masks_that_come_later_are_among_the_chosen():
    late = {3: {7: "a mask"}, 1: {0: "a mask"}}
    (one, _) = weak("first-frame")
    labels = replace(one.labels, frames=late, labelled=(0,))
    assert {0, 7} <= set(pseudo_frames(replace(one, labels=labels), 5))


def test_a_video_of_one_frame_gives_clips_of_one_frame(tmp_path):
    labels = weaken(DrawnMasks(length=1), (0,), (1, 2), "box")
    expressions = [
        replace(one, masks=None, scored=(), labels=labels) for one in video("v", SIDES, length=1)
    ]
    source = clips(tmp_path, expressions, length=1)
    assert {form.frames for form in source.forms} == {1}
    for _, batch in batches(source, 2):
        assert not batch.flow_BT2HW.any()
        assert not batch.valid_BTHW.any()


@dataclass(frozen=True)
class Scrolled:
    """Frames of a texture that goes down by two rows a frame, as before a camera that looks up."""

    names = tuple(f"{t:05d}" for t in ALL)

    def read(self, indices):
        noise_HW = np.random.default_rng(0).integers(0, 255, (60, 80)).astype(np.uint8)
        texture_HW = cv2.resize(noise_HW[::4, ::4], (80, 60), interpolation=cv2.INTER_CUBIC)
        for t in indices:
            yield np.repeat(np.roll(texture_HW, 2 * t, 0)[..., None], 3, -1)


@pytest.mark.usefixtures("plain")
def test_flow_takes_pixels_to_the_next_frame_of_the_clip(tmp_path, windows):
    expressions = [replace(one, frames=Scrolled()) for one in weak("box")]
    source = clips(tmp_path, expressions, forms=[Form(3, 60, 80)])
    for _, batch in batches(source, 4):
        some = windows[-len(batch.names) :]
        for window, flow_T2HW, valid_THW in zip(
            some, batch.flow_BT2HW, batch.valid_BTHW, strict=True
        ):
            assert not flow_T2HW[-1].any()
            assert not valid_THW[-1].any()
            assert valid_THW[:-1].mean() > 0.5
            # The camera's motion is left in it.
            down_THW = flow_T2HW[:-1, 1][:, 15:45]
            assert down_THW.median().item() == pytest.approx(2 * (window[1] - window[0]), abs=0.5)
            assert flow_T2HW[:-1, 0].median().item() == pytest.approx(0, abs=0.3)


def test_parts_of_a_batch_are_made_alike(tmp_path):
    source = clips(tmp_path, weak("box", every=3))
    for draws, whole in batches(source, 2):
        for clip, draw in enumerate(draws):
            alone = source.make([draw])
            own = whole.clip_of_E == clip
            for name in ("masks_ETHW", "trust_ETHW", "boxes_ETHW"):
                assert torch.equal(getattr(alone, name), getattr(whole, name)[own])
            assert torch.equal(alone.flow_BT2HW[0], whole.flow_BT2HW[clip])
