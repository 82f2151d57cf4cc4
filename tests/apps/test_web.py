"""The page's HTTP API, asked as another program would, and what it refuses."""

from __future__ import annotations

import json
import os
import tempfile
import time
import zipfile
from collections.abc import Iterator
from pathlib import Path

import av
import cv2
import numpy as np
import pytest
from pycocotools import mask as coco_mask
from pycocotools.coco import COCO

pytest.importorskip("gradio", reason="the extra 'web' is not installed")

import httpx
from gradio_client import Client, handle_file
from gradio_client.exceptions import AppError

from slvp.apps import cli
from slvp.apps.web import jobs
from slvp.apps.web.desk import Desk
from slvp.apps.web.limits import Limits, check_upload, sentences_of
from slvp.apps.web.serve import running
from slvp.apps.web.workspace import Workspace
from slvp.errors import UserError
from slvp.segmenter import Segmenter

FRAMES, HEIGHT, WIDTH = 11, 48, 80
LIMITS = Limits(seconds=3, megabytes=1, sentences=2)


def write_video(path: Path, frames: int = FRAMES) -> Path:
    noise = np.random.default_rng(0)
    with av.open(path, "w") as container:
        stream = container.add_stream("mpeg4", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(frames):
            image_HW3 = noise.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image_HW3)))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_video(tmp_path_factory.mktemp("video") / "clip.mp4")


@pytest.fixture(scope="module")
def address(tiny_model_folder: Path) -> Iterator[str]:
    options = {"model": str(tiny_model_folder), "device": "cpu", "limits": LIMITS}
    with running(**options) as addresses:
        yield addresses[0]


@pytest.fixture
def client(address: str, tmp_path: Path) -> Client:
    return Client(address, verbose=False, download_files=str(tmp_path), analytics_enabled=False)


def ask(client: Client, video: Path, sentences: str = "a dog\nthe red ball") -> tuple:
    return client.predict(handle_file(str(video)), sentences, "fast", 0.4, api_name="/segment")


def test_segment_answers_with_overlay_masks_and_coco(client: Client, video: Path) -> None:
    overlay, masks, coco, summary = ask(client, video)
    with av.open(overlay) as container:
        assert sum(1 for _ in container.decode(video=0)) == FRAMES
    assert [entry["sentence"] for entry in summary["sentences"]] == ["a dog", "the red ball"]
    assert all(len(entry["presence"]) == FRAMES for entry in summary["sentences"])
    assert len(summary["times"]) == FRAMES
    loaded = COCO(coco)
    assert [entry["name"] for entry in loaded.cats.values()] == ["a dog", "the red ball"]
    assert len(loaded.imgs) == FRAMES
    assert loaded.anns
    with zipfile.ZipFile(masks) as archive:
        assert len(archive.namelist()) == 2 * FRAMES
        for thing in loaded.anns.values():
            name = f"{thing['category_id'] - 1}/{loaded.imgs[thing['image_id']]['file_name']}"
            png_HW = cv2.imdecode(np.frombuffer(archive.read(name), np.uint8), -1)
            np.testing.assert_array_equal(coco_mask.decode(thing["segmentation"]) * 255, png_HW)
            assert thing["area"] == np.count_nonzero(png_HW)


