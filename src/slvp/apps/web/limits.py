"""What a visitor may ask for, and what of an upload is looked at before FFmpeg sees it."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from slvp.errors import UserError
from slvp.models.text import check_sentences
from slvp.video import VideoInfo

_MAX_PIXELS = 4096 * 2304  # of a frame; a small file may claim far more than fits in memory

# FFmpeg also reads play lists, which may name any file of this machine or any address; so only
# what begins as a container of moving pictures gets that far. Offset and bytes.
_SIGNATURES = (
    (4, b"ftyp"),
    (4, b"moov"),
    (4, b"mdat"),
    (4, b"wide"),
    (4, b"free"),
    (4, b"skip"),
    (0, b"\x1a\x45\xdf\xa3"),  # webm, mkv
    (0, b"RIFF"),
    (0, b"GIF8"),
    (0, b"FLV\x01"),
    (0, b"OggS"),
    (0, b"\x00\x00\x01\xba"),  # MPEG program stream
    (0, b"\x30\x26\xb2\x75"),  # wmv
)
_TRANSPORT_PACKET = 188  # bytes; each packet of an MPEG transport stream begins with 0x47


@dataclass(frozen=True)
class Limits:
    """What one request may ask for.

    Attributes:
        seconds: longest video.
        megabytes: largest upload.
        sentences: most sentences at a time.
        queue: most requests that wait.
        keep_minutes: how long files of a request are kept after they were last written.
    """

    seconds: float = 60
    megabytes: int = 200
    sentences: int = 6
    queue: int = 8
    keep_minutes: float = 60

    def __post_init__(self) -> None:
        for name, value in (
            ("seconds", self.seconds),
            ("megabytes", self.megabytes),
            ("sentences", self.sentences),
        ):
            if value <= 0:
                raise UserError(f"--max-{name} {value}: expected a number above 0")
        if self.queue < 1:
            raise UserError(f"--queue {self.queue}: expected room for at least one request")
        if self.keep_minutes <= 0:
            raise UserError(f"--keep-minutes {self.keep_minutes}: expected a number above 0")


def sentences_of(text: str, limits: Limits) -> list[str]:
    """Return the sentences of a text that has one on each line.

    Raises:
        UserError: there are none, too many, or one that can't be asked.
    """
    sentences = [line.strip() for line in text.splitlines() if line.strip()]
    if not sentences:
        raise UserError('No sentence was given; describe an object, like "a brown dog".')
    if len(sentences) > limits.sentences:
        raise UserError(
            f"{len(sentences)} sentences were given; give at most {limits.sentences} at a time."
        )
    check_sentences(sentences)
    return sentences


def check_upload(path: Path, folder: Path, limits: Limits) -> None:
    """Check an uploaded file before it is decoded.

    Args:
        path: the file.
        folder: where uploads lie; nothing outside it is read.
        limits: what is allowed.

    Raises:
        UserError: the file is elsewhere, too large, or begins like no video.
    """
    if not path.resolve().is_relative_to(folder.resolve()) or not path.is_file():
        raise UserError("The video was not uploaded to this page; upload it first.")
    size = path.stat().st_size
    if size == 0:
        raise UserError(f"{path.name} is empty; give a video.")
    if size > limits.megabytes * 1e6:
        raise UserError(
            f"{path.name} has {size / 1e6:.0f} MB; give a video of at most {limits.megabytes} MB."
        )
    with path.open("rb") as file:
        head = file.read(_TRANSPORT_PACKET + 1)
    known = any(head[at:].startswith(signature) for at, signature in _SIGNATURES)
    if not known and (head[:1], head[_TRANSPORT_PACKET:]) != (b"\x47", b"\x47"):
        raise UserError(
            f"{path.name} is no video that can be read; give an mp4, mov, webm, avi, mkv or gif "
            "file."
        )


def check_info(info: VideoInfo, limits: Limits) -> None:
    """Check what a video's header says of it.

    Raises:
        UserError: the video is too long or its frames are too large.
    """
    if info.width * info.height > _MAX_PIXELS:
        raise UserError(
            f"{info.name} has frames of {info.width} x {info.height} pixels; give a video of at "
            "most 4096 x 2304 pixels."
        )
    if info.frame_count is not None:
        check_time(float(info.frame_count / info.frame_rate), info.name, limits)


def check_time(seconds: float, name: str, limits: Limits) -> None:
    """Check how far into a video ``seconds`` is; headers may say too little.

    Raises:
        UserError: further than allowed.
    """
    if seconds > limits.seconds:
        raise UserError(
            f"{name} is longer than {limits.seconds:g} seconds; cut it, and upload the part that "
            "matters."
        )
