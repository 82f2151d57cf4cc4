import shutil
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import h5py
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from slvp.data.benchmarks.a2d_sentences import ROWS, A2dMasks, image_id, load_a2d_sentences
from slvp.data.examples.a2d_sentences import write_a2d_sentences
from slvp.errors import UserError

REAL_TEXT = Path(__file__).parents[4] / "shared" / "real" / "text" / "a2d_annotation.txt"

CLIPS = Path("Release", "clips320H")
VIDEOSET = Path("Release", "videoset.csv")
SENTENCES = Path("text_annotations", "a2d_annotation.txt")
MISSED = Path("text_annotations", "a2d_missed_videos.txt")
MASKS = Path("text_annotations", "a2d_annotation_with_instances")


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("a2d")
    write_a2d_sentences(folder)
    return folder


@pytest.fixture
def root(example: Path, tmp_path: Path) -> Path:
    """A copy of the example, to break."""
    return shutil.copytree(example, tmp_path / "a2d")


def write_h5(path: Path, instances: list[int], masks: np.ndarray) -> None:
    with h5py.File(path, "w") as file:
        file["instance"], file["reMask"] = np.array(instances), masks


def test_reads_the_expressions_of_each_split(example: Path) -> None:
    test = load_a2d_sentences(example)
    assert [(one.sequence, one.expression_id, one.object_ids, one.scored) for one in test] == [
        ("exampleB_01", "0", (0,), (1, 3, 5)),
        ("exampleB_01", "1", (1,), (1, 5)),  # isn't in frame 4
        ("-0exampleC1", "0", (0,), (1, 3, 5)),
        ("-0exampleC1", "1", (1,), (1, 3, 5)),
    ]
    assert {one.annotation_set for one in test} == {""}
    assert test[0].frames is test[1].frames
    assert test[0].masks is test[1].masks
    assert test[0].frames.names == ("00001", "00002", "00003", "00004", "00005", "00006")
    train = load_a2d_sentences(example, "train")
    assert [(one.sequence, one.expression_id) for one in train] == [
        ("--example-A", "0"),
        ("--example-A", "1"),
    ]


def test_a_sentence_keeps_its_case_and_loses_spare_spaces(root: Path) -> None:
    (root / SENTENCES).write_text(
        "video_id,instance_id,query,short_query\n"
        '--example-A,0,"  Guy   in blue, walking ",Guy in blue\n'
    )
    (one,) = load_a2d_sentences(root, "train")
    assert one.text == "Guy in blue, walking"


def test_frames_are_named_as_results_in_cocos_format_name_them(example: Path) -> None:
    expressions = load_a2d_sentences(example)
    names = [image_id(one, t) for one in expressions for t in one.scored]
    assert names[:5] == [
        "v_exampleB_01_f_2_i_0",
        "v_exampleB_01_f_4_i_0",
        "v_exampleB_01_f_6_i_0",
        "v_exampleB_01_f_2_i_1",
        "v_exampleB_01_f_6_i_1",
    ]
    assert len(set(names)) == len(names)


def test_an_instance_in_no_annotated_frame_has_no_expression(root: Path) -> None:
    with (root / SENTENCES).open("a") as file:
        file.write("exampleB_01,7,an actor who was never drawn\n")
    assert [one.expression_id for one in load_a2d_sentences(root)] == ["0", "1", "0", "1"]


def test_rows_of_a_video_stand_together_wherever_they_are_in_the_file(root: Path) -> None:
    header, *rows = (root / SENTENCES).read_text().splitlines()
    (root / SENTENCES).write_text("\n".join([header, *rows[::2], *rows[1::2]]))
    sequences = [one.sequence for one in load_a2d_sentences(root)]
    assert sequences == ["exampleB_01"] * 2 + ["-0exampleC1"] * 2


def test_other_files_among_the_masks_are_passed_over(root: Path) -> None:
    (root / MASKS / "exampleB_01" / ".DS_Store").write_bytes(b"\0")
    assert load_a2d_sentences(root)[0].scored == (1, 3, 5)


