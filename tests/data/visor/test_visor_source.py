import shutil
from pathlib import Path
from zipfile import ZipFile

import pytest

from slvp.data.examples.visor import write_visor
from slvp.data.visor.source import VideoImages, annotation_files
from slvp.errors import UserError

IMAGE = "P01_107_frame_0000000140.jpg"
NAMED_IN = Path("P01_107.json")


@pytest.fixture
def source(tmp_path: Path) -> Path:
    write_visor(tmp_path)
    return tmp_path


def folder(source: Path) -> Path:
    return source / "GroundTruth-SparseAnnotations/rgb_frames/val/P01/P01_107"


def test_annotation_files_are_sorted(source: Path) -> None:
    assert [path.name for path in annotation_files(source, "val")] == [
        "P01_107.json",
        "P09_02.json",
    ]
    assert annotation_files(source / "nowhere", "val") == []


def test_a_zip_serves_like_its_folder(source: Path) -> None:
    expected = (folder(source) / IMAGE).read_bytes()
    with VideoImages(source, "val", "P01_107") as images:
        assert images.read(IMAGE, NAMED_IN)[0] == expected
    shutil.make_archive(str(folder(source)), "zip", folder(source))
    shutil.rmtree(folder(source))
    with VideoImages(source, "val", "P01_107") as images:
        assert images.read(IMAGE, NAMED_IN)[0] == expected


def test_a_missing_image_says_what_to_download(source: Path) -> None:
    with (
        VideoImages(source, "val", "P01_107") as images,
        pytest.raises(UserError, match=r"0000000999\.jpg is missing, yet P01_107\.json names it"),
    ):
        images.read("P01_107_frame_0000000999.jpg", NAMED_IN)


def test_a_cut_off_zip_is_named(source: Path) -> None:
    path = Path(shutil.make_archive(str(folder(source)), "zip", folder(source)))
    shutil.rmtree(folder(source))
    content = path.read_bytes()
    path.write_bytes(content[: len(content) // 2])
    with (
        pytest.raises(UserError, match=r"P01_107\.zip can't be read as a zip"),
        VideoImages(source, "val", "P01_107"),
    ):
        pass


@pytest.mark.parametrize("wrong", [b"\x00", b"\xff"])
def test_a_damaged_zip_is_named(source: Path, wrong: bytes) -> None:
    path = Path(shutil.make_archive(str(folder(source)), "zip", folder(source)))
    shutil.rmtree(folder(source))
    with ZipFile(path) as archive:
        start = archive.getinfo(IMAGE).header_offset + 200
    damaged = bytearray(path.read_bytes())
    damaged[start : start + 400] = wrong * 400
    path.write_bytes(damaged)
    with (
        VideoImages(source, "val", "P01_107") as images,
        pytest.raises(UserError, match=r"P01_107\.zip is damaged"),
    ):
        images.read(IMAGE, NAMED_IN)
