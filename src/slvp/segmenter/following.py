"""Agreement along time: what was said of the frame before, moved along optical flow.

The answers of neighbouring frames are mixed where flow can be trusted, that is, where the frame
before, moved along, looks like this frame. So masks flicker less and don't smear: where something
appears or moves faster than flow can tell, and at a cut, the frame's own answer stands.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from slvp.data.flow.dis import DisFlow
from slvp.data.guided import centred
from slvp.types import Float32Array, UInt8Array

MIX = 0.8
"""Share of the frame before, where it looks the same."""
UNLIKE = 0.06
"""Root mean square difference of colours (of 0..1) at which that share is down to 37%."""
FINER = 2
"""Flow is estimated in a picture this many times as wide and high as the maps."""

_DIS = DisFlow("fast")


class Follower:
    """Carries the maps of one video's sentences from frame to frame.

    Attributes:
        motion_HW2: how the newest frame's places moved since the one before, in places; None at
            the first frame.
    """

    def __init__(self) -> None:
        self.motion_HW2: Float32Array | None = None
        self._before: tuple[UInt8Array, Float32Array, Float32Array] | None = None

    def follow(
        self, fine_HW3: UInt8Array, logits_EHW: Float32Array, anew_E: Sequence[bool] = ()
    ) -> Float32Array:
        """Mix the next frame's maps with those of the frame before; return and remember them.

        Args:
            fine_HW3: the frame, as :func:`finer` makes it for the maps.
            logits_EHW: its maps, of the same size for all frames of the video.
            anew_E: which of them the frame before has no say in; none by default.
        """
        height, width = logits_EHW.shape[1:]
        small_HW3 = centred(shrink(fine_HW3, height, width))
        if self._before is not None:
            fine_before_HW3, before_HW3, before_EHW = self._before
            (flow_HW2,) = _DIS(np.stack([fine_before_HW3, fine_HW3]), backward=True)
            flow_HW2 = cv2.resize(flow_HW2, (width, height), interpolation=cv2.INTER_AREA) / FINER
            self.motion_HW2 = -flow_HW2
            rows, columns = np.mgrid[:height, :width].astype(np.float32)
            x_HW, y_HW = columns + flow_HW2[..., 0], rows + flow_HW2[..., 1]
            inside_HW = (x_HW >= 0) & (x_HW < width) & (y_HW >= 0) & (y_HW < height)
            difference_HW3 = _moved(before_HW3, x_HW, y_HW) - small_HW3
            alike_HW = np.exp(-np.square(difference_HW3).mean(axis=-1) / np.float32(UNLIKE**2))
            mix_HW = np.float32(MIX) * alike_HW * inside_HW
            moved_EHW = np.stack([_moved(one_HW, x_HW, y_HW) for one_HW in before_EHW])
            moved_EHW[np.flatnonzero(anew_E)] = logits_EHW[np.flatnonzero(anew_E)]
            logits_EHW = logits_EHW + mix_HW * (moved_EHW - logits_EHW)
        self._before = fine_HW3, small_HW3, logits_EHW
        return logits_EHW


def finer(image_HW3: UInt8Array, grid: tuple[int, int]) -> UInt8Array:
    """Return a frame at the size at which flow is estimated for maps of a height and width."""
    return shrink(image_HW3, *(FINER * side for side in grid))


def shrink(image_HW3: UInt8Array, height: int, width: int) -> UInt8Array:
    """Return a picture at another size, as a rule a smaller one."""
    return np.asarray(cv2.resize(image_HW3, (width, height), interpolation=cv2.INTER_AREA))


def _moved(values: Float32Array, x_HW: Float32Array, y_HW: Float32Array) -> Float32Array:
    return np.asarray(
        cv2.remap(values, x_HW, y_HW, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    )
