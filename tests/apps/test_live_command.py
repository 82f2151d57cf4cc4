import os
import re
import signal
import subprocess
import sys
import threading
import time
import weakref
from contextlib import suppress
from urllib.request import urlopen

import av
import cv2
import numpy as np
import pytest
from live_sources import Camera, write_clip

from slvp.apps import cli
from slvp.apps.commands import live
from slvp.apps.live import outputs, reading, sources
from slvp.apps.live.latency import Latencies
from slvp.apps.live.serve import serving
from slvp.errors import UserError
from slvp.segmenter.trailing import Trailing
from slvp.types import Prediction
from slvp.video import read_frames

PATIENCE = 60  # seconds, for what takes one or two on a machine that is not busy


def wait_until(condition):
    end = time.monotonic() + PATIENCE
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.02)


def times_in(path):
    with av.open(path) as container:
        return [frame.time for frame in container.decode(video=0)]


@pytest.fixture
def camera():
    camera = Camera()
    yield camera
    camera.break_down()


@pytest.fixture
def quick(tiny_model_folder):
    return ["--model", str(tiny_model_folder), "--device", "cpu", "--quality", "fast", "--quiet"]


def start(*arguments, stdin=None):
    return subprocess.Popen(
        [sys.executable, "-m", "slvp", "live", *map(str, arguments)],
        stdin=stdin,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def test_a_file_is_played_at_its_own_pace_to_its_end(quick, tmp_path, capsys):
    source, out = write_clip(tmp_path / "clip.mp4"), tmp_path / "new" / "live.mp4"
    assert cli.run(["live", str(source), "a dog", "--out", str(out), *quick]) == 0
    printed, complaint = capsys.readouterr()
    shown, dropped = map(int, re.search(r"(\d+) shown, (\d+) dropped", printed).groups())
    assert shown + dropped == 12
    times = times_in(out)
    assert len(times) == shown
    # Each is the time of a frame of the source, from that of the first frame shown.
    np.testing.assert_allclose(np.array(times) * 10, np.rint(np.array(times) * 10), atol=1e-3)
    assert times[0] == 0
    assert times == sorted(times)
    assert re.search(r"latency  \d+\.\d{3} s median, \d+\.\d{3} s 95th percentile", printed)
    assert complaint == ""
    assert {path.name for path in out.parent.iterdir()} == {"live.mp4"}


def test_what_the_model_says_is_drawn(quick, tmp_path, monkeypatch):
    left_EHW = np.zeros((1, 1, 48, 80), np.float16)
    left_EHW[..., :40] = 1
    monkeypatch.setattr(
        Trailing, "add", lambda *_: Prediction(["a dog"], left_EHW, np.ones((1, 1), np.float32))
    )
    source, out = write_clip(tmp_path / "clip.mp4", frames=3, rate=2), tmp_path / "live.mp4"
    assert cli.run(["live", str(source), "a dog", "--out", str(out), *quick]) == 0
    drawn, plain = read_frames(out), read_frames(source)
    assert len(drawn) == 3
    changed_W = np.abs(drawn.astype(int) - plain)[:, 24:].mean(axis=(0, 1, 3))  # below the legend
    assert changed_W[:38].min() > 2 * changed_W[42:].max()


def test_a_slow_model_drops_frames_and_does_not_fall_behind(quick, tmp_path, monkeypatch, capsys):
    ages, add = [], Trailing.add
    latest = []
    put = reading.Newest.put
    monkeypatch.setattr(
        reading.Newest, "put", lambda self, frame: latest.append(frame) or put(self, frame)
    )

    def slow(trailing, image_HW3):
        # How many frames have come since the one that is asked about.
        number = next(k for k, frame in enumerate(latest) if frame.image_HW3 is image_HW3)
        ages.append(len(latest) - 1 - number)
        time.sleep(0.2)
        return add(trailing, image_HW3)

    monkeypatch.setattr(Trailing, "add", slow)
    source = write_clip(tmp_path / "clip.mp4", frames=60, rate=30)
    options = ["--out", str(tmp_path / "live.mp4"), *quick]
    assert cli.run(["live", str(source), "a dog", *options]) == 0
    shown, dropped = map(
        int, re.search(r"(\d+) shown, (\d+) dropped", capsys.readouterr().out).groups()
    )
    assert shown + dropped == 60
    assert dropped > shown
    assert max(ages) <= 2  # a queue would make the last of them about 50


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_a_signal_ends_it_with_a_file_that_can_be_played(camera, quick, tmp_path, number):
    out = tmp_path / "live.mp4"
    run = start(camera.url, "a dog", "--out", out, *quick)
    try:
        # The first part of the file is written when the model has said something.
        wait_until(lambda: any(path.stat().st_size for path in tmp_path.glob(".live.mp4.*")))
        wait_until(lambda: run.poll() is not None or camera.sent > 10)
        before = camera.sent
        wait_until(lambda: camera.sent > before + 25)
        run.send_signal(number)
        printed, complaint = run.communicate(timeout=PATIENCE)
    finally:
        run.kill()
    assert (run.returncode, complaint) == (0, "")
    times = times_in(out)
    assert len(times) == int(re.search(r"(\d+) shown", printed)[1]) > 0
    assert times == sorted(times)
    assert [path.name for path in tmp_path.iterdir()] == ["live.mp4"]


def test_a_signal_before_the_first_frame_leaves_nothing(quick, tmp_path):
    out = tmp_path / "new" / "live.mp4"
    run = start("-", "a dog", "--out", out, *quick, stdin=subprocess.PIPE)
    try:
        wait_until(out.parent.exists)
        time.sleep(0.2)
        run.send_signal(signal.SIGINT)
        printed, complaint = run.communicate(timeout=PATIENCE)
    finally:
        run.kill()
    assert (run.returncode, printed) == (130, "")
    assert complaint.strip().endswith("slvp: interrupted")
    assert list(tmp_path.iterdir()) == []


def test_standard_input(quick, tmp_path):
    source, out = write_clip(tmp_path / "clip.mkv.mp4"), tmp_path / "live.mp4"
    with source.open("rb") as stdin:
        run = start("-", "a dog", "--out", out, *quick, stdin=stdin)
        _, complaint = run.communicate(timeout=PATIENCE)
    assert (run.returncode, complaint) == (0, "")
    assert times_in(out)


def test_it_goes_on_when_a_camera_that_broke_is_back(quick, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(reading, "_FIRST_WAIT", 0.05)
    camera = Camera(sizes=[(48, 80), (96, 160)])  # and it comes back with larger pictures
    out = tmp_path / "live.mp4"
    asked = []
    add = Trailing.add

    def noted(trailing, image_HW3):
        asked.append((trailing, image_HW3.shape))
        if len(asked) == 3:
            camera.break_down()
            threading.Timer(0.5, camera.mend).start()
        elif camera.connections == 2 and trailing is not asked[0][0]:
            os.kill(os.getpid(), signal.SIGINT)
        return add(trailing, image_HW3)

    monkeypatch.setattr(Trailing, "add", noted)
    assert cli.run(["live", camera.url, "a dog", "--out", str(out), *quick]) == 0
    camera.break_down()
    complaint = capsys.readouterr().err
    waits = [float(wait) for wait in re.findall(r"trying again in (\d+) s", complaint)]
    assert waits
    assert complaint.splitlines()[0].startswith(f"slvp: {camera.url} is lost (")
    assert complaint.splitlines()[-1] == f"slvp: {camera.url} is back"
    assert len({trailing for trailing, _ in asked}) == 2  # begun anew after the gap
    assert {shape for _, shape in asked} == {(48, 80, 3)}
    times = times_in(out)
    assert len(times) == len(asked)
    assert max(np.diff(times)) > 0.3  # the gap is in the file


@pytest.mark.parametrize("options", [["--no-reconnect"], ["--reconnect-for", "0.3"]])
def test_a_camera_that_stays_away_ends_it_and_what_was_shown_is_kept(
    options, quick, tmp_path, monkeypatch, capsys
):
    monkeypatch.setattr(reading, "_FIRST_WAIT", 0.05)
    camera = Camera(per_connection=5)
    add = Trailing.add

    def broken_then(*args):
        if camera._server is not None and not camera._broken.is_set():
            camera.break_down()
        return add(*args)

    monkeypatch.setattr(Trailing, "add", broken_then)
    out = tmp_path / "live.mp4"
    assert cli.run(["live", camera.url, "a dog", "--out", str(out), *options, *quick]) == 1
    complaint = capsys.readouterr().err.splitlines()
    assert complaint[-1].startswith(f"slvp: {camera.url} is lost (")
    assert ("trying again" in complaint[0]) == ("--reconnect-for" in options)
    assert times_in(out)


def test_waits_grow_to_half_a_minute_and_begin_anew_when_the_source_was_back(monkeypatch):
    waited, told = [], []
    image_HW3 = np.zeros((4, 4, 3), np.uint8)
    fails = iter([False] + [True] * 7 + [False] + [True] * 2 + [None])

    def attempt():
        fail = next(fails)
        if fail is None:
            return
        if not fail:
            yield sources.Picture(image_HW3, None)
        raise sources.BrokenError("out of order")

    read = reading.Reading(sources.Source("it", attempt, returns=True), 1e9, told.append)
    monkeypatch.setattr(read._stopped, "wait", waited.append)
    read._run()
    assert waited == [1, 2, 4, 8, 16, 30, 30, 30, 1, 2, 4]
    assert told[0] == "it is lost (out of order); trying again in 1 s"
    assert told[8] == "it is back"
    assert read.newest.error is None


def test_a_browser_sees_what_is_shown(quick):
    with serving("127.0.0.1", 0, ["a <dog>"]) as served:
        assert "a &lt;dog&gt;" in urlopen(served.url, timeout=PATIENCE).read().decode()
        with pytest.raises(OSError, match="404"):
            urlopen(f"{served.url}nothing", timeout=PATIENCE)
        clients = [urlopen(f"{served.url}stream.mjpg", timeout=PATIENCE) for _ in range(2)]
        for client in clients:
            assert client.headers["Content-Type"].startswith("multipart/x-mixed-replace; boundary=")
        wait_until(lambda: served.watchers == 2)
        for value in (50, 200):
            served.show(np.full((48, 80, 3), (value, 0, 0), np.uint8), 0)
            for client in clients:
                picture_HW3 = read_part(client)
                assert picture_HW3.shape == (48, 80, 3)
                assert abs(int(picture_HW3[0, 0, 0]) - value) < 5


def read_part(client):
    """Read one picture of a multipart stream, RGB."""
    assert client.readline().startswith(b"--")
    head = dict(line.split(b": ") for line in iter(client.readline, b"\r\n"))
    jpeg = client.read(int(head[b"Content-Length"]))
    assert client.readline() == b"\r\n"
    return cv2.imdecode(np.frombuffer(jpeg, np.uint8), cv2.IMREAD_COLOR)[..., ::-1]


def test_a_client_that_does_not_read_holds_nobody_up():
    noise = np.random.default_rng(0).integers(0, 255, (480, 640, 3), dtype=np.uint8)
    with serving("127.0.0.1", 0, []) as served:
        slow, quick = (urlopen(f"{served.url}stream.mjpg", timeout=PATIENCE) for _ in range(2))
        wait_until(lambda: served.watchers == 2)
        for number in range(60):  # some 20 MB, more than any queue between the two takes
            noise[:200] = number * 4
            served.show(noise, 0)
            assert abs(int(read_part(quick)[50, 50, 0]) - number * 4) < 5
        seen = [int(read_part(slow)[50, 50, 0])]
        while abs(seen[-1] - 59 * 4) >= 5:
            seen.append(int(read_part(slow)[50, 50, 0]))
        assert len(seen) < 60


def test_the_command_serves_what_it_can_read_itself(camera, quick):
    """One live run watches another one."""
    first = start(camera.url, "a dog", "--serve", "0", *quick)
    try:
        url = first.stdout.readline().split()[-1]
        client = urlopen(f"{url}stream.mjpg", timeout=PATIENCE)
        assert read_part(client).shape == (48, 80, 3)
        pictures = sources.source_of(f"{url}stream.mjpg").open()
        assert next(pictures).image_HW3.shape == (48, 80, 3)
        pictures.close()
        first.send_signal(signal.SIGINT)
        _, complaint = first.communicate(timeout=PATIENCE)
    finally:
        first.kill()
    assert (first.returncode, complaint) == (0, "")


class FakeCapture:
    def __init__(self, index):
        self.left = 3 if index == 0 else 0

    def isOpened(self):
        return self.left > 0

    def set(self, *_):
        pass

    def read(self):
        self.left -= 1
        return self.left >= 0, np.full((48, 80, 3), (0, 0, 250), np.uint8)

    def release(self):
        pass


def test_a_webcam_gives_rgb(monkeypatch):
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    pictures = sources.source_of("0").open()
    assert next(pictures).image_HW3[0, 0].tolist() == [250, 0, 0]
    with pytest.raises(sources.BrokenError, match="no more"):
        list(pictures)


@pytest.mark.parametrize(
    "case",
    [
        "no output",
        "no file",
        "endless name",
        "no camera",
        "nobody listens",
        "port",
        "is there",
        "webm",
    ],
)
def test_a_mistake_gets_one_line_and_leaves_nothing(case, quick, tmp_path, monkeypatch, capsys):
    monkeypatch.setattr(cv2, "VideoCapture", FakeCapture)
    source, out = write_clip(tmp_path / "clip.mp4"), tmp_path / "new" / "out.mp4"
    options = ["--out", str(out)]
    match case:
        case "no output":
            options, named = [], "--show, --out FILE or --serve PORT"
        case "no file":
            source = named = tmp_path / "nothing.mp4"
        case "endless name":
            source = named = "x" * 300
        case "no camera":
            source, named = 1, "camera 1"
        case "nobody listens":
            source, named = "http://user:secret@127.0.0.1:9/x", "http://127.0.0.1:9/x"
        case "port":
            options, named = ["--serve", "70000"], "70000"
        case "is there":
            options, named = ["--out", str(source)], "--overwrite"
        case "webm":
            options, named = ["--out", str(tmp_path / "out.webm")], "mp4"
    before = set(tmp_path.rglob("*"))
    assert cli.run(["live", str(source), "a dog", *options, *quick]) == 2
    printed, complaint = capsys.readouterr()
    assert printed == ""
    assert len(complaint.splitlines()) == 1
    assert complaint.startswith("slvp: ")
    assert str(named) in complaint
    assert "secret" not in complaint
    assert set(tmp_path.rglob("*")) == before


def test_a_port_that_is_taken_is_told():
    with serving("127.0.0.1", 0, []) as served:
        port = int(served.url.rstrip("/").rpartition(":")[2])
        with (
            pytest.raises(UserError, match=f"--serve {port}: can't listen"),
            serving("127.0.0.1", port, []),
        ):
            pass


def test_no_window_without_a_screen(monkeypatch):
    monkeypatch.delenv("DISPLAY", raising=False)
    monkeypatch.delenv("WAYLAND_DISPLAY", raising=False)
    monkeypatch.setattr(sys, "platform", "linux")
    with pytest.raises(UserError, match="--show needs a screen"), outputs.window():
        pass


def test_no_window_with_an_opencv_that_has_none(monkeypatch):
    def refuse(*_):
        raise cv2.error("The function is not implemented.")

    monkeypatch.setenv("DISPLAY", ":0")
    monkeypatch.setattr(cv2, "namedWindow", refuse)
    with pytest.raises(UserError, match="--show needs an OpenCV with windows"), outputs.window():
        pass


def test_a_long_recording_takes_no_more_memory(tmp_path):
    """Parts of the file are on the disk long before its end: the muxer holds no index back."""
    image_HW3 = np.random.default_rng(0).integers(0, 255, (48, 80, 3), dtype=np.uint8)
    with outputs.recording(tmp_path / "long.mp4", overwrite=False) as output:
        for t in range(300):
            output.show(np.roll(image_HW3, t, axis=1), t / 10)
        (part,) = tmp_path.iterdir()
        before_a_power_cut = []
        with suppress(av.FFmpegError), av.open(part) as container:  # its last frame is cut in two
            for frame in container.decode(video=0):
                before_a_power_cut.append(frame.time)
        assert len(before_a_power_cut) > 200
    np.testing.assert_allclose(times_in(tmp_path / "long.mp4"), np.arange(300) / 10, atol=1e-3)


def test_frames_are_not_kept(quick, tmp_path, monkeypatch):
    alive, most = weakref.WeakSet(), []

    def pictures():
        for _ in range(300):
            picture = sources.Picture(np.zeros((48, 80, 3), np.uint8), None)
            yield picture
            time.sleep(0.002)

    class Noted(reading.Captured):
        __hash__ = object.__hash__

        def __init__(self, *args):
            super().__init__(*args)
            alive.add(self)
            most.append(len(alive))

    monkeypatch.setattr(reading, "Captured", Noted)
    source = sources.Source("it", pictures, returns=False)
    monkeypatch.setattr(live, "source_of", lambda _: source)
    options = ["--out", str(tmp_path / "live.mp4"), *quick]
    assert cli.run(["live", "it", "a dog", *options]) == 0
    assert len(most) == 300
    assert max(most) <= 5  # the first, the one before, the one asked about, the newest, the next


def test_only_the_newest_frame_is_kept():
    newest = reading.Newest()
    frames = [reading.Captured(np.zeros((2, 2, 3), np.uint8), t, t) for t in range(5)]
    assert newest.take(0) is None
    for frame in frames:
        newest.put(frame)
    newest.end()
    assert not newest.finished
    assert newest.take(0) is frames[-1]
    assert newest.take(PATIENCE) is None  # at once, as nothing will come
    assert (newest.dropped, newest.finished) == (4, True)


def test_quantiles_of_latencies():
    latencies = Latencies()
    values = np.random.default_rng(0).lognormal(-1, 1, 5000)
    for value in values:
        latencies.add(value)
    for share in (0.5, 0.95):
        assert latencies.quantile(share) == pytest.approx(np.quantile(values, share), rel=0.03)
