"""The table of a comparison: a block per variant, within 80 columns."""

import io

import pytest
from reports import make_report
from rich.console import Console

from fer_edge.benchmarks.compare import compare_reports
from fer_edge.output import comparison_table, console


def test_a_block_per_variant_fits_80_columns(monkeypatch: pytest.MonkeyPatch) -> None:
    text = io.StringIO()
    monkeypatch.setattr(console, "out", lambda: Console(file=text, width=80))
    comparison_table.print_changes(compare_reports(make_report(seed=1), make_report(wrong=52, int8_ms=0.6, seed=2)))
    lines = text.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert [line.strip() for line in lines if line.strip().startswith("tiny:")] == ["tiny:float32", "tiny:int8"]
    assert "\u2026" not in text.getvalue()  # nothing is cut off
    assert sum("worse" in line for line in lines[lines.index(next(x for x in lines if "tiny:int8" in x)) :]) >= 3
