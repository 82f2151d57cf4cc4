import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slvp.data.benchmarks.meta_expressions import read_meta_expressions
from slvp.data.benchmarks.ref_youtube_vos import load_ref_youtube_vos, load_world, objects_of
from slvp.data.examples.ref_youtube_vos import FRAMES, VIDEOS, write_ref_youtube_vos
from slvp.data.examples.scene import scene, sentences_of
from slvp.data.examples.world import write_world
from slvp.errors import UserError

REAL = Path(__file__).parents[4] / "shared/real/text/refytvos_valid_meta_expressions.json"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("ref-youtube-vos")
    write_ref_youtube_vos(folder)
    return folder


@pytest.fixture
def copy(example: Path, tmp_path: Path) -> Path:
    """The example, to be broken."""
    return Path(shutil.copytree(example, tmp_path / "copy"))


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder)
    return folder


def meta(root: Path, split: str) -> Path:
    return root / "meta_expressions" / split / "meta_expressions.json"


def change(path: Path, edit: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


def test_train_is_what_was_drawn(example: Path) -> None:
    expressions = load_ref_youtube_vos(example, "train")
    expected = [
        (video, text, (number,))
        for index, video in enumerate(VIDEOS["train"])
        for number in (1, 2)
        for text in sentences_of(scene(index), number)[:2]
    ]
    assert [(one.sequence, one.text, one.object_ids) for one in expressions] == expected
    # Expressions are counted anew in each video, as strings.
    ids = [one.expression_id for one in expressions if one.sequence == VIDEOS["train"][1]]
    assert ids == [str(index) for index in range(len(ids))]
    assert {one.annotation_set for one in expressions} == {""}
    assert {one.scored for one in expressions} == {tuple(range(len(FRAMES)))}


def test_frames_and_masks_of_train_are_those_of_the_clip(example: Path) -> None:
    expressions = load_ref_youtube_vos(example, "train")
    for index, video in enumerate(VIDEOS["train"]):
        clip = scene(index)
        group = [one for one in expressions if one.sequence == video]
        frames, masks = group[0].frames, group[0].masks
        assert all(one.frames is frames and one.masks is masks for one in group)
        assert frames.names == FRAMES
        for t, frame_HWC in enumerate(frames.read(range(len(FRAMES)))):
            assert np.abs(frame_HWC.astype(int) - clip.frames_THWC[t]).mean() < 6
            ids = masks.read(t)
            assert ids.size == (72, 96)
            assert ids.void() is None
            for object_ids in ((1,), (2,), (1, 2)):
                expected_HW = np.isin(clip.ids_THW[t], object_ids)
                np.testing.assert_array_equal(ids.mask(object_ids), expected_HW)


@pytest.mark.parametrize("split", ["valid", "test"])
def test_the_answers_of_valid_and_test_are_kept_by_the_server(example: Path, split: str) -> None:
    expressions = load_ref_youtube_vos(example, split)
    assert {one.sequence for one in expressions} == set(VIDEOS[split])
    assert {(one.object_ids, one.masks, one.scored) for one in expressions} == {((), None, ())}
    for one in expressions:
        assert one.frames.names == FRAMES
        assert next(one.frames.read([5])).shape == (72, 96, 3)


def test_valid_is_what_the_file_of_test_does_not_name(copy: Path) -> None:
    moved = VIDEOS["test"][0]
    change(meta(copy, "test"), lambda content: content["videos"].pop(moved))
    (copy / "test/JPEGImages" / moved).rename(copy / "valid/JPEGImages" / moved)
    valid = {one.sequence for one in load_ref_youtube_vos(copy, "valid")}
    assert valid == {*VIDEOS["valid"], moved}


def test_valid_needs_the_file_of_test(copy: Path) -> None:
    meta(copy, "test").unlink()
    with pytest.raises(UserError, match=r"test/meta_expressions\.json is missing, yet only it"):
        load_ref_youtube_vos(copy, "valid")
    assert load_ref_youtube_vos(copy, "train")
    # What the message proposes, if the file of valid is one of validation videos alone.
    change(meta(copy, "valid"), lambda content: [content["videos"].pop(v) for v in VIDEOS["test"]])
    meta(copy, "test").write_text('{"videos": {}}')
    assert {one.sequence for one in load_ref_youtube_vos(copy, "valid")} == set(VIDEOS["valid"])


def test_frames_of_test_may_lie_in_the_folder_of_valid(copy: Path) -> None:
    for video in VIDEOS["test"]:
        (copy / "test/JPEGImages" / video).rename(copy / "valid/JPEGImages" / video)
    shutil.rmtree(copy / "test")
    expressions = load_ref_youtube_vos(copy, "test")
    assert {one.sequence for one in expressions} == set(VIDEOS["test"])
    assert next(expressions[0].frames.read([0])).shape == (72, 96, 3)


@pytest.mark.parametrize(
    ("split", "missing"),
    [
        ("train", "meta_expressions/train/meta_expressions.json"),
        ("train", "train/JPEGImages"),
        ("train", f"train/JPEGImages/{VIDEOS['train'][1]}/00005.jpg"),
        ("train", f"train/JPEGImages/{VIDEOS['train'][1]}"),
        ("train", "train/Annotations"),
        ("train", f"train/Annotations/{VIDEOS['train'][0]}/00025.png"),
        ("valid", f"valid/JPEGImages/{VIDEOS['valid'][0]}/00000.jpg"),
        ("test", f"test/JPEGImages/{VIDEOS['test'][0]}/00000.jpg"),
    ],
)
def test_a_missing_part_is_named(copy: Path, split: str, missing: str) -> None:
    path = copy / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError, match=missing) as told:
        load_ref_youtube_vos(copy, split)
    assert "\n" not in str(told.value)


