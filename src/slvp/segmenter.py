"""(video, sentences) -> masks: overlapping windows, vision once for all sentences.

A window is a few consecutive frames that the model sees together. Windows overlap by half and
are blended with weights that fall towards their ends, so that masks don't jump where one window
hands over to the next. Only one window is in memory at a time.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional as F  # noqa: N812

from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.models.heads import MaskOutput
from slvp.models.slvp import SLVP
from slvp.models.text import Words
from slvp.types import Prediction, UInt8Array

MAX_SENTENCE = 1_000
"""Characters of a sentence that are accepted: well above any referring expression."""

MAX_SIDE = 2_048
MULTIPLE = 32


class Segmenter:
    """Finds, in every frame, what each sentence describes.

    >>> segmenter = Segmenter.from_pretrained("default")
    >>> prediction = segmenter.segment(frames, ["a brown dog"])
    >>> prediction.masks_ETHW.shape

    Args:
        model: an SLVP model with a mask head.
        device: where it runs.
        size: short side that frames are resized to, in pixels; the model's own by default.
        window: frames that the model sees at a time; the model's own by default.
        threshold: probability above which a pixel belongs to the object.
        presence_threshold: presence below which a frame's mask is empty; the model's own by
            default.
    """

    def __init__(
        self,
        model: SLVP,
        *,
        device: str | torch.device = "cpu",
        size: int | None = None,
        window: int | None = None,
        threshold: float = 0.5,
        presence_threshold: float | None = None,
    ) -> None:
        size = model.config.frame_size if size is None else size
        if presence_threshold is None:
            presence_threshold = model.config.presence_threshold
        if not MULTIPLE <= size <= MAX_SIDE:
            raise UserError(f"size {size}: expected a short side of {MULTIPLE} to {MAX_SIDE} px")
        for name, value in (("threshold", threshold), ("presence threshold", presence_threshold)):
            if not 0 <= value <= 1:
                raise UserError(f"{name} {value}: expected a number from 0 to 1")
        if model.config.head != "mask":
            raise UserError(
                "the model has a flow head, which gives no masks; expected a model that "
                "'slvp finetune' wrote"
            )
        self.device = torch.device(device)
        self.model = model.to(self.device).eval()
        self.size = size
        self.window = model.config.window if window is None else window
        self.threshold = threshold
        self.presence_threshold = presence_threshold

    @classmethod
    def from_pretrained(
        cls,
        name_or_path: str | Path = "default",
        *,
        device: str = "auto",
        size: int | None = None,
        window: int | None = None,
        threshold: float = 0.5,
        presence_threshold: float | None = None,
    ) -> Segmenter:
        """Load a shipped model, a folder or a hub's ``owner/name``.

        Raises:
            UserError: no such model, or no such device.
        """
        return cls(
            from_pretrained(name_or_path),
            device=choose_device(device),
            size=size,
            window=window,
            threshold=threshold,
            presence_threshold=presence_threshold,
        )

    def segment(
        self, frames: UInt8Array | Sequence[UInt8Array], sentences: Sequence[str]
    ) -> Prediction:
        """Segment a clip that fits in memory.

        Args:
            frames: T frames, uint8 RGB, of equal size.
            sentences: E sentences.
        """
        parts = list(self.stream(frames, sentences))
        if not parts:
            raise UserError("no frames were given; expected at least one")
        return Prediction(
            sentences=list(sentences),
            probability_ETHW=np.concatenate([part.probability_ETHW for part in parts], axis=1),
            presence_ET=np.concatenate([part.presence_ET for part in parts], axis=1),
            threshold=self.threshold,
            presence_threshold=self.presence_threshold,
        )

    def stream(
        self, frames: Iterable[UInt8Array], sentences: Sequence[str]
    ) -> Iterator[Prediction]:
        """Segment a video of any length in constant memory.

        Args:
            frames: frames in order, uint8 RGB, of equal size.
            sentences: E sentences.

        Yields:
            Predictions for consecutive runs of frames; every frame once, in order.

        Raises:
            UserError: a sentence is empty or too long.
        """
        # Not in the generator itself: bad sentences should be told at the call.
        check_sentences(sentences)
        return self._stream(iter(frames), list(sentences))

    @torch.inference_mode()
    def _stream(self, frames: Iterator[UInt8Array], sentences: list[str]) -> Iterator[Prediction]:
        words = self.model.encode_text(sentences)
        hop = max(1, self.window // 2)
        buffer = list(itertools.islice(frames, self.window))
        first = 0
        # Weighted sums of the frames of the buffer that an earlier window has seen.
        carried: _Blend | None = None
        while buffer:
            blend = self._window(buffer, words)
            if carried is not None:
                blend.add(carried)
            new = list(itertools.islice(frames, hop))
            # With nothing new, this was the last window and all of it is final.
            final = min(hop, len(buffer)) if new else len(buffer)
            yield self._prediction(blend, final, buffer[0].shape[:2], sentences, first)
            carried = blend.after(final)
            buffer = [*buffer[final:], *new]
            first += final
            if not new:
                return

    def _window(self, images: list[UInt8Array], words: Words) -> _Blend:
        frames_1TCHW = torch.stack([self._resize(image) for image in images])[None]
        clip_of_E = torch.zeros(len(words.words_ELC), dtype=torch.long, device=self.device)
        output = self.model.decode(self.model.encode_vision(frames_1TCHW), words, clip_of_E)
        assert isinstance(output, MaskOutput)
        logits_ETHW, presence_ET = output.best()
        frames = len(images)
        ramp_T = torch.arange(1, frames + 1, device=self.device)
        weight_T = torch.minimum(ramp_T, frames + 1 - ramp_T).float()
        return _Blend(logits_ETHW * weight_T[:, None, None], presence_ET * weight_T, weight_T)

    def _resize(self, image_HW3: UInt8Array) -> torch.Tensor:
        """Return frame_CHW in 0..1, its short side about ``size``, both sides multiples of 32."""
        height, width = image_HW3.shape[:2]
        scale = self.size / min(height, width)
        sides = [
            min(MAX_SIDE, max(MULTIPLE, round(side * scale / MULTIPLE) * MULTIPLE))
            for side in (height, width)
        ]
        pixels = torch.from_numpy(np.ascontiguousarray(image_HW3)).to(self.device)
        return F.interpolate(
            pixels.permute(2, 0, 1)[None].float() / 255,
            size=sides,
            mode="bilinear",
            antialias=True,
            align_corners=False,
        )[0]

    def _prediction(
        self,
        blend: _Blend,
        frames: int,
        size: tuple[int, ...],
        sentences: list[str],
        first: int,
    ) -> Prediction:
        weight_T = blend.weight_T[:frames]
        logits_ETHW = blend.logits_ETHW[:, :frames] / weight_T[:, None, None]
        full_ETHW = F.interpolate(logits_ETHW, size=size, mode="bilinear", align_corners=False)
        presence_ET = (blend.presence_ET[:, :frames] / weight_T).sigmoid()
        return Prediction(
            sentences=sentences,
            probability_ETHW=full_ETHW.sigmoid().half().cpu().numpy(),
            presence_ET=presence_ET.float().cpu().numpy(),
            threshold=self.threshold,
            presence_threshold=self.presence_threshold,
            first_frame=first,
        )


class _Blend:
    """Weighted sums over windows of what was said of a run of frames."""

    def __init__(
        self, logits_ETHW: torch.Tensor, presence_ET: torch.Tensor, weight_T: torch.Tensor
    ) -> None:
        self.logits_ETHW = logits_ETHW
        self.presence_ET = presence_ET
        self.weight_T = weight_T

    def add(self, earlier: _Blend) -> None:
        """Add an earlier window's sums to the first of these frames."""
        shared = len(earlier.weight_T)
        self.logits_ETHW[:, :shared] += earlier.logits_ETHW
        self.presence_ET[:, :shared] += earlier.presence_ET
        self.weight_T[:shared] += earlier.weight_T

    def after(self, frames: int) -> _Blend:
        """Return the sums without the first ``frames`` frames."""
        return _Blend(
            self.logits_ETHW[:, frames:], self.presence_ET[:, frames:], self.weight_T[frames:]
        )


