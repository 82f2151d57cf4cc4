"""A training run, described: what is written to a run's ``config.json``."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from slvp.errors import UserError
from slvp.files import whole_file
from slvp.models.config import ModelConfig

Task = Literal["pretrain", "finetune"]


@dataclass(frozen=True)
class DataConfig:
    """What is trained on.

    Attributes:
        cutouts: folders of RGBA cut-outs with ``index.csv``.
        coco: (annotation file, folder of its images) of COCO or LVIS instances.
        stamps: add Debian's tuxpaint stamps.
        stills: folder of photographs with captioned masks; empty for none.
        stills_share: share of the world's batches that are drawn from them instead.
        benchmarks: (name, folder, share of the batches) of benchmarks to train on.
        refcoco: (annotation file, folder of its images, share) of RefCOCO-style photographs.
        world_share: share of the world's batches, to which the others are made to fit; None for
            what these leave.
        held_out: share of cut-outs, backgrounds and videos kept for validation.
        sizes: (height, width) of frames; each batch has one of them. Divisible by 32.
        frames: lengths of clips; each batch has one of them.
        pixels: pixels of a batch, all frames together, about.
        expressions: sentences asked of each clip.

    With no cutouts, coco and stamps, the world is made of drawn shapes.
    """

    cutouts: tuple[str, ...] = ()
    coco: tuple[tuple[str, str], ...] = ()
    stamps: bool = False
    stills: str = ""
    stills_share: float = 0.3
    benchmarks: tuple[tuple[str, str, float], ...] = ()
    refcoco: tuple[tuple[str, str, float], ...] = ()
    world_share: float | None = None
    held_out: float = 0.1
    sizes: tuple[tuple[int, int], ...] = ((224, 224), (192, 320), (256, 256))
    frames: tuple[int, ...] = (1, 4)
    pixels: int = 12 * 224 * 224
    expressions: int = 2


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with warm-up and a cosine to zero, and the average of weights that is kept.

    Attributes:
        learning_rate: peak.
        weight_decay: of all trained tensors.
        warmup: steps of linear rise.
        clip_norm: largest gradient norm.
        ema: decay of the exponential moving average of the weights, which is what is saved.
    """

    learning_rate: float = 6e-4
    weight_decay: float = 0.02
    warmup: int = 100
    clip_norm: float = 1.0
    ema: float = 0.998


@dataclass(frozen=True)
class TrainConfig:
    """One run.

    Attributes:
        task: flow pre-training or mask fine-tuning.
        steps: length of the run.
        seed: of weights and data.
        init: model whose tensors are reused where they fit; empty for none.
        validate_every: steps between scores on held-out clips.
        validation_batches: batches that such a score is the mean of.
        checkpoint_every: steps between checkpoints.
        snapshot_every: steps between copies of the model that are kept; 0 for none.
        workers: processes that make batches.
        precision: ``no``, ``bf16`` or ``fp16``.
    """

    task: Task
    model: ModelConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    steps: int = 1200
    seed: int = 0
    init: str = ""
    validate_every: int = 200
    validation_batches: int = 12
    checkpoint_every: int = 100
    snapshot_every: int = 0
    workers: int = 1
    precision: Literal["no", "bf16", "fp16"] = "no"

    def save(self, path: Path) -> None:
        """Write as JSON."""
        with whole_file(path) as file:
            file.write_text(json.dumps(dataclasses.asdict(self), indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> TrainConfig:
        """Read what :meth:`save` wrote.

        Raises:
            UserError: the file is missing or isn't one.
        """
        if not path.is_file():
            raise UserError(
                f"{path}: not found; expected the folder of a run that 'slvp pretrain' or "
                "'slvp finetune' began"
            )
        try:
            values = json.loads(path.read_text())
            model = ModelConfig.from_dict(values.pop("model"), str(path))
            data = DataConfig(**{k: _tuples(v) for k, v in values.pop("data").items()})
            optimiser = OptimiserConfig(**values.pop("optimiser"))
            return cls(model=model, data=data, optimiser=optimiser, **values)
        except (json.JSONDecodeError, KeyError, TypeError) as error:
            raise UserError(f"{path}: is no run's configuration ({error})") from None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
