"""A training run, described: what is written to a run's ``config.json``."""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

from slvp.data.labels.kinds import Supervision
from slvp.errors import UserError
from slvp.files import whole_file
from slvp.models.config import ModelConfig
from slvp.models.configs import AnyConfig, config_of

Task = Literal["pretrain", "finetune"]
Precision = Literal["no", "bf16", "fp16"]
Sharding = Literal["none", "fsdp"]

EXACT = "exact"
"""In place of an estimator: the embedded world's own flow."""


@dataclass(frozen=True)
class DataConfig:
    """What is trained on.

    Attributes:
        cutouts: folders of RGBA cut-outs with ``index.csv``.
        coco: (annotation file, folder of its images) of COCO or LVIS instances.
        stamps: add Debian's tuxpaint stamps.
        stills: folder of photographs with captioned masks; empty for none.
        stills_share: share of the world's batches that are drawn from them instead.
        captioned: folders, tables and tar shards of captioned video, to pre-train on.
        captioned_share: share of the batches that are cut from it; the world has the rest.
        frame_rate: frames of its clips per second of video, where their flow isn't stored.
        shuffle_shards: shards of it that are shuffled into each other, to be read at one time.
        max_broken: share of its samples that may be unreadable; more stop the run.
        benchmarks: (name, folder, share of the batches) of benchmarks to train on.
        refcoco: (annotation file, folder of its images, share) of RefCOCO-style photographs.
        world_share: share of the world's batches, to which the others are made to fit; None for
            what these leave.
        labels: share of the training videos of benchmarks and photographs whose masks are used. The
            videos of a smaller share are among those of a larger one, whatever the seed.
        supervision: what is known of the objects in the benchmarks' training videos: their masks,
            or less.
        held_out: share of cut-outs, backgrounds and videos kept for validation.
        sizes: (height, width) of frames; each batch has one of them. Divisible by 32.
        frames: lengths of clips; each batch has one of them.
        pixels: pixels of a batch, all frames together, about.
        expressions: sentences asked of each clip.
        background_videos: folders of videos, or videos, before which the world's objects move in
            fine-tuning; beside its photographs.
        randomise: False has the world and the photographs as they are, without variation of
            blending, colour, blur, noise, JPEG and shadows: an ablation.

    With no cutouts, coco and stamps, the world is made of drawn shapes.
    """

    cutouts: tuple[str, ...] = ()
    coco: tuple[tuple[str, str], ...] = ()
    stamps: bool = False
    stills: str = ""
    stills_share: float = 0.4
    captioned: tuple[str, ...] = ()
    captioned_share: float = 0.5
    frame_rate: float = 6.0
    shuffle_shards: int = 8
    max_broken: float = 0.1
    benchmarks: tuple[tuple[str, str, float], ...] = ()
    refcoco: tuple[tuple[str, str, float], ...] = ()
    world_share: float | None = None
    labels: float = 1.0
    supervision: Supervision = "mask"
    held_out: float = 0.1
    sizes: tuple[tuple[int, int], ...] = ((224, 224), (192, 320), (256, 256))
    frames: tuple[int, ...] = (1, 4)
    pixels: int = 12 * 224 * 224
    expressions: int = 2
    background_videos: tuple[str, ...] = ()
    randomise: bool = True


@dataclass(frozen=True)
class ObjectiveConfig:
    """What pre-training asks for. All of it is our own choice, and each field has its ablation.

    Flow that ``slvp data flow`` stored beside videos must have been made as the first three fields
    ask; no run begins where it wasn't.

    Attributes:
        estimator: makes the target; see ``slvp.data.flow.estimators``. ``exact`` is the embedded
            world's own flow: what a perfect estimator would give.
        subtract_camera: the target is how things move against the scene; False leaves the camera's
            motion in it.
        check_consistency: only flow that backward flow takes back can be trusted; False trusts all.
        balanced: errors of moving and of still pixels are averaged apart and added; False averages
            them together, where still background drowns what moves.
        single_frame: share of the steps in which only the first frame is shown, so that the flow
            must be told from one picture and the caption.
        captions: ``right`` ones, or as a control ``shuffled`` (those of other clips) or ``none``
            (empty ones).
        contrast: weight of a term that asks for less error of what moves with the right caption
            than with another clip's; it costs a second decoding. 0 for none.
        contrast_margin: how much less, as a share of the error of no flow at all.
    """

    estimator: str = "dis"
    subtract_camera: bool = True
    check_consistency: bool = True
    balanced: bool = True
    single_frame: float = 0.25
    captions: Literal["right", "shuffled", "none"] = "right"
    contrast: float = 0.0
    contrast_margin: float = 0.5

    @property
    def needs_others(self) -> bool:
        """Whether training needs captions of other clips."""
        return self.captions == "shuffled" or self.contrast > 0


