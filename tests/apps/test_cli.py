import errno
import json
import os
import re
import subprocess
import sys
from fractions import Fraction
from pathlib import Path

import av
import cv2
import huggingface_hub
import numpy as np
import pytest
from pycocotools import mask as coco
from safetensors.torch import load_file, save_file

from slvp import __version__
from slvp.apps import cli
from slvp.segmenter import Segmenter

FRAMES, HEIGHT, WIDTH = 11, 48, 80


def _write_video(path: Path, frames: int = FRAMES, audio: bool = True) -> Path:
    noise = np.random.default_rng(0)
    with av.open(path, "w") as container:
        picture = sound = None
        if frames:
            picture = container.add_stream("mpeg4", rate=10)
            picture.width, picture.height, picture.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        if audio:
            sound = container.add_stream("aac", rate=16000, layout="mono")
        for _ in range(frames):
            image = noise.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            container.mux(picture.encode(av.VideoFrame.from_ndarray(image)))
        if audio:
            samples = (noise.standard_normal((1, 1024)) / 10).astype(np.float32)
            for index in range(16):
                frame = av.AudioFrame.from_ndarray(samples, "fltp", "mono")
                frame.sample_rate, frame.pts = 16000, index * 1024
                frame.time_base = Fraction(1, 16000)
                container.mux(sound.encode(frame))
        for stream in (picture, sound):
            if stream is not None:
                container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return _write_video(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="module")
