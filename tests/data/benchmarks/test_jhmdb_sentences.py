import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import scipy.io
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.benchmarks.jhmdb_sentences import (
    METADATA,
    image_id,
    load_jhmdb_sentences,
    prepare_jhmdb_sentences,
)
from slvp.data.examples.jhmdb_sentences import write_jhmdb_sentences
from slvp.errors import UserError

CLAP = "Boom__Snap__Clap!_(example)_clap_u_nm_np1_fr_med_0"
GOLF = "#example_#2_golf_f_cm_np1_ri_goo_1"
PULLUP = "example_of_a_(dead-hang)_pullup_u_cm_np1_ba_med_2"


@pytest.fixture(scope="module")
def example(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("jhmdb")
    write_jhmdb_sentences(folder)
    return folder


@pytest.fixture
def root(example: Path, tmp_path: Path) -> Path:
    """A copy of the example, to break."""
    return shutil.copytree(example, tmp_path / "jhmdb")


def rows_of(root: Path) -> list[list[Any]]:
    return json.loads((root / METADATA).read_text())


def row(number: int, name: str = GOLF, action: str = "golf", **changes: Any) -> list[Any]:
    """As MTTR writes it."""
    values = {
        "name": name,
        "picture": f"./jhmdb_sentences/Rename_Images/{action}/{name}/{number:05d}.png",
        "masks": f"./jhmdb_sentences/puppet_mask/{action}/{name}/puppet_mask.mat",
        "count": 5,
        "text": "a man plays golf",
    }
    return list((values | changes).values())


def test_reads_one_expression_for_each_video(example: Path) -> None:
    expressions = load_jhmdb_sentences(example)
    assert [one.sequence for one in expressions] == [CLAP, GOLF, PULLUP]
    assert {(one.expression_id, one.annotation_set) for one in expressions} == {("0", "")}
    sentences = (example / "jhmdb_annotation.txt").read_text().splitlines()[1:]
    assert [f"{one.sequence},{one.text}" for one in expressions] == sentences
    # Five of the six frames of the second one have masks.
    assert [len(one.frames.names) for one in expressions] == [6, 5, 6]
    assert expressions[1].frames.names == ("00001", "00002", "00003", "00004", "00005")
    for one in expressions:
        assert len(one.scored) == 3
        (frame_HWC,) = one.frames.read(one.scored[:1])
        assert one.masks is not None
        truth = one.masks.read(one.scored[0])
        assert truth.size == frame_HWC.shape[:2]
        assert truth.mask(one.object_ids).any()


def test_the_frames_that_count_are_those_of_the_list(root: Path) -> None:
    rows = [row(4), row(1, text=" A  man plays golf "), row(5, text="A man plays golf")]
    rows[0][-1] = "A man plays golf"
    (root / METADATA).write_text(json.dumps(rows))
    (one,) = load_jhmdb_sentences(root)
    assert one.text == "A man plays golf"
    assert one.scored == (0, 3, 4)
    assert [image_id(one, t) for t in one.scored] == [
        f"v_{GOLF}_f_1",
        f"v_{GOLF}_f_4",
        f"v_{GOLF}_f_5",
    ]


def test_paths_may_start_anywhere(root: Path) -> None:
    changed = json.dumps(rows_of(root)).replace("./jhmdb_sentences/", "/data/of/someone else/")
    (root / METADATA).write_text(changed)
    assert [one.sequence for one in load_jhmdb_sentences(root)] == [CLAP, GOLF, PULLUP]


BROKEN: dict[str, tuple[Callable[[Path], Any], str]] = {
    "missing list": (
        lambda root: (root / METADATA).unlink(),
        r"metadata\.json is missing.*MTTR.*slvp data prepare jhmdb-sentences ",
    ),
    "list that is cut off": (
        lambda root: (root / METADATA).write_text('[["a", "b"'),
        r"metadata\.json doesn't read as JSON",
    ),
    "empty list": (lambda root: (root / METADATA).write_text("[]"), "it is empty"),
    "list that is none": (lambda root: (root / METADATA).write_text("7"), "MTTR's list"),
    "short row": (
        lambda root: (root / METADATA).write_text(json.dumps([row(1)[:4]])),
        "no row of five values",
    ),
    "short path": (
        lambda root: (root / METADATA).write_text(json.dumps([row(1, picture="00001.png")])),
        "none of the 5 frames",
    ),
    "picture without number": (
        lambda root: (root / METADATA).write_text(
            json.dumps([row(1, picture=f"golf/{GOLF}/a.png")])
        ),
        "MTTR's list",
    ),
    "picture of another video": (
        lambda root: (root / METADATA).write_text(json.dumps([row(1, picture="a/b/00001.png")])),
        f"none of the 5 frames of {GOLF}",
    ),
    "frame beyond the video": (
        lambda root: (root / METADATA).write_text(json.dumps([row(6)])),
        r"00006\.png is none of the 5 frames",
    ),
    "frame 0": (
        lambda root: (root / METADATA).write_text(json.dumps([row(0)])),
        r"00000\.png is none of the 5 frames",
    ),
    "frame that stands twice": (
        lambda root: (root / METADATA).write_text(json.dumps([row(2), row(3), row(2)])),
        f"rows of {GOLF}",
    ),
    "second sentence": (
        lambda root: (root / METADATA).write_text(json.dumps([row(2), row(3, text="another")])),
        f"rows of {GOLF}",
    ),
    "missing picture": (
        lambda root: (root / "Rename_Images" / "golf" / GOLF / "00003.png").unlink(),
        r"goo_1/00003\.png is missing",
    ),
    "missing pictures": (
        lambda root: shutil.rmtree(root / "Rename_Images" / "golf" / GOLF),
        "goo_1 is no folder",
    ),
    "missing masks": (
        lambda root: (root / "puppet_mask" / "golf" / GOLF / "puppet_mask.mat").unlink(),
        r"goo_1/puppet_mask\.mat is missing",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_tree_is_told_in_one_line_that_names_the_file(root: Path, case: str) -> None:
    harm, told = BROKEN[case]
    harm(root)
    with pytest.raises(UserError, match=told) as caught:
        load_jhmdb_sentences(root)
    assert str(root) in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_none_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="nowhere is no folder"):
        load_jhmdb_sentences(tmp_path / "nowhere")


def test_preparing_leaves_a_list_as_it_is(root: Path) -> None:
    (root / METADATA).write_text("whatever is in it")
    done = prepare_jhmdb_sentences(root)
    assert "stays as it is" in done
    assert (root / METADATA).read_text() == "whatever is in it"


def test_preparing_draws_three_frames_of_each_video_and_the_same_every_time(root: Path) -> None:
    before = (root / METADATA).read_bytes()
    (root / METADATA).unlink()
    done = prepare_jhmdb_sentences(root)
    assert "9 frames" in done
    assert "\n" not in done
    assert (root / METADATA).read_bytes() == before
    assert rows_of(root)[3] == row(1, text=rows_of(root)[3][-1])
    assert sorted(path.name for path in root.iterdir()) == [
        "Rename_Images",
        "jhmdb_annotation.txt",
        METADATA,
        "puppet_mask",
    ]
    # What is drawn of a video doesn't hang on the others.
    table = root / "jhmdb_annotation.txt"
    header, _, *others = table.read_text().splitlines()
    table.write_text("\n".join([header, *reversed(others)]))
    drawn = rows_of(root)
    (root / METADATA).unlink()
    prepare_jhmdb_sentences(root)
    assert rows_of(root) == drawn[6:] + drawn[3:6]


@given(st.integers(1, 6), st.integers(2, 6))
def test_drawn_frames_have_pictures_and_masks(
    example: Path, tmp_path_factory: pytest.TempPathFactory, pictures: int, masks: int
) -> None:
    root = tmp_path_factory.mktemp("drawn") / "jhmdb"
    shutil.copytree(example, root)
    (root / METADATA).unlink()
    folder = root / "Rename_Images" / "clap" / CLAP
    for number in range(pictures + 1, 7):
        (folder / f"{number:05d}.png").unlink()
    file = root / "puppet_mask" / "clap" / CLAP / "puppet_mask.mat"
    scipy.io.savemat(file, {"part_mask": np.ones((4, 6, masks), np.uint8)})
    prepare_jhmdb_sentences(root)
    one = load_jhmdb_sentences(root)[0]
    count = min(pictures, masks)
    assert len(one.frames.names) == count
    assert len(one.scored) == min(3, count)
    assert one.scored == tuple(sorted(set(one.scored)))
    assert one.scored[-1] < count


@pytest.mark.parametrize("place", ["Rename_Images", "puppet_mask"])
def test_preparing_names_a_video_that_is_missing(root: Path, place: str) -> None:
    (root / METADATA).unlink()
    shutil.rmtree(root / place / "golf")
    with pytest.raises(UserError, match=f"{place} has no ACTION/{GOLF}"):
        prepare_jhmdb_sentences(root)
    assert not (root / METADATA).exists()


def test_preparing_needs_sentences(root: Path) -> None:
    (root / METADATA).unlink()
    (root / "jhmdb_annotation.txt").write_text("video,sentence\n")
    with pytest.raises(UserError, match=r"jhmdb_annotation\.txt .* columns video_id, query"):
        prepare_jhmdb_sentences(root)


def test_preparing_what_cannot_be_written_to_is_told(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / METADATA).unlink()

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    with pytest.raises(UserError, match=r"metadata\.json can't be written \(No space left"):
        prepare_jhmdb_sentences(root)
    assert len(list(root.iterdir())) == 3
