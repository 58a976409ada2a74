"""The table that `fer-edge bench` prints: a column per variant, so that it fits a small terminal."""

from __future__ import annotations

from collections.abc import Callable

from rich.table import Table
from rich.text import Text

from fer_edge.benchmarks.advice import judge_times, recommend
from fer_edge.benchmarks.columns import COST_COLUMNS, NOT_MEASURED
from fer_edge.benchmarks.results import TASKS, BenchReport, ModelResult, Ratio
from fer_edge.evaluation.metrics import Interval
from fer_edge.output.console import out, print_warning, right_align

Cell = Callable[[ModelResult], str | Text]

COLUMNS = 4
"""Variants side by side that fit 80 columns."""


def print_report(report: BenchReport, *, everything: bool = False) -> None:
    """Print the five figures that decide, the file to deploy, and one sentence on the times.

    Args:
        report: what was measured.
        everything: print all figures, what they were calibrated on, and every reason to doubt them.
    """
    if everything:
        _print_everything(report)
        return
    for start in range(0, len(report.models), COLUMNS):
        out().print(_deciding_table(report, report.models[start : start + COLUMNS]))
    if advice := recommend(report):
        out().print(advice)
    if doubt := judge_times(report):
        print_warning(f"{doubt} (--all lists every reason.)")


def _deciding_table(report: BenchReport, models: list[ModelResult]) -> Table:
    """Return size, accuracy, drop, time, and time against the baseline, each with its 95 % interval below."""
    table = Table("", title=_title(report))
    for model in models:
        table.add_column(f"{model.name}\n{model.id.removeprefix(model.name + ':')}", overflow="fold")
    threads = report.settings.threads[0]
    labelled = report.images is not None and report.images.labelled
    rows: list[tuple[str, Cell]] = [
        ("size, kB", lambda model: f"{model.file_bytes / 1000:,.0f}"),
        (
            "accuracy, %",
            lambda model: _with_interval(_top1(model), model.accuracy.interval if model.accuracy else None, 100),
        ),
        ("drop, points", _drop_and_interval) if labelled else ("agrees, %", _agreement),
        ("predict p50, ms", _latency(report, "predict", threads, "p50")),
        ("relative time", lambda model: _relative_time(report, model, threads)),
    ]
    for title, cell in rows:
        table.add_row(title, *(cell(model) for model in models))
    right_align(table)
    return table


def _with_interval(value: str, interval: Interval | None, scale: float, sign: str = "", digits: int = 1) -> str | Text:
    if interval is None:
        return value
    form = f"{sign}.{digits}f"
    return Text.assemble(value, "\n", (interval.text(form, times=scale), "dim"))


def _drop_and_interval(model: ModelResult) -> str | Text:
    drop = model.accuracy.drop if model.accuracy else None
    return _with_interval(_drop(model), drop.interval if drop else None, 100, "+")


def _relative_time(report: BenchReport, model: ModelResult, threads: int) -> str | Text:
    for ratio in report.ratios:
        if (ratio.model, ratio.task, ratio.threads) == (model.id, "predict", threads):
            return _with_interval(f"{ratio.value:.2f}", ratio.interval, 1, digits=2)
    return "1" if model.baseline is None else NOT_MEASURED


def _print_everything(report: BenchReport) -> None:
    names = [model.id + ("" if model.baseline else " (baseline)") for model in report.models]
    table = Table("", *names, title=_title(report))
    for title, cell in [
        *_accuracy_rows(report),
        *_latency_rows(report),
        *((column.title, column.cell) for column in COST_COLUMNS),
    ]:
        table.add_row(title, *(cell(model) for model in report.models))
    right_align(table)
    out().print(table)
    for model in report.models:
        if model.calibration:
            out().print(f"{model.id} was calibrated on {model.calibration}.")
    if advice := recommend(report):
        out().print(advice)
    for caution in report.warnings:
        subject = f"{caution.model}, " if caution.model else ""
        print_warning(f"{subject}{caution.message}; {caution.advice}. ({caution.code})")


