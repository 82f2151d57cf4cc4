"""Every benchmark can be named, split and scored in the same words everywhere."""

from typing import get_args

import pytest

from slvp.apps.arguments.common import BenchmarkName
from slvp.data.benchmarks.catalog import CATALOG, TRAINED_ON
from slvp.data.doctor.facts import FACTS
from slvp.errors import UserError
from slvp.evaluation.benchmarks import BENCHMARKS


def test_all_know_the_same_benchmarks() -> None:
    named = get_args(get_args(BenchmarkName)[0])
    assert list(CATALOG) == list(BENCHMARKS) == list(FACTS) == list(named)
    for name, entry in CATALOG.items():
        for other in (BENCHMARKS[name], FACTS[name]):
            assert {field: getattr(other, field) for field in vars(entry)} == vars(entry)
        assert {entry.scored_split, entry.submitted_split} <= set(entry.splits)


def test_the_world_and_jhmdb_are_not_for_training() -> None:
    assert set(CATALOG) - set(TRAINED_ON) == {"jhmdb-sentences", "world"}


def test_a_split_is_checked() -> None:
    assert CATALOG["mevis"].check_split("valid_u") == "valid_u"
    with pytest.raises(
        UserError, match=r"^--split test: MeViS has no .*; choose one of train, valid_u, valid\.$"
    ):
        CATALOG["mevis"].check_split("test")
