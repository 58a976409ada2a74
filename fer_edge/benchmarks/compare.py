"""Two bench reports: what got significantly better or worse from one to the other."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from fer_edge.benchmarks.accuracy import measure_drop
from fer_edge.benchmarks.results import TASKS, BenchReport, ModelResult
from fer_edge.benchmarks.statistics import Rounds, round_medians, unpaired_ratio
from fer_edge.errors import FerEdgeError
from fer_edge.metrics import Interval

SIGNIFICANT = 0.05

UNITS = {"accuracy": "points", "latency": "%", "start": "%", "memory": "%", "size": "%"}
"""What can be compared, and the unit of its change and of its threshold."""


@dataclass(frozen=True)
class Change:
    """One figure of one variant, in both reports.

    Attributes:
        model: id of the variant.
        kind: one of `UNITS`.
        figure: in words, with its unit.
        before: in the first report.
        after: in the second.
        worsening: in the kind's unit; positive is worse (slower, larger, less accurate).
        interval: of `worsening`, 95 %; None for what is exact, such as sizes.
        significant: whether the change is more than the spread of the measurements.
        gated: whether thresholds apply; of the latencies only to `predict`, which apps call.
    """

    model: str
    kind: str
    figure: str
    before: float
    after: float
    worsening: float
    interval: Interval | None
    significant: bool
    gated: bool = True

    @property
    def verdict(self) -> str:
        """Say "better", "worse" or "same"."""
        if not self.significant:
            return "same"
        return "worse" if self.worsening > 0 else "better"


@dataclass(frozen=True)
class Comparison:
    """All changes, and what a reader must know of them."""

    changes: list[Change]
    notes: list[str]


def compare_reports(before: BenchReport, after: BenchReport) -> Comparison:
    """Compare the variants that stand in both, paired by network and recipe.

    Raises:
        FerEdgeError: the reports have no variant in common.
    """
    theirs = {model.id: model for model in after.models}
    pairs = [(model, theirs[model.id]) for model in before.models if model.id in theirs]
    if not pairs:
        names = [", ".join(model.id for model in report.models) for report in (before, after)]
        raise FerEdgeError(f"Expected reports with a variant in common, got {names[0]} and {names[1]}.")
    changes = [change for pair in pairs for change in _changes(before, after, *pair)]
    return Comparison(changes, list(_notes(before, after)))


def exceeded(comparison: Comparison, thresholds: dict[str, float]) -> list[Change]:
    """Return the changes that are significantly worse, and by more than the threshold of their kind.

    Args:
        comparison: of two reports.
        thresholds: kind -> how much worse is still accepted, in the kind's unit.

    Raises:
        FerEdgeError: a threshold names a kind that these reports do not let one compare: a gate that
            cannot be judged must not pass.
    """
    for kind in thresholds:
        if not any(change.kind == kind and change.gated for change in comparison.changes):
            raise FerEdgeError(f"Expected reports that can be compared by {kind}: {'; '.join(comparison.notes)}.")
    return [
        change
        for change in comparison.changes
        if change.gated and change.verdict == "worse" and change.worsening > thresholds.get(change.kind, np.inf)
    ]


def parse_thresholds(texts: list[str]) -> dict[str, float]:
    """Return kind -> threshold of texts such as "latency=5".

    Raises:
        FerEdgeError: a text is not of that form.
    """
    thresholds = {}
    for text in texts:
        kind, _, number = text.partition("=")
        try:
            limit = float(number.removesuffix("%"))
        except ValueError:
            limit = float("nan")
        if kind not in UNITS or not 0 <= limit < float("inf"):
            known = ", ".join(f"{name} ({unit})" for name, unit in UNITS.items())
            raise FerEdgeError(f"Expected a threshold such as latency=5 of one of {known}; got '{text}'.")
        thresholds[kind] = limit
    return thresholds


def _changes(before: BenchReport, after: BenchReport, old: ModelResult, new: ModelResult) -> Iterator[Change]:
    yield from _accuracy(before, after, old, new)
    for series in old.latency:
        other = after.find_series(new, series.task, series.threads)
        if other is not None:
            words = f"{TASKS.get(series.task, series.task)}, {series.threads} thread(s), p50, ms"
            gated = series.task == "predict"
            yield _ratio(old.id, "latency", words, series.rounds_ms, other.rounds_ms, gated=gated)
    for kind, words, field in (
        ("start", "start to first result, ms", "first_result_ms"),
        ("memory", "peak memory, MB", "peak_memory_mb"),
    ):
        sides = [[[getattr(start, field)] for start in model.starts] for model in (old, new)]
        yield _ratio(old.id, kind, words, *sides)
    growth = 100 * (new.file_bytes / old.file_bytes - 1)
    yield Change(
        old.id, "size", "file size, kB", old.file_bytes / 1000, new.file_bytes / 1000, growth, None, growth != 0
    )


def _accuracy(before: BenchReport, after: BenchReport, old: ModelResult, new: ModelResult) -> Iterator[Change]:
    """Yield the change of accuracy, if both answered the same labelled images: paired, exact McNemar."""
    if old.accuracy is None or new.accuracy is None or not _same_images(before, after):
        return
    sides = [
        np.array([answer == "1" for answer in model.answers.correct])
        for model in (old, new)
        if model.answers and model.answers.correct is not None
    ]
    if len(sides) < 2:
        return
    drop = measure_drop(*sides)
    interval = Interval(100 * drop.interval.low, 100 * drop.interval.high)
    yield Change(
        model=old.id,
        kind="accuracy",
        figure="accuracy, %",
        before=100 * old.accuracy.top1,
        after=100 * new.accuracy.top1,
        worsening=100 * drop.value,
        interval=interval,
        significant=drop.p_value < SIGNIFICANT,
    )


def _same_images(before: BenchReport, after: BenchReport) -> bool:
    return before.images is not None and after.images is not None and before.images.sha256 == after.images.sha256


def _ratio(model: str, kind: str, figure: str, before: Rounds, after: Rounds, *, gated: bool = True) -> Change:
    value, interval = unpaired_ratio(after, before, seed=0)
    percent = Interval(100 * (interval.low - 1), 100 * (interval.high - 1))
    old, new = (float(np.median(round_medians(rounds))) for rounds in (before, after))
    significant = not interval.low <= 1 <= interval.high
    return Change(model, kind, figure, old, new, 100 * (value - 1), percent, significant, gated)


def _notes(before: BenchReport, after: BenchReport) -> Iterator[str]:
    if _device(before) != _device(after):
        yield f"the reports are of different devices, {_device(before)} and {_device(after)}: times tell them apart"
    if before.images is None or after.images is None or not (before.images.labelled and after.images.labelled):
        yield "no accuracy: a report was made without labelled images"
    elif not _same_images(before, after):
        yield "no accuracy: the reports were made on different images"
    for name, own, other in (("first", before, after), ("second", after, before)):
        only = {model.id for model in own.models} - {model.id for model in other.models}
        if only:
            yield f"only in the {name} report: {', '.join(sorted(only))}"
    for name, report in (("first", before), ("second", after)):
        codes = sorted({caution.code for caution in report.warnings})
        if codes:
            yield f"the {name} report warns of: {', '.join(codes)}"


def _device(report: BenchReport) -> str:
    return str(report.host.get("board") or report.host.get("cpu") or "unknown")
