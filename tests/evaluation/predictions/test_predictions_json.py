"""COCO's results and YouTube-VIS's."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.rle import encode_rle
from slvp.errors import UserError
from slvp.evaluation.predictions import open_predictions


@pytest.fixture
def write(tmp_path: Path):
    def write(content) -> Path:
        path = tmp_path / "masks.json"
        path.write_text(json.dumps(content))
        return path

    return write


def mask(seed: int, shape=(6, 8)) -> np.ndarray:
    return np.random.default_rng(seed).random(shape) < 0.5


def entry(image_id, seed: int = 0, **fields) -> dict:
    return {"image_id": image_id, "segmentation": encode_rle(mask(seed)), **fields}


def test_entries_are_found_by_video_expression_and_frame(kit, write) -> None:
    groups = [kit.group("dog"), kit.group("cat")]
    entries = [
        entry(f"{one.sequence}/{one.expression_id}/{frame}", index * 3 + t)
        for index, one in enumerate([*groups[0], *groups[1]])
        for t, frame in enumerate(one.frames.names)
    ]
    predictions = open_predictions(write(entries[::-1]), "masks")
    assert predictions.check(groups) == []
    for first, group in zip((0, 6), groups, strict=True):
        for answer in predictions.answers(group):
            for index, (candidate,) in enumerate(answer.candidates):
                assert candidate.score == 1.0
                seed = first + index * 3 + answer.t
                np.testing.assert_array_equal(candidate.mask_HW, mask(seed))


@given(scores=st.lists(st.sampled_from([-1.0, 0.0, 0.25, 0.5, 7, 0.5]), max_size=6))
def test_candidates_are_sorted_by_score_and_keep_their_order(kit, tmp_path_factory, scores) -> None:
    path = tmp_path_factory.mktemp("results") / "masks.json"
    entries = [entry("dog/0/00005", seed, score=score) for seed, score in enumerate(scores)]
    path.write_text(json.dumps(entries))
    answers = list(open_predictions(path, "masks").answers(kit.group("dog")))
    found = answers[1].candidates[0]
    order = sorted(range(len(scores)), key=lambda index: (-scores[index], index))
    assert [one.score for one in found] == [scores[index] for index in order]
    for one, seed in zip(found, order, strict=True):
        np.testing.assert_array_equal(one.mask_HW, mask(seed))
    assert all(one == () for answer in (answers[0], answers[2]) for one in answer.candidates)


def test_mttr_names_of_a2d_sentences(kit, write) -> None:
    group = kit.group("v_f_1", ["0", "4"], scored=[(0, 2), (2,)], objects=[1, 3])
    entries = [entry("v_v_f_1_f_3_i_3", 1), entry("v_v_f_1_f_1_i_1", 2)]
    predictions = open_predictions(write(entries), "masks")
    assert predictions.check([group]) == []
    first, last = predictions.answers(group)
    np.testing.assert_array_equal(first.candidates[0][0].mask_HW, mask(2))
    np.testing.assert_array_equal(last.candidates[1][0].mask_HW, mask(1))
    assert (first.candidates[1], last.candidates[0]) == ((), ())


def test_mttr_names_of_jhmdb_sentences(kit, write) -> None:
    group = kit.group("pick_f_nm_44", ["0"], scored=[(1,)])
    predictions = open_predictions(write([entry("v_pick_f_nm_44_f_2", 5)]), "masks")
    assert predictions.check([group]) == []
    (answer,) = predictions.answers(group)
    np.testing.assert_array_equal(answer.candidates[0][0].mask_HW, mask(5))


def test_mttr_names_in_another_benchmark_are_unknown(kit, write) -> None:
    group = [replace(one, object_ids=(1, 2)) for one in kit.group("dog")]
    with pytest.raises(UserError, match=r"'v_dog_f_3_i_3'.*'dog/0/00000'"):
        open_predictions(write([entry("v_dog_f_3_i_3")]), "masks").check([group])


def test_youtube_vis_has_a_mask_for_each_frame_of_a_video(kit, write) -> None:
    groups = [kit.group("dog"), kit.group("cat")]
    content = [
        {
            "video_id": "cat",
            "exp_id": 1,
            "score": score,
            "segmentations": [encode_rle(mask(seed)), None, encode_rle(mask(seed + 1))],
        }
        for seed, score in ((4, 0.25), (8, 0.75))
    ]
    predictions = open_predictions(write(content), "masks")
    (warning,) = predictions.check(groups)
    assert "no mask for 3 of 4 expressions, as dog/0" in warning
    first, middle, last = predictions.answers(groups[1])
    assert middle.candidates == ((), ())
    assert [one.score for one in first.candidates[1]] == [0.75, 0.25]
    np.testing.assert_array_equal(first.candidates[1][0].mask_HW, mask(8))
    np.testing.assert_array_equal(last.candidates[1][1].mask_HW, mask(5))


def test_a_video_of_another_length_is_named(kit, write) -> None:
    content = [{"video_id": "dog", "exp_id": "1", "segmentations": [None, None]}]
    answers = open_predictions(write(content), "masks").answers(kit.group("dog"))
    with pytest.raises(UserError, match=r"masks\.json, entry 0 .*2 masks for the 3 frames"):
        next(answers)


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ([entry("dog/0/00000"), entry("dog/0/00001"), entry("cow/0/00000")], "2 images.*00001"),
        ([entry(17)], "1 image .*'17'.*'dog/0/00000'"),
        (
            [{"video_id": "cow", "exp_id": 0, "segmentations": []}],
            "1 expression .*'cow/0'",
        ),
    ],
)
def test_unknown_names_are_refused(kit, write, content, named) -> None:
    with pytest.raises(UserError, match=rf"masks\.json names {named}"):
        open_predictions(write(content), "masks").check([kit.group("dog")])


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ({"image_id": "dog"}, "no list of entries"),
        ([1, 2], "no list of entries"),
        ([entry("a"), {"image_id": "a"}], "entry 1.*'segmentation'"),
        ([{"segmentation": {}}], "entry 0.*'image_id'"),
        ([entry("a", score="high")], 'entry 0.*"high"'),
        ([entry("a", score=None)], "entry 0.*score"),
        ([entry("a", score=float("nan"))], "entry 0.*NaN"),
        ([{"segmentations": [], "video_id": "a"}], "entry 0.*'exp_id'"),
        ([entry("a"), {"video_id": "a", "exp_id": 0, "segmentations": []}], "entry 1.*whole video"),
        ([{"video_id": "a", "exp_id": 0, "segmentations": []}, entry("a")], "entry 1.*one image"),
        ([entry("a", score=10**400)], "entry 0.*score 1000"),
        ([{"segmentations": 3, "video_id": "a", "exp_id": 0}], "entry 0.*segmentations"),
    ],
)
def test_broken_entries_are_named(write, content, named) -> None:
    with pytest.raises(UserError, match=rf"masks\.json.* {named}") as told:
        open_predictions(write(content), "masks")
    assert "Error" not in str(told.value)


def test_a_broken_mask_is_named_with_its_image(kit, write) -> None:
    broken = {"image_id": "dog/1/00005", "segmentation": {"size": [6, 8], "counts": [40]}}
    answers = open_predictions(write([entry("dog/1/00000"), broken]), "masks").answers(
        kit.group("dog")
    )
    next(answers)
    with pytest.raises(UserError, match=r"masks\.json, entry 1 .*dog/1/00005.*40 pixels"):
        next(answers)


def test_truncated_json_is_named(tmp_path: Path) -> None:
    path = tmp_path / "masks.json"
    path.write_text(json.dumps([entry("dog/0/00000")])[:-20])
    with pytest.raises(UserError, match=r"masks\.json doesn't read as JSON"):
        open_predictions(path, "masks")


def test_a_file_without_entries_is_no_prediction(kit, write) -> None:
    with pytest.raises(UserError, match=r"masks\.json has no mask of .* 1 video:.*'dog/0/00000'"):
        open_predictions(write([]), "masks").check([kit.group("dog")])


def test_lists_without_end_are_named(tmp_path: Path) -> None:
    path = tmp_path / "masks.json"
    path.write_text("[" * 100_000)
    with pytest.raises(UserError, match=r"masks\.json holds lists within lists"):
        open_predictions(path, "masks")


@pytest.mark.parametrize("kind", ["masks", "id_maps"])
def test_another_size_is_named_before_it_is_decoded(kit, write, kind) -> None:
    side = 200_000  # 40 GB
    huge = {"size": [side, side], "counts": [side * side]}
    content = [{"image_id": "dog/1/00000", "segmentation": huge}]
    answers = open_predictions(write(content), kind).answers(kit.group("dog"))
    with pytest.raises(UserError, match=r"entry 0 .*dog/1/00000.* 200000 x 200000 .* 8 x 6"):
        next(answers)
