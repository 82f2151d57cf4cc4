"""(video, sentences) -> masks: overlapping windows, vision once for all sentences.

A window is a few consecutive frames that the model sees together. Windows overlap by half and
are blended with weights that fall towards their ends, so that masks don't jump where one window
hands over to the next. Only one window is in memory at a time, and vision sees each frame once.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import numpy.typing as npt
import torch
from torch.nn import functional as F  # noqa: N812

from slvp.errors import UserError
from slvp.models.checkpoint import from_pretrained
from slvp.models.device import choose_device, keep_freed_memory
from slvp.models.heads import MaskOutput
from slvp.models.slvp import SLVP
from slvp.models.text import Words, check_sentences
from slvp.models.vision import Pyramid
from slvp.types import Prediction, UInt8Array
from slvp.video import Video, images_of

MAX_SIDE = 2_048
MULTIPLE = 32

SENTENCES_AT_ONCE = 8
"""More are asked in turn, so that what the model needs in between does not grow with them."""


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
        window = model.config.window if window is None else window
        if window < 1:
            raise UserError(f"window {window}: expected at least one frame")
        if model.config.head != "mask":
            raise UserError(
                "the model has a flow head, which gives no masks; expected a model that "
                "'slvp finetune' wrote"
            )
        keep_freed_memory()
        self.device = choose_device(device) if isinstance(device, str) else device
        self.model = model.to(self.device).eval()
        self.size = size
        self.window = window
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
            device=device,
            size=size,
            window=window,
            threshold=threshold,
            presence_threshold=presence_threshold,
        )

    def segment(self, video: Video, sentences: Sequence[str]) -> Prediction:
        """Segment a clip that fits in memory.

        Args:
            video: a file or folder, or its T frames: uint8 RGB, HW3, of equal size.
            sentences: E sentences.

        Raises:
            UserError: a sentence can't be asked, or there are no frames or unsuitable ones.
        """
        parts = list(self.stream(video, sentences))
        if not parts:
            raise UserError("no frames were given; expected at least one")
        return Prediction(
            sentences=list(sentences),
            probability_ETHW=np.concatenate([part.probability_ETHW for part in parts], axis=1),
            presence_ET=np.concatenate([part.presence_ET for part in parts], axis=1),
            threshold=self.threshold,
            presence_threshold=self.presence_threshold,
        )

    def stream(self, video: Video, sentences: Sequence[str]) -> Iterator[Prediction]:
        """Segment a video of any length in constant memory.

        Args:
            video: a file or folder, or frames in order: uint8 RGB, HW3, of equal size.
            sentences: E sentences.

        Yields:
            Predictions for consecutive runs of frames; every frame once, in order.

        Raises:
            UserError: a sentence can't be asked or the video can't be read (at the call), or a
                frame is of another kind or size (when it is reached).
        """
        check_sentences(sentences)
        return self._stream(images_of(video), list(sentences))

    @torch.inference_mode()
    def _stream(self, images: Iterator[UInt8Array], sentences: list[str]) -> Iterator[Prediction]:
        words = [
            self.model.encode_text(sentences[start : start + SENTENCES_AT_ONCE])
            for start in range(0, len(sentences), SENTENCES_AT_ONCE)
        ]
        hop = max(1, self.window // 2)
        first = 0
        # Of the frames that two windows share: features, and weighted sums of what was said.
        shared: Pyramid | None = None
        carried: _Blend | None = None
        new = list(itertools.islice(images, self.window))
        while new:
            size = new[0].shape[:2]
            pyramid = self._encode(new)
            if shared is not None:
                pyramid = shared.followed_by(pyramid)
            blend = self._answer(pyramid, words)
            if carried is not None:
                blend.add(carried)
            new = list(itertools.islice(images, hop))
            # With nothing new, this was the last window and all of it is final.
            final = hop if new else pyramid.frames
            yield self._prediction(blend, final, size, sentences, first)
            shared = pyramid.after(final)
            carried = blend.after(final)
            first += final

    def _encode(self, images: list[UInt8Array]) -> Pyramid:
        return self.model.encode_vision(
            torch.stack([self._resize(image) for image in images])[None]
        )

    def _answer(self, pyramid: Pyramid, words: list[Words]) -> _Blend:
        answers = [self._decode(pyramid, some) for some in words]
        logits_ETHW, presence_ET = (torch.cat(parts) for parts in zip(*answers, strict=True))
        frames = presence_ET.shape[1]
        ramp_T = torch.arange(1, frames + 1, device=self.device)
        weight_T = torch.minimum(ramp_T, frames + 1 - ramp_T).float()
        return _Blend(logits_ETHW * weight_T[:, None, None], presence_ET * weight_T, weight_T)

    def _decode(self, pyramid: Pyramid, words: Words) -> tuple[torch.Tensor, torch.Tensor]:
        clip_of_E = torch.zeros(len(words.words_ELC), dtype=torch.long, device=self.device)
        output = self.model.decode(pyramid, words, clip_of_E)
        assert isinstance(output, MaskOutput)
        return output.best()

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
        probability_ETHW = np.stack(
            [self._full_probability(logits_THW, size) for logits_THW in logits_ETHW]
        )
        presence_ET = (blend.presence_ET[:, :frames] / weight_T).sigmoid()
        return Prediction(
            sentences=sentences,
            probability_ETHW=probability_ETHW,
            presence_ET=presence_ET.float().cpu().numpy(),
            threshold=self.threshold,
            presence_threshold=self.presence_threshold,
            first_frame=first,
        )

    @staticmethod
    def _full_probability(
        logits_THW: torch.Tensor, size: tuple[int, ...]
    ) -> npt.NDArray[np.float16]:
        full_1THW = F.interpolate(logits_THW[None], size=size, mode="bilinear", align_corners=False)
        return full_1THW[0].sigmoid().half().cpu().numpy()


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
