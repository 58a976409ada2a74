"""What `fer-edge compare` prints: a block per variant, a row per figure that both benches measured."""

from __future__ import annotations

from rich import box
from rich.table import Table
from rich.text import Text

from fer_edge.benchmarks.compare import UNITS, Change, Comparison
from fer_edge.output import console
from fer_edge.text import printable

COLOURS = {"better": "green", "worse": "red", "same": "dim", "unclear": "yellow"}


def print_changes(comparison: Comparison) -> None:
    """Print every change with its verdict, one variant after the other, within 80 columns."""
    for model in dict.fromkeys(change.model for change in comparison.changes):
        table = Table(
            "figure", "before", "after", "worse by (95 %)", "verdict", title=printable(model), box=box.SIMPLE_HEAD
        )
        table.title_justify = "left"
        for column in table.columns[1:4]:
            column.justify = "right"
        for change in comparison.changes:
            if change.model == model:
                table.add_row(*_cells(change))
        console.out().print(table)


def _cells(change: Change) -> list[str | Text]:
    digits = 2 if change.kind == "accuracy" or change.before >= 10 else 4
    interval = "exact" if change.interval is None else change.interval.text("+.2f")
    return [
        printable(change.figure),
        f"{change.before:.{digits}f}",
        f"{change.after:.{digits}f}",
        Text.assemble(f"{change.worsening:+.2f} {UNITS[change.kind]}\n", (interval, "dim")),
        Text(change.verdict, COLOURS[change.verdict]),
    ]