def check_sentences(sentences: Sequence[str]) -> None:
    """Raise a UserError unless every sentence can be asked."""
    if not sentences:
        raise UserError("no sentence was given; expected at least one, such as 'a brown dog'")
    for number, sentence in enumerate(sentences, start=1):
        if not sentence.strip():
            raise UserError(f"sentence {number} is empty; expected words, such as 'a brown dog'")
        if len(sentence) > MAX_SENTENCE:
            raise UserError(
                f"sentence {number} has {len(sentence):,} characters; expected at most "
                f"{MAX_SENTENCE:,}: describe one object in a few words"
            )


def choose_device(name: str) -> torch.device:
    """Turn ``auto``, ``cpu``, ``cuda``, ``cuda:1`` or ``mps`` into a device that is there."""
    if name == "auto":
        return torch.device("cuda" if torch.cuda.is_available() else "cpu")
    available = {
        "cpu": True,
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
    }
    kind, _, index = name.partition(":")
    count = torch.cuda.device_count() if kind == "cuda" else 1
    if not available.get(kind, False) or (index and not (index.isdigit() and int(index) < count)):
        usable = ", ".join(["auto", *(kind for kind, there in available.items() if there)])
        raise UserError(f"device {name!r}: not available here; expected one of {usable}")
    return torch.device(name)
