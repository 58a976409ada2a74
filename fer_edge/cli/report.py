"""`fer-edge report`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.options import FILE, examples, force_option
from fer_edge.files import require_free, write_text
from fer_edge.output import console

COMPARED = 8
"""Results that one page can show in full; more are a fleet."""


@click.command(
    epilog=examples("fer-edge report pi4.json pi5.json -o report.html", "fer-edge report fleet/*.json -o fleet.html")
)
@click.argument("results", nargs=-1, required=True, type=FILE)
@click.option("--out", "-o", type=FILE, metavar="FILE.html", default=Path("report.html"), help="The page to write.")
@click.option("--fleet", is_flag=True, help=f"Group devices and name outliers; done from {COMPARED + 1} results on.")
@force_option
def command(results: tuple[Path, ...], out: Path, fleet: bool, force: bool) -> None:
    """Draw bench results as one HTML page that needs no network.

    RESULTS are files from 'fer-edge bench --json', of one or more devices. Of many devices the page shows each
    model's times and versions, and those that are slow, throttled, out of date or answer otherwise.
    """
    require_free(out, force=force)
    page = _fleet_page(results) if fleet or len(results) > COMPARED else _page(results)
    write_text(out, page)
    console.print_line(f"Wrote {out}")


def _page(results: tuple[Path, ...]) -> str:
    from fer_edge.benchmarks.html.page import render_page
    from fer_edge.benchmarks.report_file import read_report

    return render_page([(path.stem, read_report(path)) for path in results])


def _fleet_page(results: tuple[Path, ...]) -> str:
    """Return the page of a fleet, and name who stands out; a result that cannot be read costs none of the others."""
    from fer_edge.benchmarks.fleet import Member, find_outliers, group_fleet, read_member
    from fer_edge.benchmarks.html.fleet_page import count_devices, render_fleet
    from fer_edge.benchmarks.report_file import ReportError, read_report

    members: list[Member] = []
    unread: list[str] = []
    stems = [path.stem for path in results]
    for path in results:
        try:
            name = path.stem if stems.count(path.stem) == 1 else str(path)
            members.append(read_member(name, read_report(path)))
        except ReportError as error:
            unread.append(str(error))
            console.print_warning(str(error))
    if not members:
        raise ReportError(f"None of {len(results)} results could be read.")
    groups = group_fleet(members)
    for group in groups:
        console.print_line(f"{group.model}: {count_devices(len(group.members))}")
        for finding in find_outliers(group):
            console.print_line(f"  {finding.device}: {finding.code}: {finding.message}")
    return render_fleet(groups, unread)
