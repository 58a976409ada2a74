"""The table that `fer-edge bench` prints: a column per variant, so that it fits a small terminal."""

from __future__ import annotations

from collections.abc import Callable
from statistics import median

from rich.markup import escape
from rich.table import Table

from fer_edge.benchmarks.results import TASKS, BenchReport, ModelResult, Ratio
from fer_edge.console import OUT, print_warning, right_align
from fer_edge.tables import interval_text

Cell = Callable[[ModelResult], str]
NOT_MEASURED = "not measured"


def print_report(report: BenchReport) -> None:
    """Print the figures, what they were calibrated on, and every reason to doubt them."""
    names = [model.id + ("" if model.baseline else " (baseline)") for model in report.models]
    table = Table("", *map(escape, names), title=_title(report))
    for title, cell in [*_accuracy_rows(report), *_latency_rows(report), *_COST_ROWS.items()]:
        table.add_row(title, *(cell(model) for model in report.models))
    right_align(table)
    OUT.print(table)
    for model in report.models:
        if model.calibration:
            OUT.print(f"{model.id} was calibrated on {model.calibration}.", highlight=False)
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
        ("accuracy, %", lambda model: f"{100 * model.accuracy.top1:.2f}" if model.accuracy else NOT_MEASURED),
        ("  95 % interval", lambda model: interval_text(model.accuracy.interval) if model.accuracy else ""),
        ("macro-F1", lambda model: f"{model.accuracy.macro_f1:.3f}" if model.accuracy else ""),
        ("calibration error", lambda model: f"{model.accuracy.calibration_error:.3f}" if model.accuracy else ""),
        ("drop, points", _drop),
        ("  95 % interval, paired", _drop_interval),
        ("  McNemar's exact p", _drop_p_value),
        ("agrees with baseline, %", _agreement),
    ]


def _drop(model: ModelResult) -> str:
    return f"{100 * model.accuracy.drop.value:+.2f}" if model.accuracy and model.accuracy.drop else "-"


def _drop_interval(model: ModelResult) -> str:
    return interval_text(model.accuracy.drop.interval, "+") if model.accuracy and model.accuracy.drop else ""


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
        return "-" if ratio is None else f"{ratio.value:.3f} ({ratio.interval.low:.3f} to {ratio.interval.high:.3f})"

    return cell


def _throughput(index: int) -> Cell:
    return lambda model: f"{model.throughput[index].images_per_s:,.0f}"


def _delegated(model: ModelResult) -> str:
    count = model.cost.delegated_operators
    return "unknown" if count is None else f"{count} of {model.cost.operators}"


_COST_ROWS: dict[str, Cell] = {
    "size, kB": lambda model: f"{model.file_bytes / 1000:,.1f}",
    "parameters": lambda model: f"{model.cost.parameters:,}",
    "multiply-accumulates, million": lambda model: f"{model.cost.macs / 1e6:.2f}",
    "activations at most, kB": lambda model: f"{model.cost.activation_peak_bytes / 1000:,.1f}",
    "operators run by XNNPACK": _delegated,
    "share of the arithmetic peak, %": lambda model: (
        NOT_MEASURED if model.peak_share is None else f"{100 * model.peak_share:.0f}"
    ),
    "time per operator": lambda model: (
        "not available" if model.operator_times_ms is None else f"{sum(model.operator_times_ms):.3f} ms in all"
    ),
    "load, ms": lambda model: f"{median(start.load_ms for start in model.starts):.1f}",
    "start to first result, ms": lambda model: f"{median(start.first_result_ms for start in model.starts):.0f}",
    "peak memory, MB": lambda model: f"{median(start.peak_memory_mb for start in model.starts):.1f}",
    "  with frames and OpenCV, MB": lambda model: f"{model.session_memory_mb:.1f}",
}
