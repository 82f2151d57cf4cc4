"""The page as a visitor has it: in Chromium, by mouse and by keyboard, wide and narrow."""

from __future__ import annotations

import json
import shutil
from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest

pytest.importorskip("gradio", reason="the extra 'web' is not installed")
pytest.importorskip("playwright", reason="playwright is not installed")

from playwright import sync_api

from slvp.apps.web.limits import Limits
from slvp.apps.web.serve import running

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser")
pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(CHROMIUM is None, reason="chromium is not installed"),
]
FRAMES, HEIGHT, WIDTH = 12, 48, 80
PATIENCE = 60_000  # ms


@pytest.fixture(scope="module")
def video(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("video") / "clip.mp4"
    noise = np.random.default_rng(0)
    with av.open(path, "w") as container:
        stream = container.add_stream("libx264", rate=10)
        stream.width, stream.height, stream.pix_fmt = WIDTH, HEIGHT, "yuv420p"
        for _ in range(FRAMES):
            image_HW3 = noise.integers(0, 256, (HEIGHT, WIDTH, 3), dtype=np.uint8)
            container.mux(stream.encode(av.VideoFrame.from_ndarray(image_HW3)))
        container.mux(stream.encode(None))
    return path


@pytest.fixture(scope="module")
def address(tiny_model_folder: Path) -> Iterator[str]:
    with running(model=str(tiny_model_folder), device="cpu", limits=Limits(seconds=5)) as found:
        yield found[0]


@pytest.fixture(scope="module")
def browser() -> Iterator[object]:
    with sync_api.sync_playwright() as driver:
        flags = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
        chromium = driver.chromium.launch(executable_path=CHROMIUM, args=flags)
        yield chromium
        chromium.close()


@pytest.fixture(params=[1280, 390], ids=["wide", "phone"])
def page(request, browser, address: str) -> Iterator[object]:
    page = browser.new_page(viewport={"width": request.param, "height": 844})
    page.set_default_timeout(PATIENCE)
    requests: list[str] = []
    page.on("request", lambda asked: requests.append(asked.url))
    page.goto(address)
    page.wait_for_selector("#slvp-segment")
    yield page
    assert page.evaluate("document.documentElement.scrollWidth") <= request.param
    outside = [url for url in requests if not url.startswith((address, "blob:", "data:"))]
    assert outside == []
    assert requests
    page.close()


def upload(page, path: Path) -> None:
    page.locator("input[type=file]").first.set_input_files(path)


def test_upload_segment_look_seek_and_download(page, video: Path, tmp_path: Path) -> None:
    upload(page, video)
    page.wait_for_selector("video")
    page.get_by_label("Sentences, one per line").fill("a dog\nthe red ball")
    page.locator("#slvp-segment").focus()
    page.keyboard.press("Enter")
    page.wait_for_selector(".slvp-track")
    page.wait_for_function("document.querySelector('#slvp-player video')?.readyState >= 2")
    assert page.locator("#slvp-player video").evaluate("v => v.videoWidth") == WIDTH
    assert page.locator(".slvp-words").all_inner_texts() == ["a dog", "the red ball"]

    track = page.get_by_role("slider", name="Presence of “a dog”")
    track.focus()
    page.keyboard.press("End")
    at_end = page.locator("#slvp-player video").evaluate("v => v.currentTime")
    assert 1.0 <= at_end <= 1.2
    box = track.bounding_box()
    track.click(position={"x": box["width"] / 2, "y": box["height"] / 2})
    middle = page.locator("#slvp-player video").evaluate("v => v.currentTime")
    assert middle == pytest.approx(0.6, abs=0.05)
    assert "0.6 seconds, presence" in track.get_attribute("aria-valuetext")

    with page.expect_download() as download:
        page.get_by_text("COCO RLE (JSON)").click()
    download.value.save_as(tmp_path / "coco.json")
    assert len(json.loads((tmp_path / "coco.json").read_text())["images"]) == FRAMES
    with page.expect_download() as download:
        page.get_by_text("Overlay (mp4)").click()
    assert download.value.suggested_filename.endswith(".mp4")


def test_what_cannot_be_read_is_told(page, tmp_path: Path) -> None:
    broken = tmp_path / "broken.mp4"
    broken.write_bytes(b"This is no video.\n" * 100)
    upload(page, broken)
    page.get_by_role("button", name="Segment").wait_for()
    page.wait_for_selector("video", state="attached")
    page.get_by_label("Sentences, one per line").fill("a dog")
    page.click("#slvp-segment")
    told = page.get_by_role("alert").inner_text()
    assert told.startswith("broken.mp4 is no video")
    assert "slvp-web-" not in told
    assert "Traceback" not in page.inner_text("body")
    page.wait_for_function("!document.querySelector('#slvp-segment').disabled")