def test_frames_that_the_videoset_leaves_out_are_there_all_the_same(root: Path) -> None:
    videoset = (root / VIDEOSET).read_text()
    (root / VIDEOSET).write_text(videoset.replace(",6,3,1", ",5,3,1"))
    one = load_a2d_sentences(root)[0]
    assert len(one.frames.names) == 6
    assert len(list(one.frames.read(one.scored))) == 3


@given(
    st.data(),
    st.lists(st.integers(0, 15), min_size=1, max_size=4, unique=True),
    st.tuples(st.integers(1, 6), st.integers(1, 6)),
)
def test_masks_are_transposed_and_one_alone_has_no_axis_for_instances(
    tmp_path_factory: pytest.TempPathFactory,
    data: st.DataObject,
    instances: list[int],
    size: tuple[int, int],
) -> None:
    masks_NHW = data.draw(
        arrays.arrays(np.uint8, (len(instances), *size), elements=st.integers(0, 1))
    )
    masks_NWH = masks_NHW.transpose(0, 2, 1)
    path = tmp_path_factory.getbasetemp() / "one.h5"
    write_h5(path, instances, masks_NWH[0] if len(instances) == 1 else masks_NWH)
    masks = A2dMasks({4: path}).read(4)
    assert masks.size == size
    assert masks.void() is None
    for one, mask_HW in zip(instances, masks_NHW, strict=True):
        assert masks.mask([one]).dtype == bool
        np.testing.assert_array_equal(masks.mask([one]), mask_HW)
    np.testing.assert_array_equal(masks.mask(instances), masks_NHW.any(axis=0))
    # Another expression's frame: the instance isn't there.
    assert masks.mask([99]).shape == size
    assert not masks.mask([99]).any()


def test_of_an_id_that_stands_twice_the_first_mask_counts(tmp_path: Path) -> None:
    masks_NWH = np.eye(3, dtype=np.uint8)[:, None]
    write_h5(tmp_path / "twice.h5", [5, 2, 5], masks_NWH)
    mask_HW = A2dMasks({0: tmp_path / "twice.h5"}).read(0).mask([5])
    np.testing.assert_array_equal(mask_HW, masks_NWH[0].T)


def clip(root: Path) -> Path:
    return root / CLIPS / "exampleB_01.mp4"


def h5(root: Path, number: int = 4) -> Path:
    return root / MASKS / "exampleB_01" / f"{number:05d}.h5"


def append(text: str) -> Callable[[Path], None]:
    def act(path: Path) -> None:
        path.write_text(path.read_text() + text)

    return act


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


