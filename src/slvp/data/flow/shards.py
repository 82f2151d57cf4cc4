"""Tar shards of captioned video with its flow, made from captioned video without.

A sample is three files of one key, which any reader of webdataset's shards finds. Where its flow
isn't looked at, it is a captioned video as all others are::

    KEY.json   {"caption": ["...", ...], "source": "where the video was", "fps": 6.0,
                "frames": [numbers of the frames in the source], "estimator": "dis", "camera": true}
    KEY.mp4    those frames: motion JPEG of constant rate, every frame a key frame
    KEY.flow   the flow between them: see stored.py

Beside shard ``00000.tar`` lies ``00000.json``, its report: the mark of a finished shard.
"""

from __future__ import annotations

import dataclasses
import io
import json
import tarfile
import tempfile
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO, Any

from slvp.data.captioned import CaptionedIndex, CaptionedVideo
from slvp.data.flow.samples import FlowSettings, SampleWriter, load_estimator, pieces_of
from slvp.errors import UserError
from slvp.files import whole_file

_IN_MEMORY = 2**26  # bytes of a sample's file; what is longer lies on the disk meanwhile


@dataclass
class SkippedVideo:
    """A video of which nothing, or not all, is in the shards; ``frames`` says how much."""

    name: str
    reason: str
    frames: int


@dataclass
class ShardReport:
    """What a shard holds; reports of several add up.

    Attributes:
        videos: samples.
        pairs: pairs of frames with flow.
        pixels: of all pairs.
        valid: pixels whose flow is valid.
        frame_bytes: of the frames.
        flow_bytes: of the flow.
        error: the largest that storing added to the flow, in pixels.
        skipped: videos that are not, or not wholly, in it.
    """

    videos: int = 0
    pairs: int = 0
    pixels: int = 0
    valid: int = 0
    frame_bytes: int = 0
    flow_bytes: int = 0
    error: float = 0.0
    skipped: list[SkippedVideo] = field(default_factory=list)

    def __add__(self, other: ShardReport) -> ShardReport:
        sums = {
            one.name: getattr(self, one.name) + getattr(other, one.name)
            for one in dataclasses.fields(self)
        }
        return ShardReport(**sums | {"error": max(self.error, other.error)})

    @classmethod
    def read(cls, path: Path) -> ShardReport:
        """Read the report of a finished shard."""
        values = json.loads(path.read_bytes())
        skipped = [SkippedVideo(**one) for one in values.pop("skipped")]
        return cls(**values, skipped=skipped)


@dataclass(frozen=True)
class ShardMaker:
    """Makes any of the shards, whatever became of the others. Quick to send to a worker.

    Attributes:
        videos: the source.
        out: folder of the shards.
        settings: what flow is made.
        shard_size: videos of each shard.
    """

    videos: CaptionedIndex
    out: Path
    settings: FlowSettings
    shard_size: int

    def __len__(self) -> int:
        return -(-len(self.videos) // self.shard_size)

    def numbers(self, shard: int) -> range:
        """Return which videos a shard is made from."""
        first = shard * self.shard_size
        return range(first, min(first + self.shard_size, len(self.videos)))

    def report_path(self, shard: int) -> Path:
        """Return the file that is there when a shard is finished."""
        return self.out / f"{shard:05d}.json"

    def make(self, shard: int, watch: Callable[[], object] = lambda: None) -> ShardReport:
        """Write a shard and its report.

        Args:
            shard: its number.
            watch: is called after each video.

        Raises:
            UserError: the estimator can't be had.
            OSError: the shard can't be written.
        """
        report = ShardReport()
        path = self.report_path(shard).with_suffix(".tar")
        load_estimator(self.settings)  # without it each video would be skipped for lack of it
        with (
            whole_file(path) as part,
            tarfile.open(part, "w", format=tarfile.USTAR_FORMAT) as archive,
        ):
            for number in self.numbers(shard):
                report += self._add(archive, number)
                watch()
        if report.videos == 0:  # an archive without videos would be taken for a broken one
            path.unlink()
        with whole_file(self.report_path(shard)) as part:
            part.write_text(json.dumps(dataclasses.asdict(report), indent=1) + "\n")
        return report

    def _add(self, archive: tarfile.TarFile, number: int) -> ShardReport:
        name, writer = f"video {number}", None
        with self._scratch() as frames, self._scratch() as flow:
            report = ShardReport()
            try:
                video = self._read(number)
                name = video.name
                if not video.captions:
                    raise UserError(f"{name} has no caption; expected one.")
                for piece in pieces_of(video, self.settings):
                    writer = writer or SampleWriter(frames, flow, piece)
                    writer.write(piece)
            except UserError as error:
                kept = len(writer.frames) if writer else 0
                report.skipped.append(SkippedVideo(name, str(error), kept))
            if writer is None:
                return report
            writer.finish()
            report.videos, report.pairs = 1, len(writer.frames) - 1
            report.pixels, report.valid, report.error = writer.pixels, writer.valid, writer.error
            facts = self._facts(video, writer)
            _add_file(archive, f"{number:08d}.json", io.BytesIO(json.dumps(facts).encode()))
            report.frame_bytes = _add_file(archive, f"{number:08d}.mp4", frames)
            report.flow_bytes = _add_file(archive, f"{number:08d}.flow", flow)
            return report

    def _read(self, number: int) -> CaptionedVideo:
        try:
            return self.videos.read(number)
        except OSError as error:
            raise UserError(f"its shard can't be read ({error.strerror or error}).") from error

    def _scratch(self) -> tempfile.SpooledTemporaryFile[bytes]:
        return tempfile.SpooledTemporaryFile(_IN_MEMORY, dir=str(self.out))

    def _facts(self, video: CaptionedVideo, writer: SampleWriter) -> dict[str, Any]:
        return {
            "caption": list(video.captions),
            "source": "/".join(Path(video.name).parts[-2:]),
            "fps": float(writer.rate),
            "frames": writer.frames,
            "estimator": self.settings.estimator,
            "camera": self.settings.camera,
        }


def _add_file(archive: tarfile.TarFile, name: str, content: IO[bytes]) -> int:
    """Append a file, the same bytes whenever and by whomever it is done; return its size."""
    member = tarfile.TarInfo(name)
    member.size = content.seek(0, io.SEEK_END)
    content.seek(0)
    archive.addfile(member, content)
    return member.size
