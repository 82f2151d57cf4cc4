from xml.etree import ElementTree

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from markupsafe import Markup

from slvp.evaluation.report import charts
from slvp.evaluation.report.analysis import Bin, Moment
from slvp.evaluation.report.charts import Series


def parsed(svg: Markup) -> ElementTree.Element:
    return ElementTree.fromstring(svg)


def bars(svg: Markup) -> list[ElementTree.Element]:
    return [one for one in parsed(svg).iter("rect") if "bar" in one.attrib["class"].split()]


def texts(svg: Markup) -> list[str]:
    return [one.text or "" for one in parsed(svg).iter("text")]


def histogram(counts: list[int], mean: float = 0.5) -> Markup:
    return charts.histogram_chart(
        np.array(counts), mean, colour="j", x_label="J", y_label="expressions"
    )


def test_bars_of_a_histogram_are_as_high_as_the_counts() -> None:
    svg = histogram([1, 0, 4, 2], mean=0.2)
    heights = [float(one.attrib["height"]) for one in bars(svg)]
    assert heights == pytest.approx([heights[0], 4 * heights[0], 2 * heights[0]], rel=0.01)
    lefts = [float(one.attrib["x"]) for one in bars(svg)]
    assert lefts[2] - lefts[1] == pytest.approx((lefts[1] - lefts[0]) / 2, abs=0.2)
    assert "mean 20.0" in texts(svg)
    assert [one.findtext("title") for one in bars(svg)] == [
        "0 to 25: 1",
        "50 to 75: 4",
        "75 to 100: 2",
    ]


@given(counts=st.lists(st.integers(0, 10**6), min_size=1, max_size=25), mean=st.floats(0, 1))
@settings(max_examples=50)
def test_a_histogram_stays_within_its_frame(counts: list[int], mean: float) -> None:
    svg = histogram(counts, mean)
    for bar in bars(svg):
        top, height = float(bar.attrib["y"]), float(bar.attrib["height"])
        assert top >= charts.TOP - 0.1
        assert top + height == pytest.approx(charts.BOTTOM_EDGE, abs=0.2)
    ticks = [int(text) for text in texts(svg)[:12] if text.isdigit()]
    assert max(ticks) >= max(counts)


@given(most=st.integers(0, 10**7))
def test_ticks_of_counts_are_round_and_few(most: int) -> None:
    ticks = [value for value, _ in charts._count_ticks(most)]
    assert 2 <= len(ticks) <= 6
    assert ticks[-2] < max(most, 1) <= ticks[-1]
    assert ticks == [rank * ticks[1] for rank in range(len(ticks))]
    assert str(ticks[1]).rstrip("0") in ("1", "2", "5")


def test_a_curve_goes_through_its_moments_inside_its_band() -> None:
    moments = [
        Moment("start", 3, mean=1.0, low=0.5, high=1.0, position=0.0),
        Moment("end", 2, mean=0.0, low=0.0, high=0.5, position=1.0),
    ]
    svg = charts.curve_chart([Series("J", "j", moments)], x_label="time", y_label="score")
    (line,) = parsed(svg).iter("polyline")
    (band,) = parsed(svg).iter("polygon")
    left, right, top = charts.LEFT, charts.RIGHT_EDGE, charts.TOP
    bottom, middle = charts.BOTTOM_EDGE, (charts.TOP + charts.BOTTOM_EDGE) / 2

    def points(element: ElementTree.Element) -> list[tuple[float, ...]]:
        return [tuple(map(float, one.split(","))) for one in element.attrib["points"].split()]

    assert points(line) == [(left, top), (right, bottom)]
    assert points(band) == [(left, top), (right, middle), (right, bottom), (left, middle)]
    assert {"J", "time", "score"} <= set(texts(svg))
    told = [one.findtext("title") for one in parsed(svg).iter("circle")]
    assert told[0] == "J, start: mean 100.0, quartiles 50.0 and 100.0, n = 3"


def test_bars_of_groups_say_how_many_cases_they_stand_for() -> None:
    bins = [Bin("1-2", 7, 0.5, 0.25, 0.75), Bin("3+", 12, 1.0, 1.0, 1.0)]
    svg = charts.bar_chart(bins, colour="j", x_label="words", y_label="J")
    heights = [float(one.attrib["height"]) for one in bars(svg)]
    assert heights == pytest.approx([heights[1] / 2, charts.BOTTOM_EDGE - charts.TOP], abs=0.1)
    assert {"1-2", "7", "3+", "12", "n", "words", "J"} <= set(texts(svg))
    whiskers = [one for one in parsed(svg).iter("path") if one.attrib["class"] == "whisker"]
    assert len(whiskers) == 2

    plain = charts.bar_chart(bins, colour="j", x_label="words", y_label="J", counts=False)
    assert {"50.0", "100.0"} <= set(texts(plain))
    assert not {"7", "12", "n"} & set(texts(plain))


def test_labels_are_escaped() -> None:
    bins = [Bin('<b>"&', 1, 0.5, 0.5, 0.5)]
    svg = charts.bar_chart(bins, colour="j", x_label="<x>", y_label="a & b")
    assert {'<b>"&', "<x>", "a & b"} <= set(texts(svg))
    assert parsed(svg).attrib["aria-label"] == "a & b by <x>"
