"""HTML and SVG elements; the standard library's tree escapes whatever a report holds."""

from __future__ import annotations

from xml.etree import ElementTree as ET

Element = ET.Element
Child = Element | str


def tag(name: str, /, *children: Child, **attributes: object) -> Element:
    """Return an element.

    Args:
        name: such as "p" or "svg".
        children: elements and texts, in order.
        attributes: `class_` stands for class, `stroke_width` for stroke-width; numbers are shortened.
    """
    element = ET.Element(name, {key.rstrip("_").replace("_", "-"): _text(value) for key, value in attributes.items()})
    for child in children:
        if isinstance(child, Element):
            element.append(child)
        elif len(element):
            element[-1].tail = (element[-1].tail or "") + child
        else:
            element.text = (element.text or "") + child
    return element


def render(element: Element) -> str:
    """Return the HTML text."""
    return ET.tostring(element, encoding="unicode", method="html")


def table(header: list[Child], rows: list[list[Child]]) -> Element:
    """Return a table that scrolls by itself where the page is narrow."""
    head = tag("thead", tag("tr", *(tag("th", cell, scope="col") for cell in header)))
    body = tag(
        "tbody", *(tag("tr", tag("th", row[0], scope="row"), *(tag("td", cell) for cell in row[1:])) for row in rows)
    )
    return tag("div", tag("table", head, body), class_="scroll", tabindex=0)


def _text(value: object) -> str:
    return f"{value:.2f}".rstrip("0").rstrip(".") if isinstance(value, float) else str(value)