def result(video: Path, tiny_model_folder: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("result") / "out"
    options = ["--out", str(out), "--model", str(tiny_model_folder), "--threshold", "0.4"]
    sentences = ["a dog", "the red ball"]
    assert cli.run(["segment", str(video), *sentences, *options, "--device", "cpu"]) == 0
    return out


def _tree(root: Path) -> set[Path]:
    return set(root.rglob("*"))


def test_segment_writes_a_video_with_every_frame_and_the_sound(result: Path) -> None:
    with av.open(result / "overlay.mp4") as container:
        assert len(container.streams.audio) == 1
        frames = list(container.decode(video=0))
    assert len(frames) == FRAMES
    assert (frames[0].width, frames[0].height) == (WIDTH, HEIGHT)


def test_segment_writes_what_result_json_says(result: Path, tiny_model_folder: Path) -> None:
    record = json.loads((result / "result.json").read_text())
    assert record["slvp"] == __version__
    assert record["model"] == str(tiny_model_folder)
    assert record["threshold"] == 0.4
    assert record["quality"] == "good"
    assert record["first_mask"] is None
    assert record["sentences"] == ["a dog", "the red ball"]
    assert record["video"]["width"] == WIDTH
    assert record["video"]["height"] == HEIGHT
    assert record["video"]["frame_rate"] == 10
    assert record["video"]["has_audio"] is True
    assert [frame["time"] for frame in record["frames"]] == pytest.approx(
        [index / 10 for index in range(FRAMES)], abs=1e-3
    )
    assert any(thing["present"] for frame in record["frames"] for thing in frame["objects"])
    for frame in record["frames"]:
        assert len(frame["objects"]) == 2
        for k, thing in enumerate(frame["objects"]):
            png = cv2.imread(str(result / "masks" / str(k) / f"{frame['name']}.png"), -1)
            assert png.dtype == np.uint8
            assert png.shape == (HEIGHT, WIDTH)
            assert set(np.unique(png)) <= {0, 255}
            np.testing.assert_array_equal(coco.decode(thing["mask"]) * 255, png)
            assert thing["present"] == bool(png.any())
            assert 0 <= thing["presence"] <= 1
            if thing["present"]:
                assert 0.4 <= thing["score"] <= 1
                assert thing["box"] == list(cv2.boundingRect(png))
            else:
                assert thing["score"] is None
                assert thing["box"] is None
    assert sum(1 for path in (result / "masks").rglob("*.png")) == 2 * FRAMES


def _first_mask(
    path: Path, values: tuple[int, ...], size: tuple[int, int] = (WIDTH, HEIGHT)
) -> Path:
    """A grey picture with a column for each value, the last one leftmost."""
    ids_HW = np.zeros(size[::-1], np.uint8)
    for k, value in enumerate(reversed(values)):
        ids_HW[:, 20 * k : 20 * k + 15] = value
    cv2.imwrite(str(path), ids_HW)
    return path


@pytest.mark.parametrize("sentences", [[], ["a dog", "the red ball"]])
def test_segment_follows_a_first_mask_with_and_without_sentences(
    sentences: list[str], video: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    mask = _first_mask(tmp_path / "mask.png", (1, 2))
    out = tmp_path / "out"
    options = ["--first-mask", str(mask), "--out", str(out), "--model", str(tiny_model_folder)]
    assert cli.run(["segment", str(video), *sentences, *options]) == 0
    record = json.loads((out / "result.json").read_text())
    assert record["first_mask"] == str(mask)
    assert record["sentences"] == (sentences or ["object 1", "object 2"])
    assert len(record["frames"]) == FRAMES
    drawn_HW = cv2.imread(str(mask), -1)
    for k in range(2):
        png = cv2.imread(str(out / "masks" / str(k) / "00000.png"), -1)
        np.testing.assert_array_equal(png > 0, drawn_HW == k + 1)


@pytest.mark.parametrize(
    ("case", "said"),
    [
        ("sentences", r"1 sentences for .*mask\.png; expected 2"),
        ("size", r"mask\.png is 40 x 48 pixels, but the video's frames are 80 x 48"),
        ("empty", r"mask\.png is empty"),
        ("text", r"mask\.png can't be read as a picture"),
        ("folder", r"--first-mask .*mask\.png is of one video's first frame, but .* is a folder"),
    ],
)
def test_a_first_mask_that_does_not_fit_gets_one_line_and_leaves_nothing(
    case: str, said: str, video: Path, tiny_model_folder: Path, tmp_path: Path, capfd
) -> None:
    mask, source, sentences = tmp_path / "mask.png", video, []
    _first_mask(mask, () if case == "empty" else (1, 2), (40 if case == "size" else WIDTH, HEIGHT))
    match case:
        case "sentences":
            sentences = ["a dog"]
        case "text":
            mask.write_text("mask")
        case "folder":
            source = video.parent
    before = _tree(tmp_path)
    options = ["--first-mask", str(mask), "--out", str(tmp_path / "out")]
    arguments = ["segment", str(source), *sentences, *options, "--model", str(tiny_model_folder)]
    assert cli.run([*arguments, "--quiet"]) == 2
    printed, complaint = capfd.readouterr()
    assert printed == ""
    assert len(complaint.splitlines()) == 1
    assert re.search(said, complaint)
    assert _tree(tmp_path) == before


def test_segment_says_where_things_are(
    video: Path, tiny_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd
) -> None:
    monkeypatch.chdir(tmp_path)
    options = ["--model", str(tiny_model_folder), "--quiet"]
    assert cli.run(["segment", str(video), "a dog", *options]) == 0
    printed, complaints = capfd.readouterr()
    for path in ("overlay.mp4", "masks", "result.json"):
        assert str(Path("outputs", "clip", path)) in printed
        assert (tmp_path / "outputs" / "clip" / path).exists()
    assert complaints == ""


def test_segment_shows_progress(
    video: Path, tiny_model_folder: Path, tmp_path: Path, capfd
) -> None:
    options = ["--model", str(tiny_model_folder), "--out", str(tmp_path)]
    arguments = ["segment", str(video), "a dog", *options]
    assert cli.run(arguments) == 0
    assert f"{FRAMES}/{FRAMES}" in capfd.readouterr().err


def test_segment_overwrites_only_when_told(
    video: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    options = ["--model", str(tiny_model_folder), "--out", str(tmp_path)]
    arguments = ["segment", str(video), "a dog", *options]
    assert cli.run(arguments) == 0
    assert cli.run(arguments) == 2
    assert cli.run(["segment", str(video), "a", "b", *arguments[3:], "--overwrite"]) == 0
    assert json.loads((tmp_path / "result.json").read_text())["sentences"] == ["a", "b"]


def test_segment_takes_names_whose_bytes_are_no_characters(
    video: Path, tiny_model_folder: Path, tmp_path: Path
) -> None:
    source = tmp_path / os.fsdecode(b"caf\xe9.mp4")
    source.write_bytes(video.read_bytes())
    out = tmp_path / os.fsdecode(b"r\xe9sultat")
    options = ["--model", str(tiny_model_folder), "--out", str(out)]
    assert cli.run(["segment", str(source), "une tasse de café", *options]) == 0
    record = json.loads((out / "result.json").read_text("ascii"))
    assert record["sentences"] == ["une tasse de café"]
    assert record["video"]["name"] == source.stem


def test_an_unreadable_model_is_not_blamed_on_the_output(
    video: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), "model.safetensors")

    monkeypatch.setattr(Segmenter, "from_pretrained", refuse)
    with pytest.raises(PermissionError, match=r"model\.safetensors"):
        cli.run(["segment", str(video), "a dog", "--out", str(tmp_path / "out")])


def _mis_shaped(model: Path, folder: Path) -> Path:
    folder.mkdir()
    config = json.loads((model / "config.json").read_text())
    (folder / "config.json").write_text(json.dumps(config | {"width": 64}))
    save_file(load_file(model / "model.safetensors"), folder / "model.safetensors")
    return folder


@pytest.mark.parametrize(
    "case",
    [
        "missing file",
        "endless name",
        "empty file",
        "text file",
        "truncated",
        "no frames",
        "audio only",
        "empty sentence",
        "long sentence",
        "no sentence",
        "unwritable output",
        "endless output",
        "unknown model",
        "unknown model of a hub",
        "model by no hub's rules",
        "wrong shapes",
        "threshold",
        "size",
        "device",
    ],
)
def test_a_mistake_gets_one_line_and_leaves_nothing(
    case: str,
    video: Path,
    tiny_model_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd,
) -> None:
    monkeypatch.setattr(huggingface_hub.constants, "HF_HUB_OFFLINE", True)
    source = tmp_path / "input.mp4"
    options = {"--out": str(tmp_path / "new" / "out"), "--model": str(tiny_model_folder)}
    sentences = ["a dog"]
    named = str(source)
    match case:
        case "endless name":
            source = tmp_path / ("x" * 300)
            named = str(source)
        case "empty file":
            source.touch()
        case "text file":
            source.write_text("This is no video.\n" * 100)
        case "truncated":
            source.write_bytes(video.read_bytes()[:2000])
        case "no frames":
            source.write_bytes(_no_frames(tmp_path))
        case "audio only":
            _write_video(source, frames=0, audio=True)
        case "empty sentence":
            sentences, named = ["a dog", "  "], "sentence 2"
        case "long sentence":
            sentences, named = ["dog " * 2500], "10,000"
        case "no sentence":
            sentences, named = [], "sentence"
        case "unwritable output":
            (tmp_path / "file").touch()
            options["--out"] = named = str(tmp_path / "file" / "out")
        case "endless output":
            options["--out"] = named = str(tmp_path / ("x" * 300))
        case "unknown model of a hub":
            options["--model"] = named = "nobody/nothing"
        case "model by no hub's rules":
            options["--model"] = named = "runs/my model"
        case "unknown model":
            options["--model"] = named = "no-such-model"
        case "wrong shapes":
            options["--model"] = str(_mis_shaped(tiny_model_folder, tmp_path / "wrong"))
            named = "shape"
        case "threshold":
            options["--threshold"] = named = "1.5"
        case "size":
            options["--size"] = named = "-32"
        case "device":
            options["--device"] = named = "abacus"
    if not case.endswith(("file", "endless name", "truncated", "frames", "only")):
        source = video
    before = _tree(tmp_path)
    flat = [part for option in options.items() for part in option]
    assert cli.run(["segment", str(source), *sentences, *flat]) == 2
    printed, complaint = capfd.readouterr()
    assert printed == ""
    lines = [line for line in complaint.splitlines() if not line.startswith("\r")]
    assert len(lines) == 1, complaint
    assert lines[0].startswith("slvp: ")
    assert named in lines[0]
    assert _tree(tmp_path) == before


def _no_frames(folder: Path) -> bytes:
    """A well-formed video stream in which no frame was ever written (mp4 would drop it)."""
    path = folder / "no-frames.mkv"
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        container.start_encoding()
    content = path.read_bytes()
    path.unlink()
    return content


def test_interrupted_run_leaves_nothing(
    video: Path, tiny_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def stream(self, frames, sentences, first_masks):
        next(iter(frames))
        raise KeyboardInterrupt
        yield

    monkeypatch.setattr(Segmenter, "stream", stream)
    out = tmp_path / "a" / "b"
    options = ["--model", str(tiny_model_folder), "--out", str(out)]
    arguments = ["segment", str(video), "a dog", *options]
    assert cli.run(arguments) == 130
    assert _tree(tmp_path) == set()


def test_a_missing_benchmark_gets_one_line_and_leaves_nothing(
    tiny_model_folder: Path, tmp_path: Path, capsys
) -> None:
    data, out = tmp_path / "data", tmp_path / "scores"
    options = ["--data", str(data), "--out", str(out), "--model", str(tiny_model_folder)]
    assert cli.run(["evaluate", "ref-davis17", *options]) == 2
    complaint = capsys.readouterr().err
    assert complaint.startswith(f"slvp: {data}")
    assert len(complaint.splitlines()) == 1
    assert _tree(tmp_path) == set()


COMMANDS = [*cli.app._subcommands, *(f"data {name}" for name in cli.data_app._subcommands)]


def test_help_fits_one_screen_and_names_every_command(capsys) -> None:
    assert cli.run(["--help"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) <= 24
    assert max(map(len, lines)) <= 80
    commands = [
        line[2:16].strip() for line in lines if line.startswith("  ") and "slvp" not in line
    ]
    assert sorted(commands) == sorted(COMMANDS)


@pytest.mark.parametrize("command", COMMANDS)
def test_every_command_has_help_with_an_example(command: str, capsys) -> None:
    assert cli.run([*command.split(), "--help"]) == 0
    assert f"slvp {command} " in capsys.readouterr().out.partition("For example")[2]


def test_an_unknown_option_is_told_shortly(capsys) -> None:
    assert cli.run(["segment", "clip.mp4", "a dog", "--treshold", "0.3"]) == 2
    printed, complaint = capsys.readouterr()
    assert printed == ""
    assert "--treshold" in complaint
    assert "--threshold" in complaint
    assert len(complaint.splitlines()) <= 15


def test_the_installed_command_tells_its_version() -> None:
    run = subprocess.run(
        [sys.executable, "-m", "slvp", "--version"], capture_output=True, text=True
    )
    assert (run.returncode, run.stdout) == (0, f"slvp {__version__}\n")


def test_a_reader_that_has_read_enough_is_no_error() -> None:
    reading, writing = os.pipe()
    os.close(reading)
    run = subprocess.run(
        [sys.executable, "-m", "slvp", "--help"], stdout=writing, stderr=subprocess.PIPE
    )
    os.close(writing)
    assert (run.returncode, run.stderr) == (141, b"")


def test_nothing_heavy_is_imported_for_help() -> None:
    code = "import sys, slvp.apps.cli; print({'torch', 'av', 'cv2', 'numpy'} & set(sys.modules))"
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout.strip() == "set()"
