"""What ReferFormer sees in a clip, and what its queries say."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import torch

from slvp.models.heads import MaskOutput


@dataclass(frozen=True)
class Seen:
    """What is seen in a clip, whatever is asked of it.

    Attributes:
        levels: at strides 4, 8, 16, 32 and 64, narrowed to the model's width, each BTCHW.
        sizes_B2: height and width of each clip's frames, without padding.
        padding_BHW: True where a clip's frames have ended; None if all are whole.
    """

    levels: list[torch.Tensor]
    sizes_B2: torch.Tensor
    padding_BHW: torch.Tensor | None = None

    @property
    def frames(self) -> int:
        """How many frames each clip has."""
        return self.levels[0].shape[1]

    def after(self, frames: int) -> Seen:
        """Return what is seen without the first ``frames`` frames."""
        return self._with([level[:, frames:] for level in self.levels])

    def followed_by(self, later: Seen) -> Seen:
        """Return what is seen in these frames and then in the later ones."""
        if self.frames == 0:
            return later
        pairs = zip(self.levels, later.levels, strict=True)
        return self._with([torch.cat(pair, dim=1) for pair in pairs])

    def _with(self, levels: list[torch.Tensor]) -> Seen:
        return Seen(levels, self.sizes_B2, self.padding_BHW)


@dataclass
class QueryOutput(MaskOutput):
    """What N queries say after each layer of the decoder; the last layer's count.

    Attributes:
        scores_ETNK: logits of K classes.
        boxes_ETN4: x and y of the centre, width, height, as shares of the frame.
        earlier: of the layers before, in order; where training asks for them.
    """

    scores_ETNK: torch.Tensor
    boxes_ETN4: torch.Tensor
    earlier: tuple[QueryOutput, ...] = ()

    def float(self) -> QueryOutput:
        """Return the same in single precision, without the layers before."""
        return QueryOutput(
            self.logits_ENTHW.float(),
            self.presence_ENT.float(),
            self.scores_ETNK.float(),
            self.boxes_ETN4.float(),
        )

    def best(self) -> tuple[torch.Tensor, torch.Tensor]:
        """Return logits_ETHW of the query with the highest mean score, and its presence_ET.

        The class with the highest mean over the clip counts, as published.
        """
        mean_ENK = self.scores_ETNK.sigmoid().mean(1)
        best_E = mean_ENK.amax(-1).argmax(1)
        rows_E = torch.arange(len(best_E), device=best_E.device)
        return self.logits_ENTHW[rows_E, best_E], self.presence_ENT[rows_E, best_E]

    @staticmethod
    def joined(outputs: Sequence[QueryOutput]) -> QueryOutput:
        """Return what is said of all sentences, without the layers before."""
        return QueryOutput(
            logits_ENTHW=torch.cat([output.logits_ENTHW for output in outputs]),
            presence_ENT=torch.cat([output.presence_ENT for output in outputs]),
            scores_ETNK=torch.cat([output.scores_ETNK for output in outputs]),
            boxes_ETN4=torch.cat([output.boxes_ETN4 for output in outputs]),
        )
