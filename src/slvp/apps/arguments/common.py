"""The commands' registers, and options that several commands have."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Literal

import tyro
from tyro.conf import Positional, arg

Device = Annotated[str, arg(metavar="auto|cpu|cuda|cuda:N|mps")]
Model = Annotated[str, arg(metavar="MODEL")]
Size = Annotated[
    int | None,
    arg(
        help_behavior_hint="(default: the model's own)",
    ),
]
QualityName = Literal["fast", "good", "best"]
EngineName = Literal["auto", "float32", "bfloat16"]
Overwrite = Annotated[bool, arg(help_behavior_hint="")]
Quiet = Annotated[bool, arg(help_behavior_hint="")]

Captioned = Annotated[tuple[Path, ...], arg(metavar="PATH [PATH ...]", help_behavior_hint="")]
Cutouts = Annotated[tuple[Path, ...], arg(metavar="DIR [DIR ...]", help_behavior_hint="")]
Coco = Annotated[
    tuple[tuple[Path, Path], ...],
    arg(metavar="ANNOTATIONS IMAGES [ANNOTATIONS IMAGES ...]", help_behavior_hint=""),
]
Stamps = Annotated[bool, arg(help_behavior_hint="")]

BenchmarkName = Annotated[
    Positional[
        Literal[
            "ref-davis17",
            "ref-youtube-vos",
            "mevis",
            "a2d-sentences",
            "jhmdb-sentences",
            "visor",
            "world",
        ]
    ],
    arg(help_behavior_hint=""),
]
Split = Annotated[
    str | None, arg(metavar="SPLIT", help_behavior_hint="(default: the benchmark's own)")
]

MERGED = arg(name="")
"""Has the fields of a record stand among a command's options, as if they were its own."""

app = tyro.extras.SubcommandApp()
data_app = tyro.extras.SubcommandApp()


@dataclass(frozen=True)
class WorldOptions:
    """What the clips of the embedded world are made of; nothing named: of drawn shapes.

    Attributes:
        cutouts: folders of cut-outs, of which the world's clips are made.
        coco: instances of COCO or LVIS to cut out, each a JSON file and the folder of its images.
        stamps: add Tux Paint's stamps to the cut-outs.
    """

    cutouts: Cutouts = ()
    coco: Coco = ()
    stamps: Stamps = False


@dataclass(frozen=True)
class BenchmarkOptions:
    """What is worked on.

    Attributes:
        benchmark: whose files --data has; world is what "slvp data world" made.
        data: folder with the unpacked benchmark.
    """

    benchmark: BenchmarkName
    data: Path


@dataclass(frozen=True)
class AskingOptions:
    """How a model is asked.

    Attributes:
        model: a shipped model's name, a folder or a hub's owner/name; or one of these after
            grounded:, or grounded:DETECTOR+SEGMENTER (docs/grounding.md).
        threshold: probability above which a pixel belongs to the object.
        device: where to compute.
        size: shorter side, in pixels, that frames are resized to for the model.
        quality: fast is the model alone; best takes six times as long.
    """

    model: Model = "default"
    threshold: float = 0.5
    device: Device = "auto"
    size: Size = None
    quality: QualityName = "good"


@dataclass(frozen=True)
class WritingOptions:
    """How a command writes its results.

    Attributes:
        overwrite: replace an earlier result in OUT, once the new one is complete.
        quiet: show no progress.
    """

    overwrite: Overwrite = False
    quiet: Quiet = False
