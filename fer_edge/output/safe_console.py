"""The console of rich, as it prints text of strangers. Loading rich takes a tenth of a second: import this late."""

from __future__ import annotations

from typing import Any

from rich.console import Console
from rich.text import Text

from fer_edge.text import printable_lines


class SafeConsole(Console):
    """Prints every text as it stands, in tables too: no markup, no emoji codes, nothing that steers the terminal.

    What is to be coloured is a `Text`; the line breaks of a table's cell are our own, so they stay.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(markup=False, emoji=False, highlight=False, **options)

    def render_str(self, text: str, **options: Any) -> Text:
        """Return a text to print; rich asks this for every str, wherever it stands."""
        return super().render_str(printable_lines(text), **{**options, "markup": False, "emoji": False})


def styled(*parts: str | tuple[str, str]) -> Text:
    """Return a text of which some parts, pairs of text and style, are coloured."""
    safe = [printable_lines(part) if isinstance(part, str) else (printable_lines(part[0]), part[1]) for part in parts]
    return Text.assemble(*safe)
