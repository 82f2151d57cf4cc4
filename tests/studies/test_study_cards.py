import json

import pytest
from made_up_cards import made_up_card, made_up_flow

from slvp.errors import UserError
from slvp.studies.card import card_path, read_cards, write_card


def test_cards_are_read_as_they_were_written(tmp_path):
    flow = made_up_flow([1.0, 2.0], [1.5, 2.5], [2.0, 2.0])
    cards = [
        made_up_card("from scratch", 0.1, seed, [0.1, 0.2, 0.3, 1.0], flow=flow)
        for seed in range(2)
    ]
    for card in cards:
        write_card(card, card_path(tmp_path / "new", "labels", card.arm, card.seed))
    assert read_cards(tmp_path / "new", "labels") == cards
    files = sorted((tmp_path / "new/labels").iterdir())
    assert [file.name for file in files] == [f"from scratch-0.1-seed{n}.json" for n in range(2)]
    assert len(files[0].read_text().splitlines()) < 30


@pytest.mark.parametrize(
    ("content", "named"),
    [
        ("{", "no JSON"),
        ("[]", "layout"),
        ('{"schema": 99}', "layout 99"),
        ('{"schema": 1}', "study is missing"),
    ],
)
def test_what_is_no_card_is_named(content, named, tmp_path):
    file = card_path(tmp_path, "labels", "arm", 0)
    file.parent.mkdir()
    file.write_text(content)
    with pytest.raises(UserError, match=named) as error:
        read_cards(tmp_path, "labels")
    assert str(file) in str(error.value)


def test_no_cards_are_told(tmp_path):
    with pytest.raises(UserError, match="slvp study run labels"):
        read_cards(tmp_path, "labels")


def test_a_value_of_another_kind_is_named(tmp_path):
    file = card_path(tmp_path, "labels", "arm", 0)
    write_card(made_up_card("from scratch", 0.1, 0, [0.1] * 4), file)
    values = json.loads(file.read_text())
    values["masks"][0]["j"][2] = "good"
    file.write_text(json.dumps(values))
    with pytest.raises(UserError, match=r"masks\[0\]\.j\[2\] is not a number"):
        read_cards(tmp_path, "labels")
