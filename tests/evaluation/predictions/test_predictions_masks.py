"""Binary PNG files, in a folder or zip file, as answers for each expression."""

from pathlib import Path
from zipfile import ZipFile

import numpy as np
import pytest

from slvp.errors import UserError
from slvp.evaluation.predictions import open_predictions


@pytest.fixture(params=["masks", "masks.zip"])
def out(request, tmp_path: Path) -> Path:
    return tmp_path / request.param


def assert_answers(predictions, groups, masks) -> None:
    for group in groups:
        answers = list(predictions.answers(group))
        assert [answer.t for answer in answers] == list(range(len(group[0].frames.names)))
        for answer in answers:
            for one, (candidate,) in zip(group, answer.candidates, strict=True):
                wanted_HW = masks[one.sequence, one.expression_id, answer.t]
                np.testing.assert_array_equal(candidate.mask_HW, wanted_HW)


@pytest.mark.parametrize("prefix", ["", "Annotations/", "valid/", "results/Annotations/"])
@pytest.mark.parametrize("checked", [True, False])
def test_both_layouts_of_submissions_are_found_in_any_wrapper(kit, out, prefix, checked) -> None:
    groups = [kit.group("b-video"), kit.group("a-video", ["0", "10"])]
    files, masks = kit.mask_files(groups, prefix)
    predictions = open_predictions(kit.write(out, files), "masks")
    if checked:
        assert predictions.check(groups) == []
    assert_answers(predictions, groups, masks)


def test_a_video_named_as_an_expression_is_no_wrapper(kit, out) -> None:
    groups = [kit.group("0", ["0", "1"]), kit.group("1", ["0", "1"])]
    files, masks = kit.mask_files(groups)
    predictions = open_predictions(kit.write(out, files), "masks")
    assert predictions.check(groups) == []
    assert_answers(predictions, groups, masks)


def test_two_places_for_the_same_masks_are_a_question(kit, out) -> None:
    groups = [kit.group("dog")]
    files = kit.mask_files(groups, "valid/")[0] | kit.mask_files(groups, "valid_images/")[0]
    predictions = open_predictions(kit.write(out, files), "masks")
    with pytest.raises(UserError, match=r"both in valid\w* and in valid.*only one"):
        predictions.check(groups)


def test_what_systems_leave_behind_is_not_seen(kit, out) -> None:
    groups = [kit.group("dog")]
    files, masks = kit.mask_files(groups, "valid/")
    litter = {f"__MACOSX/{name}": b"" for name in files} | {
        "valid/.DS_Store": b"",
        "valid/dog/._0": b"",
        "valid/read.me": b"",
    }
    predictions = open_predictions(kit.write(out, files | litter), "masks")
    assert predictions.check(groups) == []
    assert_answers(predictions, groups, masks)


def test_only_frames_that_count_are_asked_for(kit, out) -> None:
    group = kit.group("dog", scored=[(0,), (2,)])
    files, masks = kit.mask_files([group])
    del files["dog/0/00010.png"], files["dog/1/00000.png"], files["dog/0/00005.png"]
    predictions = open_predictions(kit.write(out, files), "masks")
    assert predictions.check([group]) == []
    first, last = predictions.answers(group)
    assert (first.t, last.t) == (0, 2)
    assert first.candidates[1] == last.candidates[0] == ()
    np.testing.assert_array_equal(first.candidates[0][0].mask_HW, masks["dog", "0", 0])
    np.testing.assert_array_equal(last.candidates[1][0].mask_HW, masks["dog", "1", 2])


def test_missing_masks_are_counted_and_the_first_named(kit, out) -> None:
    groups = [kit.group("dog"), kit.group("cat"), kit.group("cow")]
    files, _ = kit.mask_files(groups, "Annotations/")
    del files["Annotations/dog/1/00005.png"]
    files = {name: content for name, content in files.items() if "/cow/" not in name}
    predictions = open_predictions(kit.write(out, files), "masks")
    first_three = "Annotations/dog/1/00005.png, Annotations/cow/0/00000.png, Annotations/cow/0/0"
    with pytest.raises(UserError, match=rf"lacks 7 masks, the first {first_three}"):
        predictions.check(groups)
    with pytest.raises(UserError, match=r"lacks 1 mask of dog, the first \S+/1/00005\.png"):
        next(predictions.answers(groups[0]))
    assert len(list(predictions.answers(groups[1]))) == 3


