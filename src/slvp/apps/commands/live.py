"""``slvp live``: a camera's or the network's video in, pictures with masks out, as they come."""

from __future__ import annotations

import sys
import time
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from tqdm import tqdm

from slvp.apps.live.latency import Latencies
from slvp.apps.live.outputs import Output, recording, window
from slvp.apps.live.reading import Captured, LostError, Reading
from slvp.apps.live.serve import serving
from slvp.apps.live.sources import Source, source_of
from slvp.apps.live.stopping import Stop, stop_on_signals
from slvp.apps.overlay import draw_overlay
from slvp.errors import UserError
from slvp.models.text import check_sentences
from slvp.segmenter import Engine, Segmenter
from slvp.segmenter.trailing import Trailing

_POLL = 0.1  # seconds in which a signal is noticed while no frame comes


@dataclass(frozen=True)
class Summary:
    """How a live run went.

    Attributes:
        shown: frames.
        dropped: frames that were too old by the time the model was free.
        seconds: from the first frame to the last.
        median: seconds from when a frame was there to when it was shown.
        slow: the same, for the 95th percentile.
        lost: why the source was given up before its end, if it was: one sentence.
    """

    shown: int
    dropped: int
    seconds: float
    median: float
    slow: float
    lost: str | None = None

    @property
    def rate(self) -> float:
        """Frames shown per second."""
        return (self.shown - 1) / self.seconds if self.seconds else 0.0


def run_live(
    source: str,
    sentences: Sequence[str],
    *,
    out: Path | None,
    show: bool,
    serve: int | None,
    host: str,
    model: str,
    threshold: float,
    device: str,
    size: int | None,
    window_frames: int | None,
    quality: str,
    engine: Engine,
    reconnect_for: float,
    overwrite: bool,
    quiet: bool,
) -> Summary:
    """Show where things are in video that is still being made, until it ends or a signal comes.

    Only the newest frame is asked about: a model that is slower than the source drops frames
    instead of falling behind. Memory does not grow with time.

    Args:
        source: a camera's index, a URL, ``-``, a file or a folder of images.
        sentences: what to look for.
        out: mp4 file to write.
        show: open a window.
        serve: port to serve pictures at.
        host: address to serve them at.
        model: see ``Segmenter.from_pretrained``; likewise the next six.
        threshold: probability above which a pixel belongs to the object.
        device: where to compute.
        size: short side that frames are resized to, in pixels.
        window_frames: frames that the model sees at a time.
        quality: what is done for better masks.
        engine: what computes.
        reconnect_for: seconds in which a source that broke may come back.
        overwrite: replace the file.
        quiet: show no progress. What happens to the source is told all the same.

    Raises:
        UserError: an option, a sentence or the source is not usable.
        KeyboardInterrupt: Ctrl-C came before there was anything to show; likewise SystemExit.
    """
    if out is None and serve is None and not show:
        raise UserError("nothing to show pictures on; give --show, --out FILE or --serve PORT")
    if reconnect_for < 0:
        raise UserError(f"--reconnect-for {reconnect_for:g}: expected seconds, 0 or more")
    check_sentences(sentences)
    found = source_of(source)
    with ExitStack() as stack:
        outputs: list[Output] = []
        if show:
            outputs.append(stack.enter_context(window()))
        if out is not None:
            outputs.append(stack.enter_context(recording(out, overwrite)))
        if serve is not None:
            server = stack.enter_context(serving(host, serve, sentences))
            outputs.append(server)
        # Before the model: libraries that import as they load turn Ctrl-C into errors of their own.
        stop = stack.enter_context(stop_on_signals())
        segmenter = Segmenter.from_pretrained(
            model,
            device=device,
            size=size,
            window=window_frames,
            threshold=threshold,
            quality=quality,
            engine=engine,
        )
        if serve is not None:
            print(f"live at  {server.url}", flush=True)
        return _show_all(found, segmenter, sentences, outputs, stop, reconnect_for, quiet)


def _show_all(
    source: Source,
    segmenter: Segmenter,
    sentences: Sequence[str],
    outputs: Sequence[Output],
    stop: Stop,
    reconnect_for: float,
    quiet: bool,
) -> Summary:
    latencies, shown = Latencies(), 0
    first: Captured | None = None
    began = ended = 0.0
    losses, trailing = 0, Trailing(segmenter, sentences)
    reading = Reading(source, reconnect_for, _tell)
    newest = reading.newest
    reading.start()
    try:
        with tqdm(unit="frame", disable=quiet) as progress:
            while not stop and not newest.finished and not any(one.closed for one in outputs):
                frame = newest.take(_POLL)
                if frame is None:
                    continue
                if frame.losses != losses:  # what was seen before the gap is of no use after it
                    losses, trailing = frame.losses, Trailing(segmenter, sentences)
                prediction = trailing.add(frame.image_HW3)
                overlay_HW3 = draw_overlay(
                    frame.image_HW3,
                    prediction.masks_ETHW[:, 0],
                    sentences,
                    prediction.presence_ET[:, 0].tolist(),
                )
                first = first or frame
                for output in outputs:
                    output.show(overlay_HW3, frame.time - first.time)
                ended = time.monotonic()
                began, shown = began or ended, shown + 1
                latencies.add(ended - frame.captured)
                progress.set_postfix_str(
                    f"{ended - frame.captured:.2f} s old, {newest.dropped} dropped", refresh=False
                )
                progress.update()
    finally:
        reading.stop()
    if not shown:
        stop.raise_as_usual()
        raise newest.error or UserError(f"{source.label} gave no frame; give a video that has some")
    if newest.error is not None and not isinstance(newest.error, LostError | UserError):
        raise newest.error
    return Summary(
        shown=shown,
        dropped=newest.dropped,
        seconds=ended - began,
        median=latencies.quantile(0.5),
        slow=latencies.quantile(0.95),
        lost=None if newest.error is None else str(newest.error),
    )


def _tell(sentence: str) -> None:
    tqdm.write(f"slvp: {sentence}", file=sys.stderr)
