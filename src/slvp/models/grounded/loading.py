"""A detector and a segmenter by name: folders, or models of the hub."""

from __future__ import annotations

import contextlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from slvp.errors import UserError
from slvp.models.encoders import first_line, hub
from slvp.models.grounded.detecting import Detector
from slvp.models.grounded.prompting import ImagePrompter
from slvp.models.grounded.tracking import VideoPrompter
from slvp.models.referring_model import ParameterCounts

_CONFIG = "config.json"
_VIDEO = "sam2_video"  # the type of every SAM 2 of the hub


@dataclass(frozen=True)
class _Part:
    """What a model is asked for.

    Attributes:
        name: the option.
        kind: what such a model is.
        types: transformers' names of its architectures.
        examples: models of the hub.
    """

    name: str
    kind: str
    types: tuple[str, ...]
    examples: str


_DETECTOR = _Part(
    name="detector",
    kind="a zero-shot object detector",
    types=("grounding-dino", "mm-grounding-dino", "omdet-turbo", "owlv2", "owlvit"),
    examples="'IDEA-Research/grounding-dino-tiny' or 'google/owlv2-base-patch16-ensemble'",
)

_SEGMENTER = _Part(
    name="segmenter",
    kind="a promptable segmenter",
    types=("sam", "sam2", _VIDEO, "sam_hq"),
    examples="'facebook/sam-vit-base' or 'facebook/sam2.1-hiera-tiny'",
)


class GroundedModel(nn.Module):
    """Finds sentences as boxes, and segments what boxes hold; nothing of it is trained.

    Attributes:
        detector: sentences to boxes of a frame.
        prompter: boxes to masks of frame after frame.
    """

    def __init__(self, detector: Detector, prompter: ImagePrompter | VideoPrompter) -> None:
        super().__init__()
        self.detector, self.prompter = detector, prompter

    def parameter_counts(self) -> ParameterCounts:
        """Count the parameters of both models."""
        return ParameterCounts(total=sum(p.numel() for p in self.parameters()), trained=0)


def load_grounded(detector: str, segmenter: str) -> GroundedModel:
    """Load two of transformers' models, in evaluation mode.

    Args:
        detector: a zero-shot object detector (Grounding DINO, OWL-ViT, OWLv2, OmDet-Turbo): a
            folder, or ``owner/name`` of the hub.
        segmenter: a promptable segmenter, likewise. SAM 2 follows objects over time; SAM and SAM-HQ
            segment every frame by itself.

    Raises:
        UserError: one isn't there, is a model of another kind, or can't be loaded.
    """
    from transformers import (
        AutoModelForMaskGeneration,
        AutoModelForZeroShotObjectDetection,
        Sam2VideoModel,
    )
    from transformers.utils import logging

    logging.disable_progress_bar()
    # Both are looked at before either is loaded, which may take long.
    _type(detector, _DETECTOR)
    segmenter_type = _type(segmenter, _SEGMENTER)
    prompter: ImagePrompter | VideoPrompter
    if segmenter_type == _VIDEO:
        prompter = VideoPrompter(*_load(segmenter, _SEGMENTER, Sam2VideoModel))
    else:
        prompter = ImagePrompter(*_load(segmenter, _SEGMENTER, AutoModelForMaskGeneration))
    finder = Detector(*_load(detector, _DETECTOR, AutoModelForZeroShotObjectDetection))
    model = GroundedModel(finder, prompter).eval()
    return model.requires_grad_(False)


def _asked(name: str) -> contextlib.AbstractContextManager[None]:
    """Ask the hub, unless the model is in a folder."""
    return contextlib.nullcontext() if Path(name).is_dir() else hub()


def _type(name: str, part: _Part) -> str:
    """Return the architecture of a model, once it is known to be there and of the right kind."""
    from transformers import PretrainedConfig

    expected = f"expected {part.kind}: a folder or a hub's owner/name, such as {part.examples}"
    if Path(name).is_dir():
        if not (Path(name) / _CONFIG).is_file():
            raise UserError(f"{part.name} {name!r}: holds no {_CONFIG}; {expected}")
    elif name.count("/") != 1 or name.startswith((".", "/", "~")) or name.endswith("/"):
        raise UserError(f"{part.name} {name!r}: no such folder; {expected}")
    try:
        with _asked(name):
            values, _ = PretrainedConfig.get_config_dict(name)
    except (OSError, ValueError) as error:
        if Path(name).is_dir():
            raise UserError(
                f"{part.name} {name!r}: {_CONFIG} is no readable JSON; fetch the model again"
            ) from None
        raise UserError(
            f"{part.name} {name!r}: no such folder, and the hub has no such model or could not be "
            f"asked ({type(error).__name__}); {expected}"
        ) from None
    found = str(values.get("model_type", "unknown"))
    if found not in part.types:
        raise UserError(
            f"{part.name} {name!r}: is a model of type {found!r}, not {part.kind}; expected one of "
            f"{', '.join(part.types)}, such as {part.examples}"
        )
    return found


def _load(name: str, part: _Part, model_class: Any) -> tuple[Any, Any]:
    """Return model and processor."""
    from safetensors import SafetensorError
    from transformers import AutoProcessor

    with _asked(name):
        try:
            processor = AutoProcessor.from_pretrained(name)
        except ImportError as error:
            raise _library(name, part, error) from None
        except (OSError, ValueError, TypeError) as error:
            raise UserError(
                f"{part.name} {name!r}: what prepares its input can't be loaded "
                f"({first_line(error)}); fetch the model again with the files of its processor"
            ) from None
        try:
            model, report = model_class.from_pretrained(name, output_loading_info=True)
        except ImportError as error:
            raise _library(name, part, error) from None
        except (OSError, ValueError, RuntimeError, SafetensorError) as error:
            raise UserError(
                f"{part.name} {name!r}: its weights can't be loaded ({first_line(error)}); "
                "fetch the model again"
            ) from None
    if report["missing_keys"]:
        # Left random by transformers, with no more than a warning.
        raise UserError(
            f"{part.name} {name!r}: tensor {min(report['missing_keys'])} is missing; the weights "
            f"don't belong to its {_CONFIG}; fetch the model again"
        )
    return model, processor


def _library(name: str, part: _Part, error: Exception) -> UserError:
    return UserError(
        f"{part.name} {name!r}: needs a library that isn't installed ({first_line(error)}); "
        "install it, or choose another model"
    )
