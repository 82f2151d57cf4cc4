"""Frames from a container that FFmpeg reads: mp4, mov, webm, avi, mkv, gif, ..."""

from __future__ import annotations

import contextlib
import itertools
import struct
from collections.abc import Iterator
from fractions import Fraction
from pathlib import Path
from typing import BinaryIO

import av
import numpy as np
from av.codec.hwaccel import HWAccel
from av.container import InputContainer
from av.sidedata.sidedata import SideData
from av.stream import Disposition
from av.video.reformatter import Colorspace, Interpolation
from av.video.stream import VideoStream

from slvp.errors import UserError
from slvp.types import UInt8Array
from slvp.video.records import DEFAULT_RATE, MAX_SIDE, Frame, VideoInfo, on_white

_ISO_FIRST_BOXES = frozenset({b"ftyp", b"moov", b"mdat", b"wide", b"free", b"skip"})
_UNSPECIFIED_COLOURS = 2  # AVCOL_SPC_UNSPECIFIED


class DecodedFrames:
    """The frames of a container that FFmpeg reads.

    Args:
        file: its path, or what reads it.
        label: what messages call it.
        name: of the video.
        hardware: FFmpeg's name of a device that should decode, such as ``cuda``. Where there is
            none, or it knows no such video, the processor does.
    """

    def __init__(
        self, file: str | BinaryIO, *, label: str, name: str, hardware: str | None = None
    ) -> None:
        self._file, self._label, self._hardware = file, label, hardware
        container, stream = self._open()
        frames = self._decode(container, stream)
        first = next(frames, None)  # only a frame shows that it is a video
        if first is None:
            raise self._no_frames()
        self._prepared: Iterator[av.VideoFrame] | None = itertools.chain([first], frames)
        self._size = first.width, first.height
        self._orientation = orientation(first)
        self._start = (container.start_time or 0) / av.time_base
        rate = stream.average_rate or stream.guessed_rate or DEFAULT_RATE
        width, height = reversed(self._size) if self._orientation[0] else self._size
        self.info = VideoInfo(
            name=name,
            width=width,
            height=height,
            frame_rate=rate,
            frame_count=stream.frames or _count_from_duration(container, stream, rate),
            has_audio=bool(container.streams.audio) and self._can_be_reopened(),
        )
        self._digits = max(5, len(str(self.info.frame_count or 0)))

    def _can_be_reopened(self) -> bool:
        return isinstance(self._file, str) and Path(self._file).is_file()

    def _open(self) -> tuple[InputContainer, VideoStream]:
        try:
            container = self._container()
        except av.error.EOFError as error:
            raise self._no_frames() from error
        except av.FFmpegError as error:
            raise UserError(
                f"{self._label} can't be read as a video ({error.strerror}); "
                "give an mp4, mov, webm, avi, mkv or gif file, or a folder of images."
            ) from error
        stream = moving_pictures(container)
        if stream is None:
            raise UserError(f"{self._label} has no moving pictures in it; give a video.")
        if max(stream.width, stream.height) > MAX_SIDE:
            raise UserError(
                f"{self._label} claims {stream.width} x {stream.height} pixels; "
                f"give a video of at most {MAX_SIDE} pixels a side."
            )
        stream.thread_type = "AUTO"
        return container, stream

    def _container(self) -> InputContainer:
        if self._hardware is not None and isinstance(self._file, str):
            device = HWAccel(self._hardware, allow_software_fallback=True)
            with contextlib.suppress(av.FFmpegError):  # there is no such device
                return av.open(self._file, mode="r", hwaccel=device)
        return av.open(self._file, mode="r")

    def _decode(self, container: InputContainer, stream: VideoStream) -> Iterator[av.VideoFrame]:
        """Decode to the end; the container is closed with the generator and never before it."""
        count, cut_off = 0, False
        try:
            with container:
                for packet in container.demux(stream):
                    # The packet that ends the stream is empty. Broadcasts have corrupt packets in
                    # their midst that decoders conceal, so only a broken last one is an error.
                    if packet.size:
                        cut_off = packet.is_corrupt
                    for frame in packet.decode():
                        count += 1
                        yield frame
        except av.FFmpegError as error:
            raise self._damaged(count) from error
        if cut_off:
            raise self._damaged(count)

    def _no_frames(self) -> UserError:
        return UserError(f"{self._label} has no frames in it; give a video that has some.")

    def _damaged(self, count: int) -> UserError:
        if count == 0 and not self._can_be_reopened():
            return UserError(
                f"{self._label} has no frame that can be decoded on the fly; give the file itself, "
                "or an mp4 with its index at the front (ffmpeg -movflags +faststart)."
            )
        return UserError(
            f"{self._label} is damaged or cut off after frame {count}; "
            "copy or download it again, or repair it."
        )

    def __iter__(self) -> Iterator[Frame]:
        frames, self._prepared = self._prepared, None
        if frames is None:
            frames = self._decode(*self._open())
        for index, frame in enumerate(frames):
            # A stream may change its size midway; players scale to the first one, so do we.
            image_HW3 = upright(to_rgb(frame, *self._size), self._orientation)
            untimed = frame.pts is None
            time = float(index / self.info.frame_rate) if untimed else frame.time - self._start
            yield Frame(np.ascontiguousarray(image_HW3), time)

    def frame_name(self, index: int) -> str:
        """Index in as many digits as the length needs, at least five, so that names sort."""
        return f"{index:0{self._digits}d}"

    def close(self) -> None:
        """Release the file, unless an iteration goes on; that one releases it at its end."""
        self._prepared = None


