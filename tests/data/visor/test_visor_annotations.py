import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slvp.data.visor.annotations import read_subsequences
from slvp.errors import UserError

SQUARE = [[0.0, 0.0], [10.5, 0.0], [10.5, 10.0]]


def entry(image: str, subsequence: str = "P01_01_seq_00001", *masks: dict[str, Any]) -> Any:
    return {
        "image": {"name": image, "subsequence": subsequence, "video": "P01_01", "image_path": "x"},
        "annotations": list(masks),
    }


def mask(name: str = "knife", **more: Any) -> dict[str, Any]:
    return {"id": name, "name": name, "segments": [SQUARE], "class_id": 4, **more}


def write(path: Path, *entries: Any) -> Path:
    path.write_text(json.dumps({"info": {}, "video_annotations": entries}))
    return path


def test_frames_are_grouped_by_subsequence_and_sorted(tmp_path: Path) -> None:
    path = write(
        tmp_path / "P01_01.json",
        entry("f_0000000200.jpg", "P01_01_seq_00002", mask()),
        entry("f_0000000150.jpg", "P01_01_seq_00001", mask()),
        entry("f_0000000100.jpg", "P01_01_seq_00001"),
    )
    first, second = read_subsequences(path)
    assert (first.name, first.video) == ("P01_01_seq_00001", "P01_01")
    assert [frame.image for frame in first.frames] == ["f_0000000100.jpg", "f_0000000150.jpg"]
    assert first.frames[0].annotations == ()
    assert [frame.image for frame in second.frames] == ["f_0000000200.jpg"]


def test_a_mask_is_read_with_its_relations(tmp_path: Path) -> None:
    path = write(
        tmp_path / "P01_01.json",
        entry(
            "f.jpg",
            "s",
            mask(" knife ", exhaustive="n"),
            mask("left hand", in_contact_object="knife", exhaustive="y"),
            mask("right hand", in_contact_object="hand-not-in-contact", exhaustive="inconclusive"),
            mask("oven glove", in_contact_object=None, on_which_hand=["left hand", "rigth hand"]),
            mask("glove", in_contact_object=None, on_which_hand="inconclusive"),
        ),
    )
    knife, left, right, glove, doubtful = read_subsequences(path)[0].frames[0].annotations
    assert knife.name == "knife"
    assert np.array_equal(knife.polygons[0], SQUARE)
    assert [one.others for one in (knife, left, right)] == [True, False, False]
    assert left.touches == "knife"
    assert [one.hands for one in (knife, left, right)] == [set(), {"left"}, {"right"}]
    assert glove.worn_on == glove.hands == {"left", "right"}
    assert doubtful.worn_on == set() and glove.touches == ""


def test_masks_without_a_polygon_are_left_out(tmp_path: Path) -> None:
    masks = [mask("a", segments=[]), mask("b", segments=[[]]), mask("c", segments=[[], SQUARE])]
    path = write(tmp_path / "P01_01.json", entry("f.jpg", "s", *masks))
    (only,) = read_subsequences(path)[0].frames[0].annotations
    assert only.name == "c" and len(only.polygons) == 1


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ('{"video_annotations": [', "doesn't read as JSON"),
        ('{"videos": []}', "KeyError: 'video_annotations'"),
        ('{"video_annotations": [{"image": {"name": "a.jpg"}}]}', "KeyError"),
        ("[1]", "TypeError"),
        (
            json.dumps({"video_annotations": [entry("f.jpg", "s", mask(segments=[[1.0, 2.0]]))]}),
            "'knife' is no list of pairs",
        ),
        (
            json.dumps({"video_annotations": [entry("f.jpg", "s", mask(segments=[[["a", 2]]]))]}),
            "ValueError",
        ),
        (json.dumps({"video_annotations": [entry("../f.jpg", "s")]}), "'../f.jpg' is no file name"),
    ],
)
def test_broken_files_give_one_line(tmp_path: Path, content: str, said: str) -> None:
    path = tmp_path / "P01_01.json"
    path.write_text(content)
    with pytest.raises(UserError) as error:
        read_subsequences(path)
    message = str(error.value)
    assert str(path) in message and said in message and "\n" not in message


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"P01_01\.json is missing"):
        read_subsequences(tmp_path / "P01_01.json")
