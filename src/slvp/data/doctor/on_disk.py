"""The videos that lie in a benchmark's folders, for when its parser gives up."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

from slvp.data.benchmarks.a2d_sentences import A2dMasks
from slvp.data.benchmarks.frames import PictureFrames, VideoFrames
from slvp.data.benchmarks.masks import PaletteMasks
from slvp.data.benchmarks.meta_expressions import read_meta_expressions
from slvp.data.benchmarks.puppet_masks import PuppetMasks
from slvp.data.doctor.findings import Problem
from slvp.data.doctor.videos import Video
from slvp.errors import UserError

_DAVIS_MASKS = ("Annotations", "Annotations_unsupervised")


def listed_videos(
    root: Path,
    split: str,
    *,
    texts: str,
    masked: Collection[str] = (),
    within: Mapping[str, str] = MappingProxyType({}),
    without: Mapping[str, str] = MappingProxyType({}),
) -> list[Video]:
    """Return what a ``meta_expressions.json`` lists, or what there is, if that doesn't read.

    Frames lie in ``SPLIT/JPEGImages/VIDEO``, masks in ``SPLIT/Annotations/VIDEO``.

    Args:
        root: the benchmark's folder.
        split: one of its splits.
        texts: the JSON file, with ``{split}`` for the split's name.
        masked: the splits that have masks as pictures.
        within: the split whose folder it is that a split without a folder shares.
        without: by split, another one whose videos the JSON file lists, too.
    """
    folder = root / split
    if not (folder / "JPEGImages").is_dir():
        folder = root / within.get(split, split)
    frames = folder / "JPEGImages"
    there = {path.name for path in frames.glob("*") if path.is_dir()}
    listed = _listed(root / texts.format(split=split)) if frames.is_dir() else {}
    if split in without:
        others = _listed(root / texts.format(split=without[split]))
        # Where the other list is missing, too, a video that isn't there may be one of the others.
        listed = {
            name: stems
            for name, stems in listed.items()
            if name not in others and (others or name in there)
        }
    pictures = {
        name: tuple(frames / name / f"{stem}.jpg" for stem in stems)
        for name, stems in listed.items()
    } or {name: _files(frames / name, ".jpg") for name in sorted(there)}
    masks = [folder / "Annotations"] if split in masked else []
    return [_palette_video(PictureFrames(paths), name, masks) for name, paths in pictures.items()]


def davis_videos(root: Path, split: str) -> list[Video]:
    """Return the sequences of a split, or all that there are, if the split's file is missing."""
    davis = root / "DAVIS"
    split_file = davis / "ImageSets" / "2017" / f"{split}.txt"
    frames = davis / "JPEGImages" / "480p"
    named = split_file.read_bytes().decode(errors="replace").split() if split_file.is_file() else []
    return [
        _palette_video(
            PictureFrames(_files(frames / name, ".jpg")),
            name,
            [davis / kind / "480p" for kind in _DAVIS_MASKS],
        )
        for name in named or sorted(path.name for path in frames.glob("*"))
    ]


def look_for_frames(root: Path, split: str) -> list[Problem]:
    """Return the frames of DAVIS that are missing, as far as masks or the list of sequences tell.

    Its parser names the first one only.
    """
    davis = root / "DAVIS"
    frames = davis / "JPEGImages" / "480p"
    mend = f"unpack {frames} again, for every frame is scored"
    problems = []
    for video in davis_videos(root, split) if frames.is_dir() else []:
        folder = frames / video.name
        if not folder.is_dir():
            problems.append(Problem("Missing", folder, "", mend))
            continue
        masks = (davis / kind / "480p" / video.name for kind in _DAVIS_MASKS)
        needed = {mask.stem for one in masks for mask in _files(one, ".png")}
        for stem in sorted(needed.difference(video.frames.names)):
            problems.append(Problem("Missing", folder / f"{stem}.jpg", "", mend))
    return problems


def a2d_videos(root: Path, split: str) -> list[Video]:
    """Return all videos; only the table, which may be what is broken, knows their split."""
    masks = root / "text_annotations" / "a2d_annotation_with_instances"
    videos = []
    for path in sorted((root / "Release" / "clips320H").glob("*.mp4")):
        files = (one for one in _files(masks / path.stem, ".h5") if one.stem.isdecimal())
        paths = {int(one.stem) - 1: one for one in files}
        count = max(paths, default=0) + 1
        frames = VideoFrames(path, count=count, needed=count)
        videos.append(Video(path.stem, frames, (A2dMasks(paths),), tuple(paths)))
    return videos


def jhmdb_videos(root: Path, split: str) -> list[Video]:
    """Return all videos."""
    videos = []
    for folder in sorted((root / "Rename_Images").glob("*/*")):
        file = root / "puppet_mask" / folder.parent.name / folder.name / "puppet_mask.mat"
        frames = PictureFrames(_files(folder, ".png"))
        masked = (0,) if file.is_file() and frames.paths else ()
        videos.append(Video(folder.name, frames, (PuppetMasks(file),), masked))
    return videos


def _listed(texts: Path) -> dict[str, tuple[str, ...]]:
    """Return the names of frames by video; none if the file doesn't read."""
    try:
        return {video.name: video.frames for video in read_meta_expressions(texts, "", None)}
    except UserError:
        return {}


def _palette_video(frames: PictureFrames, name: str, masks_folders: list[Path]) -> Video:
    masks = tuple(
        PaletteMasks(tuple(folder / name / f"{stem}.png" for stem in frames.names))
        for folder in masks_folders
        if folder.is_dir()
    )
    return Video(name, frames, masks, tuple(range(len(frames.paths))))


def _files(folder: Path, suffix: str) -> tuple[Path, ...]:
    return tuple(sorted(folder.glob(f"*{suffix}")))
