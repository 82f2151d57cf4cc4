"""The options of ``slvp segment``."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Annotated

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import (
    Device,
    EngineName,
    Model,
    Overwrite,
    QualityName,
    Quiet,
    Size,
    app,
)


@app.command
def segment(
    video: Annotated[Positional[Path], arg(help_behavior_hint="")],
    sentences: Annotated[
        Positional[tuple[str, ...]],
        arg(metavar="SENTENCE [SENTENCE ...]", help_behavior_hint=""),
    ] = (),
    out: Annotated[
        Path | None, arg(help_behavior_hint="(default: outputs/<name of video>)")
    ] = None,
    first_mask: Annotated[Path | None, arg(metavar="MASK.png", help_behavior_hint="")] = None,
    model: Model = "default",
    threshold: float = 0.5,
    device: Device = "auto",
    size: Size = None,
    quality: QualityName = "good",
    engine: EngineName = "auto",
    overwrite: Overwrite = False,
    quiet: Quiet = False,
) -> None:
    """Segment the objects that sentences or a first mask name, in every frame of a video.

    Writes OUT/overlay.mp4, OUT/masks/<sentence>/<frame>.png (0 or 255) and OUT/result.json.
    Of a folder of videos, each gets a folder in OUT; those that have one already are skipped.

    For example:
      slvp segment examples/cars.mp4 "the car on the right"
      slvp segment examples/cars.mp4 "the car on the left" "the car on the right" --threshold 0.6
      slvp segment holiday/ "the brown dog" --out outputs/holiday
      slvp segment examples/cars.mp4 --first-mask examples/cars-first.png

    Args:
        video: a file, a folder of frames, a folder of videos, or - for standard input, whose sound
            is left out.
        sentences: what to look for, each in quotes.
        out: the folder to make.
        first_mask: where objects are in the first frame: grey (0 is background) or a palette with
            one value for each; sentences, if any, are in the order of the values.
        model: a shipped model's name, a folder or a hub's owner/name; or one of these after
            grounded:, or grounded:DETECTOR+SEGMENTER (docs/grounding.md).
        threshold: probability above which a pixel belongs to the object.
        device: where to compute.
        size: shorter side, in pixels, that frames are resized to for the model.
        quality: fast is the model alone; best takes six times as long.
        engine: bfloat16 is faster where the CPU has it, and masks differ a little; auto knows.
        overwrite: replace an earlier result in OUT, once the new one is complete.
        quiet: show no progress.
    """
    from slvp.apps.commands.segment import segment_video
    from slvp.apps.commands.segment_folder import segment_folder, videos_in
    from slvp.errors import UserError

    if videos_in(video):
        if first_mask is not None:
            raise UserError(
                f"--first-mask {first_mask} is of one video's first frame, but {video} is a folder "
                "of videos; name one of them"
            )
        outcome = segment_folder(
            video,
            sentences,
            out,
            model=model,
            threshold=threshold,
            device=device,
            size=size,
            quality=quality,
            engine=engine,
            overwrite=overwrite,
            quiet=quiet,
        )
        print(
            f"{outcome.done} done, {outcome.skipped} skipped, {outcome.failed} failed  "
            f"{outcome.folder}"
        )
        if outcome.failed:
            sys.exit(1)
        return
    folder = segment_video(
        video,
        sentences,
        out,
        model=model,
        threshold=threshold,
        device=device,
        size=size,
        quality=quality,
        engine=engine,
        overwrite=overwrite,
        quiet=quiet,
        first_mask=first_mask,
    )
    print(f"overlay video  {folder / 'overlay.mp4'}")
    print(f"masks          {folder / 'masks'}")
    print(f"record         {folder / 'result.json'}")
