"""What `fer-edge experiments` prints: a row a choice."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.table import Table
from rich.text import Text

from fer_edge.evaluation.metrics import Interval
from fer_edge.experiments.gains import Gain, Row
from fer_edge.output import console
from fer_edge.output.comparison_table import COLOURS
from fer_edge.text import printable

WIDTH = 80
"""Columns, also where there is room for more: long lines of figures are hard to read."""


def print_rows(rows: Sequence[Row]) -> None:
    """Print accuracy and gain of each choice, within 80 columns."""
    table = Table(box=box.SIMPLE_HEAD)
    table.add_column("choice", overflow="fold")
    for title in ("accuracy", "gain,\npoints", "95 %, paired\nseeds", "macro-\nF1", "weights", "min."):
        table.add_column(title, justify="right", no_wrap=True)
    for row in rows:
        table.add_row(
            printable(row.choice),
            f"{row.accuracy:.2%}",
            *(_gain(row.gain) if row.gain else ("", "")),
            f"{row.macro_f1:.3f}",
            f"{row.parameters:,}",
            f"{row.minutes:.1f}",
        )
    width = min(WIDTH, console.out().width)
    console.out().print(table, width=width)
    console.out().print(_footnote(max(rows, key=lambda row: len(row.seeds))), width=width)


def _gain(gain: Gain) -> tuple[Text, Text]:
    colour = COLOURS[gain.verdict]
    value = Text(f"{100 * gain.value:+.2f}\n{gain.verdict}", colour)
    interval = gain.interval.text("+.2f", times=100)
    if len(gain.by_seed) == 1:
        return value, Text(interval)
    seeds = Interval(min(gain.by_seed.values()), max(gain.by_seed.values())).text("+.2f", times=100)
    return value, Text.assemble(f"{interval}\n", (seeds, "dim"))


def _footnote(row: Row) -> str:
    if len(row.seeds) == 1:
        return f"{row.images:,} held-out images, one seed: the intervals know nothing of luck in training."
    return (
        f"{row.images:,} answers about held-out images, {len(row.seeds)} seeds. Better or worse: the interval excludes "
        "0 and every seed agrees."
    )
