import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS, _read_descriptions, load_ref_davis17
from slvp.data.examples.ref_davis17 import FRAMES, SEQUENCES, write_ref_davis17
from slvp.data.examples.scene import scene, sentences_of
from slvp.errors import UserError

VAL5 = Path(__file__).parents[4] / "shared" / "real" / "ref-davis17-val5"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """Two sequences of two frames; classic-car holds objects 1 and 2, bear object 1."""
    davis = tmp_path / "DAVIS"
    for sequence, objects in (("classic-car", 2), ("bear", 1)):
        frames = davis / "JPEGImages" / "480p" / sequence
        masks = davis / "Annotations" / "480p" / sequence
        frames.mkdir(parents=True)
        masks.mkdir(parents=True)
        for name in ("00000", "00001"):
            Image.new("RGB", (8, 6)).save(frames / f"{name}.jpg")
            ids_HW = np.zeros((6, 8), np.uint8)
            ids_HW[1, 1 : objects + 1] = range(1, objects + 1)
            Image.fromarray(ids_HW, mode="P").save(masks / f"{name}.png")
    splits = davis / "ImageSets" / "2017"
    splits.mkdir(parents=True)
    (splits / "val.txt").write_text("classic-car\nbear\n")
    texts = tmp_path / "davis_text_annotations"
    texts.mkdir()
    for name in ANNOTATION_SETS:
        (texts / f"Davis17_{name}.txt").write_text(
            f'bear 1 "a bear of {name}"\n'
            'clasic-car 1 "a red car"\n'
            'clasic-car 2 "the driver, said "Joe""\n'
            'unknown 1 "a sequence of another split"\n'
        )
    return tmp_path


def test_reads_every_set_of_every_sequence_in_the_order_of_the_split(root: Path) -> None:
    expressions = load_ref_davis17(root)
    # One sequence's expressions stand together, so that its video is read once.
    assert [one.sequence for one in expressions] == ["classic-car"] * 8 + ["bear"] * 4
    cars = expressions[:8]
    assert [one.annotation_set for one in cars[::2]] == list(ANNOTATION_SETS)
    assert [one.object_ids for one in cars] == [(1,), (2,)] * 4
    assert [one.text for one in cars[:2]] == ["a red car", 'the driver, said "Joe"']
    # Object by object, each in the order of the sets: as ReferFormer's conversion numbers them.
    assert [one.expression_id for one in cars] == ["0", "4", "1", "5", "2", "6", "3", "7"]
    assert [one.expression_id for one in expressions[8:]] == ["0", "1", "2", "3"]
    assert all(one.frames is cars[0].frames and one.masks is cars[0].masks for one in cars)
    assert cars[0].frames.names == ("00000", "00001")
    assert [path.name for path in cars[0].masks.paths] == ["00000.png", "00001.png"]
    assert {one.scored for one in expressions} == {(0, 1)}


def numbered_as_converted(described: dict[str, list[tuple[int, str]]]) -> dict[str, str]:
    """Number a sequence's descriptions as ``convert_davis_to_ytvos.py`` of ReferFormer does.

    It sorts each set by object and goes through the four of them side by side. (It sorts ids as
    strings, which is the same up to nine objects.)
    """
    sets = [sorted(described[name]) for name in ANNOTATION_SETS]
    side_by_side = [text for objects in zip(*sets, strict=True) for _, text in objects]
    return {str(number): text for number, text in enumerate(side_by_side)}


@given(data=st.data(), objects=st.integers(1, 9))
def test_numbers_are_those_of_the_conversion_whatever_the_order_of_lines(
    tmp_path_factory: pytest.TempPathFactory, data: st.DataObject, objects: int
) -> None:
    root = tmp_path_factory.mktemp("numbers")
    for folder in ("JPEGImages/480p/bear", "Annotations/480p/bear", "ImageSets/2017"):
        (root / "DAVIS" / folder).mkdir(parents=True)
    (root / "DAVIS/JPEGImages/480p/bear/00000.jpg").touch()
    (root / "DAVIS/Annotations/480p/bear/00000.png").touch()
    (root / "DAVIS/ImageSets/2017/val.txt").write_text("bear\n")
    (root / "davis_text_annotations").mkdir()
    described = {}
    for name in ANNOTATION_SETS:
        order = data.draw(st.permutations(range(1, objects + 1)))
        described[name] = [(number, f"object {number} in {name}") for number in order]
        (root / f"davis_text_annotations/Davis17_{name}.txt").write_text(
            "".join(f'bear {number} "{text}"\n' for number, text in described[name])
        )
    read = {one.expression_id: one.text for one in load_ref_davis17(root)}
    assert read == numbered_as_converted(described)


