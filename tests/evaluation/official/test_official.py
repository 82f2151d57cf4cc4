"""Agreement with the evaluation code of DAVIS 2017, whose figures ``make_expected.py`` kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest
from official_cases import VAL5, generated_cases, real_cases, write_data, write_predictions
from PIL import Image

from slvp.data.benchmarks.records import Group, sequences_of
from slvp.data.benchmarks.ref_davis17 import ANNOTATION_SETS, load_ref_davis17
from slvp.errors import UserError
from slvp.evaluation.answers import IdMapAnswer
from slvp.evaluation.metrics import decay, recall
from slvp.evaluation.protocols import (
    REF_DAVIS17_FIXED,
    REF_DAVIS17_PUBLISHED,
    REF_DAVIS17_SEMI_SUPERVISED,
    Protocol,
)
from slvp.evaluation.scores import ExpressionScore

EXPECTED = json.loads(Path(__file__).with_name("expected.json").read_text())
KINDS = ["generated", "real"]


@pytest.fixture(scope="module", params=KINDS)
def kind(request: pytest.FixtureRequest) -> str:
    if request.param == "real" and not VAL5.is_dir():
        pytest.skip("the real masks of Ref-DAVIS17 are not beside the checkout")
    return request.param


@pytest.fixture(scope="module")
def root(kind: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The cases in files: what was scored by the official code, to the pixel."""
    cases = list(generated_cases() if kind == "generated" else real_cases(VAL5))
    found = {case.name: case.digest() for case in cases}
    expected = {name: case["digest"] for name, case in EXPECTED[kind]["cases"].items()}
    assert found == expected, "the cases aren't those that the expected figures were made for"
    root = tmp_path_factory.mktemp(kind)
    write_data(root, cases)
    write_predictions(root, cases)
    return root


def answers(root: Path, group: Group, sets: tuple[str, ...]) -> Iterator[IdMapAnswer]:
    for t, frame in enumerate(group[0].frames.names):
        paths = {
            name: root / f"anno_{ANNOTATION_SETS.index(name)}" / group[0].sequence / f"{frame}.png"
            for name in sets
        }
        yield IdMapAnswer(t, {name: np.array(Image.open(path)) for name, path in paths.items()})


def score(root: Path, group: Group, protocol: Protocol) -> list[ExpressionScore]:
    sets = tuple(dict.fromkeys(one.annotation_set for one in group))
    return protocol.score(group, answers(root, group, sets))


def groups(root: Path) -> list[Group]:
    return sequences_of(load_ref_davis17(root, "val"))


def numbers(one: ExpressionScore) -> list[float]:
    assert one.f_T is not None
    return [
        number
        for values_T in (one.j_T, one.f_T)
        for number in (float(values_T.mean()), recall(values_T), decay(values_T))
    ]


def require_agreement(
    scores: list[ExpressionScore], expected: list[list[float]], what: str
) -> None:
    assert [one.object_ids for one in scores] == [(n,) for n in range(1, len(expected) + 1)]
    found = [numbers(one) for one in scores]
    np.testing.assert_allclose(found, expected, rtol=0, atol=1e-9, err_msg=what)


def test_published(root: Path, kind: str) -> None:
    everything = []
    for group in groups(root):
        sequence = group[0].sequence
        scores = score(root, group, REF_DAVIS17_PUBLISHED)
        for name in ANNOTATION_SETS:
            expected = EXPECTED[kind]["cases"][sequence]["sets"][name]["published"]
            within = [one for one in scores if one.annotation_set == name]
            require_agreement(within, expected, f"{sequence}, {name}")
        everything += scores

    summary = REF_DAVIS17_PUBLISHED.summarise(everything)
    assert summary.metrics == pytest.approx(EXPECTED[kind]["published"], abs=1e-9)
    assert list(summary.sequences) == list(EXPECTED[kind]["cases"])
    for sequence, metrics in summary.sequences.items():
        sets = EXPECTED[kind]["cases"][sequence]["sets"].values()
        means = np.mean([np.mean(one["published"], axis=0) for one in sets], axis=0)
        found = [metrics[f"{m}{rest}"] for m in "jf" for rest in ("", "_recall", "_decay")]
        np.testing.assert_allclose(found, means, rtol=0, atol=1e-9, err_msg=sequence)


@pytest.mark.parametrize(
    "protocol", [REF_DAVIS17_FIXED, REF_DAVIS17_SEMI_SUPERVISED], ids=lambda one: one.name
)
def test_fixed_identities(root: Path, kind: str, protocol: Protocol) -> None:
    refused = 0
    for group in groups(root):
        sequence = group[0].sequence
        for name in ANNOTATION_SETS:
            within = [one for one in group if one.annotation_set == name]
            expected = EXPECTED[kind]["cases"][sequence]["sets"][name][protocol.name]
            if expected is None:
                with pytest.raises(UserError, match=f"{sequence}.*has the value"):
                    score(root, within, protocol)
                refused += 1
            else:
                scores = score(root, within, protocol)
                require_agreement(scores, expected, f"{sequence}, {name}")
    assert 0 < refused < len(EXPECTED[kind]["cases"])
