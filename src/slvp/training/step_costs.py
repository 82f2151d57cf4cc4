"""How the estimates of a recipe are worked out: memory and time of a training step.

The step is run on tensors without content (PyTorch's ``meta`` device), at its full size. All that
is then alive at once is added up, and so are the multiplications. What they take is stated here:

- *Memory of a process*: 4 bytes for each parameter, 12 more for each that is trained (AdamW's two
  moments and the moving average), and the most that activations and gradients took at once. In
  mixed precision these take 0.52 of what they take in 32 bits, and 2 bytes are added for each
  trained parameter (its copy). Activations so estimated were within 3 % of what PyTorch's profiler
  saw a step take on a CPU in 32 bits, within 10 % in bf16, and within 16 % in bf16 where they are
  recomputed (EfficientNet-Lite0, ConvNeXt-T, Swin-T, Video-Swin-T; both fusions). What the
  libraries themselves take (about a gigabyte on a GPU), the loader, and sharding (FSDP) are left
  out.
- *Time*: the floating-point operations divided by what the machine is taken to do in a second. A
  CPU core: 0.12 TFLOP/s, measured with ``lite`` on a core of an AMD EPYC server. A GPU: 60 TFLOP/s,
  not measured but assumed (a fifth of the peak of an NVIDIA A100 in bf16). Waiting for data and for
  other processes is left out, and all frames are shown in each step.
"""

from __future__ import annotations

import weakref
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import Any

import torch
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils.flop_counter import flop_registry

from slvp.data.captioned.clips import Form
from slvp.models.config import ModelConfig
from slvp.models.configs import AnyConfig
from slvp.models.heads import FlowOutput, MaskOutput
from slvp.models.referformer.config import ReferFormerConfig
from slvp.models.referformer.model import ReferFormer
from slvp.models.referformer.words import Sentences
from slvp.models.referring_model import ParameterCounts, ReferringModel
from slvp.models.slvp import SLVP
from slvp.models.text import TextEncoder, Words
from slvp.training.config import TrainConfig
from slvp.training.estimates import Estimate, machine_for

_WORDS = 20  # tokens of a sentence
_HALF = 0.52  # activations in mixed precision, of those in 32 bits


