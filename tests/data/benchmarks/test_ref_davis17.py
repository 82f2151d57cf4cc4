import shutil
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from slvp.data.benchmarks.records import read_mask
from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS, _read_descriptions, load_ref_davis17
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
    keys = {(one.sequence, one.annotation_set, one.expression_id) for one in expressions}
    assert len(keys) == len(expressions)
    frames = [path.name for path in cars[0].frame_paths]
    masks = [path.name for path in cars[0].mask_paths]
    assert (frames, masks) == (["00000.jpg", "00001.jpg"], ["00000.png", "00001.png"])


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


@given(described=st.lists(st.tuples(st.integers(1, 255), TEXT), min_size=1, max_size=5))
def test_any_text_comes_back_as_written(
    tmp_path_factory: pytest.TempPathFactory, described: list[tuple[int, str]]
) -> None:
    path = tmp_path_factory.mktemp("texts") / "text.txt"
    path.write_text("".join(f'bear {number} "{text}"\n' for number, text in described), "utf-8")
    expected = [(number, text.strip()) for number, text in described]
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
        "davis_text_annotations",
        "davis_text_annotations/Davis17_annot1_full_video.txt",
    ],
)
def test_a_missing_part_is_named(root: Path, missing: str) -> None:
    path = root / missing
    shutil.rmtree(path) if path.is_dir() else path.unlink()
    with pytest.raises(UserError, match=missing):
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


@pytest.mark.skipif(not VAL5.is_dir(), reason="the real sequences of Ref-DAVIS17 are not here")
def test_real_sequences() -> None:
    expressions = load_ref_davis17(VAL5)
    assert len(expressions) == 5 * 4
    frames = {one.sequence: len(one.frame_paths) for one in expressions}
    assert frames == {
        "camel": 90,
        "car-roundabout": 75,
        "cows": 104,
        "dance-twirl": 90,
        "dog": 60,
    }
    texts = {(one.sequence, one.annotation_set): one.text for one in expressions}
    assert texts["dog", "annot2_full_video"] == "a dog looking for something"
    ids_HW = read_mask(expressions[0].mask_paths[0])
    assert ids_HW.shape == (480, 854)
    assert set(np.unique(ids_HW)) == {0, 1}
