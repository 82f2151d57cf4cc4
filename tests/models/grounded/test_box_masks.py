import numpy as np
import pytest
import torch

from slvp.models.grounded import tracking
from slvp.models.grounded.candidates import box_of
from slvp.models.grounded.loading import load_grounded
from slvp.models.grounded.prompting import ImagePrompter
from slvp.models.grounded.tracking import Tracks, VideoPrompter

ONE, OTHER = np.array([[3, 4, 20.5, 30], [30, 4, 50, 30]], dtype=np.float32)


@pytest.fixture(scope="module")
def prompter_of(tiny_folder):
    return lambda kind: load_grounded(tiny_folder("owlv2"), tiny_folder(kind)).prompter


@pytest.fixture(scope="module", params=["sam", "sam_hq", "sam2", "sam2_video"])
def prompter(request, prompter_of):
    return prompter_of(request.param)


@pytest.fixture(scope="module")
def video(prompter_of) -> VideoPrompter:
    return prompter_of("sam2_video")


@pytest.fixture
def loose(monkeypatch) -> None:
    """Let any tracked mask agree with any box."""
    monkeypatch.setattr(tracking, "_AGREES", 0.0)


@pytest.mark.parametrize("size", [(37, 53), (53, 37), (3, 40)])
def test_probabilities_are_of_the_frames_size(prompter, size) -> None:
    image_HW3 = np.random.default_rng(1).integers(0, 256, (*size, 3), dtype=np.uint8)
    masks = prompter.begin(2)
    for boxes in ([ONE, OTHER], [None, OTHER], [ONE, None]):
        boxes = [box if box is None else box.clip(0, [size[1], size[0]] * 2) for box in boxes]
        probability_EHW = masks.next(image_HW3, boxes)
        assert probability_EHW.shape == (2, *size)
        assert probability_EHW.dtype == torch.float32
        assert probability_EHW.min() >= 0 and probability_EHW.max() <= 1
        for probability_HW, box in zip(probability_EHW, boxes, strict=True):
            assert bool(probability_HW.any()) == (box is not None)


def test_without_boxes_nothing_is_there(prompter, frames) -> None:
    masks = prompter.begin(2)
    assert not masks.next(frames[0], [None, None]).any()
    assert masks.next(frames[1], [None, ONE])[1].any()
    assert not masks.next(frames[2], [None, None]).any()
    assert prompter.begin(0).next(frames[0], []).shape == (0, 37, 53)


def test_the_same_twice_and_other_boxes_other_masks(prompter, frames) -> None:
    def run() -> torch.Tensor:
        masks = prompter.begin(2)
        return torch.stack([masks.next(frame, [ONE, OTHER]) for frame in frames[:3]])

    first = run()
    assert torch.equal(first, run())
    assert not torch.equal(first[0, 0], first[0, 1])


def test_objects_know_nothing_of_each_other(prompter, frames) -> None:
    """Whenever one comes, goes or is prompted again."""
    tracks = [[ONE, ONE, None, OTHER, OTHER], [None, OTHER, OTHER, OTHER, ONE]]
    together = prompter.begin(2)
    seen = torch.stack(
        [
            together.next(frame, boxes)
            for frame, boxes in zip(frames, zip(*tracks, strict=True), strict=False)
        ]
    )
    for number, track in enumerate(tracks):
        alone = prompter.begin(1)
        for frame, box, before in zip(frames, track, seen[:, number], strict=False):
            torch.testing.assert_close(alone.next(frame, [box])[0], before, atol=1e-4, rtol=0)


@pytest.mark.parametrize("kind", ["sam", "sam_hq", "sam2", "sam2_video"])
def test_half_precision_models_are_given_half_precision(prompter_of, frames, kind) -> None:
    masks = prompter_of(kind).bfloat16().begin(1)
    for frame in frames[:2]:
        probability_EHW = masks.next(frame, [ONE])
        assert probability_EHW.dtype == torch.float32
        assert probability_EHW.any()


def test_the_mask_of_the_best_score_is_taken(prompter_of, frames) -> None:
    prompter = prompter_of("sam")
    assert isinstance(prompter, ImagePrompter)
    outputs = []
    prompter.model.register_forward_hook(lambda *call: outputs.append(call[-1]))
    (mask_HW,) = prompter.begin(1).next(frames[0], [ONE])
    (output,) = outputs
    assert output.iou_scores.shape == (1, 1, 3)
    best = output.iou_scores[0, 0].argmax()
    sizes = [[37, 53]], [[45, 64]]
    resized = prompter.processor.post_process_masks(output.pred_masks, *sizes, binarize=False)
    torch.testing.assert_close(mask_HW, resized[0][0, best].sigmoid())
    assert not torch.equal(mask_HW, resized[0][0, (best + 1) % 3].sigmoid())


