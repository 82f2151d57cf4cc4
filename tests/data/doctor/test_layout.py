import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from slvp.data.doctor.check import check_benchmark
from slvp.data.doctor.findings import Problem

Tree = Callable[[str], Path]


def problems(name: str, root: Path, split: str | None = None) -> list[Problem]:
    findings = check_benchmark(name, root, split, processes=1, progress=False)
    assert findings.layout.startswith("ROOT/")
    return list(findings.problems)


def missing(name: str, root: Path, split: str | None = None) -> dict[str, str]:
    """What is missing, from the root on, and how to mend it."""
    found = problems(name, root, split)
    assert {one.kind for one in found} <= {"Missing"}
    return {str(one.path.relative_to(root)): one.mend for one in found if one.path is not None}


@pytest.mark.parametrize(
    ("name", "given"),
    [
        ("ref-davis17", "DAVIS"),
        ("ref-davis17", "DAVIS/JPEGImages"),
        ("ref-davis17", ".."),
        ("ref-youtube-vos", "valid"),
        ("ref-youtube-vos", "meta_expressions"),
        ("mevis", "valid_u"),
        ("mevis", "../.."),
        ("a2d-sentences", "Release"),
        ("jhmdb-sentences", "Rename_Images"),
        ("visor", "val"),
        ("world", "test"),
    ],
)
def test_a_folder_too_high_or_too_deep_is_recognised(tree: Tree, name: str, given: str) -> None:
    root = tree(name)
    (problem,) = problems(name, root / given)
    assert problem.kind == "This is not the folder that holds all of the benchmark"
    assert problem.path == root / given
    assert Path(problem.mend.removeprefix("give ")).resolve() == root.resolve()


def test_what_is_no_folder(tmp_path: Path) -> None:
    (problem,) = problems("mevis", tmp_path / "nothing")
    assert problem.kind == "There is no such folder"
    (tmp_path / "MeViS.zip").touch()
    (problem,) = problems("mevis", tmp_path / "MeViS.zip")
    assert problem.kind == "This is an archive"
    assert "unpack" in problem.mend
    (tmp_path / "notes.txt").touch()
    (problem,) = problems("mevis", tmp_path / "notes.txt")
    assert problem.kind == "This is a file"


def test_an_empty_folder_misses_all(tmp_path: Path) -> None:
    assert missing("a2d-sentences", tmp_path).keys() == {"Release", "text_annotations"}


def test_archives_that_are_not_unpacked(tree: Tree) -> None:
    root = tree("ref-davis17")
    shutil.rmtree(root / "davis_text_annotations")
    shutil.rmtree(root / "DAVIS")
    davis, texts = root / "DAVIS-2017-trainval-480p.zip", root / "davis_text_annotations.zip"
    davis.touch()
    texts.touch()
    assert missing("ref-davis17", root) == {
        "DAVIS": f"unpack {davis}",
        "davis_text_annotations": f"unpack {texts}",
    }


def test_archives_with_names_of_their_own(tree: Tree) -> None:
    root = tree("mevis")
    shutil.rmtree(root / "valid_u")
    (root / "part.tar.gz").touch()
    assert missing("mevis", root, "valid_u") == {"valid_u": f"unpack {root / 'part.tar.gz'}"}


@pytest.mark.parametrize(
    ("name", "wanted", "lies"),
    [
        ("ref-davis17", "davis_text_annotations", "DAVIS/davis_text_annotations"),
        ("ref-davis17", "davis_text_annotations", "../davis_text_annotations"),
        ("ref-davis17", "DAVIS/JPEGImages", "JPEGImages"),
        ("ref-davis17", "DAVIS/ImageSets", "DAVIS-trainval/DAVIS/ImageSets"),
        ("ref-youtube-vos", "meta_expressions", "train/meta_expressions"),
        (
            "ref-youtube-vos",
            "meta_expressions/train/meta_expressions.json",
            "train/meta_expressions.json",
        ),
        ("ref-youtube-vos", "valid/JPEGImages", "valid/valid/JPEGImages"),
        ("mevis", "train/mask_dict.json", "masks/train/mask_dict.json"),
        ("a2d-sentences", "text_annotations", "Release/text_annotations"),
        ("jhmdb-sentences", "puppet_mask", "JHMDB/puppet_mask"),
    ],
)
def test_what_lies_elsewhere_is_found(tree: Tree, name: str, wanted: str, lies: str) -> None:
    root = tree(name)
    (root / lies).parent.mkdir(parents=True, exist_ok=True)
    (root / wanted).rename(root / lies)
    mends = missing(name, root)
    (mend,) = mends.values()
    assert mends.keys() == {wanted}
    assert mend == f"move (or link) {(root / lies).resolve()} there"


@pytest.mark.parametrize("folder", ["mevis", "train"])
def test_what_is_of_another_split_is_not_offered(tree: Tree, folder: str) -> None:
    # The benchmark's own folder may have a split's name.
    root = tree("mevis").rename(tree("world").parent / folder)
    (root / "train/mask_dict.json").unlink()
    shutil.copy(root / "valid_u/mask_dict.json", root.parent)
    (root / "old").mkdir()
    shutil.copy(root / "valid_u/mask_dict.json", root / "old")
    mends = missing("mevis", root)
    if folder == "mevis":
        assert mends == {"train/mask_dict.json": "download or unpack MeViS again"}
    else:
        assert "valid_u" not in mends["train/mask_dict.json"]


def test_valid_cannot_be_told_from_test_without_its_file(tree: Tree) -> None:
    root = tree("ref-youtube-vos")
    shutil.rmtree(root / "meta_expressions/test")
    shutil.rmtree(root / "test")
    (root / "meta_expressions/test").mkdir()
    (problem,) = problems("ref-youtube-vos", root)
    assert problem.path == root / "meta_expressions/test/meta_expressions.json"
    assert "valid can't be told from those of test" in problem.what


def test_frames_of_test_may_lie_with_those_of_valid(tree: Tree) -> None:
    root = tree("ref-youtube-vos")
    for video in (root / "test/JPEGImages").iterdir():
        video.rename(root / "valid/JPEGImages" / video.name)
    shutil.rmtree(root / "test")
    findings = check_benchmark("ref-youtube-vos", root, "test", processes=1, progress=False)
    assert findings.problems == ()


@pytest.mark.parametrize("kind", ["Annotations", "Annotations_unsupervised"])
def test_one_kind_of_masks_is_enough_for_davis(tree: Tree, kind: str) -> None:
    root = tree("ref-davis17")
    shutil.rmtree(root / "DAVIS" / kind)
    findings = check_benchmark("ref-davis17", root, processes=1, progress=False)
    assert findings.problems == ()


def test_a_download_that_must_be_converted(examples: Tree) -> None:
    root = examples("visor-download")
    (problem,) = problems("visor", root)
    assert problem.mend == f"run 'slvp data prepare visor {root} OUT', and check OUT"


def test_the_list_of_frames_that_count_can_be_made(tree: Tree) -> None:
    root = tree("jhmdb-sentences")
    (root / "jhmdb_sentences_samples_metadata.json").unlink()
    (problem,) = problems("jhmdb-sentences", root)
    assert "which frames count" in problem.what
    assert f"'slvp data prepare jhmdb-sentences {root}'" in problem.mend
