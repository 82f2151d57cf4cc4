import io
import json
import weakref
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from zipfile import ZIP_STORED, ZipFile

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image

from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS
from slvp.errors import UserError
from slvp.evaluation.answers import Answer, Candidate, IdMapAnswer, MaskAnswer
from slvp.evaluation.predictions import open_predictions
from slvp.evaluation.submission import check_submission, format_check, write_submission

BINARY = ("ref-youtube-vos", "mevis", "visor", "world")
RESULTS = ("a2d-sentences", "jhmdb-sentences")
SIZE = (6, 8)


@dataclass(frozen=True)
class BlankFrames:
    names: tuple[str, ...]

    def read(self, indices: Sequence[int]) -> Iterator[np.ndarray]:
        for _ in indices:
            yield np.zeros((*SIZE, 3), np.uint8)


def make_group(benchmark: str, sequence: str) -> list[BenchmarkExpression]:
    frames = BlankFrames(("00001", "00002", "00003"))
    members = {
        "ref-davis17": [(object_id, name) for object_id in (1, 2) for name in ANNOTATION_SETS],
        "a2d-sentences": [(1, ""), (3, "")],
        "jhmdb-sentences": [(1, "")],
    }.get(benchmark, [(1, ""), (1, "")])
    return [
        BenchmarkExpression(
            sequence=sequence,
            expression_id=str(number),
            text="a dog",
            object_ids=(object_id,),
            annotation_set=name,
            frames=frames,
            masks=None,
            scored=(0, 2) if benchmark in RESULTS else (),
        )
        for number, (object_id, name) in enumerate(members)
    ]


def make_groups(benchmark: str) -> list[list[BenchmarkExpression]]:
    return [make_group(benchmark, "dog"), make_group(benchmark, "cat")]


def random_answers(group: list[BenchmarkExpression], seed: int) -> list[Answer]:
    random = np.random.default_rng(seed)
    if group[0].annotation_set:
        return [
            IdMapAnswer(
                t,
                {name: random.integers(0, 3, SIZE).astype(np.uint8) for name in ANNOTATION_SETS},
            )
            for t in range(3)
        ]
    return [
        MaskAnswer(t, tuple((Candidate(random.random(SIZE) < 0.5, 0.25),) for _ in group))
        for t in range(3)
    ]


def file_for(benchmark: str, folder: Path) -> Path:
    return folder / ("out.json" if benchmark in RESULTS else "out.zip")


def write_random(benchmark: str, folder: Path) -> Path:
    out = file_for(benchmark, folder)
    groups = make_groups(benchmark)
    write_submission(
        out, benchmark, ((group, random_answers(group, n)) for n, group in enumerate(groups))
    )
    return out


def check(path: Path, benchmark: str):
    return check_submission(path, benchmark, [one for g in make_groups(benchmark) for one in g])


def kind(benchmark: str) -> str:
    return "id_maps" if benchmark == "ref-davis17" else "masks"


def rewrite(path: Path, change) -> Path:
    """Pass each file's name and content through ``change``, which may drop or rename it."""
    with ZipFile(path) as archive:
        files = {name: archive.read(name) for name in archive.namelist()}
    changed = path.with_name("changed.zip")
    with ZipFile(changed, "w") as archive:
        for name, content in change(files).items():
            archive.writestr(name, content)
    return changed


def png(values_HW: np.ndarray, mode: str = "L") -> bytes:
    buffer = io.BytesIO()
    Image.fromarray(values_HW.astype(np.uint8)).convert(mode).save(buffer, "PNG")
    return buffer.getvalue()


