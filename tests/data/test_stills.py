"""Photographs as clips: crops, mirror images, places that stay true."""

from __future__ import annotations

import re
from pathlib import Path

import cv2
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


def _side(text: str) -> str:
    found = re.search(r"\b(left|right)(?:most)?\b", text)
    return found[1] if found else ""


@pytest.mark.parametrize("frames", [1, 3])
def test_expressions_stay_true_in_crops_and_mirror_images(tmp_path: Path, frames: int) -> None:
    stills = Stills(_folder(tmp_path))
    assert len(stills) == 1
    rng = np.random.default_rng(0)
    mirrored, kinds = 0, set()
    for _ in range(60):
        clip = stills.clip(0, rng, 96, 128, frames=frames, randomise=False)
        assert clip.frames_THWC.shape == (frames, 96, 128, 3)
        assert clip.ids_THW.shape == (frames, 96, 128)
        seen = set(np.unique(clip.ids_THW).tolist()) - {0}
        for frame, ids in zip(clip.frames_THWC, clip.ids_THW, strict=True):
            for object_id in seen:
                inside = cv2.erode((ids == object_id).astype(np.uint8), np.ones((5, 5))) > 0
                if inside.any():
                    assert abs(int(np.median(frame[inside])) - 60 * object_id) < 9
        for expression in clip.expressions:
            kinds.add(expression.kind)
            if len(expression.object_ids) > 1:
                assert set(expression.object_ids) == seen & {1, 2}
                continue
            (target,) = expression.object_ids
            x = np.nonzero(clip.ids_THW == target)[2].mean() / 128
            beside = re.search(r"(left|right) of the black (cat|animal)", expression.text)
            if beside:
                landmark_x = np.nonzero(clip.ids_THW == 3)[2].mean() / 128
                assert (x < landmark_x) == (beside[1] == "left")
            if "cat" in expression.text and expression.kind != "relation":
                assert target == 3 and "black" in expression.text
            elif expression.kind == "place" and target != 3 and _side(expression.text):
                left = _side(expression.text) == "left"
                assert (x < 0.6) if left else (x > 0.4)
                others = np.nonzero(clip.ids_THW == 3 - target)[2]
                if len(others) and "animal" not in expression.text:
                    assert (x < others.mean() / 128) == left
                    mirrored += left == (target == 2)
    assert mirrored > 5 and {"appearance", "place", "relation", "several"} <= kinds


def test_a_camera_moves_over_a_photograph(tmp_path: Path) -> None:
    stills, rng = Stills(_folder(tmp_path)), np.random.default_rng(1)
    clips = [stills.clip(0, rng, 64, 96, frames=4, randomise=False) for _ in range(20)]
    moves = [len(np.unique(clip.frames_THWC.reshape(4, -1), axis=0)) > 1 for clip in clips]
    assert 8 < sum(moves) < 20, "mostly, but a tripod is a camera, too"
    for clip in clips:
        centres = [np.argwhere(ids == 3).mean(0) for ids in clip.ids_THW if (ids == 3).any()]
        assert np.abs(np.diff(centres, axis=0)).max(initial=0) < 15


def test_photographs_of_many_objects_come_more_often(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    for suffix in ("jpg", "png"):
        (folder / f"b.{suffix}").write_bytes((folder / f"a.{suffix}").read_bytes())
    (folder / "stills.csv").write_text("\n".join([*ROWS, "b.jpg,1,cup,a cup,x,CC0,A"]) + "\n")
    stills, rng = Stills(folder), np.random.default_rng(0)
    share = np.mean([stills.pick(rng) == 0 for _ in range(400)])
    assert 0.55 < share < 0.72


def test_same_generator_same_clip(tmp_path: Path) -> None:
    stills = Stills(_folder(tmp_path))
    first, second = (stills.clip(0, np.random.default_rng(4), 64, 64, frames=2) for _ in range(2))
    assert (first.frames_THWC == second.frames_THWC).all()
    assert first.expressions == second.expressions


def _all_labelled(folder: Path, captions: list[tuple[str, str]]) -> list[bool]:
    rows = [f"a.jpg,{i},{name},{text},x,CC0,A" for i, (name, text) in enumerate(captions, start=1)]
    (folder / "stills.csv").write_text("\n".join([ROWS[0], *rows]) + "\n")
    (still,) = Stills(folder).photographs
    return [o.all_labelled for o in sorted(still.objects, key=lambda o: o.object_id)]


@pytest.mark.parametrize(
    ("captions", "expected"),
    [
        ([("dog", "a dog")], [True]),
        ([("dog", "a black dog")], [False]),
        ([("dog", "the dog on the left"), ("dog", "the dog on the right")], [True, True]),
        ([("dog", "the dog on the left"), ("dog", "a black dog")], [True, True]),
        ([("dog", "the leftmost dog"), ("dog", "the rightmost dog")], [False, False]),
        ([("dog", "the dog in the middle"), ("dog", "the dog on the left")], [False, False]),
        # All people are of a kind, whatever they do; a cat is another.
        ([("skier", "a skier in red"), ("person", "the largest person")], [False, False]),
        ([("dog", "a dog"), ("cat", "the largest cat")], [True, False]),
    ],
)
def test_what_captions_show_of_others(
    tmp_path: Path, captions: list[tuple[str, str]], expected: list[bool]
) -> None:
    assert _all_labelled(_folder(tmp_path), captions) == expected


def test_nothing_is_said_that_could_mean_what_is_not_labelled(tmp_path: Path) -> None:
    folder = _folder(tmp_path)
    _all_labelled(folder, [("dog", "the largest dog"), ("man", "a man in a red shirt")])
    stills, rng = Stills(folder), np.random.default_rng(0)
    said = {
        (expression.text, expression.object_ids)
        for _ in range(40)
        for expression in stills.clip(0, rng, 96, 128).expressions
    }
    assert all("red" in text for text, ids in said if ids == (2,))
    assert {text for text, ids in said if ids == (1,)} <= {"the largest dog"}


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
    # A horse, or dogs of a colour that no dog has: the one is dark, the other is grey.
    assert all(re.fullmatch("a horse|((a|the) )?(white|brown) dog", text) for text in absent)
    assert "a horse" in absent and len(set(absent)) > 1
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
