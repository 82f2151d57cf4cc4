import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import replace
from importlib import resources
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from slvp.errors import UserError
from slvp.evaluation.card import ResultCard, read_card, write_card
from slvp.evaluation.protocols import DETECTION, PER_EXPRESSION, REF_DAVIS17_FIXED, Protocol

MakesCard = Callable[..., ResultCard]
PROTOCOLS = [REF_DAVIS17_FIXED, PER_EXPRESSION, DETECTION]


def written(card: ResultCard, folder: Path) -> Any:
    write_card(card, folder / "result.json")
    return json.loads((folder / "result.json").read_text("ascii"))


@pytest.fixture(scope="module")
def schema() -> jsonschema.Draft202012Validator:
    found = json.loads((resources.files("slvp.evaluation") / "result.schema.json").read_text())
    jsonschema.Draft202012Validator.check_schema(found)
    return jsonschema.Draft202012Validator(found)


def test_scripts_find_the_numbers_flat(card_of: MakesCard, tmp_path: Path) -> None:
    read = written(card_of(), tmp_path)
    assert read["schema"] == 1
    assert read["summary"]["jf"] == pytest.approx(0.625)
    dog = read["sequences"][1]
    assert (dog["name"], dog["j"], dog["f"], dog["jf"]) == ("dog", 0.84375, 0.71875, 0.78125)
    first = read["annotation_sets"][0]
    assert (first["name"], first["j"], first["jf"]) == ("annot1", 0.625, 0.53125)
    assert first["sequences"][1]["jf"] == 0.6875
    assert read["protocol"]["name"] == "fixed"
    assert read["expressions"][7] == {
        "sequence": "dog",
        "expression_id": "0",
        "annotation_set": "annot2_full_video",
        "text": "une chose appelée dog",
        "object_ids": [1],
        "j": 1.0,
        "f": 0.875,
        "jf": 0.9375,
        "j_recall": 1.0,
        "j_decay": 0.0,
        "f_recall": 1.0,
        "f_decay": 0.0,
        "frames": 2,
    }


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
def test_what_is_written_is_read(card_of: MakesCard, protocol: Protocol, tmp_path: Path) -> None:
    for card in (
        card_of(protocol),
        card_of(protocol, model=None, predictions="p.zip", config=None, parameters=None, seed=None),
    ):
        write_card(card, tmp_path / "result.json")
        assert read_card(tmp_path / "result.json") == card
        assert read_card(tmp_path) == card


@pytest.mark.parametrize("protocol", PROTOCOLS, ids=lambda one: one.name)
def test_cards_are_as_the_schema_says(
    card_of: MakesCard,
    protocol: Protocol,
    tmp_path: Path,
    schema: jsonschema.Draft202012Validator,
) -> None:
    schema.validate(written(card_of(protocol), tmp_path))
    scored = card_of(protocol, model=None, predictions="p", config=None, parameters=None, seed=None)
    schema.validate(written(scored, tmp_path))


def _both(card: dict[str, Any]) -> None:
    card["predictions"] = "p.zip"


BREAKS: dict[str, Callable[[dict[str, Any]], Any]] = {
    "a key is missing": lambda card: card.pop("seed"),
    "a key is too many": lambda card: card.update(colour="red"),
    "a score in percent": lambda card: card["summary"].update(j=62.5),
    "a score is missing": lambda card: card["summary"].pop("jf"),
    "a score as text": lambda card: card["expressions"][0].update(j="0.5"),
    "a sequence without name": lambda card: card["sequences"][0].pop("name"),
    "model and predictions": _both,
    "half a size": lambda card: card["parameters"].pop("total"),
}


@pytest.mark.parametrize("name", BREAKS)
def test_a_broken_card_is_not_as_the_schema_says(
    card_of: MakesCard, name: str, tmp_path: Path, schema: jsonschema.Draft202012Validator
) -> None:
    broken = written(card_of(), tmp_path)
    BREAKS[name](broken)
    with pytest.raises(jsonschema.ValidationError):
        schema.validate(broken)


