"""The page itself: components, what they do, and the named endpoints of the HTTP API."""

from __future__ import annotations

import logging
import shutil
from collections.abc import Callable, Iterator
from html import escape
from pathlib import Path
from typing import Any

import gradio as gr

import slvp
from slvp.apps.web.cutouts import KINDS
from slvp.apps.web.desk import Desk
from slvp.apps.web.jobs import Cancelled, Progress, Result
from slvp.apps.web.presence import presence_html
from slvp.errors import UserError

_EXAMPLES = Path(slvp.__file__).parents[2] / "examples"  # in a checkout
_EXAMPLE_SENTENCES = {"cars": "the car on the left\nthe car on the right"}
_ALL = "all sentences"
_WORK: dict[str, Any] = {"concurrency_limit": 1, "concurrency_id": "work"}
_OWN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}


def build_page(desk: Desk, quality: str) -> gr.Blocks:
    """Build the page.

    Args:
        desk: does the work.
        quality: the choice that the page begins with.
    """
    limits = desk.limits
    with gr.Blocks(title="slvp", analytics_enabled=False) as page:
        gr.HTML(
            "<h1>Find it in the video</h1><p>Describe objects in your own words; each is marked "
            "in every frame. Videos stay on the machine that runs this page and are removed after "
            f"{limits.keep_minutes:g} minutes.</p>",
            elem_id="slvp-title",
        )
        with gr.Row(equal_height=False):
            with gr.Column(scale=1, min_width=320):
                video = gr.Video(
                    label=f"Video (up to {limits.seconds:g} s, {limits.megabytes} MB)",
                    sources=["upload", "webcam"],
                    webcam_options=gr.WebcamOptions(mirror=False),
                    height=340,
                )
                sentences = gr.Textbox(
                    label=f"Sentences, one per line (up to {limits.sentences})",
                    placeholder="a brown dog\nthe woman in a blue dress",
                    lines=3,
                )
                examples = [
                    gr.Button(f"Try the example: {path.stem}", size="sm", variant="secondary")
                    for path in _examples()
                ]
                with gr.Accordion("Settings", open=False):
                    quality_choice = gr.Radio(
                        ["fast", "good", "best"], value=quality, label="Quality (best is slow)"
                    )
                    threshold = gr.Slider(0.05, 0.95, 0.5, step=0.05, label="Mask threshold")
                with gr.Row():
                    start = gr.Button(
                        "Segment", variant="primary", min_width=120, elem_id="slvp-segment"
                    )
                    stop = gr.Button(
                        "Cancel",
                        variant="stop",
                        min_width=120,
                        interactive=False,
                        elem_id="slvp-cancel",
                    )
            with gr.Column(scale=1, min_width=320):
                status = gr.HTML(
                    _status("Give a video and a sentence, then press Segment."), elem_id="status"
                )
                preview = gr.Image(
                    label="Latest frame",
                    show_label=False,  # it would cover the legend
                    visible=False,
                    interactive=False,
                    buttons=[],
                )
                with gr.Column(visible=False, elem_id="slvp-result") as shown:
                    player = gr.Video(
                        label="Result",
                        show_label=False,  # it would cover the legend
                        elem_id="slvp-player",
                        interactive=False,
                        buttons=[],
                    )
                    presence = gr.HTML()
                    with gr.Row():
                        overlay_file = gr.DownloadButton("Overlay (mp4)", size="sm", min_width=90)
                        masks_file = gr.DownloadButton("Masks (PNG zip)", size="sm", min_width=90)
                        coco_file = gr.DownloadButton("COCO RLE (JSON)", size="sm", min_width=90)
                    with gr.Accordion("Colours", open=False):
                        opacity = gr.Slider(0, 1, 0.5, step=0.05, label="Opacity of the masks")
                        outline = gr.Checkbox(True, label="Outlines")
                        redraw = gr.Button("Draw again", size="sm")
                    with gr.Accordion("Cut out", open=False):
                        # The choices are the latest result's; the desk checks what is chosen.
                        which = gr.Dropdown(
                            [_ALL], value=_ALL, label="What to keep", allow_custom_value=True
                        )
                        kind = gr.Radio(list(KINDS), value=KINDS[0], label="As")
                        cut = gr.Button("Cut out", size="sm")
                        cut_file = gr.File(label="Cut-out", interactive=False, height=90)

        files = [overlay_file, masks_file, coco_file]
        # Outputs of the API alone; the page shows the same in its own way.
        answer = [
            gr.File(visible=False, label="overlay (mp4)"),
            gr.File(visible=False, label="masks (zip)"),
            gr.File(visible=False, label="COCO RLE (JSON)"),
            gr.JSON(visible=False, label="summary"),
        ]
        asked = [video, sentences, quality_choice, threshold]

        def begin(request: gr.Request) -> tuple[Any, ...]:
            desk.begin(_visitor(request))
            return (
                _status("Waiting for its turn …"),
                gr.Image(value=None, visible=False),
                gr.Column(visible=False),
                gr.Button(interactive=False),
                gr.Button(interactive=True),
            )

        def work(
            video: str | None, text: str, quality: str, threshold: float, request: gr.Request
        ) -> Iterator[tuple[Any, ...]]:
            try:
                for step in desk.segment(_visitor(request), video, text, quality, threshold):
                    if isinstance(step, Progress):
                        yield _progress(step), gr.Image(value=step.preview_HW3, visible=True)
                yield _status("Done. Here is what was found.", "good"), gr.Image(visible=False)
            except Cancelled:
                yield _status("Cancelled; nothing was kept."), gr.Image(visible=False)
            except UserError as error:
                yield _status(str(error), "bad"), gr.Image(visible=False)
            except Exception:
                logging.getLogger(__name__).exception("a request failed")
                words = "Something went wrong here; whoever runs this page finds it in the log."
                yield _status(words, "bad"), gr.Image(visible=False)

        def show(request: gr.Request) -> tuple[Any, ...]:
            buttons = gr.Button(interactive=True), gr.Button(interactive=False)
            try:
                result = desk.result(_visitor(request))
            except UserError:  # already told
                return gr.Column(visible=False), *[gr.skip()] * 6, None, *buttons
            paths = [str(path) for path in (result.overlay, result.masks, result.coco)]
            return (
                gr.Column(visible=True),
                paths[0],
                presence_html(result),
                *paths,
                gr.Dropdown([_ALL, *result.sentences], value=_ALL),
                gr.File(value=None),
                *buttons,
            )

        start.click(begin, None, [status, preview, shown, start, stop], queue=False, **_OWN).then(
            work, asked, [status, preview], **_OWN, **_WORK
        ).then(
            show,
            None,
            [shown, player, presence, *files, which, cut_file, start, stop],
            **_OWN,
        )

        def cancel(request: gr.Request) -> str:
            """Stop this session's work before its next frame."""
            desk.cancel(_visitor(request))
            return _status("Stopping …")

        stop.click(cancel, None, status, queue=False, api_name="cancel", show_progress="hidden")

        def segment(
            video: str | None, sentences: str, quality: str, threshold: float, request: gr.Request
        ) -> tuple[Any, ...]:
            """Segment a video; ``sentences`` has one on each line."""
            visitor = _visitor(request)
            desk.begin(visitor)
            with _Told():
                for _ in desk.segment(visitor, video, sentences, quality, threshold):
                    pass
                result = desk.result(visitor)
            paths = [str(path) for path in (result.overlay, result.masks, result.coco)]
            return *paths, _summary(result)

        gr.Button(visible=False).click(segment, asked, answer, api_name="segment", **_WORK)

        def render(opacity: float, outline: bool, request: gr.Request) -> tuple[str, str]:
            """Draw this session's latest result again."""
            with _Told():
                path = str(desk.render(_visitor(request), opacity, outline))
            return path, path

        redraw.click(render, [opacity, outline], [player, overlay_file], api_name="render", **_WORK)

        def cut_out(kind: str, sentence: str, request: gr.Request) -> str:
            """Cut what a sentence (or "all sentences") describes out of the latest result."""
            with _Told():
                path = desk.cut_out(_visitor(request), kind, "" if sentence == _ALL else sentence)
            return str(path)

        cut.click(cut_out, [kind, which], cut_file, api_name="cut_out", **_WORK)
        for button, path in zip(examples, _examples(), strict=True):
            button.click(_taker(desk, path), None, [video, sentences], **_OWN)
        page.unload(_leaver(desk))
    page.queue(max_size=limits.queue, default_concurrency_limit=4)
    return page


