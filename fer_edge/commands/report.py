"""`fer-edge report`."""

from __future__ import annotations

from pathlib import Path

from fer_edge import console
from fer_edge.benchmarks.html.page import render_page
from fer_edge.benchmarks.report_file import read_report
from fer_edge.files import require_free, write_text


def report(results: list[Path], *, out: Path, force: bool) -> None:
    """Draw bench results as one HTML page."""
    require_free(out, force=force)
    reports = [(path.stem, read_report(path)) for path in results]
    write_text(out, render_page(reports))
    console.OUT.print(f"Wrote {out}", highlight=False, soft_wrap=True)
