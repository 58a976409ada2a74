"""Bench the bundled models and write docs/benchmarks.md and its pictures: ``make docs-bench``.

    python -m tools.pages.update_benchmarks [--reuse]

Needs FER2013, Chromium for the picture of the report, and a machine with nothing else to do for about a
quarter of an hour. With --reuse, what an earlier run left in build/docs-bench is not measured again.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
from pathlib import Path
from typing import Any

from fer_edge.benchmarks.columns import COST_COLUMNS
from fer_edge.benchmarks.report_file import read_report
from fer_edge.benchmarks.results import TASKS, BenchReport, ModelResult
from tools.pages.markdown import Row, describe_host, markdown_table, replace_section
from tools.pages.screenshot_report import photograph
from tools.pages.variants import bench_variants, fer_edge

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/docs-bench"
PAGE = ROOT / "docs/benchmarks.md"


def main() -> int:
    """Measure what is not there yet, then update pages and pictures."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--reuse", action="store_true")
    reuse = parser.parse_args().reuse
    bench, sweep = BUILD / "bench.json", BUILD / "sweep.json"
    if not (reuse and bench.exists()):
        bench_variants(bench)
    if not (reuse and sweep.exists()):
        run("-m", "tools.performance.sweep", "--json", str(sweep), "--plot", str(ROOT / "docs/images/sweep.png"))
    example = ROOT / "docs/examples/bench.json"
    fer_edge("bench", "edge_cnn_s", "--quick", "--json", str(example), "--force")
    draw_report(bench)
    report = read_report(bench)
    replace_section(PAGE, "variants", variants_section(report))
    replace_section(PAGE, "latency", latency_section(report))
    replace_section(PAGE, "throughput", throughput_section(report))
    replace_section(PAGE, "cost", cost_section(report))
    figures = json.loads(sweep.read_text())
    replace_section(PAGE, "sweep-summary", sweep_sentences(figures))
    replace_section(PAGE, "sweep", sweep_section(figures))
    return 0


def draw_report(bench: Path) -> None:
    """Write the HTML report and photograph its upper part for the page."""
    html = BUILD / "report.html"
    fer_edge("report", str(bench), "--out", str(html), "--force")
    photograph(html, ROOT / "docs/images/report.png", width=1180, height=1250)


def variants_section(report: BenchReport) -> str:
    """Return accuracy and what it costs."""
    header = ["variant", "size, kB", "accuracy, % (95 %)", "macro-F1", "reliability error", "drop, points (95 %)"]
    table = markdown_table([*header, "McNemar p", "agrees, %"], [accuracy_row(model) for model in report.models])
    images = report.images.description if report.images else "no images"
    return f"{table}\n\n{images}; {origin(report)}"


def accuracy_row(model: ModelResult) -> Row:
    """Return a variant's accuracy, and its loss against the float32 file of its network."""
    accuracy = model.accuracy
    if accuracy is None:
        sys.exit("The pages state accuracies: set FER_EDGE_DATA to a copy of FER2013 first")
    drop = accuracy.drop
    lost = "baseline"
    if drop:
        lost = f"{100 * drop.value:+.2f} ({drop.interval.text('+.2f', times=100)})"
    return [
        model.id,
        f"{model.file_bytes / 1000:,.0f}",
        f"{100 * accuracy.top1:.2f} ({accuracy.interval.text('.1f', times=100)})",
        f"{accuracy.macro_f1:.3f}",
        f"{accuracy.calibration_error:.3f}",
        lost,
        f"{drop.p_value:.3f}" if drop else "",
        "" if model.agreement is None else f"{100 * model.agreement:.2f}",
    ]


def latency_section(report: BenchReport) -> str:
    """Return one table per task."""
    parts = []
    for task, words in TASKS.items():
        header = ["ms", "p50", "p90", "p95", "p99", "mean", "std", "min", "samples", "time / baseline (95 %)"]
        rows = [latency_row(report, model, task) for model in report.models]
        parts.append(f"**{words[0].upper()}{words[1:]}**\n\n{markdown_table(header, rows)}")
    settings = report.settings
    note = (
        f"One thread; {settings.rounds} rounds, at least {settings.min_samples:,} samples and {settings.min_seconds:g} "
        f"s of each; {origin(report)}"
    )
    return "\n\n".join([*parts, note])


