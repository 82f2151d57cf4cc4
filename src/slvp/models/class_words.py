"""What the backbone's own classifier sees at each place, put into words."""

from __future__ import annotations

import timm
import torch
from timm.data import ImageNetInfo
from timm.models import EfficientNet
from torch import nn
from torch.nn import functional as F  # noqa: N812

from slvp.errors import UserError
from slvp.models.image_backbone import whole_model
from slvp.models.onednn import linear
from slvp.models.text import TextEncoder

CLASSES = 1000
"""Of ImageNet, whose names are known."""

_SYNONYMS = 2  # of a class's names that are read; the last is often Latin
_AT_ONCE = 100


class ClassWords(nn.Module):
    """Names of ImageNet's classes, weighted by how much each is seen at a place.

    A convex combination of the names' embeddings, so that picture and sentence are in one space
    though no training has joined them (Norouzi et al., Zero-Shot Learning by Convex Combination of
    Semantic Embeddings, 2014; there for whole pictures).

    Args:
        vision: the backbone's name; an EfficientNet that tells ImageNet's 1,000 classes.
        pretrained: load its named weights.
        text: puts the names into words.
        known: leave the names' embeddings to a checkpoint that is about to be loaded; until then
            they are zero.

    Raises:
        UserError: the backbone is another kind of network, or its weights can't be had.
    """

    def __init__(self, vision: str, *, pretrained: bool, text: TextEncoder, known: bool) -> None:
        super().__init__()
        model = whole_model(vision, pretrained=pretrained) if timm.is_model(vision) else None
        if not isinstance(model, EfficientNet) or model.num_classes != CLASSES:
            raise UserError(
                f"class_words: vision backbone {vision!r} is no EfficientNet that tells ImageNet's "
                f"{CLASSES} classes; choose such a one, or set class_words to false"
            )
        # The last convolution stands before the pooling, and yet is in none of the stages.
        self.last = nn.Sequential(model.conv_head, model.bn2).requires_grad_(False)
        self.classify = model.classifier.requires_grad_(False)
        self.names_KC: torch.Tensor
        names_KC = torch.zeros(CLASSES, text.width) if known else _names(text)
        self.register_buffer("names_KC", names_KC)
        self.train(False)

    def train(self, mode: bool = True) -> ClassWords:
        """Stay in evaluation mode: nothing of this is ever trained."""
        return super().train(False)

    @torch.no_grad()
    def forward(self, stride32_BTCHW: torch.Tensor) -> torch.Tensor:
        """Return named_BTCHW, in the space of sentences, of length at most 1."""
        batch, frames = stride32_BTCHW.shape[:2]
        places_FCHW = self.last(stride32_BTCHW.flatten(0, 1))
        seen_FHWK = linear(
            places_FCHW.permute(0, 2, 3, 1), self.classify.weight, self.classify.bias
        )
        named_FHWC = linear(seen_FHWK.softmax(-1), self.names_KC.T, None)
        named_FCHW = named_FHWC.permute(0, 3, 1, 2)
        return named_FCHW.reshape(batch, frames, *named_FCHW.shape[1:])


@torch.no_grad()
def _names(text: TextEncoder) -> torch.Tensor:
    """Return embeddings of length 1."""
    info = ImageNetInfo("imagenet-1k")
    names = [
        ", ".join(info.index_to_description(number).split(", ")[:_SYNONYMS])
        for number in range(CLASSES)
    ]
    was_training = text.training
    text.eval()
    parts = [text(names[k : k + _AT_ONCE]).sentence_EC for k in range(0, CLASSES, _AT_ONCE)]
    text.train(was_training)
    return F.normalize(torch.cat(parts), dim=-1)