# --- written -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("benchmark", "first", "count"),
    [
        ("ref-youtube-vos", "Annotations/dog/0/00001.png", 12),
        ("visor", "Annotations/dog/0/00001.png", 12),
        ("world", "Annotations/dog/0/00001.png", 12),
        ("mevis", "dog/0/00001.png", 12),
        ("ref-davis17", "anno_0/dog/00001.png", 24),
    ],
)
def test_zips_are_laid_out_as_the_servers_take_them(tmp_path: Path, benchmark, first, count):
    out = write_random(benchmark, tmp_path)
    with ZipFile(out) as archive:
        infos = archive.infolist()
        pictures = [Image.open(io.BytesIO(archive.read(info))) for info in infos]
    assert infos[0].filename == first
    assert len(infos) == count
    assert {info.compress_type for info in infos} == {ZIP_STORED}
    if benchmark == "ref-davis17":
        assert {picture.mode for picture in pictures} == {"P"}
        assert pictures[0].getpalette()[:6] == [0, 0, 0, 128, 0, 0]
        assert set(np.unique(np.array(pictures[0]))) == {0, 1, 2}
    else:
        assert {picture.mode for picture in pictures} == {"L"}
        assert {value for one in pictures for value in np.unique(np.array(one))} == {0, 255}


@pytest.mark.parametrize(
    ("benchmark", "names"),
    [
        ("a2d-sentences", ["v_dog_f_1_i_1", "v_dog_f_1_i_3", "v_dog_f_3_i_1", "v_dog_f_3_i_3"]),
        ("jhmdb-sentences", ["v_dog_f_1", "v_dog_f_3"]),
    ],
)
def test_results_bear_the_names_of_mttr_for_frames_that_count(tmp_path: Path, benchmark, names):
    entries = json.loads(write_random(benchmark, tmp_path).read_text())
    assert [entry["image_id"] for entry in entries if "dog" in entry["image_id"]] == names
    assert all(entry["category_id"] == 1 and entry["score"] == 0.25 for entry in entries)


@pytest.mark.parametrize("benchmark", [*BINARY, "ref-davis17", *RESULTS])
def test_what_is_written_is_good_and_the_same_bytes_each_time(tmp_path: Path, benchmark):
    out = write_random(benchmark, tmp_path)
    found = check(out, benchmark)
    assert found.good, format_check(found)
    assert found.files > 0
    content = out.read_bytes()
    out.unlink()
    assert write_random(benchmark, tmp_path).read_bytes() == content
    assert "none missing" in format_check(found)


masks = arrays(np.bool_, SIZE)
candidates = st.lists(
    st.builds(Candidate, masks, st.sampled_from([0.0, 0.1, 1 / 3, 1.0])), max_size=3
)


def sorted_candidates(found: list[Candidate]) -> tuple[Candidate, ...]:
    return tuple(sorted(found, key=lambda one: -one.score))


def assert_same(read_HW: np.ndarray, wanted_HW: np.ndarray) -> None:
    assert read_HW.dtype == wanted_HW.dtype
    np.testing.assert_array_equal(read_HW, wanted_HW)


@pytest.mark.parametrize("benchmark", ["ref-youtube-vos", "mevis"])
@settings(max_examples=40)
@given(data=st.data())
def test_masks_read_back(tmp_path_factory, benchmark, data) -> None:
    group = make_group(benchmark, "dog")
    found = [[data.draw(masks) for _ in group] for _ in range(3)]
    answers = [
        MaskAnswer(t, tuple((Candidate(mask_HW),) for mask_HW in row))
        for t, row in enumerate(found)
    ]
    out = tmp_path_factory.mktemp("written") / "out.zip"
    write_submission(out, benchmark, [(group, answers)])
    for answer, row in zip(open_predictions(out, "masks").answers(group), found, strict=True):
        for (candidate,), mask_HW in zip(answer.candidates, row, strict=True):
            assert_same(candidate.mask_HW, mask_HW)


@settings(max_examples=40)
@given(data=st.data())
def test_maps_read_back(tmp_path_factory, data) -> None:
    group = make_group("ref-davis17", "dog")
    ids = arrays(np.uint8, SIZE, elements=st.integers(0, 20))
    answers = [IdMapAnswer(t, {name: data.draw(ids) for name in ANNOTATION_SETS}) for t in range(3)]
    out = tmp_path_factory.mktemp("written") / "out.zip"
    write_submission(out, "ref-davis17", [(group, answers)])
    for read, wanted in zip(open_predictions(out, "id_maps").answers(group), answers, strict=True):
        assert (read.t, read.ids.keys()) == (wanted.t, wanted.ids.keys())
        for name in ANNOTATION_SETS:
            assert_same(read.ids[name], wanted.ids[name])


