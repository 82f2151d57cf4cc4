import json
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from slvp.data.benchmarks.ref_youtube_vos import load_ref_youtube_vos
from slvp.errors import UserError

REAL = Path(__file__).parents[4] / "shared/real/text/refytvos_valid_meta_expressions.json"

EXPRESSIONS = {
    "0": {"exp": "a red car ", "obj_id": "1"},
    "1": {"exp": "a car of another colour", "obj_id": "2"},
    "2": {"exp": "a giraffe", "obj_id": ""},
    "3": {"exp": "both cars", "obj_id": "1,2"},
}


def write(root: Path, split: str, content: Any, masks: bool = True) -> Path:
    meta = root / "meta_expressions" / split / "meta_expressions.json"
    meta.parent.mkdir(parents=True)
    meta.write_text(json.dumps(content))
    for video, entry in content["videos"].items():
        frames = root / split / "JPEGImages" / video
        frames.mkdir(parents=True)
        for frame in entry["frames"]:
            (frames / f"{frame}.jpg").touch()
            if masks:
                folder = root / split / "Annotations" / video
                folder.mkdir(parents=True, exist_ok=True)
                Image.fromarray(np.eye(4, dtype=np.uint8), mode="P").save(folder / f"{frame}.png")
    return meta


def test_reads_sentences_objects_and_paths(tmp_path: Path) -> None:
    content = {"videos": {"b": {"expressions": EXPRESSIONS, "frames": ["00000", "00005"]}}}
    write(tmp_path, "train", content)
    expressions = load_ref_youtube_vos(tmp_path, "train")
    assert [one.object_ids for one in expressions] == [(1,), (2,), (), (1, 2)]
    assert [one.expression_id for one in expressions] == ["0", "1", "2", "3"]
    assert expressions[0].text == "a red car"
    assert expressions[0].sequence == "b"
    folder = tmp_path / "train"
    for one in expressions:
        assert one.frame_paths == (
            folder / "JPEGImages/b/00000.jpg",
            folder / "JPEGImages/b/00005.jpg",
        )
        assert one.mask_paths == (
            folder / "Annotations/b/00000.png",
            folder / "Annotations/b/00005.png",
        )


@pytest.mark.parametrize("masks", [True, False])
def test_without_answers_there_are_no_masks(tmp_path: Path, masks: bool) -> None:
    hidden = {key: {"exp": entry["exp"]} for key, entry in EXPRESSIONS.items()}
    content = {"videos": {"b": {"expressions": hidden, "frames": ["00000"]}}}
    write(tmp_path, "valid", content, masks=masks)
    for one in load_ref_youtube_vos(tmp_path, "valid"):
        assert one.mask_paths == ()
        assert one.object_ids == ()


@pytest.mark.parametrize(
    "content",
    [
        "{",
        "[]",
        "{}",
        '{"videos": []}',
        '{"videos": {"b": {}}}',
        '{"videos": {"b": {"frames": [], "expressions": {"0": {}}}}}',
        '{"videos": {"b": {"frames": [], "expressions": {"0": {"exp": "x", "obj_id": "one"}}}}}',
        '{"videos": {"b": {"frames": [], "expressions": {"0": {"exp": 3}}}}}',
    ],
)
def test_a_file_of_another_form_is_named(tmp_path: Path, content: str) -> None:
    meta = write(tmp_path, "train", {"videos": {}})
    (tmp_path / "train/JPEGImages").mkdir(parents=True)
    meta.write_text(content)
    with pytest.raises(UserError, match=r"meta_expressions\.json"):
        load_ref_youtube_vos(tmp_path, "train")


@pytest.mark.parametrize(
    "missing",
    [
        "meta_expressions/train/meta_expressions.json",
        "train/JPEGImages",
        "train/JPEGImages/b/00000.jpg",
        "train/Annotations/b/00000.png",
    ],
)
def test_a_missing_part_is_named(tmp_path: Path, missing: str) -> None:
    content = {"videos": {"b": {"expressions": EXPRESSIONS, "frames": ["00000"]}}}
    write(tmp_path, "train", content)
    path = tmp_path / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError, match=missing):
        load_ref_youtube_vos(tmp_path, "train")


@pytest.mark.skipif(not REAL.is_file(), reason="the real meta_expressions.json is not here")
def test_real_file(tmp_path: Path) -> None:
    write(tmp_path, "valid", json.loads(REAL.read_text()), masks=False)
    expressions = load_ref_youtube_vos(tmp_path, "valid")
    assert len(expressions) == 2096
    assert len({one.sequence for one in expressions}) == 507
    assert expressions[0].text == "a dog is with its puppies on the cloth"
    assert [path.stem for path in expressions[0].frame_paths[:2]] == ["00000", "00005"]