def test_ids_are_sorted_as_numbers(tmp_path: Path) -> None:
    numbers = [10, 2, 1, 11, 9]
    (tmp_path / "text.txt").write_text("".join(f'bear {n} "object {n}"\n' for n in numbers))
    assert [n for n, _ in _read_descriptions(tmp_path / "text.txt")["bear"]] == [1, 2, 9, 10, 11]


def test_an_object_that_is_described_twice_is_named(root: Path) -> None:
    path = root / "davis_text_annotations" / "Davis17_annot1.txt"
    # Under both spellings, it is the same object.
    path.write_text(path.read_text() + 'classic-car 2 "the driver again"\n')
    with pytest.raises(UserError, match=r"annot1\.txt, line 5, describes object 2 .* classic-car"):
        load_ref_davis17(root)


def test_masks_for_the_unsupervised_task(root: Path) -> None:
    both = load_ref_davis17(root), load_ref_davis17(root, unsupervised=True)
    # One of the two folders will do.
    assert both[0] == both[1]
    shutil.copytree(root / "DAVIS/Annotations", root / "DAVIS/Annotations_unsupervised")
    for unsupervised, folder in ((False, "Annotations"), (True, "Annotations_unsupervised")):
        masks = load_ref_davis17(root, unsupervised=unsupervised)[0].masks
        assert masks.paths[0] == root / "DAVIS" / folder / "480p/classic-car/00000.png"
    shutil.rmtree(root / "DAVIS/Annotations")
    masks = load_ref_davis17(root)[0].masks
    assert masks.paths[0].is_relative_to(root / "DAVIS/Annotations_unsupervised")


@pytest.mark.parametrize("split", ["train", "val"])
def test_the_example_is_what_was_drawn(tmp_path: Path, split: str) -> None:
    write_ref_davis17(tmp_path)
    seeds = {"train": 0, "val": 2}
    expressions = load_ref_davis17(tmp_path, split)
    assert len(expressions) == 4 * sum(SEQUENCES[split].values())
    for index, (sequence, objects) in enumerate(SEQUENCES[split].items()):
        clip = scene(seeds[split] + index, objects=objects)
        group = [one for one in expressions if one.sequence == sequence]
        for rank in range(objects):
            said = sentences_of(clip, rank + 1)
            for number, name in enumerate(ANNOTATION_SETS):
                one = next(e for e in group if e.expression_id == str(4 * rank + number))
                assert (one.annotation_set, one.object_ids) == (name, (rank + 1,))
                ending = " vis-à-vis the viewer" if name.startswith("annot2") else ""
                assert one.text == said[number % len(said)] + ending
        assert group[0].frames.names == FRAMES
        for t, frame_HWC in enumerate(group[0].frames.read(range(len(FRAMES)))):
            assert np.abs(frame_HWC.astype(int) - clip.frames_THWC[t]).mean() < 6
            ids = group[0].masks.read(t)
            assert ids.void() is None
            for rank in range(objects):
                np.testing.assert_array_equal(ids.mask((rank + 1,)), clip.ids_THW[t] == rank + 1)


def test_void_pixels_of_the_example_are_no_object(tmp_path: Path) -> None:
    write_ref_davis17(tmp_path)
    masks = load_ref_davis17(tmp_path, unsupervised=True)[0].masks
    void_HW = masks.read(2).void()
    assert void_HW is not None and void_HW.sum() == 48
    assert not (masks.read(2).mask((1,)) & void_HW).any()
    assert masks.read(1).void() is None


def test_an_object_that_is_in_no_mask_is_loaded(root: Path) -> None:
    path = root / "davis_text_annotations" / "Davis17_annot1.txt"
    path.write_text(path.read_text() + 'bear 7 "a bear that hides"\n')
    assert (7,) in {one.object_ids for one in load_ref_davis17(root)}


@pytest.mark.parametrize(
    ("spelled", "meant"),
    [("clasic-car", "classic-car"), ("dog-scale", "dogs-scale"), ("motor-bike", "motorbike")],
)
def test_spelling_of_the_published_files_is_mended(
    tmp_path: Path, spelled: str, meant: str
) -> None:
    (tmp_path / "text.txt").write_text(f'{spelled} 1 "a thing"\n')
    assert _read_descriptions(tmp_path / "text.txt") == {meant: [(1, "a thing")]}


@pytest.mark.parametrize("encoding", ["latin-1", "utf-8", "utf-8-sig"])
@pytest.mark.parametrize("line_end", ["\n", "\r\n"])
def test_both_encodings_are_read(tmp_path: Path, encoding: str, line_end: str) -> None:
    lines = ['bear 1 "a café owner"', "", 'dog 2 " a dog "', ""]
    (tmp_path / "text.txt").write_bytes(line_end.join(lines).encode(encoding))
    described = _read_descriptions(tmp_path / "text.txt")
    assert described == {"bear": [(1, "a café owner")], "dog": [(2, "a dog")]}


