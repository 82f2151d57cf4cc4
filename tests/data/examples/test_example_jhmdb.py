import json
from pathlib import Path

import numpy as np
import scipy.io

from slvp.data.benchmarks.jhmdb_sentences import METADATA, load_jhmdb_sentences
from slvp.data.examples.jhmdb_sentences import write_jhmdb_sentences
from slvp.data.examples.scene import scene, sentences_of


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_layout_is_the_real_one(tmp_path: Path) -> None:
    write_jhmdb_sentences(tmp_path)
    folders = [
        "clap/Boom__Snap__Clap!_(example)_clap_u_nm_np1_fr_med_0",
        "golf/#example_#2_golf_f_cm_np1_ri_goo_1",
        "pullup/example_of_a_(dead-hang)_pullup_u_cm_np1_ba_med_2",
    ]
    pictures = [f"Rename_Images/{one}/{n:05d}.png" for one in folders for n in range(1, 7)]
    masks = [f"puppet_mask/{one}/puppet_mask.mat" for one in folders]
    files = files_of(tmp_path)
    assert sorted(files) == sorted([*pictures, *masks, "jhmdb_annotation.txt", METADATA])
    shapes = [scipy.io.loadmat(tmp_path / one)["part_mask"].shape for one in masks]
    assert shapes == [(72, 96, 6), (72, 96, 5), (72, 96, 6)]
    rows = json.loads(files[METADATA])
    assert len(rows) == 9
    for _, picture, mask_file, count, _ in rows:
        assert picture.removeprefix("./jhmdb_sentences/") in files
        assert mask_file.removeprefix("./jhmdb_sentences/") in files
        assert count in (5, 6)


def test_masks_frames_and_sentences_are_those_of_the_scenes(tmp_path: Path) -> None:
    write_jhmdb_sentences(tmp_path, seed=2)
    expressions = load_jhmdb_sentences(tmp_path)
    assert len(expressions) == 3
    for number, one in enumerate(expressions):
        clip = scene(6 + number)
        assert one.text == sentences_of(clip, 1)[0]
        assert one.masks is not None
        assert clip.ids_THW is not None
        for t, frame_HWC in zip(one.scored, one.frames.read(one.scored), strict=True):
            np.testing.assert_array_equal(frame_HWC, clip.frames_THWC[t])
            truth_HW = one.masks.read(t).mask(one.object_ids)
            np.testing.assert_array_equal(truth_HW, clip.ids_THW[t] == 1)
