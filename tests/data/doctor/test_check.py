import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from slvp.data.doctor.check import check_benchmark
from slvp.data.doctor.facts import FACTS
from slvp.data.doctor.findings import Findings
from slvp.data.palette import write_ids
from slvp.errors import UserError

VAL5 = Path(__file__).parents[4] / "shared/real/ref-davis17-val5"

Tree = Callable[[str], Path]


def check(name: str, root: Path, split: str | None = None, **options: Any) -> Findings:
    options = {"processes": 1, "progress": False} | options
    return check_benchmark(name, root, split, **options)


def found(findings: Findings) -> set[tuple[str, str]]:
    """Kinds of problems and the names of the files that have them."""
    return {
        (problem.kind, problem.path.name if problem.path is not None else problem.detail)
        for problem in findings.problems
    }


def state(root: Path) -> dict[Path, tuple[int, int]]:
    return {path: (path.stat().st_mtime_ns, path.stat().st_size) for path in root.rglob("*")}


def first(root: Path, pattern: str) -> Path:
    return sorted(root.glob(pattern))[0]


def cut(path: Path, keep: float = 0.5) -> Path:
    path.write_bytes(path.read_bytes()[: int(keep * path.stat().st_size)])
    return path


def change(path: Path, edit: Callable[[Any], None]) -> None:
    content = json.loads(path.read_text())
    edit(content)
    path.write_text(json.dumps(content))


@pytest.mark.parametrize("quick", [False, True])
@pytest.mark.parametrize("name", FACTS)
def test_an_example_is_healthy_and_stays_as_it_is(examples: Tree, name: str, quick: bool) -> None:
    root = examples(name)
    before = state(root)
    findings = check(name, root, quick=quick)
    assert findings.problems == ()
    assert findings.layout == ""
    assert [line.split(":")[0] for line in findings.counts] == list(FACTS[name].splits)
    assert not any("described, but" in note for note in findings.notes)
    assert state(root) == before


@pytest.mark.parametrize("name", FACTS)
def test_every_benchmark_shows_its_layout(tmp_path: Path, name: str) -> None:
    findings = check(name, tmp_path)
    assert findings.problems
    assert findings.layout.startswith("ROOT/")


def test_counts_stand_beside_the_published_ones(examples: Tree) -> None:
    findings = check("mevis", examples("mevis"), "valid_u")
    assert findings.counts == (
        "valid_u: 2 videos, 12 expressions, 12 frames (published: 50 videos, 793 expressions)",
    )
    assert "valid_u differs from the published 50 videos, 793 expressions" in findings.notes
    # What was not asked for is not missed.
    assert not any("not there" in note for note in findings.notes)


def test_what_a_server_keeps_and_what_is_not_there_is_said(tree: Tree) -> None:
    root = tree("mevis")
    shutil.rmtree(root / "train")
    findings = check("mevis", root)
    assert findings.problems == ()
    assert ", no masks (published: 140 videos" in findings.counts[1]
    assert "not there, and not looked at: train" in findings.notes
    with pytest.raises(UserError, match=r"--split test: MeViS has no such split"):
        check("mevis", root, "test")


@pytest.mark.parametrize(
    ("name", "pattern", "kind"),
    [
        ("ref-davis17", "DAVIS/JPEGImages/480p/*/00003.jpg", "Frames can't be read"),
        ("ref-davis17", "DAVIS/Annotations/480p/*/00003.png", "Masks can't be read"),
        ("ref-davis17", "DAVIS/Annotations_unsupervised/480p/*/00003.png", "Masks can't be read"),
        ("ref-youtube-vos", "valid/JPEGImages/*/00005.jpg", "Frames can't be read"),
        ("ref-youtube-vos", "train/Annotations/*/00005.png", "Masks can't be read"),
        ("mevis", "valid/JPEGImages/*/00003.jpg", "Frames can't be read"),
        ("a2d-sentences", "Release/clips320H/*.mp4", "Videos can't be read"),
        (
            "a2d-sentences",
            "text_annotations/a2d_annotation_with_instances/*/*.h5",
            "Masks can't be read",
        ),
        ("jhmdb-sentences", "Rename_Images/*/*/00003.png", "Frames can't be read"),
        ("jhmdb-sentences", "puppet_mask/*/*/puppet_mask.mat", "Masks can't be read"),
        ("visor", "val/JPEGImages/*/*.jpg", "Frames can't be read"),
        ("visor", "train/Annotations/*/*.png", "Masks can't be read"),
        ("world", "test/Annotations/*/00003.png", "Masks can't be read"),
    ],
)
def test_every_file_that_is_cut_off_is_named_once(
    tree: Tree, name: str, pattern: str, kind: str
) -> None:
    root = tree(name)
    left_out = root / "text_annotations/a2d_missed_videos.txt"
    unused = left_out.read_text().split() if left_out.is_file() else []
    broken = [path for path in sorted(root.glob(pattern)) if path.stem not in unused]
    assert broken
    for path in broken:
        cut(path)
    problems = check(name, root).problems
    for path in broken:
        (problem,) = [one for one in problems if str(path) in one.what]
        assert problem.kind == kind
        assert "again" in problem.mend
    assert len(problems) == len(broken)


