"""Libraries from folders, Tux Paint and COCO; the split; mistakes named."""

from __future__ import annotations

import json
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image

from slvp.data.cutouts import CutoutLibrary
from slvp.errors import UserError

STAMPS = Path("/usr/share/tuxpaint/stamps")


def _folder(root: Path) -> Path:
    (root / "backgrounds").mkdir()
    rgba = np.zeros((400, 200, 4), np.uint8)
    rgba[100:300, 50:150] = (200, 10, 20, 255)
    Image.fromarray(rgba).save(root / "dog.webp", lossless=True)
    Image.fromarray(rgba[..., :3]).save(root / "backgrounds" / "wall.png")
    (root / "index.csv").write_text(
        'file,source,licence,class_name,caption\ndog.webp,me,CC0,dog,"a dog, seen from the left"\n'
    )
    (root / "backgrounds" / "backgrounds.csv").write_text(
        "file,source,licence\nbackgrounds/wall.png,me,CC0\n"
    )
    return root


def test_folder(tmp_path: Path) -> None:
    library = CutoutLibrary.from_folder(_folder(tmp_path))
    (dog,) = library.cutouts
    assert (dog.class_name, dog.caption) == ("dog", "a dog, seen from the left")
    assert dog.broader == ("animal",) and not dog.mirrorable
    rgba = dog.load()
    assert rgba.shape == (288, 144, 4)  # shrunk to 288 a side
    assert tuple(rgba[144, 72]) == (200, 10, 20, 255) and rgba[5, 5, 3] == 0
    assert library.backgrounds[0].load().shape == (400, 200, 3)
    assert library.by_class == {"dog": (dog,)}


@pytest.mark.parametrize(
    ("file", "content", "expected"),
    [
        ("index.csv", None, "no such file"),
        ("index.csv", "file,class_name,caption\n", "lists nothing"),
        ("index.csv", "file,caption\ndog.webp,a dog\n", "line 2 lacks"),
        ("index.csv", "file,class_name,caption\ncat.webp,cat,a cat\n", "cat.webp"),
        ("backgrounds/backgrounds.csv", None, "no such file"),
    ],
)
def test_mistakes_in_a_folder(
    tmp_path: Path, file: str, content: str | None, expected: str
) -> None:
    folder = _folder(tmp_path)
    (folder / file).unlink()
    if content is not None:
        (folder / file).write_text(content)
    with pytest.raises(UserError, match=expected):
        CutoutLibrary.from_folder(folder)


