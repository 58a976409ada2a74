"""The whole page: what one reads first, then the charts, then the evidence."""

from __future__ import annotations

from fer_edge.benchmarks.html import sections
from fer_edge.benchmarks.html.document import document
from fer_edge.benchmarks.html.subjects import make_page
from fer_edge.benchmarks.html.tags import Element
from fer_edge.benchmarks.results import BenchReport


def render_page(reports: list[tuple[str, BenchReport]]) -> str:
    """Return one self-contained HTML page: no script, no font, no picture from elsewhere.

    Args:
        reports: each with a short name that tells equal devices apart.
    """
    page = make_page(reports)
    content: list[Element] = [
        *sections.opening(page),
        *sections.summary(page),
        *sections.pareto(page),
        *sections.distributions(page),
        *sections.class_drops(page),
        *sections.confusions(page),
        *sections.throughput(page),
        *sections.costs(page),
        *sections.devices(page),
        *sections.methods(page),
    ]
    return document("fer-edge bench", content)
