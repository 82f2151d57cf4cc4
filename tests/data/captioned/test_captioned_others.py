"""Captions of other videos, to tell whether those of a clip's own are used."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from captioned_videos import tar

from slvp.data.captioned import open_captioned
from slvp.data.captioned.batches import CaptionedFlow
from slvp.data.captioned.clips import Form


def _source(path, captions: dict[str, list[bytes]], moving, **options) -> CaptionedFlow:
    members = {}
    for number, (key, content) in enumerate(captions.items()):
        members[f"{key}.mp4"] = moving(number)
        members |= {f"{key}.{kind}": text for kind, text in content.items()}
    index = open_captioned([tar(path, members)])
    return CaptionedFlow(index, [Form(1, 64, 64)], 3 * 2 * 64 * 64, 2, seed=3, **options)


def _first(source: CaptionedFlow):
    return source.make(source.plan(np.random.default_rng(0), 0))


def test_others_are_of_other_videos_and_change_nothing_else(tmp_path, moving) -> None:
    two = b'{"caption": ["a square", "a box"]}'
    source = _source(
        tmp_path / "a.tar", {"a": {"json": two}, "b": {"json": two}, "c": {"txt": b"else"}}, moving
    )
    plain, both = _first(source), _first(replace(source, with_others=True))
    assert plain.others == []
    assert both.sentences == plain.sentences
    assert both.frames_BTCHW.equal(plain.frames_BTCHW)
    assert len(both.others) == len(both.sentences) == 5
    for sentence, other in zip(both.sentences, both.others, strict=True):
        # Two of the videos have the same captions: neither is an other one to the other.
        assert (other == "else") == (sentence != "else")


@pytest.mark.parametrize("content", [{"txt": b"a square"}, {}, {"json": b"{"}])
def test_where_no_other_can_be_had_it_is_empty(tmp_path, moving, content) -> None:
    captions = {"a": {"txt": b"a square"}, "b": content}
    batch = _first(_source(tmp_path / "a.tar", captions, moving, with_others=True))
    own = [other for name, other in zip(batch.names, batch.others, strict=True) if "a" in name]
    assert own and set(own) == {""}


def test_a_blank_batch_has_others_too(tmp_path, moving) -> None:
    source = _source(tmp_path / "a.tar", {"a": {"txt": b" "}}, moving, with_others=True)
    batch = _first(source)
    assert batch.valid_BTHW.max() == 0
    assert len(batch.others) == len(batch.sentences) == 1
