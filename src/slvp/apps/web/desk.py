"""Who has asked for what: each visitor's latest result and the wish to stop."""

from __future__ import annotations

import shutil
import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from slvp.apps.web import cutouts, jobs
from slvp.apps.web.limits import Limits, check_upload, sentences_of
from slvp.apps.web.workspace import Workspace
from slvp.errors import UserError
from slvp.segmenter import BaseSegmenter


@dataclass
class _Visit:
    cancelled: threading.Event = field(default_factory=threading.Event)
    result: jobs.Result | None = None


class Desk:
    """Does visitors' work. Visitors are told apart by Gradio's session hash.

    Args:
        segmenter: one whose model, device and size all requests use.
        workspace: where files lie.
        limits: what is allowed.
    """

    def __init__(self, segmenter: BaseSegmenter, workspace: Workspace, limits: Limits) -> None:
        self.workspace = workspace
        self.limits = limits
        self._segmenter = segmenter
        self._visits: dict[str, _Visit] = {}

    def begin(self, visitor: str) -> None:
        """Forget a visitor's earlier result and wish to stop."""
        self.leave(visitor)
        self._visits[visitor] = _Visit()

    def cancel(self, visitor: str) -> None:
        """Stop a visitor's work, before its next frame."""
        if visitor in self._visits:
            self._visits[visitor].cancelled.set()

    def leave(self, visitor: str) -> None:
        """Stop a visitor's work and remove its files."""
        visit = self._visits.pop(visitor, None)
        if visit is not None:
            visit.cancelled.set()
            if visit.result is not None:
                shutil.rmtree(visit.result.folder, ignore_errors=True)

    def segment(
        self, visitor: str, video: str | None, text: str, quality: str, threshold: float
    ) -> Iterator[jobs.Progress | jobs.Result]:
        """Segment an uploaded video; ``begin`` comes first.

        Yields:
            Progress and, last, the result, which is kept for ``render`` and ``cut_out``.

        Raises:
            UserError: something that the visitor can mend. It names the file without its folder.
            Cancelled: the visitor has asked to stop.
        """
        visit = self._visits.setdefault(visitor, _Visit())
        if not video:
            raise UserError("There is no video yet; upload one, record one or take the example.")
        path = Path(video)
        check_upload(path, self.workspace.uploads, self.limits)
        sentences = sentences_of(text, self.limits)
        segmenter = self._segmenter.again(threshold=threshold, quality=quality)
        folder = self.workspace.new_folder()
        try:
            for step in jobs.segment(
                segmenter, path, sentences, folder, self.limits, visit.cancelled
            ):
                if isinstance(step, jobs.Result):
                    visit.result = step
                yield step
        except UserError as error:
            raise UserError(str(error).replace(str(path), path.name)) from error
        finally:
            if visit.result is None:
                shutil.rmtree(folder, ignore_errors=True)

    def result(self, visitor: str) -> jobs.Result:
        """Return a visitor's latest result.

        Raises:
            UserError: there is none, or its files have been removed since.
        """
        visit = self._visits.get(visitor)
        if visit is None or visit.result is None:
            raise UserError("There is no result yet; segment a video first.")
        if not (visit.result.folder.is_dir() and visit.result.video.is_file()):
            raise UserError("The result has been removed, as it was old; segment the video again.")
        return visit.result

    def render(self, visitor: str, opacity: float, outline: bool) -> Path:
        """Draw a visitor's result anew; see ``jobs.render``."""
        if not 0 <= opacity <= 1:
            raise UserError(f"Opacity {opacity}: expected a number from 0 to 1.")
        result = self.result(visitor)
        return jobs.render(result, opacity, outline, self.limits, self._anew(visitor))

    def cut_out(self, visitor: str, kind: str, sentence: str) -> Path:
        """Cut out what ``sentence`` of a visitor's result describes; empty for all of them."""
        result = self.result(visitor)
        if sentence and sentence not in result.sentences:
            raise UserError(f"“{sentence}” was not asked; expected one of the result's sentences.")
        which = result.sentences.index(sentence) if sentence else None
        return cutouts.cut_out(result, kind, which, self.limits, self._anew(visitor))

    def _anew(self, visitor: str) -> threading.Event:
        cancelled = self._visits[visitor].cancelled
        cancelled.clear()
        return cancelled
