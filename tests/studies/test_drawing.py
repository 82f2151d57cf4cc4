from dataclasses import replace

import numpy as np
import pytest
from made_up_cards import made_up_card, made_up_flow
from PIL import Image

from slvp.errors import UserError
from slvp.studies.card import card_path, write_card
from slvp.studies.drawing import draw_study
from slvp.studies.registry import SCRATCH, SLVP, STUDIES

PAGE = "# Results\n\n<!-- study labels -->\nold\n<!-- end of study labels -->\n\nThe end.\n"


@pytest.fixture
def cards(tmp_path):
    """One arm each with two seeds, for two studies."""
    flow = made_up_flow([1.0, 2.0], [2.0, 3.0], [4.0, 4.0])
    for study in ("labels", "what-matters"):
        for line, j in ((SCRATCH, 0.2), (SLVP, 0.3)):
            for seed in range(2):
                card = made_up_card(line, 0.1, seed, [j, j + 0.1, j + 0.2 * seed, j], flow=flow)
                card = replace(card, study=study)
                write_card(card, card_path(tmp_path / "cards", study, card.arm, seed))
    return tmp_path / "cards"


@pytest.mark.parametrize("study", ["labels", "what-matters"])
def test_pictures_and_a_page_of_their_own(study, cards, tmp_path):
    paths = draw_study(STUDIES[study], cards, tmp_path / "new/out")
    names = [f"{study}.png", f"{study}-learning.png", f"{study}.md"]
    assert [path.name for path in paths] == names
    for path in paths[:2]:
        picture = np.asarray(Image.open(path).convert("RGB"))
        assert picture.std() > 5
    page = paths[2].read_text()
    assert page.startswith(f"# {STUDIES[study].question}\n")
    assert f"]({study}.png)" in page
    assert "| 10% | SLVP pre-trained |" in page
    assert "| masks | model | 2 | 4 |" in page
    assert "| 10% | from scratch | 10.0 | 20.0 |" in page


def test_a_page_is_filled_in_and_filled_in_again(cards, tmp_path):
    page = tmp_path / "page.md"
    page.write_text(PAGE)
    draw_study(STUDIES["labels"], cards, tmp_path / "pictures", page)
    once = page.read_text()
    assert once.startswith("# Results\n\n<!-- study labels -->\n")
    assert once.endswith("\n<!-- end of study labels -->\n\nThe end.\n")
    assert "](pictures/labels.png)" in once
    assert "old" not in once.splitlines()
    draw_study(STUDIES["labels"], cards, tmp_path / "pictures", page)
    assert page.read_text() == once


@pytest.mark.parametrize("content", [None, "nothing", "<!-- study labels -->\n"])
def test_a_page_without_a_place_is_left_alone(content, cards, tmp_path):
    page = tmp_path / "page.md"
    if content is not None:
        page.write_text(content)
    with pytest.raises(UserError, match="no place for study labels"):
        draw_study(STUDIES["labels"], cards, tmp_path / "out", page)
    assert content is None or page.read_text() == content
