import json
import re

import cv2
import numpy as np
import pytest
from live_sources import write_clip

from slvp.apps import cli
from slvp.apps.commands import segment_folder
from slvp.segmenter import Segmenter


@pytest.fixture
def folder(tmp_path):
    folder = tmp_path / "videos"
    folder.mkdir()
    for name in ("b.mp4", "a.mp4", "c.mov"):
        write_clip(folder / name, frames=3)
    (folder / "notes.txt").write_text("Not a video.")
    (folder / "._a.mp4").write_bytes(b"what macOS leaves on disks of others")
    return folder


@pytest.fixture
def options(tiny_model_folder, tmp_path):
    model = ["--model", str(tiny_model_folder), "--device", "cpu", "--quality", "fast"]
    return ["--out", str(tmp_path / "out"), *model, "--quiet"]


def results(tmp_path):
    return {
        path.parent.name: path.stat().st_mtime_ns for path in tmp_path.glob("out/*/result.json")
    }


def test_each_video_gets_a_result_of_its_own_with_one_model(
    folder, options, tmp_path, monkeypatch, capsys
):
    loads, load = [], Segmenter.from_pretrained
    monkeypatch.setattr(
        Segmenter, "from_pretrained", lambda *args, **kw: loads.append(1) or load(*args, **kw)
    )
    assert cli.run(["segment", str(folder), "a dog", *options]) == 0
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {"a", "b", "c"}
    for name in "abc":
        assert len(list((out / name / "masks" / "0").glob("*.png"))) == 3
        assert json.loads((out / name / "result.json").read_text())["video"]["name"] == name
    printed, complaint = capsys.readouterr()
    assert printed.splitlines() == [
        *(str(out / name) for name in "abc"),
        f"3 done, 0 skipped, 0 failed  {out}",
    ]
    assert (complaint, len(loads)) == ("", 1)


