"""A detector and a segmenter by name: folders, or models of the hub."""

from __future__ import annotations

import contextlib
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from torch import nn

from slvp.errors import UserError
from slvp.files import is_folder
from slvp.models.encoders import first_line, hub
from slvp.models.grounded.detecting import Detector
from slvp.models.grounded.prompting import ImagePrompter
from slvp.models.grounded.tracking import VideoPrompter
from slvp.models.referring_model import ParameterCounts

_CONFIG = "config.json"
_PROCESSORS = ("processor_config.json", "preprocessor_config.json")
_VIDEO = "sam2_video"  # the type of every SAM 2 of the hub


@dataclass(frozen=True)
class _Part:
    """What a model is asked for.

    Attributes:
        name: the option.
        kind: what such a model is.
        types: transformers' names of its architectures.
        examples: models of the hub.
        answers: what its processor must be able to do.
    """

    name: str
    kind: str
    types: tuple[str, ...]
    examples: str
    answers: str


_DETECTOR = _Part(
    name="detector",
    kind="a zero-shot object detector",
    types=("grounding-dino", "mm-grounding-dino", "omdet-turbo", "owlv2", "owlvit"),
    examples="'IDEA-Research/grounding-dino-tiny' or 'google/owlv2-base-patch16-ensemble'",
    answers="post_process_grounded_object_detection",
)

_SEGMENTER = _Part(
    name="segmenter",
    kind="a promptable segmenter",
    types=("sam", "sam2", _VIDEO, "sam_hq"),
    examples="'facebook/sam-vit-base' or 'facebook/sam2.1-hiera-tiny'",
    answers="post_process_masks",
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


def _type(name: str, part: _Part) -> str:
    """Return the architecture of a model, once it is known to be there and of the right kind."""
    from transformers import PretrainedConfig

    expected = f"expected {part.kind}: a folder or a hub's owner/name, such as {part.examples}"
    if is_folder(Path(name)):
        values = _folder_config(name, part, expected)
    elif name.count("/") != 1 or name.startswith((".", "/", "~")) or name.endswith("/"):
        raise UserError(f"{part.name} {name!r}: no such folder; {expected}")
    else:
        try:
            with hub():
                values, _ = PretrainedConfig.get_config_dict(name)
        except (OSError, ValueError) as error:
            raise UserError(
                f"{part.name} {name!r}: no such folder, and the hub has no such model or could not "
                f"be asked ({type(error).__name__}); {expected}"
            ) from None
    found = str(values.get("model_type", "unknown"))
    if found not in part.types:
        raise UserError(
            f"{part.name} {name!r}: is a model of type {found!r}, not {part.kind}; expected one of "
            f"{', '.join(part.types)}, such as {part.examples}"
        )
    return found


def _folder_config(name: str, part: _Part, expected: str) -> dict[str, Any]:
    file = Path(name) / _CONFIG
    if not file.is_file():
        raise UserError(f"{part.name} {name!r}: holds no {_CONFIG}; {expected}")
    try:
        values = json.loads(file.read_bytes())
    except ValueError as error:
        raise UserError(
            f"{part.name} {name!r}: {_CONFIG} is not JSON ({error}); fetch the model again"
        ) from None
    if not isinstance(values, dict):
        raise UserError(
            f"{part.name} {name!r}: {_CONFIG}: expected a JSON object; fetch the model again"
        )
    return values


def _load(name: str, part: _Part, model_class: Any) -> tuple[Any, Any]:
    """Return model and processor."""
    from transformers.utils import logging

    verbosity = logging.get_verbosity()
    logging.set_verbosity_error()  # what is wrong with the weights is said below
    try:
        with contextlib.nullcontext() if is_folder(Path(name)) else hub():
            processor = _processor(name, part)
            return _model(name, part, model_class), processor
    except ImportError as error:
        raise UserError(
            f"{part.name} {name!r}: needs a library that isn't installed ({first_line(error)}); "
            "install it, or choose another model"
        ) from None
    finally:
        logging.set_verbosity(verbosity)


def _processor(name: str, part: _Part) -> Any:
    from transformers import AutoProcessor

    folder = Path(name)
    if folder.is_dir() and not any((folder / file).is_file() for file in _PROCESSORS):
        raise UserError(
            f"{part.name} {name!r}: holds no {' or '.join(_PROCESSORS)}; fetch the model again, "
            "with the files of its processor"
        )
    try:
        processor = AutoProcessor.from_pretrained(name)
    except (OSError, ValueError, TypeError) as error:
        reason = first_line(error).split(". ")[0]
        raise UserError(
            f"{part.name} {name!r}: its processor can't be loaded ({reason}); fetch the model "
            "again, with the files of its processor"
        ) from None
    if not hasattr(processor, part.answers):
        raise UserError(
            f"{part.name} {name!r}: its processor is a {type(processor).__name__}, not one of "
            f"{part.kind}; fetch the model again"
        )
    tokenizer = getattr(processor, "tokenizer", None)
    # Where its files are missing, transformers makes a tokenizer to which all words are unknown.
    if tokenizer and set(tokenizer.get_vocab()) <= set(tokenizer.all_special_tokens):
        raise UserError(
            f"{part.name} {name!r}: its tokenizer knows no words; fetch the model again, with "
            "the files of its tokenizer"
        )
    return processor


def _model(name: str, part: _Part, model_class: Any) -> Any:
    from safetensors import SafetensorError

    try:
        model, report = model_class.from_pretrained(
            name, output_loading_info=True, ignore_mismatched_sizes=True
        )
    except (OSError, ValueError, SafetensorError) as error:
        raise UserError(
            f"{part.name} {name!r}: its weights can't be loaded ({first_line(error)}); "
            "fetch the model again"
        ) from None
    # Those, transformers would leave random.
    missing = sorted(report["missing_keys"])
    missing += sorted(tensor for tensor, *_ in report["mismatched_keys"])
    if missing:
        raise UserError(
            f"{part.name} {name!r}: tensor {missing[0]} is missing or has another shape; the "
            f"weights don't belong to its {_CONFIG}; fetch the model again"
        )
    return model
