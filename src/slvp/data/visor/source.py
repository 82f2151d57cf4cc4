"""The folders of VISOR's official download.

::

    SOURCE/GroundTruth-SparseAnnotations/annotations/SPLIT/P01_107.json
    SOURCE/GroundTruth-SparseAnnotations/rgb_frames/SPLIT/P01/P01_107.zip

A video's frames come as a zip, which is read as it is; a folder ``P01_107`` beside it, into which
the zip was unpacked, serves as well. The other folders of the download are not needed.
"""

from __future__ import annotations

import zlib
from pathlib import Path
from types import TracebackType
from zipfile import BadZipFile, ZipFile

from slvp.errors import UserError

FOLDER = "GroundTruth-SparseAnnotations"
SPLITS = ("train", "val")


def annotation_files(source: Path, split: str) -> list[Path]:
    """Return a split's files of annotations, one per video, sorted by name."""
    return sorted((source / FOLDER / "annotations" / split).glob("*.json"))


class VideoImages:
    """The frames of one video, from a folder or from the zip that they come in.

    Use it as a context; ``read`` may be called from several threads.

    Args:
        source: the folder of the download.
        split: ``train`` or ``val``.
        video: for example ``P01_107``.
    """

    def __init__(self, source: Path, split: str, video: str) -> None:
        participant = source / FOLDER / "rgb_frames" / split / video.split("_")[0]
        self._folder = participant / video
        self._archive_path = participant / f"{video}.zip"
        self._archive: ZipFile | None = None
        self._members: dict[str, str] = {}

    def __enter__(self) -> VideoImages:
        if self._archive_path.is_file():
            try:
                self._archive = ZipFile(self._archive_path)
            except BadZipFile as error:
                raise UserError(
                    f"{self._archive_path} can't be read as a zip: download it again."
                ) from error
            self._members = {Path(name).name: name for name in self._archive.namelist()}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._archive is not None:
            self._archive.close()

    def read(self, image: str, named_in: Path) -> tuple[bytes, str]:
        """Return an image's file as it is, and where it stands, for messages.

        Args:
            image: the file's name, such as ``P01_107_frame_0000000140.jpg``.
            named_in: the file of annotations that names it.

        Raises:
            UserError: it is neither in the folder nor in the zip, or the zip is damaged.
        """
        path = self._folder / image
        if path.is_file():
            return path.read_bytes(), str(path)
        if self._archive is None or image not in self._members:
            raise UserError(
                f"{path} is missing, yet {named_in} names it: download "
                f"{self._archive_path.name} into {self._archive_path.parent}, packed or unpacked "
                f"into {self._folder.name}."
            )
        try:
            return self._archive.read(self._members[image]), f"{self._archive_path}, {image},"
        except (BadZipFile, EOFError, zlib.error) as error:
            raise UserError(
                f"{self._archive_path} is damaged ({error}): download it again."
            ) from error
