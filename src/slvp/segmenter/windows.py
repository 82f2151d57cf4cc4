"""The model asked window by window about a video of any length.

A window is a few consecutive frames that the model sees together. Windows of SLVP overlap by half
and are blended with weights that fall towards their ends, so that masks don't jump where one window
hands over to the next; those of ReferFormer don't overlap, as published. Only a few windows are in
memory at a time.
"""

from __future__ import annotations

import itertools
from collections import deque
from collections.abc import Iterator, Sequence
from concurrent.futures import Future
from dataclasses import dataclass

import torch

from slvp.segmenter.blending import Blend, mean_answer
from slvp.segmenter.overlapping import Helpers
from slvp.segmenter.views import View
from slvp.types import UInt8Array


@dataclass(frozen=True, eq=False)
class Answers:
    """What the model says of T consecutive frames.

    Attributes:
        images: the frames, uint8 RGB, HW3.
        logits_ETHW: at the stride of the model's masks.
        presence_ET: in 0..1.
        levels: what vision makes of the frames at strides 4 to 32, each TCHW; empty if not wanted.
    """

    images: list[UInt8Array]
    logits_ETHW: torch.Tensor
    presence_ET: torch.Tensor
    levels: list[torch.Tensor]


@torch.inference_mode()
def ask_windows(
    images: Iterator[UInt8Array],
    views: Sequence[View],
    window: int,
    hop: int,
    helpers: Helpers,
    *,
    ahead: int | None = None,
    keep_levels: bool = False,
) -> Iterator[Answers]:
    """Ask about all frames of a video, in order, each once.

    Helpers decode windows while the caller's thread reads and sees others.

    Args:
        images: the frames, uint8 RGB, HW3, of equal size.
        views: the ways of asking, made for this video; their answers are averaged.
        window: frames seen together.
        hop: how many frames further each window begins.
        helpers: who decodes; the caller closes them.
        ahead: windows that are given to helpers before the first is waited for; as many as suits
            them by default.
        keep_levels: hand on what the first view's vision makes of the frames.
    """
    ahead = helpers.ahead if ahead is None else ahead
    # Pictures of frames whose answer is not out yet; windows that are being decoded, what vision
    # made of them, and how many of their frames no later window shares; weighted sums of what was
    # said of the others.
    waiting: deque[UInt8Array] = deque()
    decoding: deque[tuple[Future[Blend], list[torch.Tensor], int]] = deque()
    carried: Blend | None = None
    new, held = list(itertools.islice(images, window)), 0
    while new or decoding:
        if new:
            waiting.extend(new)
            with helpers.sharing():
                seen = [view.see(new) for view in views]
            held += len(new)
            new = list(itertools.islice(images, hop))
            # With nothing new, this was the last window and all of it is final.
            final = hop if new else held
            held -= final
            for view in views:
                view.forget(final)
            levels = [level_BTCHW[0] for level_BTCHW in seen[0].levels] if keep_levels else []
            decoding.append((helpers.do(mean_answer, list(views), seen), levels, final))
        if len(decoding) > ahead or not new:
            answer, levels, final = decoding.popleft()
            blend = answer.result()
            if carried is not None:
                blend.add(carried)
            carried = blend.after(final)
            weight_T = blend.weight_T[:final]
            yield Answers(
                [waiting.popleft() for _ in range(final)],
                blend.logits_ETHW[:, :final] / weight_T[:, None, None],
                (blend.presence_ET[:, :final] / weight_T).sigmoid(),
                [level_TCHW[:final] for level_TCHW in levels],
            )
