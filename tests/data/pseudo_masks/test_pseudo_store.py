"""Pseudo masks on disk."""

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from slvp.data.pseudo_masks.store import (
    PseudoMasks,
    path_of,
    read_pseudo_masks,
    write_pseudo_masks,
)

MASKS = PseudoMasks(
    (3, 7), ("1", "2"), np.arange(2 * 2 * 4 * 5, dtype=np.uint8).reshape(2, 2, 4, 5)
)


def test_what_is_written_is_read(tmp_path):
    path = tmp_path / "a.npz"
    write_pseudo_masks(path, MASKS)
    found = read_pseudo_masks(path)
    assert (found.frames, found.names) == (MASKS.frames, MASKS.names)
    np.testing.assert_array_equal(found.probability_NTHW, MASKS.probability_NTHW)
    assert [one.name for one in tmp_path.iterdir()] == ["a.npz"]


def test_several_masks_together_are_where_any_of_them_is():
    places = np.array([1, 1, 0])
    both = MASKS.of(("1", "2"), places)
    np.testing.assert_array_equal(both, MASKS.probability_NTHW[1][places])
    assert not MASKS.of((), places).any()
    assert MASKS.of((), places).shape == (3, 4, 5)


@given(st.sets(st.text(min_size=1, max_size=12), min_size=2))
def test_videos_have_files_of_their_own_whatever_they_are_called(names):
    from pathlib import Path

    paths = {path_of(Path("folder"), name) for name in names}
    assert len(paths) == len(names)
    assert {path.parent for path in paths} == {Path("folder")}