def test_quick_reads_heads_only(tree: Tree) -> None:
    root = tree("ref-youtube-vos")
    cut(first(root, "train/JPEGImages/*/00005.jpg"), 0.9)
    assert check("ref-youtube-vos", root, quick=True).problems == ()
    assert found(check("ref-youtube-vos", root)) == {("Frames can't be read", "00005.jpg")}


@pytest.mark.parametrize("quick", [False, True])
def test_damages_of_many_kinds_are_all_found(tree: Tree, quick: bool) -> None:
    root = tree("ref-youtube-vos")
    masks, frames = first(root, "train/Annotations/*"), first(root, "train/JPEGImages/*")
    write_ids(np.zeros((36, 48), np.uint8), masks / "00005.png")
    Image.open(masks / "00010.png").convert("RGB").save(masks / "00010.png")
    (masks / "00015.png").write_bytes(b"no picture")
    Image.new("RGB", (50, 40)).save(frames / "00020.jpg")
    (frames / "00025.jpg").write_bytes(b"")
    findings = check("ref-youtube-vos", root, quick=quick)
    kinds = {(problem.kind, problem.path and problem.path.name) for problem in findings.problems}
    assert kinds >= {
        ("Masks are not as large as their frames", "00005.png"),
        ("Frames of one video differ in size", "00020.jpg"),
    }
    for kind, name in [
        ("Masks can't be read", "00010.png"),
        ("Masks can't be read", "00015.png"),
        ("Frames can't be read", "00025.jpg"),
    ]:
        assert [one for one in findings.problems if one.kind == kind and name in one.what]
    assert len(findings.problems) == 5
    assert any("mode RGB" in problem.what for problem in findings.problems)
    size = next(one for one in findings.problems if one.kind.startswith("Masks are not"))
    assert size.detail == "48 x 36 pixels, the video's frames 96 x 72"
    assert all(problem.mend for problem in findings.problems)


@pytest.mark.parametrize(
    ("name", "pattern"),
    [
        ("ref-davis17", "DAVIS/Annotations/480p/*/0000[34].png"),
        ("ref-youtube-vos", "train/JPEGImages/*/000*5.jpg"),
        ("ref-youtube-vos", "train/Annotations/*/000*5.png"),
        ("ref-youtube-vos", "valid/JPEGImages/*/000*5.jpg"),
        ("mevis", "valid_u/JPEGImages/*/0000[34].jpg"),
        ("visor", "train/JPEGImages/*/*.jpg"),
        ("world", "test/Annotations/*/0000[34].png"),
    ],
)
def test_all_missing_files_are_found_though_the_parser_stops_at_the_first(
    tree: Tree, name: str, pattern: str
) -> None:
    root = tree(name)
    missing = sorted(root.glob(pattern))
    assert len(missing) > 1
    for path in missing:
        path.unlink()
    findings = check(name, root)
    assert sorted(str(problem.path) for problem in findings.problems) == [
        str(one) for one in missing
    ]
    assert {problem.kind for problem in findings.problems} == {"Missing"}
    assert any("sentences not read" in line for line in findings.counts)


def test_the_folders_of_whole_videos_may_be_missing(tree: Tree) -> None:
    root = tree("ref-youtube-vos")
    shutil.rmtree(first(root, "train/JPEGImages/*"))
    shutil.rmtree(first(root, "test/JPEGImages/*"))
    # A video of valid is told from those of test, which lie in another folder.
    gone = first(root, "valid/JPEGImages/*")
    shutil.rmtree(gone)
    findings = check("ref-youtube-vos", root)
    assert len(findings.problems) == 3 * 6
    of_valid = check("ref-youtube-vos", root, "valid")
    assert {problem.path.parent for problem in of_valid.problems if problem.path} == {gone}


def test_frames_of_davis_that_only_masks_or_the_split_tell_of(tree: Tree) -> None:
    root = tree("ref-davis17")
    frames = root / "DAVIS/JPEGImages/480p"
    gone = first(frames, "*")
    shutil.rmtree(gone)
    last = sorted(frames.glob("*/00003.jpg"))[-1]
    last.unlink()
    findings = check("ref-davis17", root)
    assert {problem.path for problem in findings.problems} == {gone, last}
    assert {problem.kind for problem in findings.problems} == {"Missing"}