@pytest.mark.parametrize("benchmark", RESULTS)
@settings(max_examples=40)
@given(data=st.data())
def test_candidates_read_back(tmp_path_factory, benchmark, data) -> None:
    group = make_group(benchmark, "dog")
    answers = [
        MaskAnswer(t, tuple(sorted_candidates(data.draw(candidates)) for _ in group))
        for t in range(3)
    ]
    out = tmp_path_factory.mktemp("written") / "out.json"
    write_submission(out, benchmark, [(group, answers)])
    read = list(open_predictions(out, "masks").answers(group))
    assert [one.t for one in read] == [0, 2]
    for one in read:
        for mine, wanted in zip(one.candidates, answers[one.t].candidates, strict=True):
            assert [c.score for c in mine] == [c.score for c in wanted]
            for read_candidate, candidate in zip(mine, wanted, strict=True):
                assert_same(read_candidate.mask_HW, candidate.mask_HW)


@pytest.mark.parametrize("benchmark", [*BINARY, "ref-davis17", *RESULTS])
def test_others_predictions_become_a_submission(tmp_path: Path, benchmark) -> None:
    first = write_random(benchmark, tmp_path)
    second = first.with_stem("second")
    predictions = open_predictions(first, kind(benchmark))
    groups = make_groups(benchmark)
    write_submission(second, benchmark, ((one, predictions.answers(one)) for one in groups))
    assert second.read_bytes() == first.read_bytes()


def test_no_candidate_is_an_empty_mask_of_the_size_of_the_frame(tmp_path: Path) -> None:
    group = make_group("mevis", "dog")
    write_submission(
        tmp_path / "out.zip", "mevis", [(group, [MaskAnswer(t, ((), ())) for t in range(3)])]
    )
    (first, *_) = open_predictions(tmp_path / "out.zip", "masks").answers(group)
    assert_same(first.candidates[0][0].mask_HW, np.zeros(SIZE, np.bool_))


def test_no_candidate_at_all_is_an_empty_list(tmp_path: Path) -> None:
    group = make_group("a2d-sentences", "dog")
    write_submission(tmp_path / "out.json", "a2d-sentences", [(group, [MaskAnswer(0, ((), ()))])])
    assert json.loads((tmp_path / "out.json").read_text()) == []


@pytest.mark.parametrize("benchmark", ["mevis", "a2d-sentences"])
@pytest.mark.parametrize("error", [KeyboardInterrupt, UserError])
def test_an_interrupted_writer_leaves_all_as_it_was(tmp_path: Path, benchmark, error) -> None:
    out = file_for(benchmark, tmp_path)
    out.write_text("of yesterday")

    def interrupted(group: list[BenchmarkExpression]) -> Iterator[Answer]:
        yield random_answers(group, 0)[0]
        raise error

    with pytest.raises(error):
        write_submission(out, benchmark, ((g, interrupted(g)) for g in make_groups(benchmark)))
    assert [one.name for one in tmp_path.iterdir()] == [out.name]
    assert out.read_text() == "of yesterday"


@pytest.mark.parametrize("benchmark", ["mevis", "a2d-sentences", "ref-davis17"])
def test_one_frame_is_in_memory_at_a_time(tmp_path: Path, benchmark) -> None:
    alive: list[weakref.ref] = []
    most = 0

    def answers(group: list[BenchmarkExpression]) -> Iterator[Answer]:
        nonlocal most
        for t in range(3):
            answer = random_answers(group, t)[t]
            arrays = (
                answer.ids.values()
                if isinstance(answer, IdMapAnswer)
                else [candidate.mask_HW for (candidate,) in answer.candidates]
            )
            alive.extend(weakref.ref(one_HW) for one_HW in arrays)
            yield answer
            del answer, arrays
            most = max(most, sum(reference() is not None for reference in alive))

    groups = [make_group(benchmark, f"video{number}") for number in range(5)]
    write_submission(
        file_for(benchmark, tmp_path), benchmark, ((group, answers(group)) for group in groups)
    )
    per_frame = 4 if benchmark == "ref-davis17" else 2
    assert len(alive) == 5 * 3 * per_frame
    # The one that is written, and the one that is being made.
    assert most <= 2 * per_frame


