import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from slvp.data.examples.visor import write_visor
from slvp.data.visor import prepare
from slvp.data.visor.prepare import prepare_visor
from slvp.errors import UserError

INNER = "GroundTruth-SparseAnnotations"


@pytest.fixture
def source(tmp_path: Path) -> Path:
    folder = tmp_path / "source"
    folder.mkdir()
    write_visor(folder)
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def sentences(out: Path, split: str) -> dict[str, dict[str, str]]:
    """Return, by sequence, the kinds of its sentences."""
    meta = json.loads((out / "meta_expressions" / split / "meta_expressions.json").read_bytes())
    return {
        name: {one["exp"]: one["kind"] for one in video["expressions"].values()}
        for name, video in meta["videos"].items()
    }


def test_the_example_shows_every_rule(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    before = content(source)
    statistics = prepare_visor(source, out, progress=False)
    assert content(source) == before, "the source stays as it is"
    assert sentences(out, "train") == {
        "P01_01_seq_00001": {
            "the chopping board": "name",
            "the knife touched by the left hand": "hand",
            "the knife touched by the right hand": "hand",
            "the left hand": "name",
            "the right hand": "name",
        }
    }
    val = sentences(out, "val")
    assert val["P01_107_seq_00001"] == {
        "the bowl on the left": "side",
        "the bowl on the right": "side",
        "the left hand": "name",
        "the plate": "name",
    }
    assert val["P01_107_seq_00003"] == {"the right hand": "name"}
    assert "P01_107_seq_00002" not in val
    unseen = sentences(out, "val_unseen")
    assert unseen == {name: val[name] for name in ("P09_02_seq_00001", "P09_02_seq_00002")}
    assert unseen["P09_02_seq_00002"]["the right hand touching the jar"] == "contact"
    found = statistics.splits["val"]
    assert (found.sequences, found.frames, found.objects, found.expressions) == (4, 9, 17, 15)
    assert found.kept_out == {"repeated": 1, "others unsegmented": 1, "hidden": 0}
    assert found.left_out == {"too short": 1, "nothing told apart": 0}
    assert json.loads((out / "statistics.json").read_bytes())["splits"]["val"]["frames"] == 9


def test_masks_and_photographs_fit_each_other(source: Path, tmp_path: Path) -> None:
    prepare_visor(source, tmp_path / "out", progress=False)
    frame = "P01_107_seq_00001/P01_107_frame_0000000140"
    with Image.open(tmp_path / f"out/val/Annotations/{frame}.png") as mask:
        assert mask.mode == "P"
        ids_HW = np.array(mask)
    with Image.open(tmp_path / f"out/val/JPEGImages/{frame}.jpg") as picture:
        frame_HWC = np.array(picture)
    assert ids_HW.shape == frame_HWC.shape[:2] == (480, 854)
    assert np.unique(ids_HW).tolist() == [0, 1, 2, 3, 4]
    # Bowls of 260 x 180 pixels in a frame of 1920 x 1080, the first one further left.
    for object_id in (1, 2):
        area = np.count_nonzero(ids_HW == object_id)
        assert area == pytest.approx(260 * 180 * 854 * 480 / (1920 * 1080), rel=0.02)
    xs = [np.nonzero(ids_HW == object_id)[1].mean() for object_id in (1, 2)]
    assert xs[0] < xs[1]
    # Everything that the example draws is one flat colour: so each mask must lie on it.
    for object_id in range(5):
        assert frame_HWC[ids_HW == object_id].std(axis=0).max() < 16


def test_prepared_twice_is_the_same_and_nothing_is_written_again(
    source: Path, tmp_path: Path
) -> None:
    out, other = tmp_path / "out", tmp_path / "other"
    first = prepare_visor(source, out, progress=False)
    sequences = [path for path in out.rglob("*") if path.suffix in {".png", ".jpg"}]
    times = [path.stat().st_mtime_ns for path in sequences]
    assert prepare_visor(source, out, progress=False) == first
    assert [path.stat().st_mtime_ns for path in sequences] == times
    prepare_visor(source, other, progress=False)
    assert content(out) == content(other)


def test_a_stopped_conversion_goes_on(
    source: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    prepare_visor(source, tmp_path / "whole", progress=False)
    out = tmp_path / "out"
    made = []

    def stop_at_the_fourth(subsequence, split):  # type: ignore[no-untyped-def]
        made.append(subsequence.name)
        if len(made) == 4:
            raise KeyboardInterrupt
        return original(subsequence, split)

    original = prepare.make_sequence
    monkeypatch.setattr(prepare, "make_sequence", stop_at_the_fourth)
    with pytest.raises(KeyboardInterrupt):
        prepare_visor(source, out, progress=False)
    assert not (out / "meta_expressions/val").exists(), "the split file comes last"
    assert not list(out.rglob("*.part"))
    stopped_at = made[3]
    prepare_visor(source, out, progress=False)
    assert made[4] == stopped_at
    assert content(out) == content(tmp_path / "whole")


def test_what_is_missing_or_made_from_something_else_is_made_again(
    source: Path, tmp_path: Path
) -> None:
    out = tmp_path / "out"
    prepare_visor(source, out, progress=False)
    before = content(out)
    next(out.rglob("*.jpg")).unlink()
    prepare_visor(source, out, progress=False)
    assert content(out) == before
    annotations = source / INNER / "annotations/train/P01_01.json"
    annotations.write_text(annotations.read_text().replace("chopping board", "tray"))
    prepare_visor(source, out, progress=False)
    assert "the tray" in sentences(out, "train")["P01_01_seq_00001"]


def test_a_split_may_be_absent_and_frames_zipped(source: Path, tmp_path: Path) -> None:
    shutil.rmtree(source / INNER / "annotations/train")
    frames = source / INNER / "rgb_frames/val/P09/P09_02"
    shutil.make_archive(str(frames), "zip", frames)
    shutil.rmtree(frames)
    statistics = prepare_visor(source, tmp_path / "out", progress=False)
    assert list(statistics.splits) == ["val", "val_unseen"]
    assert statistics.splits["val_unseen"].frames == 4


def test_the_unseen_kitchens_are_those_of_visor() -> None:
    assert len(prepare.UNSEEN_KITCHENS) == 10
    assert {video.split("_")[0] for video in prepare.UNSEEN_KITCHENS} == {
        "P07",
        "P09",
        "P21",
        "P29",
    }


def test_broken_sources_give_one_line_and_leave_no_half_file(source: Path, tmp_path: Path) -> None:
    out = tmp_path / "out"
    with pytest.raises(UserError, match=r"has no train/\*\.json or val/\*\.json"):
        prepare_visor(source / INNER, out, progress=False)
    with pytest.raises(UserError, match="lies in VISOR's download"):
        prepare_visor(source, source / "out", progress=False)
    (tmp_path / "file").touch()
    with pytest.raises(UserError, match="file is a file: give a folder"):
        prepare_visor(source, tmp_path / "file", progress=False)
    with pytest.raises(UserError, match="can't be made"):
        prepare_visor(source, tmp_path / "file" / "below", progress=False)
    for absent, found in (("file", "is a file"), ("absent", "is not there")):
        with pytest.raises(UserError, match=f"{absent} {found}: give the folder of VISOR's"):
            prepare_visor(tmp_path / absent, out, progress=False)
    stranger = tmp_path / "home" / "thesis.tex"
    stranger.parent.mkdir()
    stranger.touch()
    with pytest.raises(UserError, match=r"home holds thesis\.tex, which is no part"):
        prepare_visor(source, stranger.parent, progress=False)
    assert list(stranger.parent.iterdir()) == [stranger]
    image = source / INNER / "rgb_frames/val/P01/P01_107/P01_107_frame_0000000193.jpg"
    image.write_bytes(image.read_bytes()[:100])
    with pytest.raises(UserError, match=r"0000000193\.jpg can't be read as a picture"):
        prepare_visor(source, out, progress=False)
    image.unlink()
    with pytest.raises(UserError, match=r"0000000193\.jpg is missing, yet .*P01_107\.json names"):
        prepare_visor(source, out, progress=False)
    annotations = source / INNER / "annotations/val/P01_107.json"
    annotations.write_text(annotations.read_text()[:-20])
    with pytest.raises(UserError, match=r"P01_107\.json doesn't read as JSON"):
        prepare_visor(source, out, progress=False)
    assert not list(out.rglob("*.part"))
    assert not (out / "meta_expressions/val").exists()