def test_render_draws_the_kept_masks_anew(client: Client, video: Path) -> None:
    def pixels(path: object) -> np.ndarray:
        path = path["video"] if isinstance(path, dict) else path
        with av.open(path) as container:
            return np.stack([f.to_ndarray(format="rgb24") for f in container.decode(video=0)])

    tinted = pixels(ask(client, video)[0])
    bare = pixels(client.predict(0.0, False, api_name="/render")[1])
    assert bare.shape == tinted.shape
    assert np.abs(bare.astype(int) - tinted).mean() > 1
    with pytest.raises(AppError, match="maximum value 1"):
        client.predict(3.0, False, api_name="/render")


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [
        ("transparent PNGs (zip)", ".zip"),
        ("transparent WebM", ".webm"),
        ("blurred background (mp4)", ".mp4"),
    ],
)
def test_cut_out(kind: str, suffix: str, client: Client, video: Path) -> None:
    masks = ask(client, video)[1]
    path = client.predict(kind, "a dog", api_name="/cut_out")
    assert Path(path).suffix == suffix
    with zipfile.ZipFile(masks) as archive:
        first_HW = cv2.imdecode(np.frombuffer(archive.read("0/00000.png"), np.uint8), -1)
    if suffix == ".zip":
        with zipfile.ZipFile(path) as archive:
            assert len(archive.namelist()) == FRAMES
            png_HW4 = cv2.imdecode(np.frombuffer(archive.read("00000.png"), np.uint8), -1)
        np.testing.assert_array_equal(png_HW4[..., 3], first_HW)
        return
    with av.open(path) as container:
        stream = container.streams.video[0]
        assert stream.metadata.get("alpha_mode") == ("1" if suffix == ".webm" else None)
        assert sum(1 for _ in container.decode(video=0)) == FRAMES


def test_a_cut_out_needs_a_result_and_a_sentence_of_it(client: Client, video: Path) -> None:
    with pytest.raises(AppError, match="segment a video first"):
        client.predict("transparent WebM", "all sentences", api_name="/cut_out")
    ask(client, video)
    with pytest.raises(AppError, match="a cat"):
        client.predict("transparent WebM", "a cat", api_name="/cut_out")


def test_a_result_is_its_visitors_alone(client: Client, video: Path, address: str) -> None:
    ask(client, video)
    other = Client(address, verbose=False, analytics_enabled=False)
    with pytest.raises(AppError, match="segment a video first"):
        other.predict(0.5, True, api_name="/render")


@pytest.mark.parametrize(
    ("content", "sentences", "message"),
    [
        (b"This is no video.\n" * 100, "a dog", "clip.mp4 is no video"),
        (b"#EXTM3U\n#EXTINF:1,\n/etc/passwd\n", "a dog", "clip.mp4 is no video"),
        (None, "", "No sentence"),
        (None, "a\nb\nc", "at most 2"),
        ("long", "a dog", "longer than 3 seconds"),
    ],
    ids=["text", "play list", "no sentence", "many sentences", "long"],
)
def test_a_mistake_is_told_in_one_sentence(
    content: bytes | str | None, sentences: str, message: str, client: Client, tmp_path: Path
) -> None:
    path = tmp_path / "clip.mp4"
    if isinstance(content, bytes):
        path.write_bytes(content)
    else:
        write_video(path, 40 if content else FRAMES)
    with pytest.raises(AppError, match=message) as caught:
        ask(client, path, sentences)
    assert "Traceback" not in str(caught.value)
    assert os.sep + "slvp-web-" not in str(caught.value)


def test_an_upload_beyond_the_limit_is_refused(client: Client, tmp_path: Path) -> None:
    path = tmp_path / "large.mp4"
    path.write_bytes(b"\0\0\0\x18ftyp" + bytes(1_100_000))
    with pytest.raises(Exception, match=r"413|[Mm]aximum"):
        ask(client, path)


def call_segment(address: str, path: str) -> str:
    """Ask past the client, which has checks of its own; return the events that are told."""
    asked = {"path": path, "meta": {"_type": "gradio.FileData"}}
    call = httpx.post(
        f"{address}gradio_api/call/segment", json={"data": [asked, "a dog", "fast", 0.4]}
    )
    assert call.status_code == 200, call.text
    event = call.json()["event_id"]
    return httpx.get(f"{address}gradio_api/call/segment/{event}", timeout=60).text


def test_files_of_the_server_are_out_of_reach(address: str, video: Path, tmp_path: Path) -> None:
    here = tmp_path / "secret.mp4"
    here.write_bytes(video.read_bytes())
    for path in ("/etc/passwd", str(here), str(Path("pyproject.toml").resolve()), "../../passwd"):
        fetched = httpx.get(f"{address}gradio_api/file={path}", follow_redirects=True)
        assert fetched.status_code in (403, 404), path
        told = call_segment(address, path)
        assert "event: error" in told, path
        assert "event: complete" not in told, path
    # The same call with an upload works: it is the path that was refused.
    with video.open("rb") as file:
        sent = httpx.post(f"{address}gradio_api/upload", files={"files": ("clip.mp4", file)})
    assert "event: complete" in call_segment(address, sent.json()[0])