def test_a_file_that_is_cut_off_is_named(copy: Path) -> None:
    for split in ("test", "train"):
        path = meta(copy, split)
        path.write_bytes(path.read_bytes()[:-40])
    for split, cut in (("train", "train"), ("valid", "test")):
        with pytest.raises(UserError, match=rf"{cut}/meta_expressions\.json doesn't read as JSON"):
            load_ref_youtube_vos(copy, split)


def test_a_video_that_stands_twice_is_named(copy: Path) -> None:
    path = meta(copy, "train")
    path.write_text(path.read_text().replace(*reversed(VIDEOS["train"])))
    with pytest.raises(UserError, match=rf"train/.*'{VIDEOS['train'][0]}' stands twice"):
        load_ref_youtube_vos(copy, "train")


def test_an_expression_of_train_without_answer_is_named(copy: Path) -> None:
    video = VIDEOS["train"][1]

    def forget(content: Any) -> None:
        del content["videos"][video]["expressions"]["2"]["obj_id"]

    change(meta(copy, "train"), forget)
    with pytest.raises(UserError, match=rf'expression 2 of video {video} has no "obj_id"'):
        load_ref_youtube_vos(copy, "train")


def test_a_mask_that_was_converted_to_colours_is_named_when_read(copy: Path) -> None:
    path = copy / "train/Annotations" / VIDEOS["train"][0] / "00010.png"
    Image.open(path).convert("RGB").save(path)
    masks = load_ref_youtube_vos(copy, "train")[0].masks
    assert masks is not None
    masks.read(1)
    with pytest.raises(UserError, match=r"00010\.png is .*RGB") as told:
        masks.read(2)
    assert "\n" not in str(told.value)


@given(numbers=st.lists(st.integers(1, 254), unique=True))
def test_objects_come_back_as_written(numbers: list[int]) -> None:
    assert objects_of({"obj_id": ",".join(map(str, numbers))}) == tuple(numbers)
    assert objects_of({"obj_id": ", ".join(map(str, numbers))}) == tuple(numbers)


