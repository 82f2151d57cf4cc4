import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from slvp.data.benchmarks.masks import IdMap
from slvp.data.benchmarks.records import BenchmarkExpression
from slvp.data.rle import encode_rle
from slvp.errors import UserError
from slvp.evaluation.card import ResultCard, make_card
from slvp.evaluation.protocols import DETECTION, PER_EXPRESSION, REF_DAVIS17_FIXED, Protocol
from slvp.evaluation.report import write_report
from slvp.evaluation.scores import Example, ExpressionScore
from slvp.types import UInt8Array

MakesScore = Callable[..., ExpressionScore]
Evaluated = tuple[ResultCard, list[ExpressionScore], list[BenchmarkExpression]]

VOID_TAGS = {"meta", "img", "input", "link", "br"}


class Page(HTMLParser):
    """Checks that tags close in order, and keeps what the tests ask for."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html = html
        self.open: list[str] = []
        self.attributes: list[tuple[str, str, str]] = []
        self.headings: list[str] = []
        self.rows: list[list[str]] = []
        self.feed(html)
        self.close()
        assert self.open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]
        if tag not in VOID_TAGS:
            self.open.append(tag)
        if tag == "tr":
            self.rows.append([])
        if tag in ("td", "th"):
            self.rows[-1].append("")

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.attributes += [(tag, name, value or "") for name, value in attrs]

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if {"td", "th"} & set(self.open):
            self.rows[-1][-1] += data
        if self.open and self.open[-1] in ("h1", "h2", "h3", "h4"):
            self.headings.append(data)

    def values(self, tag: str, name: str) -> list[str]:
        return [one[2] for one in self.attributes if one[:2] == (tag, name)]


@dataclass(frozen=True)
class OneGrey:
    names: tuple[str, ...] = ("00000", "00001")

    def read(self, indices: Sequence[int]) -> Iterator[UInt8Array]:
        for t in indices:
            yield np.full((24, 32, 3), 100 + t, np.uint8)


@dataclass(frozen=True)
class OneObject:
    def read(self, t: int) -> IdMap:
        ids_HW = np.zeros((24, 32), np.uint8)
        ids_HW[4:20, 4:20] = 1
        return IdMap(ids_HW)


def example(frame: str) -> Example:
    return Example(frame, encode_rle(OneObject().read(0).ids_HW == 1))


def evaluated(
    score_of: MakesScore, protocol: Protocol = PER_EXPRESSION, count: int = 6, **changes: Any
) -> Evaluated:
    sets = ("annot1", "annot2") if protocol is REF_DAVIS17_FIXED else ("",)
    scores, expressions = [], []
    for i in range(count):
        for name in sets:
            j = [i / count, i / count]
            score = score_of(
                f"video-{i:04d}",
                j=j,
                f=None if protocol is DETECTION else j,
                annotation_set=name,
                text=f'the <b>dog</b> & the "cat" number {i}, on the {"far " * (i % 9)}left',
            )
            scores.append(replace(score, examples=(example("00000"), example("00001"))))
            expressions.append(
                BenchmarkExpression(
                    score.sequence, "0", score.text, (1,), name, OneGrey(), OneObject(), (0, 1)
                )
            )
    asked: dict[str, Any] = {
        "benchmark": "mevis",
        "split": "valid_u",
        "data": Path("/data/MeViS"),
        "model": "runs/a&b",
        "config": {"size": 256, "window": 8},
        "parameters": {"total": 12345, "trained": 678},
        "seed": 7,
        "seconds": 2.0,
        "frames": 100,
        "command": "slvp evaluate mevis --model 'runs/a&b'",
    }
    card = make_card(protocol.summarise(scores), scores, protocol, **{**asked, **changes})
    return card, scores, expressions


def written(found: Evaluated, folder: Path) -> Page:
    write_report(*found, folder / "report.html")
    return Page((folder / "report.html").read_text("utf-8"))


@pytest.mark.parametrize("protocol", [PER_EXPRESSION, REF_DAVIS17_FIXED, DETECTION])
def test_nothing_is_asked_of_the_network(
    score_of: MakesScore, protocol: Protocol, tmp_path: Path
) -> None:
    page = written(evaluated(score_of, protocol), tmp_path)
    for tag, name, value in page.attributes:
        if name in ("src", "href", "srcset", "data", "action", "poster"):
            assert value.startswith("data:image/"), (tag, name)
    assert not re.search(r"url\(|@import|https?:|fetch\(|import\(|XMLHttp", page.html)
    assert "script" not in {tag for tag, name, _ in page.attributes if name == "src"}
    policy = next(value for value in page.values("meta", "content") if "default-src" in value)
    assert policy.startswith("default-src 'none'; img-src data:;")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_sentences_and_paths_are_text_not_html(score_of: MakesScore, tmp_path: Path) -> None:
    found = evaluated(score_of)
    page = written(found, tmp_path)
    assert "<b>dog</b>" not in page.html
    assert "runs/a&amp;b" in page.html
    assert found[1][0].text in page.headings
    cells = {cell for row in page.rows for cell in row}
    assert {one.text for one in found[1]} <= cells


def test_it_says_how_the_numbers_were_made(score_of: MakesScore, tmp_path: Path) -> None:
    html = written(evaluated(score_of, processes=2, device="cpu"), tmp_path).html
    for fact in (
        PER_EXPRESSION.source,
        "mevis, split valid_u, in /data/MeViS",
        "size 256, window 8",
        "12,345, of which 678 trained",
        "100 frames, 2.0 s in 2 processes, 50.0 frames per second and process",
        "slvp evaluate mevis --model &#39;runs/a&amp;b&#39;",
    ):
        assert fact in html


def test_scored_predictions(score_of: MakesScore, tmp_path: Path) -> None:
    changes = {"model": None, "config": None, "parameters": None, "seed": None}
    html = written(evaluated(score_of, predictions="/masks.zip", **changes), tmp_path).html
    assert "<dt>Predictions</dt><dd>/masks.zip</dd>" in html
    assert "frames per second" not in html
    assert "<dt>Seed</dt>" not in html


def test_tables_hold_every_number(score_of: MakesScore, tmp_path: Path) -> None:
    card, scores, expressions = evaluated(score_of, REF_DAVIS17_FIXED)
    page = written((card, scores, expressions), tmp_path)
    starts = [row[:4] for row in page.rows]
    assert ["set", "J", "F", "J&F"] in starts
    assert ["annot1", "41.7", "41.7", "41.7"] in starts
    assert ["sequence", "J", "F", "J&F"] in starts
    assert ["video-0003", "50.0", "50.0", "50.0"] in starts
    assert ["video-0003", "annot2", scores[7].text, "50.0", "50.0", "50.0", "2"] in page.rows


def test_every_case_has_its_pictures_and_no_two_are_alike(
    score_of: MakesScore, tmp_path: Path
) -> None:
    page = written(evaluated(score_of, count=30), tmp_path)
    assert [one for one in page.headings if one in ("Best", "Middling", "Worst")] == [
        *("Worst", "Middling", "Best")
    ]
    shown = [int(number) for number in re.findall(r"number (\d+)", " ".join(page.headings))]
    assert shown == [*range(6), *range(17, 11, -1), *range(29, 23, -1)]
    assert len(page.values("img", "src")) == 18 * 2 * 2
    assert all(value.startswith("data:image/webp;base64,") for value in page.values("img", "src"))
    assert "00001, J&nbsp;50.0" in page.html


def test_charts_of_an_outline_benchmark(score_of: MakesScore, tmp_path: Path) -> None:
    page = written(evaluated(score_of), tmp_path)
    assert page.values("svg", "aria-label") == [
        "Histogram of J",
        "Histogram of F",
        "mean score over position in the video in %",
        "frames in % over threshold",
        "mean J by share of the frame in %",
        "mean J by words",
    ]


def test_a_benchmark_without_f_shows_none(score_of: MakesScore, tmp_path: Path) -> None:
    page = written(evaluated(score_of, DETECTION), tmp_path)
    assert page.values("svg", "aria-label")[:2] == [
        "Histogram of J",
        "frames in % by IoU threshold",
    ]
    assert "Histogram of F" not in page.html
    assert "J&amp;F" not in page.html
    assert "mAP" in page.html
    assert ["sequence", "mean IoU"] in page.rows
    assert ["video-0003", "50.0"] in page.rows
    assert ["sequence", "sentence", "J", "frames"] in page.rows


def test_an_object_without_a_sentence_counts_but_has_no_picture(
    score_of: MakesScore, tmp_path: Path
) -> None:
    card, scores, expressions = evaluated(score_of, count=2)
    silent = replace(scores[0], expression_id="", text="", object_ids=(9,))
    found = [*scores, silent]
    summary = PER_EXPRESSION.summarise(found)
    card = make_card(
        summary,
        found,
        PER_EXPRESSION,
        benchmark="mevis",
        split="valid_u",
        data=Path("/d"),
        model="m",
        seconds=1.0,
        frames=1,
        command="",
    )
    page = written((card, found, expressions), tmp_path)
    assert len(page.values("img", "src")) == 2 * 2 * 2
    assert ["video-0000", "", "0.0", "0.0", "0.0", "2"] in page.rows


def test_a_large_benchmark_stays_small(score_of: MakesScore, tmp_path: Path) -> None:
    # Eighteen cases of three frames of real video take about 1.4 MB more.
    page = written(evaluated(score_of, count=2000), tmp_path)
    assert len(page.html.encode()) < 1.2e6
    assert len(page.rows) == 2 + 2 * 2000


def test_scores_stand_at_their_place_in_the_video(score_of: MakesScore, tmp_path: Path) -> None:
    card, scores, expressions = evaluated(score_of)
    long = OneGrey(tuple(f"{t:05d}" for t in range(101)))
    videos = [replace(one, frames=long) for one in expressions]
    sparse = [replace(one, frames=("00000", "00050"), examples=()) for one in scores]
    html = written((card, sparse, videos), tmp_path).html
    told = re.findall(r"<title>J, (\S+ to \S+ %): mean", html)
    assert told == ["0 to 5 %", "50 to 55 %"]


def test_an_older_report_stays_where_a_new_one_fails(score_of: MakesScore, tmp_path: Path) -> None:
    found = evaluated(score_of)
    with pytest.raises(UserError, match=r"absent/report\.html can't be written"):
        write_report(*found, tmp_path / "absent" / "report.html")
    (tmp_path / "report.html").mkdir()
    with pytest.raises(UserError, match=r"report\.html"):
        write_report(*found, tmp_path / "report.html")
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]


def test_a_path_whose_bytes_are_no_characters(score_of: MakesScore, tmp_path: Path) -> None:
    assert "caf?" in written(evaluated(score_of, model="caf\udce9"), tmp_path).html