@pytest.mark.parametrize(
    ("benchmark", "name", "wanted"),
    [("mevis", "out.json", ".zip"), ("a2d-sentences", "out.zip", ".json"), ("world", "out", "zip")],
)
def test_the_name_of_the_file_ends_as_its_kind_wants(tmp_path: Path, benchmark, name, wanted):
    with pytest.raises(UserError, match=rf"{name}: {benchmark} takes a .*{wanted}"):
        write_submission(tmp_path / name, benchmark, [])
    with pytest.raises(UserError, match=rf"{name}: {benchmark} takes a .*{wanted}"):
        check_submission(tmp_path / name, benchmark, [])


def test_a_place_that_takes_no_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(UserError, match="absent is no folder"):
        write_submission(tmp_path / "absent" / "out.zip", "mevis", [])

    (tmp_path / "folder.zip").mkdir()
    with pytest.raises(UserError, match=r"folder\.zip can't be written \(Is a directory\)"):
        write_submission(tmp_path / "folder.zip", "mevis", [])
    assert [one.name for one in tmp_path.iterdir()] == ["folder.zip"]


# --- looked over -------------------------------------------------------------------------------


@pytest.fixture
def mevis(tmp_path: Path) -> Path:
    return write_random("mevis", tmp_path)


def without(name: str):
    return lambda files: {one: content for one, content in files.items() if one != name}


def test_missing_files_are_named(mevis: Path) -> None:
    found = check(rewrite(mevis, without("dog/1/00002.png")), "mevis")
    assert found.missing == ("dog/1/00002.png",)
    assert (found.extra, found.wrong, found.files) == ((), (), 11)
    assert not found.good


def test_extra_files_are_named_hidden_ones_as_well(mevis: Path) -> None:
    more = {"dog/1/00009.png": png(np.zeros(SIZE)), "dog/.DS_Store": b"", "cow/0/00001.png": b""}
    found = check(rewrite(mevis, lambda files: files | more), "mevis")
    assert found.extra == tuple(more)
    assert (found.missing, found.wrong) == ((), ())


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (png(np.zeros((8, 6))), "is 6 x 8, its frame 8 x 6"),
        (png(np.full(SIZE, 1)), "has the value 1, expected are 0 and 255"),
        (png(np.eye(*SIZE) * 255, "1"), "is of mode 1, expected 8-bit grey"),
        (png(np.eye(*SIZE) * 255, "P"), "is of mode P, expected 8-bit grey"),
        (png(np.eye(*SIZE) * 255, "RGB"), "is a picture of mode RGB"),
        (b"", "can't be read as a picture"),
    ],
    ids=["size", "value", "one bit", "indexed", "colour", "empty"],
)
def test_wrong_files_are_named(mevis: Path, content, told) -> None:
    changed = rewrite(mevis, lambda files: files | {"dog/1/00002.png": content})
    found = check(changed, "mevis")
    (sentence,) = found.wrong
    assert sentence.startswith("dog/1/00002.png")
    assert told in sentence
    assert (found.missing, found.extra) == ((), ())


def test_a_wrapper_is_wrong_for_mevis_and_its_files_are_looked_at(mevis: Path) -> None:
    def wrap(files):
        return {f"valid/{name}": content for name, content in files.items() if "0003" not in name}

    found = check(rewrite(mevis, wrap), "mevis")
    (sentence,) = found.wrong
    assert "valid/dog/0/" in sentence
    assert "zip what is in the outer folder" in sentence
    assert found.missing[0] == "valid/dog/0/00003.png"
    assert len(found.missing) == 4


