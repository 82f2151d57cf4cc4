from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.examples.ref_davis17 import FRAMES, SEQUENCES, write_ref_davis17
from slvp.data.examples.scene import scene

SETS = ("annot1", "annot1_full_video", "annot2", "annot2_full_video")


def files(folder: Path) -> dict[str, bytes]:
    paths = sorted(path for path in folder.rglob("*") if path.is_file())
    return {str(path.relative_to(folder)): path.read_bytes() for path in paths}


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ref-davis17")
    write_ref_davis17(folder)
    return folder


def test_layout_is_that_of_the_downloads(example: Path) -> None:
    pictures = {
        f"DAVIS/{kind}/480p/{sequence}/{frame}.{suffix}"
        for kind, suffix in (
            ("JPEGImages", "jpg"),
            ("Annotations", "png"),
            ("Annotations_unsupervised", "png"),
        )
        for sequence in ("bear", "classic-car", "blackswan", "dogs-scale")
        for frame in ("00000", "00001", "00002", "00003", "00004", "00005")
    }
    splits = {f"DAVIS/ImageSets/2017/{split}.txt" for split in ("train", "val")}
    texts = {f"davis_text_annotations/Davis17_{name}.txt" for name in SETS}
    assert files(example).keys() == pictures | splits | texts
    assert (example / "DAVIS/ImageSets/2017/val.txt").read_text() == "blackswan\ndogs-scale\n"


def test_descriptions_have_the_quirks_of_the_published_ones(example: Path) -> None:
    for name in SETS:
        content = (example / f"davis_text_annotations/Davis17_{name}.txt").read_bytes()
        if name.startswith("annot2"):
            with pytest.raises(UnicodeDecodeError):
                content.decode("utf-8")
        else:
            content.decode("ascii")
        lines = content.decode("latin-1").splitlines()
        described = [tuple(line.split()[:2]) for line in lines]
        assert described == [
            ("bear", "1"),
            ("clasic-car", "1"),
            ("clasic-car", "2"),
            ("blackswan", "1"),
            ("dog-scale", "1"),
            ("dog-scale", "2"),
        ]
        assert all(line.count('"') == 2 and line.endswith('"') for line in lines)


def test_masks_are_palette_pictures_of_the_clips_objects(example: Path) -> None:
    sequences = [item for of_split in SEQUENCES.values() for item in of_split.items()]
    for index, (sequence, objects) in enumerate(sequences):
        ids_THW = scene(index, objects=objects).ids_THW
        for t, frame in enumerate(FRAMES):
            for kind in ("Annotations", "Annotations_unsupervised"):
                picture = Image.open(example / f"DAVIS/{kind}/480p/{sequence}/{frame}.png")
                assert picture.mode == "P"
                assert picture.getpalette()[:6] == [0, 0, 0, 128, 0, 0]
                read_HW = np.array(picture)
                void_HW = read_HW == 255
                assert void_HW.any() == (kind == "Annotations_unsupervised" and t == 2)
                np.testing.assert_array_equal(read_HW[~void_HW], ids_THW[t][~void_HW])
