"""From maps of ids to scores, as DAVIS 2017 has it: which value stands for which object?"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
from scipy.optimize import linear_sum_assignment

from slvp.data.benchmarks.masks import VOID, IdMap
from slvp.data.benchmarks.records import Group
from slvp.errors import UserError
from slvp.evaluation.answers import Answer, IdMapAnswer
from slvp.evaluation.metrics import frame_scores
from slvp.evaluation.scores import ExpressionScore, Float64Array
from slvp.evaluation.scoring import example_frames, make_example, require_size, wanted_answers
from slvp.types import BoolArray, UInt8Array

MOST_PROPOSALS = 20
"""How many proposals the unsupervised task of DAVIS 2017 allows in a sequence."""


def merge_to_ids(
    probability_EHW: npt.NDArray[np.floating], present_E: BoolArray, threshold: float = 0.5
) -> UInt8Array:
    """Let the objects of a frame compete for its pixels.

    Each pixel goes to the likeliest of the objects that are present and at least ``threshold``
    likely there, to the first of equally likely ones, and to the background where there is none.

    Args:
        probability_EHW: in 0..1, of the objects 1, 2, ... E of one annotation set.
        present_E: is the object in this frame at all?
        threshold: the least probability that counts.

    Returns:
        ids_HW: 0 for the background, k for the k-th object.

    Source: published Ref-DAVIS17 results (``inference_davis.py`` of ReferFormer) set probabilities
    under 0.5 to zero and take the largest of them and 0.1 for the background. With a threshold
    above 0.1 this is the same to the pixel; with a lower one, 0.1 would override the threshold, so
    here the threshold decides.
    """
    eligible_EHW = (probability_EHW >= threshold) & present_E[:, None, None]
    likeliest_HW = np.where(eligible_EHW, probability_EHW, -1).argmax(axis=0) + 1
    return np.where(eligible_EHW.any(axis=0), likeliest_HW, 0).astype(np.uint8)


def score_id_maps(
    group: Group,
    answers: Iterable[Answer],
    *,
    matching: bool,
    inner_frames_only: bool,
    use_void: bool,
) -> list[ExpressionScore]:
    """Score the objects of a sequence of DAVIS, once for each annotation set.

    The objects are those from 1 to the highest id in the truth of the first frame, whether a
    sentence describes them or not: an object without a sentence gets a score without a text. A
    sentence about an object that comes later is not scored.

    Args:
        group: all expressions of one sequence, whose masks are palette PNGs; all frames count.
        answers: ``IdMapAnswer`` in ascending order of the frames, at least those that count.
        matching: let the Hungarian method choose which value of the maps stands for which object,
            by the mean of J and F over all frames; else value k stands for object k.
        inner_frames_only: leave out the first and the last frame.
        use_void: leave out the pixels that are void in the truth; else they are background.

    Returns:
        The scores of all objects in the first annotation set, then of those in the next.

    Raises:
        UserError: an answer differs in size from the truth or has a value above the number of
            objects (with ``matching``: above 20), the truth can't be read, or no frame counts.

    Source: the evaluation code of DAVIS 2017, tasks "unsupervised" (with ``matching``) and
    "semi-supervised".
    """
    first = group[0]
    assert first.masks is not None
    scored = first.scored[1:-1] if inner_frames_only else first.scored
    if not scored:
        raise UserError(
            f"Sequence {first.sequence} has {len(first.scored)} frames, and this protocol leaves "
            "out the first and the last: choose another protocol or a longer video."
        )
    start = first.masks.read(first.scored[0])
    assert isinstance(start, IdMap)
    objects = int(start.ids_HW[start.ids_HW != VOID].max(initial=0))
    most = MOST_PROPOSALS if matching else objects
    names, pictured = first.frames.names, example_frames(scored)
    sets = {one.annotation_set: _Maps(max(most, objects), matching) for one in group}

    for answer in wanted_answers(answers, scored):
        assert isinstance(answer, IdMapAnswer)
        truth = first.masks.read(answer.t)
        truth_NHW = [truth.mask((number,)) for number in range(1, objects + 1)]
        empty_HW = np.zeros(truth.size, bool)
        empty = [frame_scores(empty_HW, truth_HW) for truth_HW in truth_NHW]
        empty_N4 = np.array(empty).reshape(objects, 4)
        void_HW = truth.void() if use_void else None
        for name, maps in sets.items():
            ids_HW = answer.ids[name]
            require_size(ids_HW, truth, first, answer.t, f"annotation set {name}")
            value = int(ids_HW.max())
            if value > most:
                raise UserError(
                    f"The map predicted for sequence {first.sequence}, frame {names[answer.t]}, "
                    f"has the value {value}, yet this protocol allows values up to {most} there: "
                    "number the objects from 1 on."
                )
            maps.highest = max(maps.highest, value)
            if void_HW is not None:
                # Void pixels belong to no mask; the true masks don't have them anyway.
                ids_HW = np.where(void_HW, np.uint8(0), ids_HW)
            maps.add(ids_HW, truth_NHW, empty_N4)
            if answer.t in pictured:
                maps.pictured[answer.t] = ids_HW

    described = {(one.annotation_set, one.object_ids): one for one in group}
    scores = []
    for name, maps in sets.items():
        for number, proposal in enumerate(maps.proposals(objects), start=1):
            expression = described.get((name, (number,)))
            own_T4 = [pairs_PN4[proposal - 1, number - 1] for pairs_PN4 in maps.pairs_TPN4]
            j_T, f_T, truth_T, union_T = np.stack(own_T4, axis=1)
            scores.append(
                ExpressionScore(
                    sequence=first.sequence,
                    expression_id=expression.expression_id if expression else "",
                    annotation_set=name,
                    text=expression.text if expression else "",
                    object_ids=(number,),
                    frames=tuple(names[t] for t in scored),
                    j_T=j_T,
                    f_T=f_T,
                    truth_T=truth_T.astype(np.int64),
                    union_T=union_T.astype(np.int64),
                    frame_pixels=empty_HW.size,
                    examples=tuple(
                        make_example(names[t], ids_HW == proposal)
                        for t, ids_HW in maps.pictured.items()
                    ),
                )
            )
    return scores


@dataclass
class _Maps:
    """What the maps of one annotation set got so far.

    Attributes:
        rows: how many values of the maps can be scored.
        matching: score every value against every object; else only value k against object k.
        highest: highest value of the maps.
        pairs_TPN4: by frame, J, F and the sizes of truth and union of value p against object n.
        pictured: the maps of a few frames.
    """

    rows: int
    matching: bool
    highest: int = 0
    pairs_TPN4: list[Float64Array] = field(default_factory=list)
    pictured: dict[int, UInt8Array] = field(default_factory=dict)

    def add(
        self, ids_HW: UInt8Array, truth_NHW: Sequence[BoolArray], empty_N4: Float64Array
    ) -> None:
        pairs_PN4 = np.tile(empty_N4, (self.rows, 1, 1))
        for p in range(int(ids_HW.max())):
            mask_HW = ids_HW == p + 1
            if mask_HW.any():
                for n, truth_HW in enumerate(truth_NHW):
                    if self.matching or p == n:
                        pairs_PN4[p, n] = frame_scores(mask_HW, truth_HW)
        self.pairs_TPN4.append(pairs_PN4)

    def proposals(self, objects: int) -> list[int]:
        """Return the value that stands for each of the objects 1, 2, ..."""
        if not self.matching:
            return list(range(1, objects + 1))
        # Values that no map has stand for empty masks, just as many as there are objects to match.
        values = max(self.highest, objects)
        j_PNT = np.stack([pairs_PN4[:values, :, 0] for pairs_PN4 in self.pairs_TPN4], axis=2)
        f_PNT = np.stack([pairs_PN4[:values, :, 1] for pairs_PN4 in self.pairs_TPN4], axis=2)
        # In the official code's order of arguments and sums, so that ties fall alike.
        quality_PN = (j_PNT.mean(axis=2) + f_PNT.mean(axis=2)) / 2
        matched, of_object = linear_sum_assignment(-quality_PN)
        return [int(p) + 1 for p in matched[np.argsort(of_object)]]
