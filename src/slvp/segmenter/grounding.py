"""What grounded segmenters have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from typing import Generic

from slvp.errors import UserError
from slvp.models.text import check_sentences
from slvp.segmenter.base import NO_FIRST_MASKS
from slvp.segmenter.first_masks import FirstMasks
from slvp.segmenter.linking import F, Grounded
from slvp.types import UInt8Array
from slvp.video import Video, images_of


class Grounding(ABC, Generic[F]):
    """Chooses boxes for sentences in the frames of a video."""

    def ground(self, video: Video, sentences: Sequence[str]) -> Iterator[Grounded[F]]:
        """Choose boxes without segmenting what they hold.

        Args:
            video: a file or folder, or frames in order: uint8 RGB, HW3, of equal size.
            sentences: E sentences.

        Yields:
            Each frame, in order.

        Raises:
            UserError: a sentence can't be asked or the video can't be read (at the call), or a
                frame is of another kind or size (when it is reached).
        """
        check_sentences(sentences)
        return self._ground(images_of(video), list(sentences))

    @abstractmethod
    def _ground(self, images: Iterator[UInt8Array], sentences: list[str]) -> Iterator[Grounded[F]]:
        """Choose boxes in frames that are checked."""


def check_no_masks(first_masks: FirstMasks | None) -> None:
    """Check that no object's mask is given: it says already where the object is.

    Raises:
        UserError: one is.
    """
    if first_masks is not None and any(mask is not None for mask in first_masks):
        raise UserError(NO_FIRST_MASKS)
