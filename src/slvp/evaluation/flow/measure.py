"""Errors of predicted flow on held-out clips, clip by clip.

Judged is the flow of each clip's first frame. It is told from that frame alone or from the whole
clip, with the clip's caption, another clip's or none.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import torch
from torch import nn

from slvp.models.heads import FlowOutput
from slvp.training.losses import FlowTarget, flow_unit
from slvp.training.objectives import first_frame, flow_target
from slvp.types import Batch

PREDICTIONS = {
    "frame-right": "the clip's caption",
    "frame-other": "another clip's caption",
    "frame-none": "no caption",
    "clip-right": "the clip's caption",
    "clip-other": "another clip's caption",
    "zero": "no flow",
    "mean": "mean flow",
    "target": "the target itself",
}
"""What is compared with the target: what the model says of frame and clip, and what needs none."""


@dataclass(frozen=True)
class Errors:
    """What is wrong with a prediction of one clip.

    Attributes:
        loss: mean error of moving and that of still pixels, added, in flow units: what the recipe
            ``lite`` minimises, whichever loss a model was trained with.
        distance: mean end-point error, in pixels, where the target moves.
        exact_distance: mean end-point error, in pixels, against the flow that is known to be true,
            where that moves and the target can be trusted; None where none is known, or nothing
            moves.
    """

    loss: float
    distance: float
    exact_distance: float | None


@dataclass(frozen=True)
class ClipErrors:
    """What is wrong with all predictions of one clip, by the names of ``PREDICTIONS``."""

    name: str
    caption: str
    other: str
    errors: dict[str, Errors]


@dataclass(frozen=True)
class Measured:
    """What was found.

    Attributes:
        clips: those in which something moves.
        unmoved: how many were left out since nothing does.
        skipped: how many could not be read or used.
    """

    clips: tuple[ClipErrors, ...]
    unmoved: int
    skipped: int


@torch.no_grad()
def measure(
    model: nn.Module,
    batches: Iterable[tuple[Batch, Batch | None]],
    clips: int,
    mean_2: torch.Tensor | None = None,
) -> Measured:
    """Measure the errors of the first clips in which something moves.

    Args:
        model: gives flow; in evaluation mode.
        batches: of held-out clips with captions of others, on the model's device; and the same
            with the true flow, where it is known. They are taken until there are enough clips.
        clips: how many.
        mean_2: the mean flow to compare with, as :func:`mean_flow` gives it; None for that of the
            measured clips themselves, than which no other constant is better.
    """
    found: list[_Clip] = []
    unmoved = skipped = 0
    for batch, exact in batches:
        skipped += len(batch.skipped)
        for clip in _clips(model, batch, exact):
            moves = bool(clip.target.moving_ETHW.any())
            unmoved += not moves and bool(clip.target.still_ETHW.any())
            if moves:
                found.append(clip)
        if len(found) >= clips:
            break
    found = found[:clips]
    if mean_2 is None:
        mean_2 = _mean_flow([clip.target for clip in found])
    return Measured(tuple(clip.errors(mean_2) for clip in found), unmoved, skipped)


def mean_flow(batches: Iterable[Batch], clips: int) -> torch.Tensor:
    """Return the mean (x and y, in flow units) of clips' first frames, where it can be trusted.

    Args:
        batches: of clips with flow. They are taken until there are enough.
        clips: how many of those in which something moves.
    """
    found: list[FlowTarget] = []
    for batch in batches:
        target = flow_target(first_frame(batch))
        every = (_one(target, number) for number in range(len(batch.sentences)))
        found += [one for one in every if one.moving_ETHW.any()]
        if len(found) >= clips:
            break
    return _mean_flow(found[:clips])


@dataclass(frozen=True)
class _Clip:
    """A clip with its targets and predictions (E = T = 1), on the CPU.

    Attributes:
        pixels: of a flow unit.
    """

    name: str
    caption: str
    other: str
    target: FlowTarget
    exact: FlowTarget | None
    outputs: dict[str, FlowOutput]
    pixels: float

    def errors(self, mean_2: torch.Tensor) -> ClipErrors:
        """Compare all predictions with the targets."""
        everywhere = mean_2[:, None, None].expand_as(self.target.flow_ET2HW)
        outputs = self.outputs | {
            "zero": self.target.zero(),
            "mean": FlowOutput(everywhere),
            "target": FlowOutput(self.target.flow_ET2HW),
        }
        errors = {name: self._errors(output) for name, output in outputs.items()}
        return ClipErrors(self.name, self.caption, self.other, errors)

    def _errors(self, output: FlowOutput) -> Errors:
        target, exact = self.target, self.exact
        error_ETHW = target.error(output)
        loss = _mean(error_ETHW, target.moving_ETHW) + _mean(error_ETHW, target.still_ETHW)
        distance = _mean(target.distance(output), target.moving_ETHW) * self.pixels
        if exact is None:
            return Errors(loss, distance, None)
        trusted_ETHW = (target.moving_ETHW + target.still_ETHW) * exact.moving_ETHW
        known = _mean(exact.distance(output), trusted_ETHW) * self.pixels
        return Errors(loss, distance, known if trusted_ETHW.any() else None)


def _clips(model: nn.Module, batch: Batch, exact: Batch | None) -> Iterator[_Clip]:
    frame = first_frame(batch)
    target = flow_target(frame)
    true = None if exact is None else flow_target(first_frame(exact))
    none = [""] * len(batch.sentences)
    outputs = _told(model, frame, {"frame-right": batch.sentences, "frame-other": batch.others})
    outputs |= _told(model, frame, {"frame-none": none})
    outputs |= _told(model, batch, {"clip-right": batch.sentences, "clip-other": batch.others})
    assert batch.flow_BT2HW is not None
    for number, (caption, other) in enumerate(zip(batch.sentences, batch.others, strict=True)):
        yield _Clip(
            name=batch.names[int(batch.clip_of_E[number])],
            caption=caption,
            other=other,
            target=_one(target, number),
            exact=None if true is None else _one(true, number),
            outputs={
                name: FlowOutput(flow_E2HW[number][None, None])
                for name, flow_E2HW in outputs.items()
            },
            pixels=flow_unit(batch.flow_BT2HW),
        )


def _told(
    model: nn.Module, batch: Batch, captions: dict[str, list[str]]
) -> dict[str, torch.Tensor]:
    """Ask for the flow of the first frame (E2HW, on the CPU) with several sets of captions."""
    asked = [text for sentences in captions.values() for text in sentences]
    output: FlowOutput = model(batch.frames_BTCHW, asked, batch.clip_of_E.repeat(len(captions)))
    flows = output.flow_ET2HW[:, 0].float().cpu().chunk(len(captions))
    return dict(zip(captions, flows, strict=True))


def _one(target: FlowTarget, number: int) -> FlowTarget:
    return FlowTarget(
        target.flow_ET2HW[number][None].cpu(),
        target.moving_ETHW[number][None].cpu(),
        target.still_ETHW[number][None].cpu(),
    )


def _mean_flow(targets: list[FlowTarget]) -> torch.Tensor:
    """Return the mean (x and y, in flow units) of all that can be trusted."""
    total_2, count = torch.zeros(2), 0.0
    for target in targets:
        weight_ETHW = target.moving_ETHW + target.still_ETHW
        total_2 += (target.flow_ET2HW * weight_ETHW[:, :, None]).sum((0, 1, 3, 4))
        count += float(weight_ETHW.sum())
    return total_2 / max(count, 1.0)


def _mean(value: torch.Tensor, weight: torch.Tensor) -> float:
    return float((value * weight).sum() / weight.sum().clamp(min=1e-6))
