import pytest

from slvp.errors import UserError
from slvp.models.checkpoint import save_pretrained
from slvp.models.grounded.names import GroundedName, parse_grounded
from slvp.segmenter import Segmenter, load_segmenter
from slvp.segmenter.grounded import GroundedSegmenter, UnlinkedSegmenter
from tiny import tiny_model


@pytest.mark.parametrize(
    ("name", "parsed"),
    [
        ("default", None),
        ("models/mine", None),
        ("C:/models/mine", None),
        ("grounded:default", GroundedName(True, None, "default")),
        ("unlinked:owner/name", GroundedName(False, None, "owner/name")),
        ("grounded:a/b+c/d", GroundedName(True, "a/b", "c/d")),
        ("unlinked:/x/y+z", GroundedName(False, "/x/y", "z")),
    ],
)
def test_names(name, parsed) -> None:
    assert parse_grounded(name) == parsed


@pytest.mark.parametrize("name", ["grounded:", "unlinked:+sam", "grounded:owl+"])
def test_half_a_name_is_told(name) -> None:
    with pytest.raises(UserError, match=r"expected \w+:DETECTOR\+SEGMENTER.* or \w+:MODEL"):
        load_segmenter(name)


def test_a_folder_whose_name_has_a_plus_is_one_model(tmp_path) -> None:
    folder = tmp_path / "a+b"
    save_pretrained(tiny_model(), folder)
    assert type(load_segmenter(f"grounded:{folder}", device="cpu")) is GroundedSegmenter


@pytest.mark.parametrize(
    ("prefix", "kind"),
    [("", Segmenter), ("grounded:", GroundedSegmenter), ("unlinked:", UnlinkedSegmenter)],
)
def test_what_a_prefix_opens(tmp_path, prefix, kind) -> None:
    save_pretrained(tiny_model(), tmp_path)
    found = load_segmenter(f"{prefix}{tmp_path}", device="cpu", size=96, threshold=0.4)
    assert type(found) is kind and (found.size, found.threshold) == (96, 0.4)


def test_a_segmenter_of_one_look_opens_nothing_grounded() -> None:
    with pytest.raises(UserError, match="expected a model without a prefix here"):
        Segmenter.from_pretrained("grounded:default")
