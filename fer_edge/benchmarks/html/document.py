"""What every page shares: one self-contained HTML file, no script, no font, no picture from elsewhere."""

from __future__ import annotations

from importlib import resources

from fer_edge.benchmarks.html.tags import Element, render, tag


def document(title: str, content: list[Element]) -> str:
    """Return the text of a whole page."""
    style = resources.files("fer_edge.benchmarks.html").joinpath("style.css").read_text("utf-8")
    head = tag(
        "head",
        tag("meta", charset="utf-8"),
        tag("meta", name="viewport", content="width=device-width, initial-scale=1"),
        tag("title", title),
        tag("style", style),
    )
    return "<!doctype html>\n" + render(tag("html", head, tag("body", tag("main", *content)), lang="en")) + "\n"
