"""`fer-edge compare`."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import click
from click.exceptions import Exit

from fer_edge.cli.options import FILE, examples, json_option
from fer_edge.output import console


@click.command(epilog=examples("fer-edge compare before.json after.json --fail-on accuracy=0.5"))
@click.argument("before", type=FILE)
@click.argument("after", type=FILE)
@click.option(
    "--fail-on",
    multiple=True,
    metavar="KIND=LIMIT",
    help="Exit code 2 if anything is significantly worse by more: accuracy=0.5 (points), latency=5, start=10, "
    "memory=10, size=10 (per cent); repeatable.",
)
@click.option(
    "--relevant",
    multiple=True,
    metavar="KIND=SIZE",
    help="The smallest difference that matters; within it figures are the same. Default: accuracy=1, latency=5, "
    "start=10, memory=5; repeatable.",
)
@json_option
def command(before: Path, after: Path, fail_on: tuple[str, ...], relevant: tuple[str, ...], as_json: bool) -> None:
    """Show what got better or worse between two benches.

    BEFORE and AFTER are files from 'fer-edge bench --json'. A figure is better or worse if the change is
    significant, the same if its 95 % interval lies within the smallest difference that matters, and else unclear.
    """
    from fer_edge.benchmarks.compare import UNITS, compare_reports, exceeded, parse_thresholds
    from fer_edge.benchmarks.report_file import read_report
    from fer_edge.output.comparison_table import print_changes

    thresholds = parse_thresholds(list(fail_on))
    smallest = parse_thresholds(list(relevant))
    comparison = compare_reports(read_report(before), read_report(after), relevant=smallest)
    failures = exceeded(comparison, thresholds)
    if as_json:
        console.print_json(
            {
                "changes": [{**asdict(change), "verdict": change.verdict} for change in comparison.changes],
                "notes": comparison.notes,
                "failed": [asdict(change) for change in failures],
                "passed": not failures,
            }
        )
    else:
        print_changes(comparison)
    for note in comparison.notes:
        console.print_warning(f"{note}.")
    for change in failures:
        console.print_error(
            f"{change.model}, {change.figure}: worse by {change.worsening:.2f} {UNITS[change.kind]}, "
            f"more than the {thresholds[change.kind]:g} that --fail-on allows."
        )
    if failures:
        raise Exit(2)
    if thresholds:
        limits = ", ".join(f"{kind} {limit:g} {UNITS[kind]}" for kind, limit in thresholds.items())
        console.print_note(f"Gate passed: nothing is significantly worse by more than {limits}.")
