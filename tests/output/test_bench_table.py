"""The table of a bench fits a small terminal and holds the figures that decide."""

import dataclasses
import io

import pytest
from reports import make_report
from rich.console import Console

from fer_edge.output import bench_table, console


@pytest.fixture
def printed(monkeypatch: pytest.MonkeyPatch) -> io.StringIO:
    text = io.StringIO()
    for module in (console, bench_table):
        monkeypatch.setattr(module, "out", lambda: Console(file=text, width=80))
    return text


def test_five_rows_fit_80_columns(printed: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    report = make_report(wrong=29)
    int8 = report.models[1]
    variants = [
        dataclasses.replace(int8, id=f"edge_cnn_m:{recipe}", name="edge_cnn_m")
        for recipe in ("float16", "dynamic", "int8")
    ]
    bench_table.print_report(dataclasses.replace(report, models=[report.models[0], *variants], warnings=[]))
    lines = printed.getvalue().splitlines()
    assert max(map(len, lines)) <= 80
    assert "…" not in printed.getvalue()
    titles = ["size, kB", "accuracy, %", "drop, points", "predict p50, ms", "relative time"]
    assert [sum(title in line for line in lines) for title in titles] == [1] * 5
    assert any("89.64" in line for line in lines)
    assert any("85.5 to 92.7" in line for line in lines)
    assert "Deploy edge_cnn_m:" in printed.getvalue()
    assert capsys.readouterr().err == ""


def test_all_prints_every_figure_and_reason(printed: io.StringIO, capsys: pytest.CaptureFixture[str]) -> None:
    bench_table.print_report(make_report(), everything=True)
    assert "macro-F1" in printed.getvalue()
    assert "p99, ms" in printed.getvalue()
    assert "a long tail; repeat. (tail)" in capsys.readouterr().err
