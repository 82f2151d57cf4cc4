from fractions import Fraction

import numpy as np
import pytest
from av.codec.hwaccel import hwdevices_available

from slvp.video import VideoReader, VideoWriter


@pytest.mark.parametrize("hardware", sorted({"cuda", *hwdevices_available()}))
def test_a_video_is_decoded_wherever_it_is(hardware: str, tmp_path) -> None:
    path = tmp_path / "clip.mp4"
    with VideoWriter(path, frame_rate=Fraction(10)) as writer:
        for image in np.random.default_rng(0).integers(0, 255, (5, 64, 96, 3), dtype=np.uint8):
            writer.write(image)
    with VideoReader(path) as ours, VideoReader(path, hardware=hardware) as theirs:
        assert theirs.info == ours.info
        for one, other in zip(ours, theirs, strict=True):
            difference = one.image_HW3.astype(int) - other.image_HW3
            assert abs(difference).mean() < 2  # devices turn colours into RGB by rules of their own