def test_a_picture_without_transparency_is_named(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    Image.new("RGB", (50, 50)).save(folder / "dog.webp")
    with pytest.raises(UserError, match=r"dog\.webp"):
        CutoutLibrary.from_folder(folder).cutouts[0].load()


def test_sum_joins() -> None:
    shapes = CutoutLibrary.drawn_shapes()
    both = shapes + shapes
    assert len(both.cutouts) == 2 * len(shapes.cutouts)
    assert len(both.by_class["star"]) == 2 * len(shapes.by_class["star"])
    assert len(both.backgrounds) == 2 * len(shapes.backgrounds)


def test_split_is_a_partition_that_does_not_depend_on_the_rest() -> None:
    shapes = CutoutLibrary.drawn_shapes()
    train, held_out = shapes.split(0.3, seed=1)
    assert set(train.cutouts) | set(held_out.cutouts) == set(shapes.cutouts)
    assert not set(train.cutouts) & set(held_out.cutouts)
    assert not set(train.backgrounds) & set(held_out.backgrounds)
    assert 5 <= len(held_out.cutouts) <= 28
    fewer = CutoutLibrary(shapes.cutouts[::2], shapes.backgrounds)
    assert set(fewer.split(0.3, seed=1)[1].cutouts) == set(held_out.cutouts) & set(fewer.cutouts)
    assert shapes.split(0.3, seed=2)[1].cutouts != held_out.cutouts


def _coco(root: Path, segmentation: object, crowd: int = 0) -> Path:
    image = np.full((100, 120, 3), 90, np.uint8)
    image[20:80, 30:90] = (10, 200, 30)
    cv2.imwrite(str(root / "a.png"), image[..., ::-1])
    cv2.imwrite(str(root / "b.png"), np.full((50, 40, 3), 7, np.uint8))
    annotation = {
        "id": 5, "image_id": 1, "category_id": 7, "iscrowd": crowd,
        "bbox": [30, 20, 60, 60], "segmentation": segmentation,
    }  # fmt: skip
    path = root / "instances.json"
    path.write_text(
        json.dumps(
            {
                "images": [
                    {"id": 1, "file_name": "a.png", "height": 100, "width": 120},
                    {"id": 2, "file_name": "b.png", "height": 50, "width": 40},
                ],
                "categories": [{"id": 7, "name": "fire_hydrant_(street)"}],
                "annotations": [annotation],
            }
        )
    )
    return path


@pytest.mark.parametrize("form", ["polygon", "run lengths"])
def test_coco(tmp_path: Path, form: str) -> None:
    polygon = [[30, 20, 90, 20, 90, 80, 30, 80]]
    mask = np.zeros((100, 120), np.uint8, order="F")
    mask[20:80, 30:90] = 1
    runs = np.diff(np.flatnonzero(np.diff(mask.ravel("F"), prepend=0, append=2)), prepend=0)
    counts = {"size": [100, 120], "counts": runs.tolist()}
    path = _coco(tmp_path, polygon if form == "polygon" else counts)
    library = CutoutLibrary.from_coco(path, tmp_path)
    (hydrant,) = library.cutouts
    assert (hydrant.class_name, hydrant.caption) == ("fire hydrant", "a fire hydrant")
    rgba = hydrant.load()
    assert rgba.shape == (60, 60, 4)
    assert (rgba == (10, 200, 30, 255)).all()
    # The photograph of the hydrant is no background: it would show a second hydrant.
    (background,) = library.backgrounds
    assert background.load().shape == (50, 40, 3)


def test_coco_without_use(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="no instance"):
        CutoutLibrary.from_coco(_coco(tmp_path, [[0, 0, 1, 0, 1, 1]], crowd=1), tmp_path)
    (tmp_path / "broken.json").write_text('{"images": []}')
    with pytest.raises(UserError, match=r"broken\.json"):
        CutoutLibrary.from_coco(tmp_path / "broken.json", tmp_path)


def test_no_stamps(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="tuxpaint-stamps-default"):
        CutoutLibrary.from_tuxpaint(tmp_path / "none")
    with pytest.raises(UserError, match="no stamps"):
        CutoutLibrary.from_tuxpaint(tmp_path)


def test_a_stamp_of_our_own(tmp_path: Path) -> None:
    folder = tmp_path / "animals" / "birds"
    folder.mkdir(parents=True)
    Image.new("RGBA", (60, 80), (1, 2, 3, 255)).save(folder / "robin.png")
    (folder / "robin.txt").write_text("A little robin.\nde.utf8=Ein Rotkehlchen.\n")
    (folder / "robin.dat").write_text("nomirror\n")
    Image.new("RGBA", (60, 80)).save(folder / "silent.png")
    (robin,) = CutoutLibrary.from_tuxpaint(tmp_path).cutouts
    assert (robin.class_name, robin.caption) == ("robin", "a little robin")
    assert robin.broader == ("bird", "animal") and not robin.mirrorable


@pytest.mark.skipif(not STAMPS.is_dir(), reason="tuxpaint-stamps-default is not installed")
def test_real_stamps() -> None:
    library = CutoutLibrary.from_tuxpaint()
    captions = {cutout.caption for cutout in library.cutouts}
    assert {"a camel", "a frog", "a koala"} <= captions
    assert not any("cartoon" in c.name or "symbols" in c.name for c in library.cutouts)
    assert all(cutout.load().shape[2] == 4 for cutout in library.cutouts[:20])
