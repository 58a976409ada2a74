"""The HTML page: whole, self-contained, safe, and true to the figures."""

import dataclasses
import re
from html.parser import HTMLParser

import pytest
from reports import make_report, replace_models, without_labels

from fer_edge.benchmarks.html.axes import Axis, short
from fer_edge.benchmarks.html.drawings import Point, find_front
from fer_edge.benchmarks.html.page import render_page
from fer_edge.evaluation.metrics import Interval

VOID = {"meta", "br", "line"}


class Reader(HTMLParser):
    """Checks that elements close in order, and collects names, attributes and text."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.tags: list[str] = []
        self.attributes: list[tuple[str, str | None]] = []
        self.text = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes += attrs
        if tag != "meta":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def read(html: str) -> Reader:
    reader = Reader()
    reader.feed(html)
    assert reader.open == []
    return reader


def test_page_holds_every_section_and_figure() -> None:
    page = read(render_page([("bench", make_report())]))
    for part in (
        *("Which variant?", "Accuracy and latency", "Latency", "What each class loses", "Confusion", "Throughput"),
        *("Cost", "Device", "tiny:int8", "85.71", "synthetic, 280 images", "Fast CPU", "2026-01-02"),
        *("a long tail; repeat.", "On the front (dashed)"),
    ):
        assert part in page.text, part
    assert page.tags.count("svg") > 7
    assert "scaling" not in page.text  # an absent fact is absent


def test_page_is_self_contained() -> None:
    html = render_page([("bench", make_report())])
    page = read(html)
    assert not {"script", "link", "img", "iframe"} & set(page.tags)
    assert not [value for name, value in page.attributes if name in {"src", "href", "xlink:href"}]
    assert not re.search(r"url\(|@import|https?://", html)
    assert "prefers-color-scheme: dark" in html
    assert ("name", "viewport") in page.attributes


def test_hostile_names_are_text() -> None:
    evil = "<script>alert(1)</script>\"'&"
    report = dataclasses.replace(make_report(), host={"board": evil, "os": evil, "versions": {evil: evil}})
    report = replace_models(report, lambda model: dataclasses.replace(model, id=model.id + evil, baseline=None))
    page = read(render_page([(evil, report)]))
    assert "script" not in page.tags
    assert evil in page.text


def test_several_devices_side_by_side() -> None:
    reports = [("a", make_report()), ("b", make_report(board="Raspberry Pi 5")), ("c", make_report())]
    page = read(render_page(reports))
    for name in ("Fast CPU (a)", "Raspberry Pi 5", "Fast CPU (c)"):
        assert f"tiny:int8, {name}" in page.text
    assert page.text.count("Confusion matrix") == 0  # it is a label, not text
    labels = [value for name, value in page.attributes if name == "aria-label"]
    assert sum(str(label).startswith("Confusion matrix") for label in labels) == 2, "equal answers are drawn once"
    assert len(read(render_page([("x", make_report())] * 3)).text) > 0


@pytest.mark.parametrize("lacking", ["labels", "images", "scene", "everything else"])
def test_what_was_not_measured_is_said_not_drawn(lacking: str) -> None:
    report = without_labels(make_report())
    if lacking == "images":
        report = dataclasses.replace(report, images=None)
        report = replace_models(report, lambda model: dataclasses.replace(model, answers=None, agreement=None))
    if lacking == "scene":
        report = dataclasses.replace(report, scene=None)
        report = replace_models(report, lambda model: dataclasses.replace(model, latency=model.latency[:2]))
    if lacking == "everything else":
        report = dataclasses.replace(report, host={}, course={}, ratios=[], matrix_products=[], warnings=[])
        report = replace_models(report, lambda m: dataclasses.replace(m, latency=[], throughput=[], peak_share=None))
    page = read(render_page([("bench", report)]))
    assert "Not drawn: no variant was measured on labelled images." in page.text
    assert "not measured" in page.text
    assert "Confusion" not in page.text


def test_front() -> None:
    def point(latency: float, accuracy: float) -> Point:
        return Point("", "", 0, 0, latency, accuracy, Interval(0, 1))

    fast, slow, better, beaten = point(1, 60), point(3, 60), point(5, 70), point(6, 69)
    assert find_front([beaten, better, slow, fast]) == [fast, better]


@pytest.mark.parametrize("span", [(0.037, 0.12), (1, 1.02), (0.001, 5000), (64.2, 69.9), (0.5, 30)])
@pytest.mark.parametrize("log", [False, True])
def test_axes_have_a_few_ticks_inside(span: tuple[float, float], log: bool) -> None:
    axis = Axis(*span, 40, 400, log=log)
    ticks = axis.ticks()
    assert 2 <= len(ticks) <= 9
    assert all(span[0] - 1e-9 <= tick <= span[1] + 1e-9 for tick in ticks)
    assert (axis.place(span[0]), axis.place(span[1])) == (40, pytest.approx(400))
    assert axis.place(10 * span[1]) == pytest.approx(400)


def test_short_figures() -> None:
    assert [short(value) for value in (0.03712, 0.5, 12.345, 1234.5, 0, 20)] == [
        "0.0371",
        "0.5",
        "12.3",
        "1,234",
        "0",
        "20",
    ]