def test_a_number_is_an_object_too() -> None:
    assert objects_of({"obj_id": 3}) == (3,)


@pytest.mark.parametrize(
    "named", ["one", "0", "255", "-1", "1.5", "1,", ",", " ", [1], True, "1,2,1"]
)
def test_what_names_no_objects_is_told(named: object) -> None:
    with pytest.raises(ValueError, match="obj_id"):
        objects_of({"obj_id": named})


@pytest.mark.skipif(not REAL.is_file(), reason="the real meta_expressions.json is not here")
def test_real_file() -> None:
    videos = read_meta_expressions(REAL, "Ref-YouTube-VOS", None)
    assert len(videos) == 507
    sentences = [sentence for video in videos for sentence in video.sentences]
    assert len(sentences) == 2096
    assert sum(len(video.frames) for video in videos) == 13710
    assert videos[0].name == "0062f687f1"
    assert videos[0].frames[:2] == ("00000", "00005")
    assert sentences[0].text == "a dog is with its puppies on the cloth"
    assert all(one.text == one.text.strip() != "" for one in sentences)


@pytest.mark.skipif(not REAL.is_file(), reason="the real meta_expressions.json is not here")
def test_real_file_in_its_tree(tmp_path: Path) -> None:
    """As published, but for the frames, whose files are empty, and for which videos are test's."""
    meta(tmp_path, "valid").parent.mkdir(parents=True)
    shutil.copy(REAL, meta(tmp_path, "valid"))
    videos = json.loads(REAL.read_text())["videos"]
    of_test = dict(list(videos.items())[202:])
    meta(tmp_path, "test").parent.mkdir(parents=True)
    meta(tmp_path, "test").write_text(json.dumps({"videos": of_test}))
    for name, video in list(videos.items())[:202]:
        folder = tmp_path / "valid/JPEGImages" / name
        folder.mkdir(parents=True)
        for frame in video["frames"]:
            (folder / f"{frame}.jpg").touch()
    expressions = load_ref_youtube_vos(tmp_path, "valid")
    assert list(dict.fromkeys(one.sequence for one in expressions)) == list(videos)[:202]
    count = sum(len(video["expressions"]) for video in list(videos.values())[:202])
    assert len(expressions) == count


def test_the_world_names_several_objects_or_none(world: Path) -> None:
    path = meta(world, "test")
    expressions = load_world(world)
    entries = [
        entry
        for video in json.loads(path.read_text())["videos"].values()
        for entry in video["expressions"].values()
    ]
    assert [one.text for one in expressions] == [entry["exp"] for entry in entries]
    for one, entry in zip(expressions, entries, strict=True):
        assert ",".join(map(str, one.object_ids)) == entry["obj_id"]
    # An empty and a double answer are scored, too.
    assert {len(one.object_ids) for one in expressions} >= {0, 1}
    for one in expressions:
        assert one.scored == tuple(range(6))
        ids_HW = np.array(Image.open(world / f"test/Annotations/{one.sequence}/00003.png"))
        np.testing.assert_array_equal(
            one.masks.read(3).mask(one.object_ids), np.isin(ids_HW, one.object_ids)
        )


def test_complaints_about_the_world_name_the_world(world: Path, tmp_path: Path) -> None:
    with pytest.raises(
        UserError, match=r"meta_expressions\.json is missing, yet the embedded world"
    ):
        load_world(tmp_path)
    copy = Path(shutil.copytree(world, tmp_path / "copy"))
    shutil.rmtree(copy / "test/JPEGImages/world_00001")
    with pytest.raises(UserError, match=r"world_00001/00000\.jpg .* the embedded world again"):
        load_world(copy)
    meta(copy, "test").write_text(meta(copy, "test").read_text().replace('"obj_id"', '"object"'))
    with pytest.raises(UserError, match=r"expressions of the embedded world, .* has no .obj_id"):
        load_world(copy)