def test_what_is_done_is_skipped_and_what_is_missing_made(folder, options, tmp_path, capsys):
    arguments = ["segment", str(folder), "a dog", *options]
    assert cli.run(arguments) == 0
    before = results(tmp_path)
    write_clip(folder / "d.mp4", frames=2)
    assert cli.run(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("1 done, 3 skipped, 0 failed")
    after = results(tmp_path)
    assert after.keys() == before.keys() | {"d"}
    assert before.items() <= after.items()


def test_an_interrupted_run_goes_on_where_it_stopped(
    folder, options, tmp_path, monkeypatch, capsys
):
    segment, calls = segment_folder.segment_video, []

    def stopped_at_the_second(*args, **kw):
        calls.append(args[0].name)
        if len(calls) == 2:
            monkeypatch.setattr(Segmenter, "stream", interrupted)
        return segment(*args, **kw)

    def interrupted(self, frames, sentences, first_masks):
        next(iter(frames))
        raise KeyboardInterrupt
        yield

    arguments = ["segment", str(folder), "a dog", *options]
    with monkeypatch.context() as context:
        context.setattr(segment_folder, "segment_video", stopped_at_the_second)
        monkeypatch = context
        assert cli.run(arguments) == 130
    assert {path.name for path in (tmp_path / "out").iterdir()} == {"a"}
    assert cli.run(arguments) == 0
    assert capsys.readouterr().out.splitlines()[-1].startswith("2 done, 1 skipped, 0 failed")
    assert calls == ["a.mp4", "b.mp4"]


def test_a_video_that_fails_does_not_stop_the_rest(folder, options, tmp_path, monkeypatch, capsys):
    (folder / "a.mp4").write_bytes(b"")
    segment = segment_folder.segment_video

    def broken_at_b(video, *args, **kw):
        if video.name == "b.mp4":
            raise RuntimeError("something nobody has thought of")
        return segment(video, *args, **kw)

    monkeypatch.setattr(segment_folder, "segment_video", broken_at_b)
    assert cli.run(["segment", str(folder), "a dog", *options]) == 1
    printed, complaint = capsys.readouterr()
    assert printed.splitlines()[-1].startswith("1 done, 0 skipped, 2 failed")
    first, *trace, last = complaint.splitlines()
    assert first.startswith(f"slvp: {folder / 'a.mp4'} is empty")
    assert trace[-1] == "RuntimeError: something nobody has thought of"
    assert last.startswith(f"slvp: {folder / 'b.mp4'} failed")
    assert results(tmp_path).keys() == {"c"}


@pytest.mark.parametrize(
    ("sentence", "change", "named"),
    [
        ("a cat", [], "sentences"),
        ("a dog", ["--threshold", "0.4"], "threshold"),
        ("a dog", ["--quality", "good"], "quality"),
        ("a dog", ["--size", "96"], "size"),
    ],
)
def test_results_made_in_another_way_are_replaced_only_when_told(
    sentence, change, named, folder, options, tmp_path, capsys
):
    for name in ("b.mp4", "c.mov"):
        (folder / name).unlink()
    assert cli.run(["segment", str(folder), "a dog", *options]) == 0
    before = results(tmp_path)
    write_clip(folder / "0.mp4", frames=2)
    arguments = ["segment", str(folder), sentence, *options, *change]
    assert cli.run(arguments) == 2
    complaint = capsys.readouterr().err
    assert len(complaint.splitlines()) == 1
    assert re.match(rf"slvp: {tmp_path / 'out' / 'a'} was made with another {named};", complaint)
    assert results(tmp_path) == before
    assert cli.run([*arguments, "--overwrite"]) == 0
    assert results(tmp_path)["a"] > before["a"]
    capsys.readouterr()
    assert cli.run([*arguments, "--overwrite"]) == 0  # now made in this way
    assert capsys.readouterr().out.startswith("0 done, 2 skipped, 0 failed")


def test_videos_of_one_stem_have_results_of_their_own(folder, options, tmp_path):
    write_clip(folder / "A.mov", frames=2)
    assert cli.run(["segment", str(folder), "a dog", *options]) == 0
    out = tmp_path / "out"
    assert {path.name for path in out.iterdir()} == {"a.mp4", "A.mov", "b", "c"}
    assert len(list((out / "A.mov" / "masks" / "0").iterdir())) == 2
    assert len(list((out / "a.mp4" / "masks" / "0").iterdir())) == 3


def test_names_of_results_are_never_alike(tmp_path):
    videos = [tmp_path / name for name in ("a.mov", "a.mp4", "a.mp4.avi", "b.mp4")]
    assert segment_folder._names(videos) == ["a.mov", "a.mp4", "a.mp4.avi", "b.mp4"]


def test_results_are_in_outputs_by_default(folder, options, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    assert cli.run(["segment", "videos", "a dog", *options[2:]]) == 0
    assert {path.name for path in (tmp_path / "outputs" / "videos").iterdir()} == {"a", "b", "c"}


def test_a_folder_of_frames_is_one_video(options, tmp_path):
    frames = tmp_path / "frames"
    frames.mkdir()
    for name in ("0.png", "1.png"):
        cv2.imwrite(str(frames / name), np.zeros((48, 80, 3), np.uint8))
    assert cli.run(["segment", str(frames), "a dog", *options]) == 0
    assert (tmp_path / "out" / "overlay.mp4").is_file()


@pytest.mark.parametrize(
    "case", ["images, too", "no sentence", "model", "threshold", "out", "long out"]
)
def test_a_mistake_gets_one_line_before_anything_is_done(case, folder, options, tmp_path, capsys):
    sentences = ["a dog"]
    match case:
        case "images, too":
            cv2.imwrite(str(folder / "frame.png"), np.zeros((4, 4, 3), np.uint8))
            named = "frame.png"
        case "no sentence":
            sentences, named = [], "sentence"
        case "model":
            options, named = [*options, "--model", "no-such-model"], "no-such-model"
        case "threshold":
            options, named = [*options, "--threshold", "2"], "threshold"
        case "out":
            options, named = [*options, "--out", str(folder / "a.mp4")], "a.mp4 is a file"
        case "long out":
            options, named = [*options, "--out", str(tmp_path / ("x" * 300))], "too long"
    assert cli.run(["segment", str(folder), *sentences, *options]) == 2
    printed, complaint = capsys.readouterr()
    assert (printed, len(complaint.splitlines())) == ("", 1)
    assert named in complaint
    assert not (tmp_path / "out").exists()
