"""Write clips of the embedded world to disk, in the layout of Ref-YouTube-VOS and as videos."""

from __future__ import annotations

import json
from fractions import Fraction
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image, ImageDraw, ImageFont
from tqdm import trange

from slvp.data.cutouts import Cutout
from slvp.data.palette import indexed_picture, write_ids
from slvp.data.world import World
from slvp.types import Clip
from slvp.video import VideoWriter

FRAME_RATE = Fraction(6)
_SHEET_CLIPS = 24
_SHEET_HEIGHT = 120


def export_world(
    folder: Path, world: World, *, clips: int, seed: int, split: str, progress: bool = True
) -> None:
    """Write ``clips`` clips into ``folder``; same world and seed, same files.

    ::

        FOLDER/SPLIT/JPEGImages/VIDEO/00000.jpg ...
        FOLDER/SPLIT/Annotations/VIDEO/00000.png ...       palette: object ids
        FOLDER/SPLIT/meta.json                             classes and frames of the objects
        FOLDER/meta_expressions/SPLIT/meta_expressions.json
        FOLDER/captioned/VIDEO.mp4, OUT/captioned/captions.json
        FOLDER/flow/VIDEO.npz                              flow_THW2 (float16), camera_T33
        FOLDER/contact_sheet.jpg

    In ``meta_expressions.json`` an ``obj_id`` may name several objects ("1,2") or none ("").

    Args:
        folder: exists and is empty.
        world: makes the clips.
        clips: how many.
        seed: of all that is random.
        split: name of the folder of frames and masks.
        progress: show a bar with the time left on stderr.
    """
    for name in ("captioned", "flow", split, f"meta_expressions/{split}"):
        (folder / name).mkdir(parents=True)
    expressions: dict[str, Any] = {}
    objects: dict[str, Any] = {}
    captions: list[dict[str, Any]] = []
    sheet: list[Image.Image] = []
    for index in trange(clips, unit="clip", disable=not progress, dynamic_ncols=True):
        number = seed * 1_000_003 + index
        clip, video = world.clip(number), f"world_{index:05d}"
        frames = [f"{frame:05d}" for frame in range(len(clip.frames_THWC))]
        _write_video(folder, split, video, clip)
        expressions[video] = {
            "expressions": {
                str(i): {"exp": e.text, "obj_id": ",".join(map(str, e.object_ids))}
                for i, e in enumerate(clip.expressions)
            },
            "frames": frames,
        }
        objects[video] = {"objects": _objects(clip, world.objects(number), frames)}
        captions.append({"file": f"{video}.mp4", "captions": list(clip.captions)})
        if index < _SHEET_CLIPS:
            sheet.append(_sheet_row(clip))
    _write_json(
        folder / "meta_expressions" / split / "meta_expressions.json", {"videos": expressions}
    )
    _write_json(folder / split / "meta.json", {"videos": objects})
    _write_json(folder / "captioned" / "captions.json", captions)
    _stack(sheet).save(folder / "contact_sheet.jpg", quality=88)


def _write_video(folder: Path, split: str, video: str, clip: Clip) -> None:
    assert clip.ids_THW is not None and clip.flow_THW2 is not None
    images = folder / split / "JPEGImages" / video
    masks = folder / split / "Annotations" / video
    images.mkdir(parents=True)
    masks.mkdir(parents=True)
    with VideoWriter(folder / "captioned" / f"{video}.mp4", frame_rate=FRAME_RATE) as writer:
        for number, (frame, ids) in enumerate(zip(clip.frames_THWC, clip.ids_THW, strict=True)):
            Image.fromarray(frame).save(images / f"{number:05d}.jpg", quality=95, subsampling=0)
            write_ids(ids, masks / f"{number:05d}.png")
            writer.write(frame)
    np.savez_compressed(
        folder / "flow" / f"{video}.npz",
        flow_THW2=clip.flow_THW2.astype(np.float16),
        camera_T33=np.asarray(clip.camera_T33),
    )


def _objects(clip: Clip, cutouts: dict[int, Cutout], frames: list[str]) -> dict[str, Any]:
    """What Ref-YouTube-VOS says of each object: its category and the frames that show it."""
    assert clip.ids_THW is not None
    found = {}
    for object_id, cutout in cutouts.items():
        visible = (clip.ids_THW == object_id).any((1, 2))
        if visible.any():
            seen_in = [frame for frame, seen in zip(frames, visible, strict=True) if seen]
            found[str(object_id)] = {"category": cutout.class_name, "frames": seen_in}
    return found


def _write_json(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False), encoding="utf-8")


def _sheet_row(clip: Clip) -> Image.Image:
    """First, middle and last frame, the last masks, and the sentences below."""
    assert clip.ids_THW is not None
    steps, height, width, _ = clip.frames_THWC.shape
    size = (round(width * _SHEET_HEIGHT / height), _SHEET_HEIGHT)
    pictures = [Image.fromarray(clip.frames_THWC[t]) for t in (0, steps // 2, steps - 1)]
    pictures.append(
        Image.blend(pictures[-1], indexed_picture(clip.ids_THW[-1]).convert("RGB"), 0.5)
    )
    lines = [f"{e.text}  [{', '.join(map(str, e.object_ids)) or 'none'}]" for e in clip.expressions]
    lines += [f'"{caption}"' for caption in clip.captions]
    row = Image.new("RGB", (4 * size[0], size[1] + 13 * len(lines) + 8), "white")
    for index, picture in enumerate(pictures):
        row.paste(picture.resize(size), (index * size[0], 0))
    draw, font = ImageDraw.Draw(row), ImageFont.load_default(11)
    for index, line in enumerate(lines):
        draw.text((3, size[1] + 2 + 13 * index), line, fill="black", font=font)
    return row


def _stack(rows: list[Image.Image]) -> Image.Image:
    """Put rows below each other, in two columns."""
    columns = [rows[0::2], rows[1::2]]
    width = max(row.width for row in rows)
    height = max(sum(row.height for row in column) for column in columns)
    sheet = Image.new("RGB", (2 * width + 8, height), "white")
    for index, column in enumerate(columns):
        top = 0
        for row in column:
            sheet.paste(row, (index * (width + 8), top))
            top += row.height
    return sheet
