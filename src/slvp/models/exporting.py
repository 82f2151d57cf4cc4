"""A model as graphs that need none of this package: for ONNX Runtime, OpenVINO or plain PyTorch.

A model becomes three graphs, since each is run at another pace: ``vision`` once for every frame,
``text`` once for every sentence, ``decoder`` for every window of frames and its sentences. Clips
are asked of one at a time (B = 1); two frames or more, sides of 64 pixels or more, and any
number of sentences and words.
"""

from __future__ import annotations

import importlib.util
import json
import logging
import warnings
from collections.abc import Iterator
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

import torch
from torch import nn
from torch.export import Dim

from slvp.errors import UserError
from slvp.models.encoders import STRIDES, first_line
from slvp.models.heads import MaskOutput
from slvp.models.referring_model import MULTIPLE, ReferringModel
from slvp.models.slvp import SLVP
from slvp.models.text import MAX_WORDS, Words
from slvp.models.vision import Pyramid

Format = Literal["onnx", "torch-export"]

SUFFIXES: dict[Format, str] = {"onnx": ".onnx", "torch-export": ".pt2"}
DESCRIPTION = "export.json"
TOKENIZER = "tokenizer"
GRAPHS = ("vision", "text", "decoder")
LEAST_FRAMES = 2
LEAST_SIDE = 2 * MULTIPLE
"""As PyTorch draws another graph where an axis has but one place."""

