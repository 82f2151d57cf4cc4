"""How a model is told what to look for: by the sentence, by the object's first mask, or by both.

Khoreva, Rohrbach and Schiele, "Video Object Segmentation with Language Referring Expressions" (ACCV
2018), compare the three on DAVIS.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

import numpy as np

from slvp.data.benchmarks.records import BenchmarkExpression, Group
from slvp.errors import UserError
from slvp.segmenter import FirstMask

Prompt = Literal["sentence", "mask", "both"]


def require_first_masks(expressions: Sequence[BenchmarkExpression], prompt: Prompt) -> None:
    """Check that masks can be given, where the prompt has them: all frames must have some.

    Raises:
        UserError: only some of a sequence's frames have masks, so that the first one isn't known.
    """
    if prompt == "sentence":
        return
    for one in expressions:
        if len(one.scored) < len(one.frames.names):
            raise UserError(
                f"--prompt {prompt}: of sequence {one.sequence} only {len(one.scored)} of "
                f"{len(one.frames.names)} frames have masks, so that the first one of an object "
                "isn't known; leave the option out."
            )


def questions(
    group: Group, prompt: Prompt
) -> tuple[list[str], list[FirstMask | None] | None, list[int]]:
    """Return what is asked of a sequence; what is equal is asked once.

    Args:
        group: all its expressions.
        prompt: how.

    Returns:
        Sentences; for each of them the mask of the first frame in which any of its objects is
        visible, if masks are given; and which of these the answer to each expression is.

    Raises:
        UserError: a mask can't be read.
    """
    with_sentence, with_mask = prompt != "mask", prompt != "sentence"
    asked = [
        (one.text if with_sentence else "", one.object_ids if with_mask else ()) for one in group
    ]
    unique = list(dict.fromkeys(asked))
    sentences, rows_E = [sentence for sentence, _ in unique], [unique.index(one) for one in asked]
    if not with_mask:
        return sentences, None, rows_E
    masks = _first_masks(group, {object_ids for _, object_ids in unique})
    return sentences, [masks[object_ids] for _, object_ids in unique], rows_E


def _first_masks(group: Group, wanted: set[tuple[int, ...]]) -> dict[tuple[int, ...], FirstMask]:
    truths, count = group[0].masks, len(group[0].frames.names)
    assert truths is not None
    found: dict[tuple[int, ...], FirstMask] = {}
    for t in range(count):
        truth = truths.read(t)
        for object_ids in wanted - found.keys():
            mask_HW = truth.mask(object_ids)
            if mask_HW.any():
                found[object_ids] = FirstMask(mask_HW, t)
        if found.keys() == wanted:
            return found
    # What is never visible begins after the end: so it is never found, either.
    never = FirstMask(np.ones(truth.size, np.bool_), count)
    return {object_ids: found.get(object_ids, never) for object_ids in wanted}
