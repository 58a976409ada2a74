"""What strangers name reaches the terminal without its control characters, and as no markup."""

from __future__ import annotations

import numpy as np
import pytest
from rich.table import Table

from fer_edge.files import write_text
from fer_edge.output import console
from fer_edge.output.face_table import FaceRows
from fer_edge.output.safe_console import styled
from fer_edge.runtime.annotate import Label, draw_labels
from fer_edge.text import printable, printable_lines
from fer_edge.types import LABELS, Box, FaceEmotion, Prediction

HOSTILE = [
    "\x1b[2J",
    "a\nb",
    "a\rb",
    "\x9b31m",
    "\x07",
    "half \ud800",
    "\u202egnp",
    "\x7f",
    "\x00",
    "\x1b]8;;http://a\x07",
]
MARKUP = ["[/red]", "[link=http://a]b[/link]", "[bold]", "[/]", ":smile:"]


@pytest.mark.parametrize("text", HOSTILE)
def test_nothing_that_steers_is_left(text: str) -> None:
    assert printable(text).isprintable()
    assert len(printable(text)) == len(text)


def test_ordinary_text_and_line_breaks_stay() -> None:
    assert printable("日本 é photo.jpg") == "日本 é photo.jpg"
    assert printable_lines("a\n\x1bb") == "a\n?b"


@pytest.mark.parametrize("text", HOSTILE + MARKUP)
@pytest.mark.parametrize("say", [console.print_error, console.print_warning, console.print_note, console.print_line])
def test_messages_stay_on_their_line(text: str, say, capsys: pytest.CaptureFixture[str]) -> None:
    console.err.cache_clear()
    say(f"before {text} after")
    streams = capsys.readouterr()
    printed = (streams.out + streams.err).removesuffix("\n")
    assert printed.isprintable()
    assert f"before {printable(text)} after" in printed


@pytest.mark.parametrize("text", HOSTILE + MARKUP)
def test_tables_show_what_is_there(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    console.out.cache_clear()
    table = Table(text, title=text)
    table.add_row(text)
    table.add_row(styled((text, "red")))
    console.out().print(table)
    console.out().print(text)
    printed = capsys.readouterr().out
    assert all(line.isprintable() for line in printed.split("\n"))
    assert printed.count(printable_lines(text).split("\n")[0]) >= 4


@pytest.mark.parametrize("text", HOSTILE + MARKUP)
def test_labels_of_a_stranger_are_drawn_and_listed(text: str, capsys: pytest.CaptureFixture[str]) -> None:
    draw_labels(np.zeros((100, 100), np.uint8), [Label(Box(10, 40, 40, 40), text, text)])  # crashed on half a character
    rows = FaceRows([text])
    probabilities = np.full(7, 1 / 7, np.float32)
    rows.print(text, [FaceEmotion(Box(1, 1, 9, 9), Prediction(text, 0.5, probabilities, LABELS))])
    assert all(line.isprintable() for line in capsys.readouterr().out.split("\n"))


def test_half_characters_are_written_as_escapes(tmp_path) -> None:
    write_text(tmp_path / "faces.csv", "photo\udcff.jpg")
    assert (tmp_path / "faces.csv").read_text(encoding="utf-8") == "photo\\udcff.jpg"


def test_nothing_moves_where_nobody_sees_it(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Notebooks and CI set FORCE_COLOR for colours, and rich takes that for a terminal."""
    monkeypatch.setenv("FORCE_COLOR", "1")
    console.err.cache_clear()
    with console.progress_bar("reading") as update:
        update(1, 2)
    assert capsys.readouterr().err == ""
    console.err.cache_clear()