def test_the_layout_is_found_without_the_first_video(kit, out) -> None:
    groups = [kit.group("dog"), kit.group("cat")]
    files, _ = kit.mask_files(groups[1:], "Annotations/")
    predictions = open_predictions(kit.write(out, files), "masks")
    with pytest.raises(UserError, match=r"lacks 6 masks, the first Annotations/dog/0/00000\.png"):
        predictions.check(groups)


def test_extra_videos_and_expressions_are_told(kit, out) -> None:
    groups = [kit.group("dog"), kit.group("cat")]
    more = [kit.group("dog", ["7"]), kit.group("cow"), kit.group("pig")]
    files = kit.mask_files(groups)[0] | kit.mask_files(more)[0]
    videos, expressions = open_predictions(kit.write(out, files), "masks").check(groups)
    assert "2 videos" in videos
    assert "cow, pig" in videos
    assert "1 expression " in expressions
    assert "dog/7" in expressions


def test_masks_of_another_benchmark_are_refused_with_an_example(kit, out) -> None:
    files, _ = kit.mask_files([kit.group("dog")])
    predictions = open_predictions(kit.write(out, files), "masks")
    with pytest.raises(UserError, match=r"no mask of the benchmark's 1 video:.*cat/0/00000\.png"):
        predictions.check([kit.group("cat")])


def test_a_broken_mask_is_named_with_its_place(kit, out) -> None:
    group = kit.group("dog")
    files, _ = kit.mask_files([group], "Annotations/")
    files["Annotations/dog/1/00005.png"] = b"no picture"
    answers = open_predictions(kit.write(out, files), "masks").answers(group)
    next(answers)
    with pytest.raises(UserError, match=rf"{out.name}/Annotations/dog/1/00005\.png can't be read"):
        next(answers)


def test_a_damaged_zip_is_named(kit, tmp_path: Path) -> None:
    group = kit.group("dog")
    files, _ = kit.mask_files([group])
    whole = kit.write(tmp_path / "whole.zip", files).read_bytes()
    cut = tmp_path / "cut.zip"
    cut.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(UserError, match=r"cut\.zip doesn't read as a zip"):
        open_predictions(cut, "masks")
    name = b"dog/0/00005.png"
    at = whole.index(name) + len(name) + 50
    bent = tmp_path / "bent.zip"
    bent.write_bytes(whole[:at] + bytes([whole[at] ^ 1]) + whole[at + 1 :])
    with pytest.raises(UserError, match=r"bent\.zip: dog/0/00005\.png can't be unpacked"):
        list(open_predictions(bent, "masks").answers(group))


def test_a_zip_is_read_in_place_one_file_at_a_time(kit, tmp_path: Path, monkeypatch) -> None:
    groups = [kit.group("dog"), kit.group("cat")]
    files, _ = kit.mask_files(groups)
    path = kit.write(tmp_path / "masks.zip", files)
    read = []
    plain = ZipFile.read
    monkeypatch.setattr(
        ZipFile, "read", lambda self, name, pwd=None: read.append(name) or plain(self, name, pwd)
    )
    predictions = open_predictions(path, "masks")
    predictions.check(groups)
    assert read == []
    next(predictions.answers(groups[0]))
    assert read == ["dog/0/00000.png", "dog/1/00000.png"]
    assert [one.name for one in tmp_path.iterdir()] == ["masks.zip"]


@pytest.mark.parametrize("name", ["absent", "absent.zip", "absent.json", "text.txt"])
def test_other_files_are_refused(tmp_path: Path, name) -> None:
    (tmp_path / "text.txt").write_text("no masks")
    with pytest.raises(UserError, match=rf"{name} .*\.zip of one, or a \.json"):
        open_predictions(tmp_path / name, "masks")


@pytest.mark.parametrize("method", ["iterdir", "read_bytes"])
def test_rights_that_lack_are_named(kit, tmp_path: Path, monkeypatch, method) -> None:
    group = kit.group("dog")
    predictions = open_predictions(kit.write(tmp_path, kit.mask_files([group])[0]), "masks")

    def refuse(path: Path):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(Path, method, refuse)
    with pytest.raises(UserError, match=r"can't be read \(Permission denied\)"):
        next(predictions.answers(group))
