"""Two bench reports: what got significantly better or worse from one to the other."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np

from fer_edge.benchmarks.accuracy import measure_drop
from fer_edge.benchmarks.results import TASKS, BenchReport, ModelResult
from fer_edge.benchmarks.statistics import process_medians, unpaired_ratio
from fer_edge.errors import FerEdgeError
from fer_edge.evaluation.metrics import Interval

SIGNIFICANT = 0.05

UNITS = {"accuracy": "points", "latency": "%", "start": "%", "memory": "%", "size": "%"}
"""What can be compared, and the unit of its change and of its threshold."""


RELEVANT = {"accuracy": 1.0, "latency": 5.0, "start": 10.0, "memory": 5.0, "size": 0.0}
"""The smallest difference that matters, in the kind's unit: within it, two figures are the same."""

FRAME_TASKS = ("region", "analyze")
"""What is timed on the frame of `Scene`."""


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
        significant: whether the change is more than the spread over the processes, or over the images.
        gated: whether thresholds apply; of the latencies only to `predict`, which apps call.
        relevant: the smallest difference that matters, in the kind's unit.
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
    relevant: float = 0.0

    @property
    def verdict(self) -> str:
        """Say "better" or "worse" of a significant change, "same" of one that cannot matter, else "unclear".

        It cannot matter where the whole interval lies within the smallest relevant difference: an interval that
        merely holds 0 tells that too little was measured, not that nothing changed.
        """
        if self.significant:
            return "worse" if self.worsening > 0 else "better"
        if self.interval is None:
            return "same"
        return "same" if max(-self.interval.low, self.interval.high) <= self.relevant else "unclear"


@dataclass(frozen=True)
class Comparison:
    """All changes, and what a reader must know of them."""

    changes: list[Change]
    notes: list[str]


def compare_reports(
    before: BenchReport, after: BenchReport, *, relevant: Mapping[str, float] | None = None
) -> Comparison:
    """Compare the variants that stand in both, paired by network and recipe.

    Args:
        before: what was.
        after: what is.
        relevant: kind -> the smallest difference that matters, in its unit, where it is not that of `RELEVANT`.

    Raises:
        FerEdgeError: the reports have no variant in common.
    """
    theirs = {model.id: model for model in after.models}
    pairs = [(model, theirs[model.id]) for model in before.models if model.id in theirs]
    if not pairs:
        names = [", ".join(model.id for model in report.models) for report in (before, after)]
        raise FerEdgeError(f"Expected reports with a variant in common, got {names[0]} and {names[1]}.")
    smallest = {**RELEVANT, **(relevant or {})}
    changes = [
        replace(change, relevant=smallest[change.kind]) for pair in pairs for change in _changes(before, after, *pair)
    ]
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
        if other is not None and _same_work(before, after, series.task):
            words = f"{TASKS.get(series.task, series.task)}, {series.threads} thread(s), p50, ms"
            gated = series.task == "predict"
            sides = [
                process_medians(one.rounds_ms, report.settings.processes)
                for one, report in ((series, before), (other, after))
            ]
            yield from _ratio(old.id, "latency", words, *sides, gated=gated)
    for kind, words, field in (
        ("start", "start to first result, ms", "first_result_ms"),
        ("memory", "peak memory, MB", "peak_memory_mb"),
    ):
        sides = [[getattr(start, field) for start in model.starts] for model in (old, new)]
        yield from _ratio(old.id, kind, words, *sides)
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


def _same_work(before: BenchReport, after: BenchReport, task: str) -> bool:
    """Tell whether both reports gave a task the same: a frame costs what is in it, and what searches it."""
    if task not in FRAME_TASKS or before.scene == after.scene:
        return True
    one, other = before.scene, after.scene
    if one is None or other is None or task == "analyze":  # the description names the detector
        return False
    return (one.sha256, one.region) == (other.sha256, other.region)


def _ratio(
    model: str, kind: str, figure: str, before: Sequence[float], after: Sequence[float], *, gated: bool = True
) -> Iterator[Change]:
    """Yield the change of a figure that several processes gave; one process tells nothing of the next."""
    if min(len(before), len(after)) < 2:
        return
    value, interval = unpaired_ratio(after, before)
    percent = Interval(100 * (interval.low - 1), 100 * (interval.high - 1))
    old, new = (float(np.exp(np.log(side).mean())) for side in (before, after))
    significant = not interval.low <= 1 <= interval.high
    yield Change(model, kind, figure, old, new, 100 * (value - 1), percent, significant, gated)


def _notes(before: BenchReport, after: BenchReport) -> Iterator[str]:
    if _device(before) != _device(after):
        yield f"the reports are of different devices, {_device(before)} and {_device(after)}: times tell them apart"
    if before.images is None or after.images is None or not (before.images.labelled and after.images.labelled):
        yield "no accuracy: a report was made without labelled images"
    elif not _same_images(before, after):
        yield "no accuracy: the reports were made on different images"
    for name, report in (("first", before), ("second", after)):
        if report.settings.processes < 2:
            yield f"no latency: the {name} report measured each variant in one process; bench again"
    if not all(_same_work(before, after, task) for task in FRAME_TASKS):
        yield "no latency of whole frames: the reports were made on different frames, or with different detectors"
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
