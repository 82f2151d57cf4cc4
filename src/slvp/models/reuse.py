"""How training starts from another model: what fits is reused, and what doesn't is told."""

from __future__ import annotations

import dataclasses
import json
from collections import Counter
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch

from slvp.errors import UserError
from slvp.files import whole_file
from slvp.models.checkpoint import from_pretrained
from slvp.models.referring_model import ReferringModel

Start = Literal["reused", "named", "new"]
STARTS: tuple[Start, ...] = ("reused", "named", "new")

_HEADINGS = {"reused": "reused", "named": "named weights", "new": "new"}
_TOLD = 6  # tensors whose names are printed; the file has them all


@dataclass(frozen=True)
class TensorStart:
    """What one of a model's tensors starts from.

    Attributes:
        name: of the tensor.
        shape: its own.
        start: ``reused`` from the other model; ``named``: the pre-trained encoder that the
            configuration names; ``new``: random.
        other: shape of the other model's tensor of that name; None where it has none.
    """

    name: str
    shape: tuple[int, ...]
    start: Start
    other: tuple[int, ...] | None

    @property
    def module(self) -> str:
        """The part of the model that it belongs to."""
        return self.name.split(".")[0]

    @property
    def parameters(self) -> int:
        """How many numbers it has."""
        return torch.Size(self.shape).numel()

    @property
    def why(self) -> str:
        """Say why it was not reused."""
        if self.start == "reused":
            return ""
        return "not in it" if self.other is None else f"{_times(self.other)} there"


@dataclass(frozen=True)
class Reuse:
    """What a model's tensors start from.

    Attributes:
        source: name of the model that they are reused from.
        tensors: all that a checkpoint of this model holds.
        unused: names of the tensors of the other model that this one has no place for.
    """

    source: str
    tensors: tuple[TensorStart, ...]
    unused: tuple[str, ...]

    def of(self, start: Start) -> list[TensorStart]:
        """Return the tensors that start in a certain way."""
        return [tensor for tensor in self.tensors if tensor.start == start]

    def table(self) -> str:
        """Tell by module how many tensors and parameters start from where, and name new ones."""
        starts = [start for start in STARTS if start != "named" or self.of("named")]
        modules = dict.fromkeys(tensor.module for tensor in self.tensors)
        rows = [["", *(_HEADINGS[start] for start in starts)]]
        for module in [*modules, "all"]:
            own = [t for t in self.tensors if module in (t.module, "all")]
            rows.append([module, *(_count([t for t in own if t.start == s]) for s in starts)])
        widths = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        lines = [
            "  ".join([row[0].ljust(widths[0]), *map(str.rjust, row[1:], widths[1:])]).rstrip()
            for row in rows
        ]
        others = [t for t in self.tensors if t.start != "reused"]
        # First those that are there with another shape: somebody may have meant them to fit.
        told = [t for t in others if t.other] + [t for t in self.of("new") if not t.other]
        lines += [f"  {t.start}: {t.name} ({_times(t.shape)}; {t.why})" for t in told[:_TOLD]]
        lines += [f"  and {len(told) - _TOLD} more"] if len(told) > _TOLD else []
        if self.unused:
            parts = Counter(name.split(".")[0] for name in self.unused)
            named = ", ".join(f"{count} of {module}" for module, count in parts.items())
            lines.append(f"  left out of it: {named}")
        return "\n".join([f"Tensors (and parameters) that start from {self.source}:", *lines])

    def save(self, path: Path) -> None:
        """Write all of it as JSON."""
        tensors = [dataclasses.asdict(t) | {"why": t.why} for t in self.tensors]
        content = {"source": self.source, "tensors": tensors, "unused": self.unused}
        with whole_file(path) as file:
            file.write_text(json.dumps(content, indent=1) + "\n")


def start_from(model: ReferringModel, source: str) -> Reuse:
    """Copy into ``model`` what fits of a shipped, local or hub model.

    Fusion and decoder carry over from flow pre-training to masks, and so do the mask kernels of
    language as query.

    Raises:
        UserError: there is no such model, or less than half of it fits.
    """
    reuse = copy_fitting(model, from_pretrained(source), source)
    reused, new = len(reuse.of("reused")), len(reuse.of("new"))
    if reused <= new:
        example = max(reuse.of("new"), key=lambda tensor: tensor.other is not None)
        raise UserError(
            f"init {source!r}: only {reused} of {reused + new} tensors fit this recipe's model "
            f"({example.name}, for one, is {example.why}); expected one pre-trained by the same "
            "recipe"
        )
    return reuse


def copy_fitting(model: ReferringModel, other: ReferringModel, source: str) -> Reuse:
    """Copy into ``model`` the tensors of another that have the same name and shape.

    Args:
        model: is changed.
        other: has what can be reused, but for the named encoders that no checkpoint holds.
        source: name of the other.
    """
    own, found = model.stored_state(), other.stored_state()
    fitting = {
        name: tensor
        for name, tensor in found.items()
        if name in own and own[name].shape == tensor.shape
    }
    model.load_state_dict(fitting, strict=False)

    def start(name: str) -> Start:
        if name in fitting:
            return "reused"
        named = {"vision": model.config.vision_pretrained, "text": True}
        return "named" if named.get(name.split(".")[0]) else "new"

    return Reuse(
        source,
        tuple(
            TensorStart(
                name,
                tuple(tensor.shape),
                start(name),
                tuple(found[name].shape) if name in found else None,
            )
            for name, tensor in own.items()
        ),
        tuple(name for name in found if name not in own),
    )


def _count(tensors: list[TensorStart]) -> str:
    return f"{len(tensors)} ({sum(t.parameters for t in tensors):,})" if tensors else "-"


def _times(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape)) or "one number"
