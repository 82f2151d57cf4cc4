import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.benchmarks.meta_expressions import (
    Sentence,
    Video,
    expressions_of,
    read_meta_expressions,
    require_pictures,
)
from slvp.errors import UserError

BENCHMARK = "Some Benchmark"
GOOD: dict[str, Any] = {"expressions": {"0": {"exp": "a dog"}}, "frames": ["00000", "00005"]}


def number_of(entry: dict[str, Any]) -> tuple[int, ...]:
    if "id" not in entry:
        raise ValueError("has no id")
    return (entry["id"],)


def write(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content), encoding="utf-8")
    return path


NAMES = st.text(st.characters(exclude_categories=["Cs"]), max_size=6)
VIDEOS = st.dictionaries(
    NAMES,
    st.fixed_dictionaries(
        {
            "frames": st.lists(NAMES, min_size=1, max_size=4, unique=True),
            "expressions": st.dictionaries(
                NAMES, st.fixed_dictionaries({"exp": NAMES, "id": st.integers()}), max_size=3
            ),
        }
    ),
    max_size=3,
)


@given(videos=VIDEOS)
def test_all_that_is_written_comes_back_in_order(
    tmp_path_factory: pytest.TempPathFactory, videos: dict[str, Any]
) -> None:
    path = write(tmp_path_factory.mktemp("meta") / "meta.json", {"videos": videos})
    for objects_of in (number_of, None):
        assert read_meta_expressions(path, BENCHMARK, objects_of) == [
            Video(
                name,
                tuple(video["frames"]),
                tuple(
                    Sentence(key, one["exp"].strip(), (one["id"],) if objects_of else ())
                    for key, one in video["expressions"].items()
                ),
            )
            for name, video in videos.items()
        ]


@pytest.mark.parametrize(
    ("content", "complaint"),
    [
        ([], "the file is a list"),
        ({}, '"videos" is missing'),
        ({"videos": []}, '"videos" is a list'),
        ({"videos": {"b": 1}}, "video b is a int"),
        ({"videos": {"b": {**GOOD, "frames": None}}}, '"frames" of video b is missing'),
        ({"videos": {"b": {**GOOD, "frames": "00000"}}}, '"frames" of video b is a str'),
        ({"videos": {"b": {**GOOD, "frames": [0]}}}, "a name of a frame of video b is a int"),
        ({"videos": {"b": {**GOOD, "frames": []}}}, "video b has no frame"),
        ({"videos": {"b": {**GOOD, "frames": ["0", "1", "0"]}}}, "video b names a frame twice"),
        ({"videos": {"b": {"frames": ["0"]}}}, '"expressions" of video b is missing'),
        ({"videos": {"b": {**GOOD, "expressions": ["x"]}}}, '"expressions" of video b is a list'),
        (
            {"videos": {"b": {**GOOD, "expressions": {"3": "x"}}}},
            "expression 3 of video b is a str",
        ),
        ({"videos": {"b": {**GOOD, "expressions": {"3": {}}}}}, '"exp" of expression 3 .* missing'),
        (
            {"videos": {"b": {**GOOD, "expressions": {"3": {"exp": 1}}}}},
            '"exp" of expression 3 of video b is a int',
        ),
        ({"videos": {"a": GOOD, "b": GOOD}}, "expression 0 of video a has no id"),
    ],
)
def test_a_file_of_another_form_is_told_in_one_line(
    tmp_path: Path, content: Any, complaint: str
) -> None:
    path = write(tmp_path / "meta.json", content)
    with pytest.raises(UserError, match=f"meta.json .* {BENCHMARK}, for {complaint}") as told:
        read_meta_expressions(path, BENCHMARK, number_of)
    assert "\n" not in str(told.value)


def test_pictures_that_are_there_are_returned_in_the_order_of_their_names(tmp_path: Path) -> None:
    for name in ("b", "a", "c"):
        (tmp_path / f"{name}.jpg").touch()
    found = require_pictures(tmp_path, ["b", "a"], ".jpg", tmp_path / "meta.json", BENCHMARK)
    assert found == (tmp_path / "b.jpg", tmp_path / "a.jpg")


@pytest.mark.parametrize("folder", ["here", "nowhere"])
def test_a_missing_picture_is_named(tmp_path: Path, folder: str) -> None:
    (tmp_path / "here").mkdir()
    (tmp_path / "here" / "a.png").touch()
    with pytest.raises(UserError, match=rf"{folder}/a\.jpg is missing, yet .*meta\.json names it"):
        require_pictures(tmp_path / folder, ["a"], ".jpg", tmp_path / "meta.json", BENCHMARK)


class NoPictures:
    names = ("0", "1")


def test_every_frame_is_scored_where_there_are_masks() -> None:
    video = Video("v", ("0", "1"), (Sentence("0", "a dog", (1,)), Sentence("1", "none", ())))
    frames, masks = NoPictures(), object()
    for given_masks, scored in ((masks, (0, 1)), (None, ())):
        first, second = expressions_of(video, frames, given_masks)
        assert first.frames is second.frames is frames
        assert first.masks is second.masks is given_masks
        assert first.scored == second.scored == scored
        assert (first.sequence, first.expression_id, first.text) == ("v", "0", "a dog")
        assert (first.object_ids, second.object_ids) == ((1,), ())