BROKEN: dict[str, tuple[Callable[[Path], None], str]] = {
    "missing video": (lambda root: clip(root).unlink(), r"exampleB_01\.mp4 is missing"),
    "missing videoset": (lambda root: (root / VIDEOSET).unlink(), r"videoset\.csv is missing"),
    "missing sentences": (lambda root: (root / SENTENCES).unlink(), "annotation.txt is missing"),
    "missing list of missed videos": (lambda root: (root / MISSED).unlink(), "missed_videos.txt"),
    "missing folder of masks": (
        lambda root: shutil.rmtree(root / MASKS / "exampleB_01"),
        "exampleB_01 is no folder",
    ),
    "empty folder of masks": (
        lambda root: [path.unlink() for path in (root / MASKS / "exampleB_01").iterdir()],
        "exampleB_01 should have a file",
    ),
    "cut off masks": (lambda root: cut(h5(root)), r"00004\.h5 can't be read"),
    "masks of another format": (
        lambda root: h5(root).write_bytes(b"no HDF5 file"),
        r"00004\.h5 can't be read",
    ),
    "masks without instances": (
        lambda root: h5py.File(h5(root), "w").close(),
        r"00004\.h5 can't be read",
    ),
    "masks without a number": (
        lambda root: h5(root).rename(h5(root).with_name("frame4.h5")),
        "exampleB_01 should have a file",
    ),
    "masks of frame 0": (lambda root: h5(root).rename(h5(root, 0)), "numbered from 1"),
    "missing column": (
        lambda root: (root / SENTENCES).write_text("video_id,query\nexampleB_01,a bird\n"),
        r"annotation\.txt .* columns video_id, instance_id, query",
    ),
    "instance described twice": (
        lambda root: append("exampleB_01,1,again\n")(root / SENTENCES),
        "'1' of video exampleB_01",
    ),
    "instance without number": (
        lambda root: append("exampleB_01,x,again\n")(root / SENTENCES),
        "'x' of video exampleB_01",
    ),
    "video twice": (
        lambda root: append("exampleB_01,1,0,1,72,96,6,3,0\n")(root / VIDEOSET),
        r"videoset\.csv, line 5",
    ),
    "video without number of frames": (
        lambda root: append("another,1,0,1,72,96,,3,0\n")(root / VIDEOSET),
        r"videoset\.csv, line 5",
    ),
    "half a line": (lambda root: append("another,1,0\n")(root / VIDEOSET), "line 5"),
    "no video of the split": (
        lambda root: (root / VIDEOSET).write_text("another,1,0,1,72,96,6,3,1\n"),
        r"describes no video that .*videoset\.csv has in test",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_tree_is_told_in_one_line_that_names_the_file(root: Path, case: str) -> None:
    harm, told = BROKEN[case]
    harm(root)
    with pytest.raises(UserError, match=told) as caught:
        load_a2d_sentences(root)
    assert str(root) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_frame_beyond_the_video_is_told_when_it_is_read(root: Path) -> None:
    h5(root).rename(h5(root, 99))
    one = load_a2d_sentences(root)[0]
    assert one.scored == (1, 5, 98)
    with pytest.raises(UserError, match=r"exampleB_01\.mp4 ends before its frame 99"):
        list(one.frames.read(one.scored))


@pytest.mark.parametrize(
    ("instances", "shape"), [([0, 1], (4, 6)), ([0, 1], (1, 4, 6)), ([0], (6,))]
)
def test_fewer_masks_than_instances_are_told_by_name(
    tmp_path: Path, instances: list[int], shape: tuple[int, ...]
) -> None:
    write_h5(tmp_path / "few.h5", instances, np.ones(shape, np.uint8))
    with pytest.raises(UserError, match=r"few\.h5 has \d instances"):
        A2dMasks({0: tmp_path / "few.h5"}).read(0)


def test_masks_that_vanish_are_told_by_name(tmp_path: Path) -> None:
    with h5py.File(tmp_path / "none.h5", "w") as file:
        file["instance"] = [0]
    with pytest.raises(UserError, match=r"none\.h5 can't be read .*reMask"):
        A2dMasks({0: tmp_path / "none.h5"}).read(0)


@pytest.mark.skipif(not REAL_TEXT.is_file(), reason="the real sentences aren't beside the project")
def test_the_real_sentences_make_one_expression_each(tmp_path: Path) -> None:
    """With a stand-in for everything but the sentences: each instance is in one frame."""
    rows = [line.split(",") for line in REAL_TEXT.read_text("utf-8").splitlines()[1:]]
    assert len(rows) == ROWS
    instances: dict[str, list[int]] = {}
    for video, instance, *_ in rows:
        if instance != "1 (copy)":
            instances.setdefault(video, []).append(int(instance))
    for folder in (CLIPS, MASKS):
        (tmp_path / folder).mkdir(parents=True)
    shutil.copy(REAL_TEXT, tmp_path / SENTENCES)
    (tmp_path / MISSED).write_text("")
    # A part of the videos keeps the test short; one of them has the slip.
    videos = [*list(instances)[::20], "T6bNPuKV-wY"]
    (tmp_path / VIDEOSET).write_text("".join(f"{one},1,0,1,4,6,5,1,0\n" for one in videos))
    for video in videos:
        (tmp_path / CLIPS / f"{video}.mp4").touch()
        (tmp_path / MASKS / video).mkdir()
        ids = instances[video]
        write_h5(tmp_path / MASKS / video / "00003.h5", ids, np.ones((len(ids), 6, 4), np.uint8))
    expressions = load_a2d_sentences(tmp_path, "train")
    assert Counter(one.sequence for one in expressions) == {
        one: len(instances[one]) for one in videos
    }
    assert {one.scored for one in expressions} == {(2,)}
    by_key = {(one.sequence, one.expression_id): one.text for one in expressions}
    assert by_key["T6bNPuKV-wY", "1"] == "a man in black suit standing on the right"
    assert by_key["--h5fAKYurM", "0"] == "the pigeon is limping"
    assert all(text == " ".join(text.split()) and text for text in by_key.values())