_DRAWN_AT = (4, 3, 64, 96)  # frames, sentences, height, width of what a graph is drawn from
_CHECKED_AT = (2, 1, 96, 64)
_FREE = {  # the axes of which sides are given in multiples of 32
    "T": Dim("frames", min=LEAST_FRAMES, max=256),
    "E": Dim("sentences", max=256),
    "L": Dim("words", max=MAX_WORDS),
    "H": Dim("height32", min=LEAST_SIDE // MULTIPLE, max=64),
    "W": Dim("width32", min=LEAST_SIDE // MULTIPLE, max=64),
}
_STRIDE_OF = {
    "frames": 1,
    "outlines": 2,
    **{f"level{stride}": stride for stride in STRIDES},
    "named": MULTIPLE,
}
_SENTENCES = ["the car on the left", "a brown dog that runs away", "the tallest"]


@dataclass(frozen=True)
class _Graph:
    """One of the three.

    Attributes:
        name: of the file, without its ending.
        module: what is drawn.
        inputs: name and axes of each; ``B`` is 1, and capital ``C`` is given by the model.
        outputs: the same.
    """

    name: str
    module: nn.Module
    inputs: dict[str, str]
    outputs: dict[str, str]


def export(model: ReferringModel, folder: Path, form: Format) -> dict[str, float]:
    """Write a model's graphs, their description and the tokenizer, and check the graphs.

    Args:
        model: one that segments, of the package's own kind; moved to the CPU.
        folder: exists; gets ``vision``, ``text`` and ``decoder`` with the ending of the format,
            ``export.json`` (inputs and outputs, with their axes) and ``tokenizer``.
        form: ``onnx`` or ``torch-export``.

    Returns:
        Of each graph, the largest difference from the model, at other numbers of frames and
        sentences and another size than the graph was drawn from. Relative to the largest value.

    Raises:
        UserError: the model can't be exported, or a package is missing.
    """
    if not isinstance(model, SLVP) or model.config.head != "mask":
        raise UserError(
            "only a model that segments can be exported, and no imported ReferFormer; give the "
            "result of 'slvp finetune', or 'default'"
        )
    if form == "onnx":
        _expect_onnx()
    # TensorFlow's padding, which hangs on the size, would take PyTorch minutes to reason about.
    model = model.cpu().eval().folded()
    graphs = _graphs_of(model)
    differences = {}
    with torch.no_grad(), _quiet(), _every_size():
        drawn_from, checked_at = _examples(model, *_DRAWN_AT), _examples(model, *_CHECKED_AT)
        for graph in graphs:
            program = _draw(graph, drawn_from[graph.name], model.config.vision)
            path = folder / f"{graph.name}{SUFFIXES[form]}"
            inputs = checked_at[graph.name]
            if form == "onnx":
                got = _write_onnx(program, path, graph, inputs)
            else:
                torch.export.save(program, path)
                got = list(torch.export.load(path).module()(*inputs))
            differences[graph.name] = max(
                float((ours - theirs).abs().max() / theirs.abs().max().clamp_min(1e-6))
                for ours, theirs in zip(got, graph.module(*inputs), strict=True)
            )
    model.text.tokenizer.save_pretrained(folder / TOKENIZER)
    _describe(model, graphs, folder / DESCRIPTION, form)
    return differences


class _Vision(nn.Module):
    def __init__(self, model: SLVP) -> None:
        super().__init__()
        self.model = model

    def forward(self, frames_BTCHW: torch.Tensor) -> tuple[torch.Tensor, ...]:
        return tuple(self.model.encode_vision(frames_BTCHW).tensors())


class _Text(nn.Module):
    def __init__(self, model: SLVP) -> None:
        super().__init__()
        self.text = model.text
        self.encoder = model.text.encoder  # a frozen one is no part of the model

    def forward(
        self, tokens_EL: torch.Tensor, mask_EL: torch.Tensor
    ) -> tuple[torch.Tensor, torch.Tensor]:
        words = self.text.of_tokens(tokens_EL, mask_EL)
        return words.words_ELC, words.sentence_EC


class _Decoder(nn.Module):
    def __init__(self, model: SLVP) -> None:
        super().__init__()
        self.model = model

    def forward(
        self,
        seen: list[torch.Tensor],
        words_ELC: torch.Tensor,
        mask_EL: torch.Tensor,
        sentence_EC: torch.Tensor,
    ) -> tuple[torch.Tensor, torch.Tensor]:
        one_clip_E = torch.zeros_like(mask_EL[:, 0], dtype=torch.long)
        words = Words(words_ELC, mask_EL, sentence_EC)
        output = self.model.decode(Pyramid.made_of(seen), words, one_clip_E)
        assert isinstance(output, MaskOutput)
        return output.logits_ENTHW, output.presence_ENT


def _graphs_of(model: SLVP) -> list[_Graph]:
    words = {"words": "ELC", "mask": "EL", "sentence": "EC"}
    seen = {f"level{stride}": "BTCHW" for stride in STRIDES} | {"outlines": "BTCHW"}
    if model.class_words is not None:
        seen["named"] = "BTCHW"
    return [
        _Graph("vision", _Vision(model), {"frames": "BTCHW"}, seen),
        _Graph(
            "text",
            _Text(model),
            {"tokens": "EL", "mask": "EL"},
            {"words": "ELC", "sentence": "EC"},
        ),
        _Graph("decoder", _Decoder(model), seen | words, {"logits": "ENTHW", "presence": "ENT"}),
    ]


def _examples(
    model: SLVP, frames: int, sentences: int, height: int, width: int
) -> dict[str, tuple[Any, ...]]:
    """Return inputs of each graph."""
    frames_BTCHW = torch.rand(
        1, frames, 3, height, width, generator=torch.Generator().manual_seed(0)
    )
    words = model.encode_text(_SENTENCES[:sentences])
    cut = model.text.tokenizer(_SENTENCES[:sentences], padding=True, return_tensors="pt")
    seen = model.encode_vision(frames_BTCHW).tensors()
    return {
        "vision": (frames_BTCHW,),
        "text": (cut["input_ids"], cut["attention_mask"].bool()),
        "decoder": (seen, words.words_ELC, words.mask_EL, words.sentence_EC),
    }


def _draw(graph: _Graph, inputs: tuple[Any, ...], backbone: str) -> torch.export.ExportedProgram:
    try:
        return torch.export.export(graph.module, inputs, dynamic_shapes=_free(graph))
    except RuntimeError as error:
        raise UserError(
            f"vision backbone {backbone!r}: PyTorch draws no graph of the {graph.name} for any "
            f"length and size ({first_line(error)}); train one with a backbone that sees frame "
            "by frame, such as tf_efficientnet_lite2"
        ) from None


def _free(graph: _Graph) -> tuple[Any, ...]:
    """Return which axes are free, in the structure of the module's arguments."""
    shapes = [
        {
            axis: _FREE[letter] * (MULTIPLE // _STRIDE_OF[name] if letter in "HW" else 1)
            for axis, letter in enumerate(axes)
            if letter in _FREE
        }
        for name, axes in graph.inputs.items()
    ]
    if isinstance(graph.module, _Decoder):
        return shapes[:-3], *shapes[-3:]
    return tuple(shapes)


def _write_onnx(
    program: torch.export.ExportedProgram, path: Path, graph: _Graph, inputs: tuple[Any, ...]
) -> list[torch.Tensor]:
    """Write a graph, and return what ONNX Runtime makes of the inputs with it."""
    import onnxruntime

    torch.onnx.export(
        program,
        (),
        path,
        input_names=list(graph.inputs),
        output_names=list(graph.outputs),
        external_data=False,
        verbose=False,
    )
    session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
    flat = [*inputs[0], *inputs[1:]] if isinstance(inputs[0], list) else list(inputs)
    fed = {name: value.numpy() for name, value in zip(graph.inputs, flat, strict=True)}
    return [torch.from_numpy(value) for value in session.run(list(graph.outputs), fed)]


def _expect_onnx() -> None:
    missing = [
        name
        for name in ("onnx", "onnxscript", "onnxruntime")
        if importlib.util.find_spec(name) is None
    ]
    if missing:
        raise UserError(
            f"exporting to ONNX needs {', '.join(missing)}: run pip install 'slvp[export]', or "
            "give --format torch-export"
        )


def _every_size() -> AbstractContextManager[None]:
    """Draw graphs that hold where an axis has one place, too, as with one sentence."""
    from torch.fx.experimental import _config

    patched: AbstractContextManager[None] = _config.patch(backed_size_oblivious=True)  # type: ignore[attr-defined]
    return patched


@contextmanager
def _quiet() -> Iterator[None]:
    """Keep the exporters' reports on their own steps from the user."""
    level = logging.root.manager.disable
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(level)


def _describe(model: SLVP, graphs: list[_Graph], path: Path, form: Format) -> None:
    config = model.config
    description = {
        "format": form,
        "frame_size": config.frame_size,
        "sides_are_multiples_of": MULTIPLE,
        "window": config.window,
        "least_frames": LEAST_FRAMES,
        "least_side": LEAST_SIDE,
        "mask_stride": config.mask_stride,
        "frames_are": "RGB in 0..1",
        "graphs": {
            graph.name: {"inputs": graph.inputs, "outputs": graph.outputs} for graph in graphs
        },
    }
    path.write_text(json.dumps(description, indent=2) + "\n")