def latency_row(report: BenchReport, model: ModelResult, task: str) -> Row:
    """Return the percentiles of a task."""
    series = report.find_series(model, task)
    if series is None:
        return [model.id, *["not measured"] * 9]
    summary = series.summary_ms
    figures = [getattr(summary, name) for name in ("p50", "p90", "p95", "p99", "mean", "std", "min")]
    ratio = next(
        (entry for entry in report.ratios if (entry.model, entry.task) == (model.id, task)),
        None,
    )
    against = f"{ratio.value:.3f} ({ratio.interval.text('.3f')})" if ratio else "baseline"
    return [model.id, *(f"{value:.4f}" for value in figures), f"{sum(map(len, series.rounds_ms)):,}", against]


def throughput_section(report: BenchReport) -> str:
    """Return images per second."""
    columns = [(entry.threads, entry.batch) for entry in report.models[0].throughput]
    header = ["images/s", *(f"{threads} thread{'s' * (threads > 1)}, batch {batch}" for threads, batch in columns)]
    rows = [[model.id, *(f"{entry.images_per_s:,.0f}" for entry in model.throughput)] for model in report.models]
    return f"{markdown_table(header, rows)}\n\n`predict_batch` on 48x48 crops; {origin(report)}"


def cost_section(report: BenchReport) -> str:
    """Return what each variant costs besides time per call."""
    header = ["variant", *(column.title for column in COST_COLUMNS)]
    rows = [[model.id, *(column.cell(model) for column in COST_COLUMNS)] for model in report.models]
    peaks = ", ".join(f"{entry.dtype} {entry.gmacs_per_s:,.0f}" for entry in report.matrix_products)
    cautions = sorted({caution.code for caution in report.warnings})
    told = f"Warnings of the bench: {', '.join(cautions)}." if cautions else "The bench gave no warnings."
    return (
        f"{markdown_table(header, rows)}\n\nArithmetic peak of one core through the interpreter: {peaks} G MACs/s. "
        f"{told} {origin(report)}"
    )


def origin(report: BenchReport) -> str:
    """Return where the figures come from."""
    return f"{describe_host(report.host)}, {report.date[:10]}. Written by `make docs-bench` (`fer-edge bench`)."


def sweep_section(figures: dict[str, Any]) -> str:
    """Return the table of every point."""
    rows = [
        [
            f"{point['axis']}: {point['value']:,}",
            point["what"],
            f"{point['median_ms']:.3f}",
            f"{point['low_ms']:.3f} to {point['high_ms']:.3f}",
        ]
        for point in figures["points"]
    ]
    table = markdown_table(["", "what", "median, ms", "quartiles of the rounds"], rows)
    return (
        f"{table}\n\n`{figures['model']}`, {describe_host(figures['host'])}, {figures['rounds']} rounds. "
        "Written by `make docs-bench` (`python -m tools.performance.sweep`)."
    )


def sweep_sentences(figures: dict[str, Any]) -> str:
    """Return what to expect, in two sentences."""
    found = {(point["axis"], point["what"], point["value"]): point["median_ms"] for point in figures["points"]}
    frames = [640 * 480, 1920 * 1080]
    vga, full = (found["pixels of a frame", "YuNet", pixels] for pixels in frames)
    haar = [found["pixels of a frame", "Haar, not scaled", pixels] for pixels in frames]
    given = [found["faces in a frame", "analyze, boxes given", count] for count in (1, 8)]
    batch = found["faces in a call", "predict_batch", 128] / 128
    one, two = found["threads", "predict", 1], found.get(("threads", "predict", 2))
    threads = f"; a second thread makes it {one / two:.2f} times as fast" if two else ""
    return (
        f"Finding faces dominates: with YuNet it takes {vga:.0f} ms in a 640x480 frame and {full:.0f} ms at 1920x1080 "
        f"(OpenCV's cascade: {haar[0]:.0f} and {haar[1]:.0f} ms). Each face in the frame adds "
        f"{1000 * (given[1] - given[0]) / 7:.0f} us. `{figures['model']}` needs "
        f"{1000 * one:.0f} us for a 48x48 crop and {1000 * batch:.0f} us for each of 128 crops in one call{threads}."
    )


def run(*arguments: str) -> None:
    """Run a Python program of this very environment."""
    subprocess.run([sys.executable, *arguments], check=True)


if __name__ == "__main__":
    sys.exit(main())
