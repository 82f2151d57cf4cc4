from pathlib import Path

import h5py
import numpy as np
import pytest

from slvp.data.benchmarks.a2d_sentences import load_a2d_sentences
from slvp.data.examples.a2d_sentences import write_a2d_sentences
from slvp.data.examples.scene import scene, sentences_of


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_the_layout_is_the_real_one(tmp_path: Path) -> None:
    write_a2d_sentences(tmp_path)
    masks = "text_annotations/a2d_annotation_with_instances"
    assert sorted(files_of(tmp_path)) == sorted(
        [
            "Release/videoset.csv",
            *(
                f"Release/clips320H/{name}.mp4"
                for name in ("--example-A", "-0exampleC1", "exampleB_01", "exampleD-02")
            ),
            "text_annotations/a2d_annotation.txt",
            "text_annotations/a2d_missed_videos.txt",
            *(
                f"{masks}/{name}/{number:05d}.h5"
                for name in ("--example-A", "-0exampleC1", "exampleB_01")
                for number in (2, 4, 6)
            ),
        ]
    )
    with h5py.File(tmp_path / masks / "exampleB_01" / "00002.h5") as file:
        assert file["instance"][()].tolist() == [0, 1]
        assert file["reMask"].shape == (2, 128, 72)  # width before height
        assert file["reBBox"].shape == (4, 2)
        left, top, right, bottom = file["reBBox"][:, 1].astype(int)
        mask_HW = file["reMask"][1].T
        assert mask_HW.sum() == mask_HW[top : bottom + 1, left : right + 1].sum()
    with h5py.File(tmp_path / masks / "exampleB_01" / "00004.h5") as file:
        assert file["instance"][()].tolist() == [0]
        assert file["reMask"].shape == (128, 72)


def test_masks_frames_and_sentences_are_those_of_the_scenes(tmp_path: Path) -> None:
    write_a2d_sentences(tmp_path, seed=2)
    expressions = load_a2d_sentences(tmp_path, "train") + load_a2d_sentences(tmp_path, "test")
    names = ["--example-A", "exampleB_01", "-0exampleC1"]
    assert list(dict.fromkeys(one.sequence for one in expressions)) == names
    for one in expressions:
        clip = scene(200 + names.index(one.sequence), width=128)
        (instance_id,) = one.object_ids
        assert one.text.lower() == sentences_of(clip, instance_id + 1)[0].lower()
        assert one.masks is not None
        assert clip.ids_THW is not None
        for t, frame_HWC in zip(one.scored, one.frames.read(one.scored), strict=True):
            truth_HW = one.masks.read(t).mask(one.object_ids)
            np.testing.assert_array_equal(truth_HW, clip.ids_THW[t] == instance_id + 1)
            # Compression changes colours a little; another scene has others.
            difference_HWC = np.abs(frame_HWC - clip.frames_THWC[t].astype(int))
            assert difference_HWC.mean() < 8


@pytest.mark.parametrize("seed", [5, 21, 29])
def test_no_seed_hides_an_instance_but_the_one_that_is_left_out(tmp_path: Path, seed: int) -> None:
    write_a2d_sentences(tmp_path, seed)
    expressions = load_a2d_sentences(tmp_path)
    assert [one.scored for one in expressions] == [(1, 3, 5), (1, 5), (1, 3, 5), (1, 3, 5)]