def test_only_named_endpoints_are_there(client: Client) -> None:
    endpoints = client.view_api(return_format="dict", print_info=False)["named_endpoints"]
    assert set(endpoints) == {"/segment", "/render", "/cut_out", "/cancel"}


def test_cancel_stops_before_the_next_frame(
    tiny_model_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    workspace = Workspace(60)
    try:
        desk = Desk(Segmenter.from_pretrained(tiny_model_folder, device="cpu"), workspace, LIMITS)
        upload = write_video(workspace.uploads / "clip.mp4")
        desk.begin("a")
        monkeypatch.setattr(jobs, "_PREVIEW_EVERY", 0.0)
        steps = desk.segment("a", str(upload), "a dog", "fast", 0.5)
        first = next(steps)
        assert isinstance(first, jobs.Progress)
        assert first.done == 1
        desk.cancel("a")
        with pytest.raises(jobs.Cancelled):
            list(steps)
        assert list(workspace.results.iterdir()) == []
        with pytest.raises(UserError, match="no result"):
            desk.result("a")
        desk.cancel("nobody")
    finally:
        workspace.close()


def test_leaving_removes_a_visitors_files(tiny_model_folder: Path) -> None:
    workspace = Workspace(60)
    try:
        desk = Desk(Segmenter.from_pretrained(tiny_model_folder, device="cpu"), workspace, LIMITS)
        upload = write_video(workspace.uploads / "clip.mp4")
        desk.begin("a")
        list(desk.segment("a", str(upload), "a dog", "fast", 0.5))
        assert len(list(workspace.results.iterdir())) == 1
        desk.leave("a")
        assert list(workspace.results.iterdir()) == []
    finally:
        workspace.close()


def test_old_files_are_removed_and_new_ones_kept() -> None:
    workspace = Workspace(1000)
    try:
        old, new = workspace.new_folder(), workspace.new_folder()
        for folder in (old, new):
            (folder / "file").touch()
        for path in (old / "file", old):
            os.utime(path, (time.time() - 2000,) * 2)
        workspace.sweep()
        assert not old.exists()
        assert new.exists()
    finally:
        workspace.close()
    assert not workspace.root.exists()


def test_nothing_is_left_when_the_page_ends(tiny_model_folder: Path, tmp_path: Path) -> None:
    known = set(Path(tempfile.gettempdir()).glob("slvp-web-*"))
    with running(model=str(tiny_model_folder), device="cpu", limits=LIMITS):
        assert set(Path(tempfile.gettempdir()).glob("slvp-web-*")) - known
    assert set(Path(tempfile.gettempdir()).glob("slvp-web-*")) <= known


def test_an_upload_from_elsewhere_is_refused(video: Path, tmp_path: Path) -> None:
    (tmp_path / "link.mp4").symlink_to(video)
    for path in (video, tmp_path / ".." / video.name, tmp_path / "link.mp4"):
        with pytest.raises(UserError, match="not uploaded"):
            check_upload(path, tmp_path, LIMITS)
    assert sentences_of(" a dog \n\n", LIMITS) == ["a dog"]


@pytest.mark.parametrize("option", ["max-seconds", "max-megabytes", "max-sentences", "queue"])
def test_a_limit_below_one_is_told(option: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["web", f"--{option}", "0"]) == 2
    assert f"--{option}" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["0", "65536"])
def test_a_port_that_is_none_is_told(port: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.run(["web", "--port", port]) == 2
    assert f"--port {port}: expected a number from 1 to 65535" in capsys.readouterr().err


def test_without_gradio_it_says_what_to_install(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    import importlib.util

    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    assert cli.run(["web"]) == 2
    assert "pip install 'slvp[web]'" in capsys.readouterr().err


def test_results_that_are_json_stay_ascii(client: Client, video: Path) -> None:
    coco = ask(client, video, "une tasse de café")[2]
    assert json.loads(Path(coco).read_text("ascii"))["categories"][0]["name"] == "une tasse de café"
