import subprocess
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import pytest

import slvp
from slvp.evaluation.card import ResultCard
from slvp.evaluation.protocols import DETECTION, REF_DAVIS17_FIXED

MakesCard = Callable[..., ResultCard]


def test_numbers_are_those_of_the_protocol(card_of: MakesCard) -> None:
    card = card_of()
    assert card.protocol.name == REF_DAVIS17_FIXED.name
    assert card.protocol.source == REF_DAVIS17_FIXED.source
    assert card.summary["jf"] == pytest.approx(0.625)
    assert [one.name for one in card.sequences] == ["paragliding-launch", "dog"]
    dog = card.sequences[1].metrics
    assert (dog["j"], dog["f"], dog["jf"]) == (0.84375, 0.71875, 0.78125)
    first = card.annotation_sets[0]
    assert (first.name, first.metrics["jf"]) == ("annot1", 0.53125)
    assert first.sequences[1].metrics["jf"] == 0.6875


def test_an_expression_has_its_own_numbers(card_of: MakesCard) -> None:
    last = card_of().expressions[-1]
    assert last.key == ("dog", "annot2_full_video", "0", (1,))
    assert (last.j, last.f, last.jf, last.frames) == (1.0, 0.875, 0.9375, 2)
    assert (last.j_recall, last.j_decay, last.f_recall, last.f_decay) == (1.0, 0.0, 1.0, 0.0)
    assert last.score == last.jf


def test_where_there_is_no_f_it_is_left_open(card_of: MakesCard) -> None:
    card = card_of(DETECTION)
    first = card.expressions[0]
    assert (first.j, first.j_recall, first.j_decay) == (0.625, 0.5, 0.25)
    assert (first.f, first.jf, first.f_recall, first.f_decay) == (None, None, None, None)
    assert first.score == first.j
    assert card.summary["mean_iou"] == 0.5


def test_how_it_came_about(card_of: MakesCard) -> None:
    card = card_of(processes=2)
    assert (card.frames, card.seconds, card.frames_per_second) == (140, 70.0, 2.0)
    assert (card.scored, card.predictions, card.processes) == ("default", None, 2)
    assert card.config is not None
    assert card.config["window"] == 8
    assert card.parameters is not None
    assert (card.parameters.total, card.parameters.trained) == (3000, 1000)
    assert card.slvp_version == slvp.__version__
    assert card.hardware
    age = datetime.now(UTC) - datetime.fromisoformat(card.created)
    assert 0 <= age.total_seconds() < 600


def test_scored_predictions_have_no_speed(card_of: MakesCard) -> None:
    card = card_of(model=None, predictions="/masks.zip", config=None, parameters=None, seed=None)
    assert card.scored == "/masks.zip"
    assert card.frames_per_second is None


def test_commit_is_that_of_a_checkout_and_of_nothing_else(
    card_of: MakesCard, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    package = tmp_path / "slvp" / "__init__.py"
    package.parent.mkdir()
    package.touch()
    monkeypatch.setattr(slvp, "__file__", str(package))

    def git(*arguments: str) -> str:
        identity = ["-c", "user.name=a", "-c", "user.email=a@example.org"]
        run = subprocess.run(
            ["git", "-C", str(tmp_path), *identity, *arguments],
            capture_output=True,
            text=True,
            check=True,
        )
        return run.stdout.strip()

    assert card_of().commit is None
    git("init", "-q")
    git("commit", "-q", "--allow-empty", "-m", "somebody's own")
    assert card_of().commit is None
    git("add", "slvp")
    git("commit", "-q", "-m", "the package")
    assert card_of().commit == git("rev-parse", "HEAD")
    package.write_text("changed = True\n")
    assert card_of().commit == git("rev-parse", "HEAD") + "-dirty"