@dataclass(frozen=True)
class WeakConfig:
    """How masks are learnt from less than masks. All of it is our own choice.

    Attributes:
        stages: how often pseudo masks are made, at equal distances in the run: the first ones from
            the labels and the model that the run starts from, later ones with what has been learnt.
        frames: of each video that get pseudo masks, at most.
        projection: weight of the agreement with boxes.
        affinity: weight of the agreement of pixels of like colour and motion.
        level_set: weight of the agreement of each side of the outline with its mean.
    """

    stages: int = 3
    frames: int = 24
    projection: float = 1.0
    affinity: float = 0.5
    level_set: float = 0.5


@dataclass(frozen=True)
class OptimiserConfig:
    """AdamW with warm-up and a cosine to zero, and the average of weights that is kept.

    Attributes:
        learning_rate: peak.
        weight_decay: of all trained tensors.
        warmup: steps of linear rise, at most a tenth of the run.
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
        keep_checkpoints: how many are kept, the newest.
        snapshot_every: steps between copies of the model that are kept; 0 for none.
        workers: processes that make batches, for each process that trains.
        accumulate: parts that a process cuts its share of a batch into, to need less memory. The
            batch, and so the training, is the same.
        precision: ``no``, ``bf16`` or ``fp16``.
        sharding: ``fsdp``: of several processes, each holds only its share of weights, gradients
            and optimiser.
    """

    task: Task
    model: AnyConfig = field(default_factory=ModelConfig)
    data: DataConfig = field(default_factory=DataConfig)
    optimiser: OptimiserConfig = field(default_factory=OptimiserConfig)
    objective: ObjectiveConfig = field(default_factory=ObjectiveConfig)
    weak: WeakConfig = field(default_factory=WeakConfig)
    steps: int = 1200
    seed: int = 0
    init: str = ""
    validate_every: int = 200
    validation_batches: int = 12
    checkpoint_every: int = 100
    keep_checkpoints: int = 2
    snapshot_every: int = 0
    workers: int = 1
    accumulate: int = 1
    precision: Precision = "no"
    sharding: Sharding = "none"

    def save(self, path: Path) -> None:
        """Write as JSON."""
        with whole_file(path) as file:
            values = dataclasses.asdict(self) | {"model": self.model.to_dict()}
            file.write_text(json.dumps(values, indent=2) + "\n")

    @classmethod
    def load(cls, path: Path) -> TrainConfig:
        """Read what :meth:`save` wrote.

        Raises:
            UserError: the file is missing or isn't one.
        """
        expected = "expected the folder of a run that 'slvp pretrain' or 'slvp finetune' began"
        if not path.is_file():
            raise UserError(f"{path}: not found; {expected}")
        try:
            values = json.loads(path.read_text(encoding="utf-8"))
        except ValueError:  # no JSON, or no UTF-8
            values = None
        if not isinstance(values, dict) or not all(
            isinstance(values.get(part), dict) for part in ("model", "data", "optimiser")
        ):
            raise UserError(f"{path}: is no run's configuration; {expected}")
        try:
            model = config_of(values.pop("model"), str(path))
            data = DataConfig(**{k: _tuples(v) for k, v in values.pop("data").items()})
            optimiser = OptimiserConfig(**values.pop("optimiser"))
            objective = ObjectiveConfig(**values.pop("objective", {}))
            weak = WeakConfig(**values.pop("weak", {}))
            return cls(
                model=model,
                data=data,
                optimiser=optimiser,
                objective=objective,
                weak=weak,
                **values,
            )
        except TypeError as error:  # fields that it doesn't know, or lacks
            raise UserError(f"{path}: is no run's configuration ({error}); {expected}") from None


def _tuples(value: Any) -> Any:
    return tuple(_tuples(item) for item in value) if isinstance(value, list) else value
