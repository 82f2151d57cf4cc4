"""The videos that lie in a benchmark's folders, for when its parser gives up."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

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
    frames: Sequence[str],
    masks: Mapping[str, str],
    without: Mapping[str, str],
) -> list[Video]:
    """Return what a ``meta_expressions.json`` lists, or what there is, if that doesn't read.

    Args:
        root: the benchmark's folder.
        split: one of its splits, ``{split}`` in what follows.
        texts: the JSON file.
        frames: folders that hold the videos' folders of frames; the first that is there does.
        masks: the like for masks, by the splits that have any.
        without: by split, another one whose videos the JSON file lists, too.
    """
    folders = [root / one.format(split=split) for one in frames]
    folder = next((one for one in folders if one.is_dir()), folders[0])
    there = {path.name for path in folder.glob("*") if path.is_dir()}
    listed = _listed(root / texts.format(split=split))
    if split in without:
        others = _listed(root / texts.format(split=without[split]))
        # Where the other list is missing, too, a video that isn't there may be one of the others.
        listed = {
            name: stems
            for name, stems in listed.items()
            if name not in others and (others or name in there)
        }
    masks_folder = root / masks[split].format(split=split) if split in masks else None
    return [
        _palette_video(
            PictureFrames(
                tuple(folder / name / f"{stem}.jpg" for stem in listed[name])
                if name in listed
                else _files(folder / name, ".jpg")
            ),
            name,
            [] if masks_folder is None else [masks_folder],
        )
        for name in (listed or sorted(there))
    ]


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


def frameless_masks(root: Path, split: str) -> list[Problem]:
    """Return the masks of DAVIS whose frame is missing; only they tell that it should be there."""
    davis = root / "DAVIS"
    return [
        Problem(
            "Masks have no frame",
            mask,
            "",
            f"unpack {davis / 'JPEGImages' / '480p'} again, for every frame is scored",
        )
        for video in davis_videos(root, split)
        for kind in _DAVIS_MASKS
        for mask in _files(davis / kind / "480p" / video.name, ".png")
        if mask.stem not in video.frames.names
    ]


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
