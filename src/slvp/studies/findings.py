"""What the cards of a study say: scores of each arm, and differences between pairs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from slvp.errors import UserError
from slvp.evaluation.scores import Float64Array
from slvp.studies.arms import Study
from slvp.studies.card import FlowScores, MaskScores, StudyCard
from slvp.studies.paired import Estimate, estimate


@dataclass(frozen=True)
class Told:
    """Errors of flow told from a clip's first frame, or from the whole clip.

    Attributes:
        right: with the clip's caption.
        caption: how much more it is with another clip's.
    """

    right: Estimate
    caption: Estimate


@dataclass(frozen=True)
class FlowFinding:
    """Errors of a line's predicted flow: ``Errors.loss``, less is better.

    Attributes:
        frame: told from the first frame.
        clip: told from the whole clip.
        nothing: that of no flow at all.
    """

    frame: Told
    clip: Told
    nothing: float


@dataclass(frozen=True)
class Finding:
    """What one arm scored, over all seeds, in 0..1.

    Attributes:
        line: of the arm.
        labels: share of the masks.
        jf: J&F.
        j: mean.
        f: mean.
        of_seeds: J&F of each seed.
        cards: of each seed.
        flow: None where it wasn't measured.
    """

    line: str
    labels: float
    jf: Estimate
    j: float
    f: float
    of_seeds: tuple[float, ...]
    cards: tuple[StudyCard, ...]
    flow: FlowFinding | None


@dataclass(frozen=True)
class Difference:
    """J&F of the judged line less that of the reference, same seed, same expression.

    ``share`` is the judged line's J&F as a share of the reference's.
    """

    reference: str
    judged: str
    labels: float
    jf: Estimate
    share: float
    seeds: int


@dataclass(frozen=True)
class Findings:
    """All that a study found on one test.

    Attributes:
        test: its name.
        videos: of the test.
        expressions: asked of these.
        shares: of the masks, rising.
        lines: in the study's order.
        arms: of those that have cards.
        differences: of the study's pairs that have cards.
    """

    test: str
    videos: int
    expressions: int
    shares: tuple[float, ...]
    lines: tuple[str, ...]
    arms: tuple[Finding, ...]
    differences: tuple[Difference, ...]

    def of(self, line: str) -> list[Finding]:
        """Return a line's arms by the share of masks."""
        return [arm for arm in self.arms if arm.line == line]


def find(study: Study, cards: Sequence[StudyCard]) -> list[Findings]:
    """Work out what cards say, test by test.

    Raises:
        UserError: cards were made with different tests.
    """
    lines = dict.fromkeys(line for pair in study.pairs for line in pair)
    shares = sorted({card.labels for card in cards})
    tests = dict.fromkeys(one.test for card in cards for one in card.masks)
    found = []
    for test in tests:
        first = next(scores for card in cards if (scores := _scores(card, test)))
        clusters_N = np.unique(first.sequences, return_inverse=True)[1]
        arms = {
            (line, share): of_arm
            for share in shares
            for line in lines
            if (of_arm := _of_arm(cards, line, share, first))
        }
        found.append(
            Findings(
                test=test,
                videos=int(clusters_N.max()) + 1,
                expressions=len(clusters_N),
                shares=tuple(shares),
                lines=tuple(line for line in lines if any(line == known for known, _ in arms)),
                arms=tuple(
                    _finding(line, share, of_arm, clusters_N)
                    for (line, share), of_arm in arms.items()
                ),
                differences=tuple(
                    difference
                    for pair in study.pairs
                    for share in shares
                    if all((line, share) in arms for line in pair)
                    and (difference := _difference(pair, share, arms, clusters_N))
                ),
            )
        )
    return found


_OfArm = dict[int, tuple[StudyCard, MaskScores]]
"""By the seed."""


def _scores(card: StudyCard, test: str) -> MaskScores | None:
    return next((one for one in card.masks if one.test == test), None)


def _of_arm(cards: Sequence[StudyCard], line: str, share: float, first: MaskScores) -> _OfArm:
    found: _OfArm = {}
    for card in cards:
        if card.line != line or card.labels != share:
            continue
        scores = _scores(card, first.test)
        if scores is None:
            continue
        if (scores.sequences, scores.expressions) != (first.sequences, first.expressions):
            raise UserError(
                f"cards of study {card.study}: {card.arm}, seed {card.seed}, was tested on other "
                f"clips than the rest ({first.test}); make it again with the same data"
            )
        found[card.seed] = card, scores
    return dict(sorted(found.items()))


def _jf(scores: MaskScores) -> Float64Array:
    return (np.array(scores.j) + np.array(scores.f)) / 2


def _finding(line: str, share: float, of_arm: _OfArm, clusters_N: np.ndarray) -> Finding:
    jf_SN = np.stack([_jf(scores) for _, scores in of_arm.values()])
    cards = tuple(card for card, _ in of_arm.values())
    return Finding(
        line=line,
        labels=share,
        jf=estimate(jf_SN, clusters_N),
        j=float(np.mean([scores.j for _, scores in of_arm.values()])),
        f=float(np.mean([scores.f for _, scores in of_arm.values()])),
        of_seeds=tuple(jf_SN.mean(1).tolist()),
        cards=cards,
        flow=_flow([card.flow for card in cards if card.flow is not None]),
    )


def _flow(several: Sequence[FlowScores]) -> FlowFinding | None:
    if not several:
        return None

    def told(shown: str) -> Told:
        right_SN, other_SN = (
            np.array([one.loss[f"{shown}-{caption}"] for one in several])
            for caption in ("right", "other")
        )
        clips_N = np.arange(right_SN.shape[1])
        return Told(estimate(right_SN, clips_N), estimate(other_SN - right_SN, clips_N))

    nothing = float(np.mean([one.loss["zero"] for one in several]))
    return FlowFinding(told("frame"), told("clip"), nothing)


def _difference(
    pair: tuple[str, str],
    share: float,
    arms: dict[tuple[str, float], _OfArm],
    clusters_N: np.ndarray,
) -> Difference | None:
    reference, judged = (arms[line, share] for line in pair)
    seeds = [seed for seed in reference if seed in judged]
    if not seeds:
        return None
    before_SN, after_SN = (
        np.stack([_jf(of_arm[seed][1]) for seed in seeds]) for of_arm in (reference, judged)
    )
    return Difference(
        *pair,
        labels=share,
        jf=estimate(after_SN - before_SN, clusters_N),
        share=float(after_SN.mean() / max(1e-9, before_SN.mean())),
        seeds=len(seeds),
    )
