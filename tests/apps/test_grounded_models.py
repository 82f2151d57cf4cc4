import json
from pathlib import Path

import cv2
import numpy as np
import pytest

import tiny_transformers
from slvp.apps import cli
from slvp.data.examples.world import write_world


@pytest.fixture
def video(tmp_path, monkeypatch) -> str:
    """A folder of frames, beside an empty place to write to."""
    monkeypatch.chdir(tmp_path)
    Path("video").mkdir()
    for t, image_HW3 in enumerate(np.random.default_rng(0).integers(0, 256, (4, 48, 64, 3))):
        cv2.imwrite(f"video/{t:05d}.png", image_HW3)
    return "video"


@pytest.fixture(scope="module")
def both(tmp_path_factory) -> str:
    """A detector and a segmenter, as ``--model`` names them."""
    folders = [
        tiny_transformers.MAKERS[kind](tmp_path_factory.mktemp(kind)) for kind in ("owlv2", "sam")
    ]
    return "+".join(map(str, folders))


@pytest.mark.parametrize("prefix", ["grounded", "unlinked"])
def test_a_model_of_ours_is_grounded(video, tiny_model_folder, prefix) -> None:
    model = f"{prefix}:{tiny_model_folder}"
    words = ["segment", video, "a dog", "two cats", "--model", model, "--out", "out", "--quiet"]
    assert cli.run([*words, "--size", "64"]) == 0
    record = json.loads(Path("out/result.json").read_text())
    assert (record["model"], record["size"], len(record["frames"])) == (model, 64, 4)
    assert len(list(Path("out/masks/1").glob("*.png"))) == 4


def test_models_of_transformers_segment_and_are_scored(video, both) -> None:
    model = f"grounded:{both}"
    words = ["--model", model, "--quiet", "--device", "cpu"]
    assert cli.run(["segment", video, "a dog", "--out", "out", *words]) == 0
    record = json.loads(Path("out/result.json").read_text())
    assert (record["model"], record["size"], len(record["frames"])) == (model, None, 4)
    Path("world").mkdir()
    write_world(Path("world"))
    assert cli.run(["evaluate", "world", "--data", "world", "--out", "scores", *words]) == 0
    card = json.loads(Path("scores/result.json").read_text())
    assert card["model"] == model
    assert card["parameters"]["trained"] == 0 < card["parameters"]["total"]
    assert card["config"]["size"] is None


def test_without_the_link_does_not_go_on_with_what_was_scored_with_it(
    video, tiny_model_folder, capsys
) -> None:
    Path("world").mkdir()
    write_world(Path("world"))
    Path("world/test/JPEGImages/world_00001/00003.jpg").write_bytes(b"no picture")
    words = ["evaluate", "world", "--data", "world", "--out", "scores", "--quiet", "--model"]
    assert cli.run([*words, f"grounded:{tiny_model_folder}"]) == 2
    capsys.readouterr()
    assert cli.run([*words, f"unlinked:{tiny_model_folder}"]) == 2
    assert "scores.partial holds an unfinished run with another model" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("words", "complaint"),
    [
        (["segment", "video", "a dog", "--model", "grounded:"], "expected grounded:DETECTOR+"),
        (
            ["segment", "video", "a dog", "--model", "grounded:nowhere+nothing"],
            "detector 'nowhere': no such folder",
        ),
        (
            ["segment", "video", "--first-mask", "mask.png", "--model", "grounded:OURS"],
            "a first mask says where its object is",
        ),
        (
            ["segment", "video", "a dog", "--size", "96", "--model", "grounded:BOTH"],
            "size 96: models of others have their own",
        ),
        (["live", "video", "a dog", "--model", "grounded:OURS"], "grounding needs later frames"),
    ],
)
def test_a_mistake_gets_one_line_and_leaves_nothing(
    video, both, tiny_model_folder, words, complaint, capsys
) -> None:
    cv2.imwrite("mask.png", np.full((48, 64), 255, np.uint8))
    named = [word.replace("OURS", str(tiny_model_folder)).replace("BOTH", both) for word in words]
    where = ["--out", "out.mp4"] if words[0] == "live" else ["--out", "out"]
    assert cli.run([*named, *where]) == 2
    complaints = capsys.readouterr().err.splitlines()
    assert len(complaints) == 1 and complaint in complaints[0]
    assert {path.name for path in Path().iterdir()} == {"video", "mask.png"}
