"""The legend and the plot of presence over time, as HTML that ``page.js`` makes seek the video."""

from __future__ import annotations

from html import escape

from slvp.apps.overlay import colour_of
from slvp.apps.web.jobs import Result

_WIDTH, _HEIGHT = 600, 48  # units of the plot; it is stretched to the page


def presence_html(result: Result) -> str:
    """Return a row per sentence: its colour, words, how often it was found, and its plot."""
    duration = _duration(result)
    rows = []
    for k, sentence in enumerate(result.sentences):
        values = [frame.presence[k] for frame in result.frames]
        found = sum(frame.scores[k] is not None for frame in result.frames)
        colour = "#{:02x}{:02x}{:02x}".format(*colour_of(k))
        label = escape(f"Presence of “{sentence}” over time; moves the video", quote=True)
        levels = ",".join(f"{value:.2f}" for value in values)
        rows.append(
            f'<div class="slvp-row"><div class="slvp-name"><span class="slvp-chip" '
            f'style="background:{colour}"></span><span class="slvp-words">{escape(sentence)}</span>'
            f'<span class="slvp-found">in {found} of {len(values)} frames</span></div>'
            f'<div class="slvp-track" role="slider" tabindex="0" aria-label="{label}" '
            f'aria-valuemin="0" aria-valuemax="{duration:.3f}" aria-valuenow="0" '
            f'aria-valuetext="0.0 seconds" data-duration="{duration:.3f}" data-levels="{levels}">'
            f'<svg viewBox="0 0 {_WIDTH} {_HEIGHT}" preserveAspectRatio="none" aria-hidden="true">'
            f'<path d="{_area(result, k, duration)}" fill="{colour}"/></svg>'
            '<span class="slvp-head"></span></div></div>'
        )
    return (
        '<section class="slvp-presence" aria-label="Legend and presence over time">'
        f"{''.join(rows)}"
        f'<div class="slvp-axis" aria-hidden="true"><span>0 s</span><span>{duration:.1f} s</span>'
        "</div><p>Height: how sure the model is that the object is in the frame. Click, or use the "
        "arrow keys, to move the video.</p></section>"
    )


def _duration(result: Result) -> float:
    return result.frames[-1].time + 1 / float(result.info.frame_rate)


def _area(result: Result, k: int, duration: float) -> str:
    """Return steps, as presence belongs to a frame and not to a moment."""
    starts = [frame.time for frame in result.frames]
    ends = [*starts[1:], duration]
    steps = "".join(
        f"L{start / duration * _WIDTH:.1f} {y:.1f}L{end / duration * _WIDTH:.1f} {y:.1f}"
        for start, end, frame in zip(starts, ends, result.frames, strict=True)
        for y in [_HEIGHT * (1 - frame.presence[k])]
    )
    return f"M0 {_HEIGHT}{steps}L{_WIDTH} {_HEIGHT}Z"
