"""``slvp study``: run a study, draw its cards, or show what its models mark in a video."""

from __future__ import annotations

from collections import deque
from itertools import islice
from pathlib import Path

from slvp.apps.arguments.common import WorldOptions
from slvp.apps.arguments.study import RunOptions, ShowOptions
from slvp.errors import UserError
from slvp.models.text import check_sentences
from slvp.studies.arms import Study
from slvp.studies.drawing import draw_study
from slvp.studies.material import TINY, Found, Material, Sizes
from slvp.studies.registry import STUDIES
from slvp.studies.showing import show_masks
from slvp.studies.study import run_study
from slvp.types import UInt8Array
from slvp.video import images_of
from slvp.words import counted

_DATA, _RUNS, _CARDS = "data", "runs", "cards"
_WINDOW = 4  # frames


def run_studies(
    name: str, out: Path, cards: Path | None, world: WorldOptions, run: RunOptions
) -> None:
    """Run a study, or ``all`` of them, and say where the cards are.

    Raises:
        UserError: an option is not usable, or data are missing.
    """
    _check_seeds(run)
    material = _material(out, world, run)
    kept = out / _CARDS if cards is None else cards
    for study in _studies(name):
        run_study(
            study,
            material,
            runs=out / _RUNS,
            cards=kept,
            seeds=run.seeds,
            chosen=run.arms,
            smoke=run.smoke,
            quiet=run.quiet,
        )
        print(f"cards  {kept / study.name}")


def draw_studies(name: str, out: Path, cards: Path | None, page: Path | None) -> None:
    """Draw a study, or ``all`` that have cards, and say where.

    Raises:
        UserError: there are no cards.
    """
    kept = out / _CARDS if cards is None else cards
    studies = _studies(name)
    if name == "all":
        studies = [study for study in studies if (kept / study.name).is_dir()] or studies
    for study in studies:
        for path in draw_study(study, kept, out, page):
            print(path)


def show_study(
    name: str, out: Path, world: WorldOptions, run: RunOptions, show: ShowOptions
) -> None:
    """Draw what the models of a study make of a video, and say where.

    Raises:
        UserError: an option is missing or not usable, or a model isn't trained.
    """
    if show.video is None or not show.sentences:
        raise UserError("study show: name a video with --video, and with --sentences what to ask")
    if show.picture is not None and name == "all":
        raise UserError(
            "--picture: is for one study; leave it out, and each gets a picture in --out"
        )
    check_sentences(show.sentences)
    _check_seeds(run)
    frames = _last_frames(show.video, show.frame)
    for study in _studies(name):
        picture = show.picture or out / f"{study.name}-masks.png"
        show_masks(
            study,
            _material(out, world, run),
            frames,
            show.sentences,
            picture,
            runs=out / _RUNS,
            seed=run.seeds[0],
            chosen=run.arms,
            smoke=run.smoke,
        )
        print(picture)


def _check_seeds(run: RunOptions) -> None:
    if not run.seeds or min(run.seeds) < 0:
        told = " ".join(map(str, run.seeds))
        raise UserError(f"--seeds {told}: expected one or more numbers from 0 on")


def _last_frames(video: Path, number: int) -> list[UInt8Array]:
    """Return a frame of a video, after those that a model sees with it."""
    if number < 0:
        raise UserError(f"--frame {number}: expected a number from 0 on")
    frames: deque[UInt8Array] = deque(maxlen=_WINDOW)
    read = 0
    for frame_HW3 in islice(images_of(video), number + 1):
        frames.append(frame_HW3)
        read += 1
    if read <= number:
        raise UserError(f"{video}: has {counted(read, 'frame')}; expected --frame below that")
    return list(frames)


def _material(out: Path, world: WorldOptions, run: RunOptions) -> Material:
    found = Found(
        cutouts=tuple(folder.resolve() for folder in world.cutouts),
        coco=tuple((file.resolve(), images.resolve()) for file, images in world.coco),
        stamps=world.stamps,
        captioned=tuple(place.resolve() for place in run.captioned),
        annotated=None if run.annotated is None else run.annotated.resolve(),
        tested=None if run.tested is None else run.tested.resolve(),
    )
    sizes = TINY if run.smoke else Sizes()
    return Material(out / _DATA, found, sizes, examples=run.smoke, quiet=run.quiet)


def _studies(name: str) -> list[Study]:
    return list(STUDIES.values()) if name == "all" else [STUDIES[name]]
