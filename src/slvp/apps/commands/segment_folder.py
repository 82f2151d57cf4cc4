"""``slvp segment FOLDER``: one video after the other; a stopped run goes on where it was."""

from __future__ import annotations

import json
import sys
import traceback
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from slvp.apps.commands.segment import segment_video
from slvp.errors import UserError
from slvp.models.text import check_sentences
from slvp.segmenter import Engine, load_segmenter
from slvp.video.folder import IMAGE_SUFFIXES

# fmt: off
VIDEO_SUFFIXES = frozenset({
    ".3gp", ".avi", ".flv", ".gif", ".m2ts", ".m4v", ".mkv", ".mov", ".mp4", ".mpeg", ".mpg",
    ".mts", ".ogv", ".ts", ".webm", ".wmv",
})
# fmt: on
_RECORD = "result.json"


@dataclass
class Outcome:
    """How a folder's videos went.

    Attributes:
        folder: where the results are.
        done: videos segmented now.
        skipped: videos that had been segmented before, in the same way.
        failed: videos that can't be; each has been told on stderr.
    """

    folder: Path
    done: int = 0
    skipped: int = 0
    failed: int = 0


def videos_in(folder: Path) -> list[Path]:
    """Return the video files of a folder, sorted; none where it has none, or isn't a folder.

    Raises:
        UserError: it can't be read, or has both videos and images.
    """
    try:
        if not folder.is_dir():
            return []
        files = sorted(p for p in folder.iterdir() if p.is_file() and not p.name.startswith("."))
    except OSError as error:
        raise UserError(
            f"{folder} can't be read: {error.strerror}; check its name and its rights."
        ) from error
    videos = [path for path in files if path.suffix.lower() in VIDEO_SUFFIXES]
    images = [path for path in files if path.suffix.lower() in IMAGE_SUFFIXES]
    if videos and images:
        raise UserError(
            f"{folder} has videos ({videos[0].name}, ...) and images ({images[0].name}, ...); "
            "give a folder of videos, or one with the frames of one video"
        )
    return videos


def segment_folder(
    folder: Path,
    sentences: Sequence[str],
    out: Path | None,
    *,
    model: str,
    threshold: float,
    device: str,
    size: int | None,
    quality: str,
    engine: Engine,
    overwrite: bool,
    quiet: bool,
) -> Outcome:
    """Segment the videos of a folder, each into a folder of its own; the model is loaded once.

    What an earlier run has done in the same way is left alone, so that a run that was stopped goes
    on. A video that fails is told of on stderr, and the next one is taken.

    Args:
        folder: with video files.
        sentences: what to look for in each of them.
        out: where the results shall be; ``outputs/<name of the folder>`` by default. The result of
            ``a.mp4`` is in ``a``, or in ``a.mp4`` where the folder has an ``a.mov``, too.
        model: see ``segment_video``; likewise the other options.
        threshold: likewise.
        device: likewise.
        size: likewise.
        quality: likewise.
        engine: likewise; results of another are left alone, too.
        overwrite: replace results that were made in another way.
        quiet: show no progress.

    Raises:
        UserError: an option or a sentence is not usable, or a result was made in another way.
    """
    check_sentences(sentences)
    videos = videos_in(folder)
    outcome = Outcome(Path("outputs", folder.resolve().name) if out is None else out)
    _check_folder(outcome.folder)
    targets = [outcome.folder / name for name in _names(videos)]
    segmenter = load_segmenter(
        model, device=device, size=size, threshold=threshold, quality=quality, engine=engine
    )
    settings = {
        "model": model,
        "threshold": threshold,
        "quality": quality,
        "size": segmenter.size,
        "sentences": list(sentences),
        "first_mask": None,
    }
    differences = [_difference(target, settings) for target in targets]
    for target, difference in zip(targets, differences, strict=True):
        if difference and not overwrite:
            raise UserError(
                f"{target} was made with another {difference}; name another --out, or replace "
                "such results with --overwrite"
            )
    for video, target, difference in zip(videos, targets, differences, strict=True):
        if difference == "":
            outcome.skipped += 1
            continue
        try:
            segment_video(
                video,
                sentences,
                target,
                model=model,
                threshold=threshold,
                device=device,
                size=size,
                quality=quality,
                engine=engine,
                overwrite=overwrite,
                quiet=quiet,
                segmenter=segmenter,
            )
        except UserError as error:
            outcome.failed += 1
            print(f"slvp: {error}", file=sys.stderr)
        except Exception:  # one that nobody has thought of should not cost the others of the night
            outcome.failed += 1
            traceback.print_exc()
            print(f"slvp: {video} failed unexpectedly, see above", file=sys.stderr)
        else:
            outcome.done += 1
            print(target, flush=True)
    return outcome


def _check_folder(out: Path) -> None:
    try:
        usable = out.is_dir() or not out.exists()
    except OSError as error:
        raise UserError(
            f"{out}: can't write there ({error.strerror}); name another --out"
        ) from error
    if not usable:
        raise UserError(f"{out} is a file, not a folder; name another --out")


def _names(videos: list[Path]) -> list[str]:
    """Name results after the videos, shortly where that is clear, whatever the file system."""
    short = Counter(video.stem.casefold() for video in videos)
    names = [video.stem if short[video.stem.casefold()] == 1 else video.name for video in videos]
    if len({name.casefold() for name in names}) < len(names):  # as of a.mp4, a.mov and a.mp4.avi
        return [video.name for video in videos]
    return names


def _difference(target: Path, settings: dict[str, Any]) -> str | None:
    """Tell in what a result differs from one made with some settings.

    Returns:
        The name of a setting; empty where there is no difference, None where there is no result.
    """
    record = target / _RECORD
    if not record.is_file():
        return None
    with record.open(encoding="utf-8") as file:
        head = file.readline()  # all but the frames, of which there may be very many
    try:
        made_with = json.loads(head.rstrip().removesuffix("[") + "[]}")
    except ValueError:
        return "version of slvp"
    return next((name for name in settings if made_with.get(name) != settings[name]), "")