@pytest.mark.parametrize(
    ("name", "text", "pictures"),
    [
        ("ref-davis17", "davis_text_annotations/Davis17_annot1.txt", "DAVIS/*/480p/*/00002.*"),
        ("ref-youtube-vos", "meta_expressions/train/meta_expressions.json", "train/*/*/00010.*"),
        ("mevis", "train/meta_expressions.json", "train/JPEGImages/*/00002.jpg"),
        ("mevis", "valid_u/mask_dict.json", "valid_u/JPEGImages/*/00002.jpg"),
        ("a2d-sentences", "Release/videoset.csv", "text_annotations/*/*/*.h5"),
        ("jhmdb-sentences", "jhmdb_sentences_samples_metadata.json", "Rename_Images/*/*/00002.png"),
        ("visor", "meta_expressions/train/meta_expressions.json", "train/JPEGImages/*/*.jpg"),
        ("world", "meta_expressions/test/meta_expressions.json", "test/*/*/00002.*"),
    ],
)
def test_pictures_are_looked_at_where_sentences_cannot_be_read(
    tree: Tree, name: str, text: str, pictures: str
) -> None:
    root = tree(name)
    if (root / text).suffix == ".json":
        cut(root / text)
    else:
        (root / text).write_text("broken")
    broken = sorted(root.glob(pictures))
    assert broken
    for path in broken:
        path.write_bytes(b"broken")
    findings = check(name, root)
    whats = [problem.what for problem in findings.problems]
    assert sum(str(root / text) in what for what in whats) in (1, 2)  # train and test share some
    for path in broken:
        assert sum(str(path) in what for what in whats) == 1


def test_sentences_are_looked_at(tree: Tree) -> None:
    root = tree("world")
    meta = root / "meta_expressions/test/meta_expressions.json"

    def spoil(content: dict[str, Any]) -> None:
        expressions = content["videos"]["world_00001"]["expressions"]
        expressions["0"]["exp"] = "  "
        expressions["1"]["obj_id"] = "77"
        expressions["3"]["exp"] = expressions["2"]["exp"]

    change(meta, spoil)
    findings = check("world", root)
    assert found(findings) == {
        ("Sentences are empty", "test, video world_00001, expression 0"),
    }
    notes = "\n".join(findings.notes)
    assert "to be seen in no mask: world_00001, object 77" in notes
    assert "sentences that stand twice: video world_00001, expressions 2 and 3" in notes
    assert "no mask" not in "\n".join(check("world", root, quick=True).notes)


def test_masks_that_are_run_lengths_are_decoded(tree: Tree) -> None:
    root = tree("mevis")

    def spoil(content: dict[str, Any]) -> None:
        content["0"][2]["counts"] = content["0"][2]["counts"][:3]

    change(root / "valid_u/mask_dict.json", spoil)
    (problem,) = check("mevis", root).problems
    assert problem.kind == "Masks can't be read"
    assert "mask_dict.json, annotation 0" in problem.what


def test_what_is_in_two_splits_is_looked_at_once(
    examples: Tree, capsys: pytest.CaptureFixture[str]
) -> None:
    root = examples("visor")
    files = [*root.glob("*/JPEGImages/*/*"), *root.glob("*/Annotations/*/*")]
    assert len(check("visor", root, progress=True).counts) == 3
    assert f" {len(files)}/{len(files)} " in capsys.readouterr().err


def test_a_split_may_share_the_folder_of_another(tree: Tree) -> None:
    root = tree("visor")
    cut(root / "meta_expressions/val_unseen/meta_expressions.json")
    first(root, "val/JPEGImages/*/*.jpg").write_bytes(b"")
    findings = check("visor", root, "val_unseen")
    assert findings.counts == ("val_unseen: 4 videos, 9 frames, sentences not read",)
    assert len(findings.problems) == 2


def test_processes_find_the_same(tree: Tree) -> None:
    root = tree("ref-davis17")
    cut(first(root, "DAVIS/JPEGImages/480p/*/00003.jpg"))
    cut(first(root, "DAVIS/Annotations/480p/*/00001.png"))
    assert check("ref-davis17", root, processes=2) == check("ref-davis17", root)


@pytest.mark.skipif(not VAL5.is_dir(), reason="the real sequences of Ref-DAVIS17 are not here")
def test_real_sequences() -> None:
    findings = check("ref-davis17", VAL5, quick=True)
    assert findings.counts == ("val: 5 videos, 20 expressions, 419 frames (published: 30 videos)",)
    assert findings.problems == ()