TEXT = st.text(
    st.characters(exclude_categories=["Cs", "Cc", "Zl", "Zp"]), min_size=1, max_size=30
).filter(lambda text: text.strip())


@given(described=st.dictionaries(st.integers(1, 255), TEXT, min_size=1, max_size=5))
def test_any_text_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, described: dict[int, str]
) -> None:
    path = tmp_path_factory.mktemp("texts") / "text.txt"
    lines = [f'bear {number} "{text}"\n' for number, text in described.items()]
    path.write_text("".join(lines), "utf-8")
    expected = [(number, described[number].strip()) for number in sorted(described)]
    assert _read_descriptions(path) == {"bear": expected}


@pytest.mark.parametrize(
    "line",
    ["bear", "bear 1", 'bear one "a bear"', 'bear 0 "a bear"', "bear 1 a bear", 'bear 1 " "'],
)
def test_an_unreadable_line_is_named_by_file_and_number(root: Path, line: str) -> None:
    path = root / "davis_text_annotations" / "Davis17_annot2.txt"
    path.write_text(f'bear 1 "a bear"\n{line}\n')
    with pytest.raises(UserError, match=r"Davis17_annot2\.txt, line 2,"):
        load_ref_davis17(root)


@pytest.mark.parametrize(
    "missing",
    [
        "DAVIS",
        "DAVIS/ImageSets/2017/val.txt",
        "DAVIS/JPEGImages/480p/bear",
        "DAVIS/Annotations/480p/bear",
        "DAVIS/Annotations/480p/bear/00001.png",
        "DAVIS/JPEGImages/480p/bear/00001.jpg",
        "davis_text_annotations",
        "davis_text_annotations/Davis17_annot1_full_video.txt",
    ],
)
def test_a_missing_part_is_named(root: Path, missing: str) -> None:
    path = root / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError, match=rf"{missing}(/\S+)? is (missing|no folder)"):
        load_ref_davis17(root)


def test_a_sequence_without_frames_or_description_is_named(root: Path) -> None:
    frames = root / "DAVIS/JPEGImages/480p/bear"
    for frame in frames.iterdir():
        frame.rename(frame.with_suffix(".bmp"))
    with pytest.raises(UserError, match=r"480p/bear has no frame"):
        load_ref_davis17(root)
    texts = root / "davis_text_annotations/Davis17_annot2.txt"
    texts.write_text('bear 1 "a bear"\n')
    with pytest.raises(UserError, match=r"Davis17_annot2\.txt doesn't describe .* classic-car"):
        load_ref_davis17(root)


def test_an_empty_split_and_another_split_are_refused(root: Path) -> None:
    with pytest.raises(UserError, match=r"train\.txt is missing"):
        load_ref_davis17(root, "train")
    (root / "DAVIS/ImageSets/2017/val.txt").write_text("\n")
    with pytest.raises(UserError, match=r"val\.txt names no sequence"):
        load_ref_davis17(root)


def test_a_mask_in_colours_and_one_cut_off_are_named_when_read(root: Path) -> None:
    folder = root / "DAVIS/Annotations/480p/bear"
    Image.new("RGB", (8, 6)).save(folder / "00000.png")
    (folder / "00001.png").write_bytes((folder / "00001.png").read_bytes()[:60])
    masks = load_ref_davis17(root)[-1].masks
    for t, complaint in ((0, r"bear/00000\.png is .*RGB"), (1, r"bear/00001\.png can't be read")):
        with pytest.raises(UserError, match=complaint) as told:
            masks.read(t)
        assert "\n" not in str(told.value)


@pytest.mark.skipif(not VAL5.is_dir(), reason="the real sequences of Ref-DAVIS17 are not here")
def test_real_sequences() -> None:
    expressions = load_ref_davis17(VAL5)
    assert len(expressions) == 5 * 4
    frames = {one.sequence: len(one.frames.names) for one in expressions}
    assert frames == {
        "camel": 90,
        "car-roundabout": 75,
        "cows": 104,
        "dance-twirl": 90,
        "dog": 60,
    }
    texts = {(one.sequence, one.annotation_set): one.text for one in expressions}
    assert texts["dog", "annot2_full_video"] == "a dog looking for something"
    ids = expressions[0].masks.read(0)
    assert ids.size == (480, 854)
    assert ids.void() is None
    np.testing.assert_array_equal(np.unique(ids.ids_HW), [0, 1])
    for sequence in frames:
        described = {name: [(1, texts[sequence, name])] for name in ANNOTATION_SETS}
        group = {one.expression_id: one.text for one in expressions if one.sequence == sequence}
        assert group == numbered_as_converted(described)
