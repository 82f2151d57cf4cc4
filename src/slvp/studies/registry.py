"""The studies. A new one is a function that returns its arms."""

from __future__ import annotations

from dataclasses import replace

from slvp.data.labels.kinds import Supervision
from slvp.studies.arms import Arm, MaskTest, Study
from slvp.studies.material import Material
from slvp.training.ablations import ABLATIONS
from slvp.training.config import TrainConfig
from slvp.training.recipes import recipe

SCRATCH = "from scratch"
SLVP = "SLVP pre-trained"

WORLD, VIDEO = "embedded world, held out", "real video"

_FEW = 0.1  # share of the masks where only one share is looked at


def labels(material: Material) -> list[Arm]:
    """Decoder from scratch against pre-trained, with 1%, 10% and 100% of the world's masks."""
    return [
        Arm(line, share, pretrain, _on_world(material, share), (_world_test(material),))
        for share in (0.01, 0.1, 1.0)
        for line, pretrain in ((SCRATCH, None), (SLVP, _pretraining(material)))
    ]


def labels_real(material: Material) -> list[Arm]:
    """The same on real video: captions and frames without masks, then the masks of few clips."""
    return [
        Arm(line, share, pretrain, _on_video(material, share), (_video_test(material),))
        for share in (0.1, 1.0)
        for line, pretrain in ((SCRATCH, None), (SLVP, _pretraining_on_video(material)))
    ]


_BY_FUSION = {
    f"{line}, {start}": (name, start)
    for line, name in (
        ("language as query", "claims-language"),
        ("vision as query", "claims"),
        ("ReferFormer", "referformer-lite"),
    )
    for start in (SCRATCH, SLVP)
}


def fusions(material: Material) -> list[Arm]:
    """Language as query, vision as query and ReferFormer, in as many steps on the same data."""
    return [
        Arm(
            line,
            share,
            _pretraining(material, name) if start == SLVP else None,
            _on_world(material, share, name),
            (_world_test(material),),
        )
        for share in (0.1, 1.0)
        for line, (name, start) in _BY_FUSION.items()
    ]


_OBJECTIVES = {
    "no caption": "no-caption",
    "shuffled captions": "shuffled-caption",
    "camera's motion left in": "no-camera",
    "all frames always shown": "no-dropout",
}
_EXACT = "exact flow for DIS"
_PLAIN = "world without randomisation"
_TRAINED = "vision encoder trained"
_VARIANTS = (*_OBJECTIVES, _EXACT, _PLAIN, _TRAINED)


def what_matters(material: Material) -> list[Arm]:
    """Pre-training with one choice undone at a time, then fine-tuned on a tenth of the masks."""
    usual, masks = _pretraining(material), _on_world(material, _FEW)
    runs: dict[str, tuple[TrainConfig | None, TrainConfig]] = {
        SLVP: (usual, masks),
        SCRATCH: (None, masks),
    }
    for line, ablation in _OBJECTIVES.items():
        changed = replace(usual, objective=ABLATIONS[ablation](usual.objective))
        runs[line] = changed, masks
    exact = str(material.captioned_world(exact=True))
    plain = str(material.captioned_world(randomise=False))
    runs[_EXACT] = replace(usual, data=replace(usual.data, captioned=(exact,))), masks
    runs[_PLAIN] = replace(usual, data=replace(usual.data, captioned=(plain,))), masks
    runs[_TRAINED] = _with_trained_vision(usual), _with_trained_vision(masks)
    return [
        Arm(
            line,
            _FEW,
            pretrain,
            finetune,
            (_world_test(material),),
            flow_clips=0 if pretrain is None else material.sizes.flow_tested,
        )
        for line, (pretrain, finetune) in runs.items()
    ]


_KINDS: dict[str, Supervision] = {
    "masks": "mask",
    "boxes": "box",
    "points": "point",
    "first masks": "first-frame",
    "sentences": "sentence",
}


def supervision(material: Material) -> list[Arm]:
    """A tenth of the world's annotated clips, of which less and less is known."""
    return _supervised(
        _on_world(material, _FEW), _FEW, _pretraining(material), _world_test(material)
    )


def supervision_real(material: Material) -> list[Arm]:
    """All annotated real videos, likewise."""
    return _supervised(
        _on_video(material, 1.0), 1.0, _pretraining_on_video(material), _video_test(material)
    )