def tracked(masks, frames, box) -> list[torch.Tensor]:
    return [masks.next(frame, [box])[0] for frame in frames]


def test_an_object_is_prompted_once_while_its_mask_agrees_with_its_box(
    video, frames, monkeypatch
) -> None:
    with monkeypatch.context() as patch:
        patch.setattr(tracking, "_AGREES", 0.0)
        expected = tracked(video.begin(1), frames[:4], ONE)
    masks = video.begin(1)
    boxes = [ONE, *(box_of((mask_HW > 0.5).numpy()) for mask_HW in expected[1:])]
    for frame, box, mask_HW in zip(frames, boxes, expected, strict=False):
        assert torch.equal(masks.next(frame, [box])[0], mask_HW)
    assert masks.prompts == [1]


def test_a_box_that_disagrees_prompts_anew_as_if_the_video_began_there(video, frames) -> None:
    masks = video.begin(1)
    first = masks.next(frames[0], [ONE])[0]
    box = box_of((first > 0.5).numpy())
    left, top, _, _ = box
    corner = np.array([left, top, left + 2, top + 2], dtype=np.float32)
    again = masks.next(frames[1], [corner])[0]
    assert masks.prompts == [2]
    assert torch.equal(again, video.begin(1).next(frames[1], [corner])[0])


@pytest.mark.usefixtures("loose")
def test_an_object_that_was_away_is_prompted_anew(video, frames) -> None:
    masks = video.begin(2)
    for frame, box in zip(frames, [ONE, ONE, None, ONE, ONE], strict=False):
        last = masks.next(frame, [box, OTHER])
    assert masks.prompts == [2, 1]
    fresh = video.begin(1)
    fresh.next(frames[3], [ONE])
    assert torch.equal(fresh.next(frames[4], [ONE])[0], last[0])


@pytest.mark.usefixtures("loose")
def test_what_was_seen_before_is_remembered(video, frames) -> None:
    """Otherwise the other tests would hold for a model without memory."""
    ways = []
    for first in (frames[0], frames[1]):
        masks = video.begin(1)
        masks.next(first, [ONE])
        ways.append(masks.next(frames[2], [ONE])[0])
    assert not torch.equal(*ways)


@pytest.mark.usefixtures("loose")
def test_nothing_is_forgotten_that_would_be_looked_at(video, frames, monkeypatch) -> None:
    short = tracked(video.begin(1), frames[:12], ONE)
    monkeypatch.setattr(Tracks, "_forget", lambda self, session: None)
    masks = video.begin(1)
    assert all(map(torch.equal, short, tracked(masks, frames[:12], ONE)))
    assert masks.prompts == [1]
    assert len(masks.sessions[0].processed_frames) == 12  # what transformers would keep


def entries(value, seen: set[int]) -> int:
    """Count the tensors that are reachable from a record."""
    if id(value) in seen:
        return 0
    seen.add(id(value))
    if isinstance(value, torch.Tensor):
        return 1
    if isinstance(value, dict):
        value = list(value.values())
    elif hasattr(value, "__dict__"):
        value = list(vars(value).values())
    return sum(entries(v, seen) for v in value) if isinstance(value, (list, tuple)) else 0


@pytest.mark.usefixtures("loose")
def test_memory_does_not_grow_with_the_video(video, frames) -> None:
    masks = video.begin(2)
    counts = []
    for frame in frames:
        masks.next(frame, [ONE, OTHER])
        counts.append(sum(entries(session, set()) for session in masks.sessions))
    assert masks.prompts == [1, 1]
    assert len(frames) == 30
    assert counts[0] < counts[4]
    assert set(counts[6:]) == {counts[6]}


def test_memory_does_not_grow_with_prompts(video, frames) -> None:
    masks = video.begin(1)
    counts = []
    for number, frame in enumerate(frames[:12]):
        masks.next(frame, [(ONE, None, OTHER)[number % 3]])
        counts.append(entries(masks.sessions[0], set()) if masks.sessions[0] else 0)
    assert masks.prompts == [8]
    assert max(counts) == counts[0]
