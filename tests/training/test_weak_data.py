"""Benchmarks with weak labels, and the masks of those held out."""

import shutil
from pathlib import Path

import pytest

from slvp.data.examples.ref_davis17 import write_ref_davis17
from slvp.errors import UserError
from slvp.training.weak_data import PseudoFolder, load_benchmark, with_masks


@pytest.fixture
def davis(tmp_path):
    folder = tmp_path / "davis"
    folder.mkdir()
    write_ref_davis17(folder)
    return folder


def test_the_same_sentences_with_masks(davis):
    weak = load_benchmark("ref-davis17", str(davis), "box")
    assert all(one.masks is None for one in weak)
    masked = with_masks("ref-davis17", str(davis), weak[1:3])
    assert [one.text for one in masked] == [one.text for one in weak[1:3]]
    assert all(one.masks is not None for one in masked)


def test_without_mask_files_there_are_none(davis):
    weak = load_benchmark("ref-davis17", str(davis), "sentence")
    for folder in ("Annotations", "Annotations_unsupervised"):
        shutil.rmtree(davis / "DAVIS" / folder)
    assert with_masks("ref-davis17", str(davis), weak) is None


def test_what_nobody_trains_on_is_refused(davis):
    with pytest.raises(UserError, match="benchmark 'jhmdb-sentences': nothing to train on"):
        load_benchmark("jhmdb-sentences", str(davis), "box")


def test_a_benchmark_named_twice_has_two_folders():
    pseudo = PseudoFolder(Path("pseudo/stage-1"), 24)
    assert pseudo.of(0, "mevis") != pseudo.of(1, "mevis")
