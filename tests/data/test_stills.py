"""Photographs as clips: crops, mirror images, places that stay true."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.stills import Stills
from slvp.errors import UserError

SHARED = Path(__file__).parents[3] / "shared" / "stills"
ROWS = [
    "image,object_id,class_name,caption,source,licence,tier",
    "a.jpg,1,dog,the dog on the left,x,CC0,A",
    "a.jpg,2,dog,the dog on the right,x,CC0,A",
    "a.jpg,3,cat,a black cat,x,CC0,A",
]


def _folder(root: Path) -> Path:
    picture = np.full((120, 160, 3), 128, np.uint8)
    ids = np.zeros((120, 160), np.uint8)
    for object_id, left in ((1, 10), (3, 62), (2, 115)):
        ids[40:80, left : left + 35] = object_id
        picture[40:80, left : left + 35] = 60 * object_id
    Image.fromarray(picture).save(root / "a.jpg", quality=95)
    indexed = Image.fromarray(ids).convert("P")
    indexed.putpalette([0, 0, 0, 200, 0, 0, 0, 200, 0, 0, 0, 200])
    indexed.save(root / "a.png")
    (root / "stills.csv").write_text("\n".join(ROWS) + "\n")
    return root


def test_expressions_stay_true_in_crops_and_mirror_images(tmp_path: Path) -> None:
    stills = Stills(_folder(tmp_path))
    assert len(stills) == 1
    rng = np.random.default_rng(0)
    mirrored, seen = 0, set()
    for _ in range(60):
        clip = stills.clip(0, rng, 96, 128, randomise=False)
        assert clip.frames_THWC.shape == (1, 96, 128, 3) and clip.ids_THW.shape == (1, 96, 128)
        ids = clip.ids_THW[0]
        for object_id in set(np.unique(ids).tolist()) - {0}:
            assert abs(int(np.median(clip.frames_THWC[0][ids == object_id])) - 60 * object_id) < 9
        for expression in clip.expressions:
            (target,) = expression.object_ids
            x = np.nonzero(ids == target)[1].mean() / 128
            seen.add(expression.kind)
            if target == 3:
                assert "black cat" in expression.text
            else:
                left = "left" in expression.text
                others = np.nonzero(ids == 3 - target)[1]
                assert (x < 0.6) if left else (x > 0.4)
                if len(others):
                    assert (x < others.mean() / 128) == left
                mirrored += left == (target == 2)
    assert mirrored > 5 and seen == {"appearance", "place"}


def test_same_generator_same_clip(tmp_path: Path) -> None:
    stills = Stills(_folder(tmp_path))
    first, second = (stills.clip(0, np.random.default_rng(4), 64, 64) for _ in range(2))
    assert (first.frames_THWC == second.frames_THWC).all()
    assert first.expressions == second.expressions


def test_captions_that_fit_two_objects_are_left_out(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    rows = [row.replace("the dog on the left", "a dog") for row in ROWS]
    (folder / "stills.csv").write_text("\n".join(rows) + "\n")
    rng = np.random.default_rng(0)
    for _ in range(20):
        clip = Stills(folder).clip(0, rng, 96, 128)
        if {1, 2} <= set(np.unique(clip.ids_THW).tolist()):
            assert all(expression.object_ids != (1,) for expression in clip.expressions)


def test_absent_expressions_name_what_is_not_there(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    for suffix in ("jpg", "png"):
        (folder / f"b.{suffix}").write_bytes((folder / f"a.{suffix}").read_bytes())
    horse = ["b.jpg,1,horse,a horse,x,CC0,A", "b.jpg,2,cup,a cup,x,CC0,A"]
    (folder / "stills.csv").write_text("\n".join([*ROWS, *horse]) + "\n")
    stills, rng = Stills(folder), np.random.default_rng(0)
    absent = [
        expression.text
        for _ in range(30)
        for expression in stills.clip(0, rng, 64, 64, absent=0.5).expressions
        if not expression.object_ids
    ]
    assert set(absent) == {"a horse"}
    assert 5 < len(absent) < 25


@pytest.mark.parametrize(
    ("change", "expected"),
    [
        (lambda f: (f / "stills.csv").unlink(), "no such file"),
        (lambda f: (f / "stills.csv").write_text(ROWS[0] + "\n"), "lists nothing"),
        (lambda f: (f / "stills.csv").write_text(f"{ROWS[0]}\na.jpg,x,dog,a dog\n"), "line 2"),
        (lambda f: (f / "a.png").unlink(), "a.png"),
    ],
)
def test_mistakes(tmp_path: Path, change: object, expected: str) -> None:
    folder = _folder(tmp_path)
    change(folder)  # type: ignore[operator]
    with pytest.raises(UserError, match=expected):
        Stills(folder)


@pytest.mark.skipif(not SHARED.is_dir(), reason="the development stills are not here")
def test_real_stills() -> None:
    stills, rng = Stills(SHARED), np.random.default_rng(0)
    clips = [stills.clip(index, rng, 96, 96) for index in range(0, len(stills), 20)]
    assert sum(bool(clip.expressions) for clip in clips) > 0.8 * len(clips)
    for clip in clips:
        texts = [expression.text for expression in clip.expressions]
        assert len(texts) == len(set(texts))
        assert not any(re.search(r"\b(a|the) (a|the)\b", text) for text in texts)
