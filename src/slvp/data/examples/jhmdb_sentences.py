"""A tiny JHMDB-Sentences."""

from __future__ import annotations

import io
from pathlib import Path

import numpy as np
import scipy.io
from PIL import Image

from slvp.data.benchmarks.jhmdb_sentences import prepare_jhmdb_sentences
from slvp.data.examples.scene import scene, sentences_of
from slvp.types import UInt8Array

_MATLAB_TEXT = 116  # bytes at the head of a file, for people to read


def write_jhmdb_sentences(out: Path, seed: int = 0) -> None:
    """Write three videos into ``out``, with a list of the frames that count in MTTR's form.

    There are the oddities of the real files: names with ``#``, brackets and exclamation marks, and
    a video that has a frame more than it has masks.
    """
    videos = {
        "Boom__Snap__Clap!_(example)_clap_u_nm_np1_fr_med_0": ("clap", 6),
        "#example_#2_golf_f_cm_np1_ri_goo_1": ("golf", 5),
        "example_of_a_(dead-hang)_pullup_u_cm_np1_ba_med_2": ("pullup", 6),
    }
    rows = ["video_id,query"]
    for number, (name, (action, mask_count)) in enumerate(videos.items()):
        clip = scene(3 * seed + number)
        assert clip.ids_THW is not None
        pictures = out / "Rename_Images" / action / name
        pictures.mkdir(parents=True)
        for t, frame_HWC in enumerate(clip.frames_THWC, start=1):
            Image.fromarray(frame_HWC).save(pictures / f"{t:05d}.png")
        masks = out / "puppet_mask" / action / name
        masks.mkdir(parents=True)
        masks_THW = (clip.ids_THW[:mask_count] == 1).astype(np.uint8)
        _write_masks(masks / "puppet_mask.mat", masks_THW)
        rows.append(f"{name},{sentences_of(clip, 1)[0]}")
    (out / "jhmdb_annotation.txt").write_text("\n".join(rows) + "\n")
    prepare_jhmdb_sentences(out)


def _write_masks(path: Path, masks_THW: UInt8Array) -> None:
    file = io.BytesIO()
    masks_HWT = masks_THW.transpose(1, 2, 0)
    scipy.io.savemat(file, {"part_mask": masks_HWT}, do_compression=True)
    # SciPy puts the time there, and the same seed is to give the same files.
    head = b"MATLAB 5.0 MAT-file, an example".ljust(_MATLAB_TEXT)
    path.write_bytes(head + file.getvalue()[_MATLAB_TEXT:])