def test_the_schema_describes_every_key(schema: jsonschema.Draft202012Validator) -> None:
    def undescribed(part: Any, name: str) -> list[str]:
        if not isinstance(part, dict):
            return []
        missing = [
            f"{name}.{key}"
            for key, inner in part.get("properties", {}).items()
            if "$ref" not in inner and "description" not in inner
        ]
        inner = {**part.get("properties", {}), **part.get("$defs", {}), "[]": part.get("items")}
        return missing + [
            one for key, value in inner.items() for one in undescribed(value, f"{name}.{key}")
        ]

    assert undescribed({**schema.schema, "oneOf": None}, "") == []
    assert all("description" in one for one in schema.schema["$defs"].values())


def test_a_card_that_cannot_be_written_leaves_nothing(card_of: MakesCard, tmp_path: Path) -> None:
    with pytest.raises(UserError, match=r"absent/result\.json"):
        write_card(card_of(), tmp_path / "absent" / "result.json")
    (tmp_path / "result.json").mkdir()
    with pytest.raises(UserError, match=r"result\.json"):
        write_card(card_of(), tmp_path / "result.json")
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def test_a_path_whose_bytes_are_no_characters(card_of: MakesCard, tmp_path: Path) -> None:
    write_card(replace(card_of(), model="caf\udce9"), tmp_path / "result.json")
    assert read_card(tmp_path / "result.json").model == "caf\udce9"


def test_an_older_card_is_replaced(card_of: MakesCard, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text("old")
    assert written(card_of(), tmp_path)["model"] == "default"
    assert [path.name for path in tmp_path.iterdir()] == ["result.json"]


def one_line(error: pytest.ExceptionInfo[UserError]) -> str:
    message = str(error.value)
    assert "\n" not in message
    assert "result.json" in message
    return message


def test_what_is_no_card_is_refused(card_of: MakesCard, tmp_path: Path) -> None:
    path = tmp_path / "result.json"
    with pytest.raises(UserError, match="can't be read") as error:
        read_card(path)
    one_line(error)
    write_card(card_of(), path)
    good = json.loads(path.read_text())
    path.write_text(path.read_text()[:-100])
    with pytest.raises(UserError, match="doesn't read as JSON") as error:
        read_card(path)
    one_line(error)
    path.write_bytes(b"\xff\xfe\xfd")
    with pytest.raises(UserError, match="doesn't read as JSON"):
        read_card(path)

    path.write_text(json.dumps({**good, "schema": 2}))
    with pytest.raises(UserError, match=r"layout 2.* reads layout 1") as error:
        read_card(path)
    one_line(error)


@pytest.mark.parametrize(
    ("change", "place"),
    [
        (lambda card: card.pop("summary"), "summary is missing"),
        (lambda card: card.update(colour="red"), "colour is unknown"),
        (lambda card: card["expressions"][3].update(j=None), r"expressions\[3\]\.j is not a num"),
        (lambda card: card["expressions"][3].update(frames=1.5), r"\.frames is not a whole num"),
        (lambda card: card["sequences"][1].update(jf="a"), r"sequences\[1\]\.jf is not a number"),
        (lambda card: card["sequences"][1].update(name=7), r"sequences\[1\]\.name is not a text"),
        (lambda card: card.update(sequences={}), "sequences is not a list"),
        (lambda card: card.update(protocol="fixed"), "protocol is not an object"),
        (lambda card: card.update(config=[]), "config is not an object"),
        (lambda card: card.clear(), "schema is missing"),
    ],
)
def test_the_complaint_names_the_place(
    card_of: MakesCard, tmp_path: Path, change: Callable[[Any], Any], place: str
) -> None:
    found = deepcopy(written(card_of(), tmp_path))
    change(found)
    (tmp_path / "result.json").write_text(json.dumps(found))
    with pytest.raises(UserError, match=place) as error:
        read_card(tmp_path / "result.json")
    one_line(error)


@pytest.mark.parametrize("found", [[], 3, None, "text"])
def test_json_of_another_kind(found: Any, tmp_path: Path) -> None:
    (tmp_path / "result.json").write_text(json.dumps(found))
    with pytest.raises(UserError, match="the whole is not an object") as error:
        read_card(tmp_path / "result.json")
    one_line(error)