def _title(report: BenchReport) -> str:
    images = report.images.description if report.images else "no faces: latency only"
    quick = "\nquick run: not for publication" if report.settings.quick else ""
    return f"{images}\n{report.host.get('board') or report.host.get('cpu', '')}{quick}"


def _accuracy_rows(report: BenchReport) -> list[tuple[str, Cell]]:
    if report.images is None or not report.images.labelled:
        return [("accuracy, %", lambda _: NOT_MEASURED), ("agrees with baseline, %", _agreement)]
    return [
        ("accuracy, %", _top1),
        ("  95 % interval", _top1_interval),
        ("macro-F1", lambda model: f"{model.accuracy.macro_f1:.3f}" if model.accuracy else ""),
        ("reliability error", lambda model: f"{model.accuracy.calibration_error:.3f}" if model.accuracy else ""),
        ("drop, points", _drop),
        ("  95 % interval, paired", _drop_interval),
        ("  McNemar's exact p", _drop_p_value),
        ("agrees with baseline, %", _agreement),
    ]


def _top1(model: ModelResult) -> str:
    return f"{100 * model.accuracy.top1:.2f}" if model.accuracy else NOT_MEASURED


def _top1_interval(model: ModelResult) -> str:
    return model.accuracy.interval.text(times=100) if model.accuracy else ""


def _drop(model: ModelResult) -> str:
    return f"{100 * model.accuracy.drop.value:+.2f}" if model.accuracy and model.accuracy.drop else "-"


def _drop_interval(model: ModelResult) -> str:
    drop = model.accuracy.drop if model.accuracy else None
    return drop.interval.text("+.2f", times=100) if drop else ""


def _drop_p_value(model: ModelResult) -> str:
    return f"{model.accuracy.drop.p_value:.3f}" if model.accuracy and model.accuracy.drop else ""


def _agreement(model: ModelResult) -> str:
    if model.agreement is None:
        return "-" if model.baseline is None else NOT_MEASURED
    return f"{100 * model.agreement:.2f}"


def _latency_rows(report: BenchReport) -> list[tuple[str, Cell]]:
    """Return the rows of each thread count: percentiles of predict, medians of the other tasks, the ratio."""
    rows: list[tuple[str, Cell]] = []
    for threads in report.settings.threads:
        plural = f"{threads} thread{'s' if threads > 1 else ''}"
        rows.append((f"predict, {plural}: p50, ms", _latency(report, "predict", threads, "p50")))
        rows += [(f"  {part}, ms", _latency(report, "predict", threads, part)) for part in _PARTS]
        rows.append(("  time / baseline's (95 %)", _ratio(report, "predict", threads)))
        rows += [
            (f"  {TASKS[task]}: p50, ms", _latency(report, task, threads, "p50"))
            for task in ("invoke", "region", "analyze")
        ]
    entries = report.models[0].throughput
    rows += [
        (f"images/s, {entry.threads} thread(s), batch {entry.batch}", _throughput(index))
        for index, entry in enumerate(entries)
    ]
    return rows


_PARTS = ("p90", "p95", "p99", "mean", "std", "min")


def _latency(report: BenchReport, task: str, threads: int, part: str) -> Cell:
    def cell(model: ModelResult) -> str:
        series = report.find_series(model, task, threads)
        return NOT_MEASURED if series is None else f"{getattr(series.summary_ms, part):.3f}"

    return cell


def _ratio(report: BenchReport, task: str, threads: int) -> Cell:
    found: dict[str, Ratio] = {
        ratio.model: ratio for ratio in report.ratios if (ratio.task, ratio.threads) == (task, threads)
    }

    def cell(model: ModelResult) -> str:
        ratio = found.get(model.id)
        return "-" if ratio is None else f"{ratio.value:.3f} ({ratio.interval.text('.3f')})"

    return cell


def _throughput(index: int) -> Cell:
    return lambda model: f"{model.throughput[index].images_per_s:,.0f}"