def _taker(desk: Desk, path: Path) -> Callable[[], tuple[str, str]]:
    def take() -> tuple[str, str]:
        copy = desk.workspace.new_folder() / path.name
        shutil.copyfile(path, copy)
        return str(copy), _EXAMPLE_SENTENCES.get(path.stem, "")

    return take


def _leaver(desk: Desk) -> Callable[[gr.Request], None]:
    def leave(request: gr.Request) -> None:
        desk.leave(_visitor(request))

    return leave


class _Told:
    """Turns what a visitor can mend into what Gradio tells without a traceback."""

    def __enter__(self) -> None:
        pass

    def __exit__(self, kind: object, error: BaseException | None, traceback: object) -> None:
        if isinstance(error, UserError):
            raise gr.Error(str(error), print_exception=False) from None
        if isinstance(error, Cancelled):
            raise gr.Error("Cancelled.", print_exception=False) from None


def _visitor(request: gr.Request) -> str:
    return request.session_hash or ""


def _examples() -> list[Path]:
    return sorted(_EXAMPLES.glob("*.mp4"))


def _status(words: str, mood: str = "") -> str:
    role = "alert" if mood == "bad" else "status"
    return f'<div class="slvp-status {mood}" role="{role}" aria-live="polite">{escape(words)}</div>'


def _progress(step: Progress) -> str:
    total = "" if step.total is None else f" of {max(step.total, step.done)}"
    share = 0.0 if step.total is None else min(1.0, step.done / max(step.total, 1))
    words = f"{step.done}{total} frames, {step.rate:.1f} frames/s"
    return (
        f'<div class="slvp-status" role="status">{words}<div class="slvp-bar" role="progressbar" '
        f'aria-label="Progress" aria-valuemin="0" aria-valuemax="100" '
        f'aria-valuenow="{share * 100:.0f}"><span style="width:{share * 100:.1f}%"></span></div>'
        "</div>"
    )


def _summary(result: Result) -> dict[str, Any]:
    return {
        "video": result.info.name,
        "width": result.info.width,
        "height": result.info.height,
        "times": [round(frame.time, 6) for frame in result.frames],
        "sentences": [
            {"sentence": sentence, "presence": [frame.presence[k] for frame in result.frames]}
            for k, sentence in enumerate(result.sentences)
        ],
    }