def work_out(config: TrainConfig) -> Estimate:
    """Estimate what a step needs; see the module for how."""
    mixed = config.precision != "no"
    machine = machine_for(config)
    data = config.data
    frames, (height, width) = max(
        ((frames, size) for frames in data.frames for size in data.sizes),
        key=lambda form: form[0] * form[1][0] * form[1][1],
    )
    # One frame more has to be read for the flow of the last.
    extra = int(config.task == "pretrain")
    clips = Form(frames, height, width).clips(data.pixels, extra)
    of_process = -(-clips // machine.processes)
    at_a_time = -(-of_process // config.accumulate)
    # Contrast compares the right caption with a wrong one.
    decodings = 2 if config.task == "pretrain" and config.objective.contrast else 1
    step = _step(config.model, at_a_time, data.expressions, decodings, frames, height, width)
    trained = step.parameters.trained
    activations = step.activations * (_HALF if mixed else 1.0) + (2 * trained if mixed else 0)
    return Estimate(
        machine=machine,
        parameters=step.parameters.total,
        trained=trained,
        clips=clips,
        frames=frames,
        height=height,
        width=width,
        weights=4 * step.parameters.total + 12 * trained,
        activations=round(activations),
        flops=step.flops * clips / at_a_time,
    )


@dataclass(frozen=True)
class _Step:
    parameters: ParameterCounts
    activations: int
    flops: float


def _step(
    config: AnyConfig,
    clips: int,
    expressions: int,
    decodings: int,
    frames: int,
    height: int,
    width: int,
) -> _Step:
    """Run forward and backward on tensors without content, in 32 bits."""
    sentences = clips * expressions
    make = _slvp if isinstance(config, ModelConfig) else _referformer
    model, words, encoder = make(config, sentences)  # type: ignore[arg-type]
    with torch.device("meta"):
        clip_of_E = torch.arange(sentences) // expressions
        frames_BTCHW = torch.rand(clips, frames, 3, height, width)
    with _Meter([*model.parameters(), *model.buffers()]) as meter:
        pyramid = model.encode_vision(frames_BTCHW)
        outputs = [model.decode(pyramid, words, clip_of_E) for _ in range(decodings)]
        answers = [answer for output in outputs for answer in _tensors(output)]
        torch.autograd.backward([answer.square().sum() for answer in answers])
    # A multiplication and an addition for each weight and word; three times that to learn.
    trained = any(p.requires_grad for p in encoder.parameters())
    weights = sum(p.numel() for p in encoder.parameters())
    weights -= encoder.get_input_embeddings().weight.numel()
    reading = 2 * weights * _WORDS * sentences * (3 if trained else 1)
    return _Step(model.parameter_counts(), meter.most, meter.flops + reading)


def _slvp(config: ModelConfig, sentences: int) -> tuple[ReferringModel, Words, Any]:
    """Return a model without content, the words of some sentences, and what would encode them."""
    with torch.device("meta"):
        # A frozen text encoder is shared by all models of the process: not one without content.
        model = SLVP(replace(config, text_frozen=False), weights="random").train()
        if config.text_frozen:
            model.text.requires_grad_(False)
        words = Words(
            torch.rand(sentences, _WORDS, model.text.word_width),
            torch.ones(sentences, _WORDS, dtype=torch.bool),
            torch.rand(sentences, model.text.width),
        )
    return model, words, model.text.encoder


def _referformer(
    config: ReferFormerConfig, sentences: int
) -> tuple[ReferringModel, Sentences, Any]:
    """Do the same as :func:`_slvp`."""
    if not config.stores_text:
        TextEncoder(config.text, pretrained=False)  # with content, for all that share it
    with torch.device("meta"):
        model = ReferFormer(config, weights="random").train()
        words_ELC = torch.rand(sentences, _WORDS, config.width)
        told = Sentences(words_ELC, words_ELC, None, torch.rand(sentences, config.width))
    encoder = model.text.encoder
    return model, told, encoder.model if config.stores_text else encoder.encoder


def _tensors(output: MaskOutput | FlowOutput) -> Iterator[torch.Tensor]:
    for value in vars(output).values():
        if isinstance(value, tuple):
            for earlier in value:
                yield from _tensors(earlier)
        elif value.requires_grad:
            yield value


class _Meter(TorchDispatchMode):
    """Adds up floating-point operations, and the bytes of what is made and alive at once.

    Args:
        known: tensors that aren't counted; views of them are none that are made.

    Attributes:
        most: bytes that were alive at once.
        flops: floating-point operations of products and convolutions.
    """

    def __init__(self, known: Iterable[torch.Tensor]) -> None:
        super().__init__()  # type: ignore[no-untyped-call]
        self.most = 0
        self.flops = 0.0
        self._alive = 0
        self._seen: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet(
            tensor.untyped_storage() for tensor in known
        )

    def __torch_dispatch__(
        self,
        function: Any,
        types: Any,
        args: tuple[Any, ...] = (),
        kwargs: dict[str, Any] | None = None,
    ) -> Any:
        result = function(*args, **(kwargs or {}))
        count: Callable[..., int] | None = flop_registry.get(function.overloadpacket)
        if count is not None:
            self.flops += count(*args, **(kwargs or {}), out_val=result)
        for made in result if isinstance(result, tuple | list) else (result,):
            if isinstance(made, torch.Tensor):
                self._add(made.untyped_storage())
        return result

    def _add(self, storage: torch.UntypedStorage) -> None:
        if storage in self._seen:
            return
        self._seen.add(storage)
        self._alive += storage.nbytes()
        self.most = max(self.most, self._alive)
        weakref.finalize(storage, self._forget, storage.nbytes())

    def _forget(self, size: int) -> None:
        self._alive -= size
