from dataclasses import replace

import cv2
import numpy as np
import pytest
from made_up_cards import made_up_card, made_up_flow
from PIL import Image

from slvp.errors import UserError
from slvp.studies.card import card_path, write_card
from slvp.studies.drawing import draw_study
from slvp.studies.registry import SCRATCH, SLVP, STUDIES

SUPERVISION = [f"{labels}, {start}" for labels in ("masks", "boxes") for start in (SCRATCH, SLVP)]
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


def supervision_cards(folder, *, of=SUPERVISION, smoke=False):
    """Write cards of as many lines, each better than the one before, and say where they lie."""
    for rank, line in enumerate(of):
        j = np.array([0.2, 0.3, 0.2, 0.25]) + 0.1 * rank
        card = made_up_card(line, 0.1, 0, j, smoke=smoke)
        card = replace(card, study="supervision")
        write_card(card, card_path(folder, "supervision", card.arm, 0))
    return folder


def test_lines_are_drawn_in_a_row_each(tmp_path):
    study = STUDIES["supervision"]
    assert study.kind == "lines"
    cards = supervision_cards(tmp_path / "cards")
    picture, learning, page = draw_study(study, cards, tmp_path / "out")
    assert (picture.name, learning.name) == ("supervision.png", "supervision-learning.png")
    text = page.read_text()
    for line in SUPERVISION:
        assert f"| 10% | {line} |" in text
    # 0.4375 and 0.2375 on average.
    compared = f"| 10% | {SUPERVISION[2]} | {SUPERVISION[0]} | +20.0 | +20.0 to +20.0 | 184% | 1 |"
    assert compared in text
    of_all = np.asarray(Image.open(picture).convert("RGB")).astype(int)
    few = supervision_cards(tmp_path / "few", of=SUPERVISION[:2])
    of_few = np.asarray(Image.open(draw_study(study, few, tmp_path / "two")[0]).convert("RGB"))
    assert of_all.shape[0] > of_few.shape[0] + 50  # a row for each
    assert of_all.shape[1] == of_few.shape[1]
    # Grey from scratch, above blue pre-trained; the better, the further to the right.
    grey, blue = (
        _dots(np.abs(of_all - colour).max(-1) < 8) for colour in ((108, 117, 125), (11, 132, 165))
    )
    assert len(grey) == len(blue) == 2
    assert max(y for y, _ in grey) < min(y for y, _ in blue)
    (masks, boxes), (masks_trained, boxes_trained) = ([x for _, x in dots] for dots in (grey, blue))
    assert masks < masks_trained < boxes < boxes_trained


def _dots(mask_HW):
    """Return (row, column) of each mark of a colour, from the top."""
    _, _, stats, centres = cv2.connectedComponentsWithStats(mask_HW.astype(np.uint8))
    solid = [
        centre
        for centre, (_, _, _, height, area) in zip(centres[1:], stats[1:], strict=True)
        if height > 4 and area > 20
    ]
    return sorted((y, x) for x, y in solid)


def test_a_picture_of_a_smoke_test_says_so(tmp_path):
    study = STUDIES["supervision"]
    pictures = []
    for smoke in (False, True):
        cards = supervision_cards(tmp_path / f"cards-{smoke}", smoke=smoke)
        path, _, page = draw_study(study, cards, tmp_path / f"out-{smoke}")
        pictures.append(np.asarray(Image.open(path).convert("L")).astype(int))
        assert ("say nothing" in page.read_text()) == smoke
    plain, marked = pictures
    assert plain.shape == marked.shape
    assert (plain - marked > 20).mean() > 0.005


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