def moving_pictures(container: InputContainer) -> VideoStream | None:
    """Return the first stream that can be decoded and isn't the cover of a song."""
    for stream in container.streams.video:
        has_decoder = getattr(stream, "codec_context", None) is not None
        if has_decoder and not stream.disposition & Disposition.attached_pic:
            return stream
    return None


def _count_from_duration(
    container: InputContainer, stream: VideoStream, rate: Fraction
) -> int | None:
    if stream.duration and stream.time_base:
        return round(stream.duration * stream.time_base * rate)
    if container.duration:
        return round(Fraction(container.duration, av.time_base) * rate)
    return None


def check_file(path: Path) -> None:
    """Find what can be told from the bytes of a file, with better words than the decoder has.

    Raises:
        UserError: the file is missing, empty or cut off.
        OSError: it can't be read.
    """
    if not path.exists():
        raise UserError(f"{path} doesn't exist; give a video file, a folder of images, or '-'.")
    if not path.is_file():  # a named pipe, whose first bytes the decoder will want
        return
    with path.open("rb") as file:
        check_content(file, path.stat().st_size, str(path))


def check_content(file: BinaryIO, size: int, label: str) -> None:
    """Find what can be told from the bytes of a video, here ``size`` of them from the start.

    Raises:
        UserError: it is empty or cut off.
    """
    if size == 0:
        raise UserError(f"{label} is empty (0 bytes); copy or download it again.")
    boxes = _top_level_boxes(file)
    if boxes and boxes[0][0] in _ISO_FIRST_BOXES:
        # FFmpeg decodes what is left of a cut file and then ends as if all were well.
        cut_off = any(kind == b"mdat" and end > size for kind, end in boxes)
        if cut_off or all(kind != b"moov" for kind, _ in boxes):
            raise UserError(
                f"{label} is cut off: a part of the video is missing ({size} bytes are there); "
                "copy or download it again."
            )


def _top_level_boxes(file: BinaryIO) -> list[tuple[bytes, int]]:
    """List (kind, offset of its end) of the boxes of an ISO media file (ISO/IEC 14496-12, 4.2).

    Of another kind of file the list is short and meaningless.
    """
    boxes: list[tuple[bytes, int]] = []
    offset = 0
    while len(header := file.read(16)) >= 8:
        size, kind = struct.unpack(">I4s", header[:8])
        if size == 1 and len(header) == 16:
            (size,) = struct.unpack(">Q", header[8:])
        if size < 8:  # 0: up to the end of the file
            boxes.append((kind, offset))
            break
        offset += size
        boxes.append((kind, offset))
        file.seek(offset)
    return boxes


def to_rgb(
    frame: av.VideoFrame, width: int, height: int, interpolation: Interpolation | None = None
) -> UInt8Array:
    """Return a frame scaled to ``width`` x ``height``, not yet upright."""
    has_alpha = any(component.is_alpha for component in frame.format.components)
    # Players take unlabelled colours for BT.709 from high definition on, and for BT.601 below.
    unlabelled = frame.colorspace == _UNSPECIFIED_COLOURS and frame.height > 576
    pixels = frame.to_ndarray(
        format="rgba" if has_alpha else "rgb24",
        width=width,
        height=height,
        src_colorspace=Colorspace.ITU709 if unlabelled else None,
        interpolation=interpolation,
    ).astype(np.uint8, copy=False)
    return on_white(pixels) if has_alpha else pixels


Orientation = tuple[bool, bool, bool]
"""How to show a frame: transposed, then flipped left to right, then upside down."""


def orientation(frame: av.VideoFrame) -> Orientation:
    """Read the display matrix.

    It maps (x, y) to (a x + c y, b x + d y); a, b, c, d are its entries 0, 1,
    3 and 4. Cameras write multiples of 90 degrees and mirrors.
    """
    matrix = frame.side_data.get("DISPLAYMATRIX")
    if not isinstance(matrix, SideData):
        return False, False, False
    a, b, _, c, d, *_ = struct.unpack("=9i", bytes(matrix))
    transposed = abs(b) > abs(a)
    return (True, c < 0, b < 0) if transposed else (False, a < 0, d < 0)


def upright(image_HW3: UInt8Array, shown: Orientation) -> UInt8Array:
    """Turn a picture as it is to be shown; a view of the same pixels."""
    transposed, flip_x, flip_y = shown
    if transposed:
        image_HW3 = image_HW3.transpose(1, 0, 2)
    return image_HW3[:: -1 if flip_y else 1, :: -1 if flip_x else 1]
