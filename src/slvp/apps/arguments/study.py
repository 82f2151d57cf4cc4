"""The options of ``slvp study``."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

from tyro.conf import Positional, arg

from slvp.apps.arguments.common import MERGED, Captioned, Quiet, WorldOptions, app

_Folder = Annotated[Path | None, arg(metavar="DIR", help_behavior_hint="")]


@dataclass(frozen=True)
class RunOptions:
    """What ``study run`` takes, and what tells ``study show`` which models were trained.

    Attributes:
        seeds: of weights and data; each arm is trained with all of them.
        arms: only these, by the names of their cards.
        captioned: real captioned video to pre-train on, for labels-real and supervision-real.
        annotated: folder in Ref-DAVIS17's layout, whose split train these are fine-tuned on.
        tested: folder in that layout, on whose split val their models are tested.
        smoke: a tiny model, few steps, drawn shapes: to see that all of it runs.
        quiet: show no progress.
    """

    seeds: tuple[int, ...] = (0, 1, 2)
    arms: Annotated[
        tuple[str, ...], arg(metavar="ARM [ARM ...]", help_behavior_hint="(default: all)")
    ] = ()
    captioned: Captioned = ()
    annotated: _Folder = None
    tested: _Folder = None
    smoke: Annotated[bool, arg(help_behavior_hint="")] = False
    quiet: Quiet = False


@dataclass(frozen=True)
class ShowOptions:
    """What ``study show`` takes.

    Attributes:
        video: that models of 'show' are asked about.
        sentences: what they are asked.
        frame: of the video, counted from 0, that is drawn.
        picture: PNG to write.
    """

    video: Annotated[Path | None, arg(metavar="VIDEO", help_behavior_hint="")] = None
    sentences: Annotated[
        tuple[str, ...], arg(metavar="SENTENCE [SENTENCE ...]", help_behavior_hint="")
    ] = ()
    frame: int = 0
    picture: Annotated[
        Path | None, arg(metavar="FILE", help_behavior_hint="(default: OUT/NAME-masks.png)")
    ] = None


@app.command
def study(
    action: Annotated[Positional[Literal["run", "draw", "show"]], arg(help_behavior_hint="")],
    name: Annotated[
        Positional[
            Literal[
                "labels",
                "labels-real",
                "fusions",
                "what-matters",
                "supervision",
                "supervision-real",
                "all",
            ]
        ],
        arg(help_behavior_hint=""),
    ],
    world: Annotated[WorldOptions, MERGED],
    run: Annotated[RunOptions, MERGED],
    show: Annotated[ShowOptions, MERGED],
    out: Path,
    cards: Annotated[
        Path | None, arg(metavar="DIR", help_behavior_hint="(default: OUT/cards)")
    ] = None,
    page: Annotated[
        Path | None, arg(metavar="FILE", help_behavior_hint="(default: OUT/NAME.md)")
    ] = None,
) -> None:
    """Ask one of the paper's claims of models that are trained for it, and draw the answer.

    'run' trains and scores each arm of a study with each seed, and writes a result card for it; it
    can be stopped and started again. Data and runs are kept in OUT and shared by studies. 'draw'
    makes tables and plots of cards alone. 'show' asks the models of the first of --seeds about a
    video and lays their masks side by side.

    For example:
      slvp study run labels --out outputs/studies --stamps
      slvp study draw labels --cards outputs/studies/cards --out outputs/results
      slvp study show labels --out outputs/studies --video a.mp4 --sentences "a dog" "a man"

    Args:
        action: what to do.
        name: of the study; all for one after the other.
        world: what the world's clips are made of.
        run: how 'run' goes.
        show: what 'show' draws.
        out: folder to make or to go on with.
        cards: folder of result cards.
        page: Markdown that 'draw' puts the tables into, between the lines '<!-- study NAME -->' and
            '<!-- end of study NAME -->'.
    """
    from slvp.apps.commands.study import draw_studies, run_studies, show_study

    match action:
        case "draw":
            draw_studies(name, out, cards, page)
        case "show":
            show_study(name, out, world, run, show)
        case "run":
            run_studies(name, out, cards, world, run)