def _supervised(
    masks: TrainConfig, share: float, pretraining: TrainConfig, test: MaskTest
) -> list[Arm]:
    return [
        Arm(
            _supervised_line(labels, start),
            share,
            pretraining if start == SLVP else None,
            replace(masks, data=replace(masks.data, supervision=kind)),
            (test,),
        )
        for labels, kind in _KINDS.items()
        for start in (SCRATCH, SLVP)
    ]


def _supervised_line(labels: str, start: str) -> str:
    return f"{labels}, {start}"


_SUPERVISED_PAIRS = tuple(
    (_supervised_line("masks", start), _supervised_line(labels, start))
    for start in (SCRATCH, SLVP)
    for labels in _KINDS
    if labels != "masks"
) + tuple((_supervised_line(labels, SCRATCH), _supervised_line(labels, SLVP)) for labels in _KINDS)


def _pretraining(material: Material, name: str = "claims") -> TrainConfig:
    """Return a run on captioned clips of the world."""
    config = recipe(name, "pretrain")
    shards = (str(material.captioned_world()),)
    return replace(config, data=replace(config.data, captioned=shards, captioned_share=1.0))


def _pretraining_on_video(material: Material) -> TrainConfig:
    """Return a run half on real captioned video, half on the world."""
    config, world = recipe("claims", "pretrain"), material.world
    data = replace(
        config.data,
        captioned=(str(material.captioned_video()),),
        captioned_share=0.5,
        cutouts=world.cutouts,
        coco=world.coco,
        stamps=world.stamps,
    )
    return replace(config, data=data)


def _on_world(material: Material, share: float, name: str = "claims") -> TrainConfig:
    """Return a run on the masks of a share of the world's annotated clips."""
    config = recipe(name, "finetune")
    # The world's training clips lie on disk as those of Ref-YouTube-VOS do.
    clips = (("ref-youtube-vos", str(material.annotated_world()), 1.0),)
    return replace(config, data=replace(config.data, benchmarks=clips, labels=share))


def _on_video(material: Material, share: float) -> TrainConfig:
    """Return a run on the masks of a share of real videos."""
    config = recipe("claims", "finetune")
    videos = (("ref-davis17", str(material.annotated_video()), 1.0),)
    return replace(config, data=replace(config.data, benchmarks=videos, labels=share))


def _with_trained_vision(config: TrainConfig) -> TrainConfig:
    return replace(config, model=replace(config.model, vision_frozen=False))


def _world_test(material: Material) -> MaskTest:
    folder = material.tested_world()
    return MaskTest(WORLD, "world", "test", "mean-over-expressions", folder)


def _video_test(material: Material) -> MaskTest:
    return MaskTest(VIDEO, "ref-davis17", "val", "fixed", material.tested_video())


STUDIES = {
    study.name: study
    for study in (
        Study(
            "labels",
            "Does flow pre-training pay where masks are few?",
            "labels",
            labels,
            ((SCRATCH, SLVP),),
        ),
        Study(
            "labels-real",
            "Does it pay on real video?",
            "labels",
            labels_real,
            ((SCRATCH, SLVP),),
        ),
        Study(
            "fusions",
            "Vision as query or language as query?",
            "labels",
            fusions,
            tuple(
                (f"language as query, {start}", f"vision as query, {start}")
                for start in (SCRATCH, SLVP)
            )
            + tuple(
                (f"{line}, {SCRATCH}", f"{line}, {SLVP}")
                for line in ("language as query", "vision as query", "ReferFormer")
            )
            + tuple(
                (f"ReferFormer, {SCRATCH}", f"{fusion} as query, {SCRATCH}")
                for fusion in ("language", "vision")
            ),
            speed=True,
        ),
        Study(
            "what-matters",
            "Which choices of pre-training matter?",
            "differences",
            what_matters,
            tuple((SLVP, line) for line in (SCRATCH, *_VARIANTS)),
        ),
        Study(
            "supervision",
            "How far do boxes, points or sentences alone go?",
            "lines",
            supervision,
            _SUPERVISED_PAIRS,
        ),
        Study(
            "supervision-real",
            "How far do they go on real video?",
            "lines",
            supervision_real,
            _SUPERVISED_PAIRS,
        ),
    )
}
"""By the name on the command line."""
