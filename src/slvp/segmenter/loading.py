"""Segmenters by the name of what they ask."""

from __future__ import annotations

from pathlib import Path

from slvp.errors import UserError
from slvp.models.grounded.names import parse_grounded
from slvp.segmenter.base import NO_FIRST_MASKS, BaseSegmenter
from slvp.segmenter.engines import Engine
from slvp.segmenter.grounded import GroundedSegmenter, UnlinkedSegmenter
from slvp.segmenter.quality import Quality, quality_of
from slvp.segmenter.segmenter import Segmenter


def load_segmenter(
    name_or_path: str | Path = "default",
    *,
    device: str = "auto",
    size: int | None = None,
    threshold: float = 0.5,
    presence_threshold: float | None = None,
    quality: str | Quality = "good",
    engine: Engine = "float32",
) -> BaseSegmenter:
    """Return what segments by a model of ours, by one that is grounded, or by models of others.

    Args:
        name_or_path: as :meth:`Segmenter.from_pretrained` takes it; or ``grounded:MODEL`` with such
            a name, see :class:`GroundedSegmenter`; or ``grounded:DETECTOR+SEGMENTER`` with two
            models of transformers, names of the hub or folders, see
            :class:`slvp.segmenter.detected.DetectedSegmenter`. ``unlinked:`` instead of
            ``grounded:`` leaves the link out.
        device: where it runs.
        size: see :class:`Segmenter`, likewise the other four.
        threshold: for pixels.
        presence_threshold: for frames.
        quality: what is done for better masks.
        engine: what computes.

    Raises:
        UserError: no such model, no such device, or an option that can't be.
    """
    quality = quality_of(quality)  # told before a model is fetched
    name = parse_grounded(str(name_or_path))
    if name is not None and name.detector is not None:
        from slvp.models.grounded.loading import load_grounded
        from slvp.segmenter.detected import DetectedSegmenter

        for option, value, suits in (
            ("size", size, size is None),
            ("engine", engine, engine in ("auto", "float32")),
        ):
            if not suits:
                raise UserError(
                    f"{option} {value}: models of others have their own; leave it out with "
                    f"{name_or_path}"
                )
        return DetectedSegmenter(
            load_grounded(name.detector, name.segmenter),
            device=device,
            linked=name.linked,
            threshold=threshold,
            presence_threshold=presence_threshold,
            quality=quality,
        )
    kind: type[Segmenter] = Segmenter
    if name is not None:
        kind = GroundedSegmenter if name.linked else UnlinkedSegmenter
    return kind.from_pretrained(
        name_or_path if name is None else name.segmenter,
        device=device,
        size=size,
        threshold=threshold,
        presence_threshold=presence_threshold,
        quality=quality,
        engine=engine,
    )


def refuse_grounding(name: str) -> None:
    """Check that a model isn't grounded, before it is loaded to follow first masks.

    Raises:
        UserError: it is.
    """
    if parse_grounded(name) is not None:
        raise UserError(NO_FIRST_MASKS)
