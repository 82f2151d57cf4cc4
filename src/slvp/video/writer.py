"""Frames out: H.264 in mp4 as browsers play it, with the sound of the source."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager, suppress
from fractions import Fraction
from pathlib import Path
from types import TracebackType
from typing import Self

import av
import numpy as np
from av.audio.stream import AudioStream
from av.container import OutputContainer
from av.packet import Packet
from av.video.reformatter import ColorRange, Colorspace
from av.video.stream import VideoStream

from slvp.errors import UserError
from slvp.types import UInt8Array

_SUFFIXES = frozenset({".mp4", ".m4v", ".mov"})
_TICKS_PER_SECOND = 90_000  # at least: fine enough for the times of any camera
_COPIED_AUDIO = frozenset({"aac", "mp3"})  # what browsers play out of an mp4
_AUDIO_RATE = 48_000  # Hz, of sound that has to be encoded anew
_ENCODING = {"preset": "veryfast", "crf": "20"}
_AT_ONCE = {"tune": "zerolatency", "g": "48"}  # each key frame begins a part with its own index
_SPREAD_INDEX = "+frag_keyframe+empty_moov+default_base_moof"
_BT709 = 1  # AVCOL_SPC_BT709, AVCOL_PRI_BT709 and AVCOL_TRC_BT709 alike


class VideoWriter:
    """Writes frames to an mp4 file: H.264, yuv420p, BT.709, index at the front.

    A context manager. The file appears under its name when the block ends; where the block ends
    in an exception nothing is left. Frames of odd width or height get their last column or row
    twice, as 4:2:0 colour needs even sizes.

    Args:
        path: where to write; its folder must exist.
        frame_rate: frames per second, for frames without a time of their own.
        audio_from: a video file whose sound is taken along, as far as the frames reach. AAC and
            MP3 are copied, other codecs become AAC. Both start at time 0 of that file.
        endless: for recordings that nobody knows the length of: the index is spread over the file
            (a fragmented mp4), so that memory doesn't grow with it, and what was written before a
            power cut can be played.

    Raises:
        UserError: ``path`` can't be written, or the sound of ``audio_from`` can't be read.
    """

    def __init__(
        self,
        path: str | Path,
        *,
        frame_rate: Fraction,
        audio_from: Path | None = None,
        endless: bool = False,
    ) -> None:
        self._path = Path(path)
        if self._path.suffix.lower() not in _SUFFIXES:
            raise UserError(f"{path} would hold H.264 video; give a name that ends in .mp4.")
        self._part = self._path.with_name(f".{self._path.name}.{os.getpid()}.part")
        self._audio_from = audio_from
        self._movflags = _SPREAD_INDEX if endless else "+faststart"
        self._encoding = _ENCODING | (_AT_ONCE if endless else {})
        # mp4 counts in whole ticks: a multiple of the rate keeps regular frames regular.
        self._rate = frame_rate.limit_denominator(1001)
        multiple = math.ceil(_TICKS_PER_SECOND / self._rate.numerator)
        self._tick = Fraction(1, self._rate.numerator * multiple)
        self._ticks_per_frame = self._rate.denominator * multiple
        self._last_pts = -self._ticks_per_frame
        self._stream: VideoStream | None = None
        self._sound: _Sound | None = None

    def __enter__(self) -> Self:
        if self._path.is_dir():
            raise UserError(f"{self._path} is a folder; give the name of a file that isn't there.")
        with self._writing():
            self._part.open("wb").close()
            self._container: OutputContainer = av.open(
                str(self._part), mode="w", format="mp4", options={"movflags": self._movflags}
            )
        return self

    def write(self, image_HW3: UInt8Array, time: float | None = None) -> None:
        """Append a frame.

        Args:
            image_HW3: uint8 RGB, of the size of the first one.
            time: seconds from the start; None for one frame duration after the frame before. A
                time that doesn't grow is moved to just after the frame before.
        """
        height, width, _ = image_HW3.shape
        even_HW3 = np.pad(image_HW3, ((0, height % 2), (0, width % 2), (0, 0)), mode="edge")
        if time is None:
            pts = self._last_pts + self._ticks_per_frame
        else:
            pts = max(round(time / self._tick), self._last_pts + 1)
        with self._writing():
            if self._stream is None:
                self._stream = self._add_video(even_HW3.shape[1], even_HW3.shape[0])
                if self._audio_from is not None:
                    self._sound = _Sound(self._audio_from, self._container)
            frame = av.VideoFrame.from_ndarray(even_HW3, format="rgb24").reformat(
                format="yuv420p",
                dst_colorspace=Colorspace.ITU709,
                dst_color_range=ColorRange.MPEG,
            )
            frame.pts, frame.time_base, frame.duration = pts, self._tick, self._ticks_per_frame
            self._container.mux(self._stream.encode(frame))
            self._last_pts = pts
            if self._sound is not None:
                self._sound.mux_until(float(pts * self._tick))

    def _writing(self) -> AbstractContextManager[None]:
        return _as_user_error(
            f"{self._path} can't be written",
            "give a file in a folder that exists, that you may write to and that has room",
        )

    def _add_video(self, width: int, height: int) -> VideoStream:
        stream = self._container.add_stream("libx264", rate=self._rate, options=self._encoding)
        stream.width, stream.height, stream.pix_fmt = width, height, "yuv420p"
        context = stream.codec_context
        context.time_base = self._tick
        context.colorspace = context.color_primaries = context.color_trc = _BT709
        context.color_range = ColorRange.MPEG
        return stream

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        try:
            if error is None:
                self._finish()
        finally:
            if self._sound is not None:
                self._sound.close()
            with suppress(av.FFmpegError):  # a full disk, which has been told already
                self._container.close()
            self._part.unlink(missing_ok=True)

    def _finish(self) -> None:
        if self._stream is None:
            raise ValueError(f"no frame was written to {self._path}")
        with self._writing():
            if self._sound is not None:
                self._sound.mux_until(float((self._last_pts + self._ticks_per_frame) * self._tick))
            self._container.mux(self._stream.encode(None))
            self._container.close()
            self._part.replace(self._path)


class _Sound:
    """The sound of a file on its way into another, packet by packet."""

    def __init__(self, source: Path, output: OutputContainer) -> None:
        self._output = output
        self._packets: Iterator[Packet[AudioStream]] = iter(())
        self._source = source
        with self._reading():
            self._input = av.open(str(source), mode="r")
        if not self._input.streams.audio:
            return
        track = self._input.streams.audio[0]
        if track.codec_context.codec.canonical_name in _COPIED_AUDIO:
            self._packets = self._copied(track, output.add_stream_from_template(track))
        else:
            encoder = output.add_stream("aac", rate=_AUDIO_RATE)
            encoder.layout = "mono" if track.channels == 1 else "stereo"
            self._packets = self._encoded(track, encoder)

    def mux_until(self, time: float) -> None:
        """Write the packets up to ``time`` in seconds, so that sound and pictures interleave."""
        for packet in self._packets:
            reached = float((packet.pts or 0) * packet.time_base)
            self._output.mux(packet)
            if reached >= time:
                return

    def close(self) -> None:
        self._input.close()

    def _reading(self) -> AbstractContextManager[None]:
        return _as_user_error(
            f"the sound of {self._source} can't be read", "repair the file or give one without"
        )

    def _copied(self, track: AudioStream, copy: AudioStream) -> Iterator[Packet[AudioStream]]:
        start = self._start(track)
        with self._reading():
            for packet in self._input.demux(track):
                if packet.pts is not None and packet.dts is not None:  # else the empty last one
                    packet.pts, packet.dts = packet.pts - start, packet.dts - start
                    packet.stream = copy
                    yield packet

    def _encoded(self, track: AudioStream, encoder: AudioStream) -> Iterator[Packet[AudioStream]]:
        start = self._start(track)
        with self._reading():
            for frame in self._input.decode(track):
                if frame.pts is not None:
                    frame.pts -= start
                yield from encoder.encode(frame)
            yield from encoder.encode(None)

    def _start(self, track: AudioStream) -> int:
        """Start of the whole file, where ``VideoReader`` has its time 0, in ticks of a track."""
        assert track.time_base is not None
        seconds = Fraction(self._input.start_time or 0, av.time_base)
        return round(seconds / track.time_base)


@contextmanager
def _as_user_error(failure: str, advice: str) -> Iterator[None]:
    try:
        yield
    except (av.FFmpegError, OSError) as error:
        raise UserError(f"{failure} ({error.strerror}); {advice}.") from error
