"""The JSON of a bench: written compactly, read back only if every value is what the layout says."""

from __future__ import annotations

import json
import re
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from fer_edge.benchmarks.results import FORMAT, FORMAT_VERSION, READ_VERSIONS, BenchReport
from fer_edge.decode import MAX_NUMBER, DecodeError, Range, decode, show
from fer_edge.errors import FerEdgeError, os_reason, require_regular

MAX_BYTES = 500_000_000

_TIME_MS = Range(1e-6, 1e9)
_SHARE = Range(0, 1)
_ANY = Range(-MAX_NUMBER)

_BOUNDS = {
    "seed": _ANY,
    "threads": Range(1, 1e6),
    "file_bytes": Range(1),
    "first_result_ms": _TIME_MS,
    "peak_memory_mb": Range(1e-6, 1e9),
    "summary_ms": _TIME_MS,
    "std": Range(0, 1e9),
    "rounds_ms": _TIME_MS,
    "accuracy": _SHARE,
    "confusion": Range(0),
    "images": Range(0),
    "drop": Range(-2, 2),
    "lost": Range(0),
    "won": Range(0),
    "p_value": _SHARE,
    "agreement": _SHARE,
    "ratios": Range(1e-6, 1e9),
    "host": _ANY,
    "course": _ANY,
}
"""Bounds of the numbers in a field and in all below it that names none of its own; charts and ratios rely on them."""


class ReportError(FerEdgeError):
    """A file is no bench report, of another version, or damaged."""


def dump_report(report: BenchReport) -> str:
    """Return the JSON text; the many raw samples stand on one line each round."""
    content = {"format": FORMAT, "format_version": FORMAT_VERSION, **asdict(report)}
    text = json.dumps(content, indent=1, allow_nan=False, ensure_ascii=False)
    return re.sub(r"\[\s+(-?[\d.e+-]+(?:,\s+-?[\d.e+-]+)*)\s+\]", _on_one_line, text) + "\n"


def _on_one_line(numbers: re.Match[str]) -> str:
    return "[" + re.sub(r"\s+", "", numbers[1]) + "]"


def read_report(path: Path) -> BenchReport:
    """Read what `fer-edge bench --json` wrote.

    Raises:
        ReportError: the file is missing, no bench report, of another version, or damaged.
    """
    try:
        require_regular(path)
        if path.stat().st_size > MAX_BYTES:
            raise ReportError(f"{path} is too large for a bench report: at most {MAX_BYTES // 10**6} MB.")
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ReportError(f"{path}: {os_reason(error)}.") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(
            f"{path} is not JSON, or is truncated ({error}). Run 'fer-edge bench --json' again."
        ) from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ReportError(f"{path} is not a bench report: expected JSON written by 'fer-edge bench --json'.")
    version = content.get("format_version")
    if version not in READ_VERSIONS:
        raise ReportError(
            f"{path} has layout version {show(version)}; this fer-edge reads version "
            f"{' and '.join(map(str, READ_VERSIONS))}. "
            f"{'Update fer-edge' if isinstance(version, int) and version > FORMAT_VERSION else 'Bench again'}."
        )
    try:
        report: BenchReport = decode(content, BenchReport)
        _check_relations(report)
        _check_values(report, "", Range(0))
    except DecodeError as error:
        raise ReportError(f"{path} is damaged: {error}. Run 'fer-edge bench --json' again.") from error
    return report


def _check_relations(report: BenchReport) -> None:
    """Check what the types do not say, and what report and compare rely on."""
    ids = [model.id for model in report.models]
    classes = len(report.labels)
    if not ids or len(set(ids)) < len(ids):
        raise DecodeError("models", "is empty or names one twice")
    if not report.settings.threads:
        raise DecodeError("settings.threads", "is empty")
    if not 1 <= report.settings.processes <= report.settings.rounds:
        raise DecodeError("settings.processes", f"is {report.settings.processes}, expected from 1 to the rounds")
    for model in report.models:
        if model.baseline is not None and model.baseline not in ids:
            raise DecodeError(f"models.{model.id}.baseline", "is not among the models")
        if any(not samples for series in model.latency for samples in series.rounds_ms) or not model.starts:
            raise DecodeError(model.id, "has rounds without samples, or no start")
        if any(min(start.first_result_ms, start.peak_memory_mb) <= 0 for start in model.starts) or model.file_bytes < 1:
            raise DecodeError(model.id, "has a start or a size that is not above 0")
        if any(sample <= 0 for series in model.latency for samples in series.rounds_ms for sample in samples):
            raise DecodeError(model.id, "has samples that are not above 0")
        if any(not series.rounds_ms or series.summary_ms.p50 <= 0 for series in model.latency):
            raise DecodeError(model.id, "has a latency without rounds")
        if len(model.throughput) != len(report.models[0].throughput):
            raise DecodeError(model.id, "has throughputs for other thread counts than the first model")
        if model.accuracy is not None and [len(row) for row in model.accuracy.confusion] != [classes] * classes:
            raise DecodeError(model.id, f"has a confusion matrix that is not {classes} x {classes}")
        if model.accuracy is not None and set(model.accuracy.per_class) != set(report.labels):
            raise DecodeError(model.id, "has classes that are not the labels")
        _check_answers(report, model.id, model.answers)


def _check_values(value: Any, place: str, bounds: Range) -> None:
    """Check every number against its bounds, and the texts and numbers of `host` and `course`, which have no type."""
    if is_dataclass(value):
        for field in fields(value):
            inner = f"{place}.{field.name}" if place else field.name
            _check_values(getattr(value, field.name), inner, _BOUNDS.get(field.name, bounds))
    elif isinstance(value, dict):
        for key, item in value.items():
            decode(key, str, f"a key of {place}")
            _check_values(item, f"{place}.{key}", bounds)
    elif isinstance(value, list):
        for index, item in enumerate(value):
            _check_values(item, f"{place}[{index}]", bounds)
    elif isinstance(value, str):
        decode(value, str, place)
    elif isinstance(value, int | float) and not isinstance(value, bool):
        decode(value, float, place)
        if not bounds.holds(round(value, 9)):  # intervals may pass their ends by a rounding error
            raise DecodeError(place, f"is {show(value)}, expected {bounds}")


def _check_answers(report: BenchReport, id_: str, answers: Any) -> None:
    if answers is None:
        return
    count = report.images.count if report.images else 0
    digits = set(map(str, range(len(report.labels))))
    right = len(answers.predicted) == count and set(answers.predicted) <= digits
    if answers.correct is not None:
        right = right and len(answers.correct) == count and set(answers.correct) <= {"0", "1"}
    if not right:
        raise DecodeError(id_, f"has answers that do not fit {count:,} images")