def test_ref_youtube_vos_wants_its_wrapper(mevis: Path) -> None:
    (sentence,) = check(mevis, "ref-youtube-vos").wrong
    assert "dog/0/ where the benchmark wants Annotations/dog/0/" in sentence


def test_a_file_that_stands_twice_is_wrong(mevis: Path) -> None:
    with ZipFile(mevis, "a") as archive, pytest.warns(UserWarning, match="Duplicate"):
        archive.writestr("dog/1/00002.png", png(np.zeros(SIZE)))
    found = check(mevis, "mevis")
    assert found.wrong == ("dog/1/00002.png stands 2 times in the file",)


def test_ref_davis17_wants_indexed_maps_of_few_objects(tmp_path: Path) -> None:
    out = write_random("ref-davis17", tmp_path)
    many = Image.fromarray(np.full(SIZE, 21, np.uint8)).convert("P")
    many.putpalette([0, 1, 2] * 256)
    buffer = io.BytesIO()
    many.save(buffer, "PNG")
    changed = {
        "anno_1/dog/00001.png": png(np.ones(SIZE)),
        "anno_2/dog/00002.png": buffer.getvalue(),
    }
    first, second = check(rewrite(out, lambda files: files | changed), "ref-davis17").wrong
    assert first == "anno_1/dog/00001.png is of mode L, expected indexed (P)"
    assert second == "anno_2/dog/00002.png has the object id 21, expected are 20 at most"


def test_ref_davis17_wants_maps_not_masks(mevis: Path) -> None:
    found = check(mevis, "ref-davis17")
    assert "dog/0/ where the benchmark wants anno_0/dog/" in found.wrong[0]


def change_results(out: Path, change) -> Path:
    entries = json.loads(out.read_text())
    change(entries)
    out.write_text(json.dumps(entries))
    return out


def test_results_are_looked_over(tmp_path: Path) -> None:
    def change(entries) -> None:
        entries[0]["segmentation"] = {"size": [2, 3], "counts": [6]}
        entries[1]["segmentation"]["counts"] = "0"
        entries[2]["image_id"] = "v_cow_f_1_i_1"
        del entries[4], entries[5]  # both of cat's object 1

    found = check(change_results(write_random("a2d-sentences", tmp_path), change), "a2d-sentences")
    size, broken = found.wrong
    assert "entry 0 (from 0, for dog/0/00001), is 3 x 2 pixels, its frame 8 x 6" in size
    assert "entry 1" in broken
    assert "dog/1/00001" in broken
    assert found.missing == ("cat/0",)
    assert found.extra == ("v_cow_f_1_i_1",)
    assert found.files == 6


def test_results_with_other_names_are_wrong(tmp_path: Path) -> None:
    def change(entries) -> None:
        for index, entry in enumerate(entries):
            video, number, frame = ("dog", "cat")[index // 4], index % 2, 1 + index // 2 % 2 * 2
            entry["image_id"] = f"{video}/{number}/0000{frame}"

    found = check(change_results(write_random("a2d-sentences", tmp_path), change), "a2d-sentences")
    (sentence,) = found.wrong
    assert "dog/0/00001 where the benchmark wants v_dog_f_1_i_1" in sentence
    assert (found.missing, found.extra) == ((), ())


def test_a_report_names_a_few_of_each(mevis: Path) -> None:
    def change(files):
        more = {f"dog/1/1{number:04d}.png": b"" for number in range(25)}
        return without("dog/1/00002.png")(files) | more

    changed = rewrite(mevis, change)
    text = format_check(check(changed, "mevis"))
    assert str(changed) in text
    assert "missing: 1\n    dog/1/00002.png\n" in text
    assert "extra: 25" in text
    assert "and 15 more" in text
    assert "wrong" not in text
    assert text.count("\n") < 20


def test_files_that_are_no_submission_are_refused(tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"out\.zip is no file"):
        check(tmp_path / "out.zip", "mevis")
    (tmp_path / "out.zip").write_bytes(b"no zip")
    with pytest.raises(UserError, match=r"out\.zip doesn't read as a zip"):
        check(tmp_path / "out.zip", "mevis")
