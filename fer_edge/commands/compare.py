"""`fer-edge compare`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

from rich.table import Table

from fer_edge import console
from fer_edge.benchmarks.compare import UNITS, Change, Comparison, compare_reports, exceeded, parse_thresholds
from fer_edge.benchmarks.report_file import read_report

COLOURS = {"better": "green", "worse": "red", "same": "dim"}


def compare(before: Path, after: Path, *, fail_on: list[str], as_json: bool) -> bool:
    """Print what changed between two bench reports; return whether every threshold was kept."""
    thresholds = parse_thresholds(fail_on)
    comparison = compare_reports(read_report(before), read_report(after))
    failures = exceeded(comparison, thresholds)
    if as_json:
        console.print_json(
            {
                "changes": [{**asdict(change), "verdict": change.verdict} for change in comparison.changes],
                "notes": comparison.notes,
                "failed": [asdict(change) for change in failures],
            }
        )
    else:
        _print_changes(comparison)
    for note in comparison.notes:
        console.print_warning(f"{note}.")
    for change in failures:
        console.print_error(
            f"{change.model}, {change.figure}: worse by {change.worsening:.2f} {UNITS[change.kind]}, "
            f"more than the {thresholds[change.kind]:g} that --fail-on allows."
        )
    return not failures


def _print_changes(comparison: Comparison) -> None:
    table = Table("variant", "figure", "before", "after", "worse by", "95 % interval", "verdict")
    for column in table.columns[2:6]:
        column.justify = "right"
    for change in comparison.changes:
        table.add_row(*_cells(change))
    console.OUT.print(table)


def _cells(change: Change) -> list[str]:
    digits = 2 if change.kind == "accuracy" or change.before >= 10 else 4
    interval = "exact" if change.interval is None else f"{change.interval.low:+.2f} to {change.interval.high:+.2f}"
    return [
        change.model,
        change.figure,
        f"{change.before:.{digits}f}",
        f"{change.after:.{digits}f}",
        f"{change.worsening:+.2f} {UNITS[change.kind]}",
        interval,
        f"[{COLOURS[change.verdict]}]{change.verdict}[/]",
    ]
