"""The JSON of a bench: written compactly, read back only if every value is what the layout says."""

from __future__ import annotations

import json
import re
import types
import typing
from dataclasses import asdict, fields, is_dataclass
from pathlib import Path
from typing import Any

from fer_edge.benchmarks.results import FORMAT, FORMAT_VERSION, BenchReport
from fer_edge.errors import FerEdgeError

MAX_BYTES = 500_000_000
MAX_NUMBER = 1e15
"""Nothing that a bench measures is larger; beyond, drawings overflow. NaN and infinity are no smaller either."""


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
        if path.stat().st_size > MAX_BYTES:
            raise ReportError(f"{path} is too large for a bench report: at most {MAX_BYTES // 10**6} MB.")
        content = json.loads(path.read_text("utf-8"))
    except OSError as error:
        raise ReportError(f"Expected a bench report at {path}: {error.strerror}.") from error
    except (ValueError, RecursionError) as error:
        raise ReportError(f"{path} is no JSON, or is cut off ({error}). Run 'fer-edge bench --json' again.") from error
    if not isinstance(content, dict) or content.get("format") != FORMAT:
        raise ReportError(f"{path} is no bench report: expected JSON that 'fer-edge bench --json' wrote.")
    version = content.get("format_version")
    if version != FORMAT_VERSION:
        raise ReportError(
            f"{path} has layout version {version!r}; this fer-edge reads version {FORMAT_VERSION}. "
            f"{'Update fer-edge' if isinstance(version, int) and version > FORMAT_VERSION else 'Bench again'}."
        )
    try:
        report: BenchReport = _decode(content, BenchReport, "")
        _check_relations(report)
    except _Mismatch as error:
        raise ReportError(f"{path} is damaged: {error}. Run 'fer-edge bench --json' again.") from error
    return report


class _Mismatch(Exception):  # noqa: N818 - never leaves this module
    """Where a value is not what the layout says."""


def _decode(value: Any, kind: Any, place: str) -> Any:
    """Return `value` as the type `kind` of a dataclass's field; `place` names it in errors."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return value
    if origin is types.UnionType:
        return None if value is None else _decode(value, arguments[0], place)
    if origin is list and isinstance(value, list):
        return [_decode(item, arguments[0], f"{place}[{index}]") for index, item in enumerate(value)]
    if origin is dict and isinstance(value, dict):
        return {str(key): _decode(item, arguments[1], f"{place}.{key}") for key, item in value.items()}
    if isinstance(kind, type) and is_dataclass(kind) and isinstance(value, dict):
        hints = typing.get_type_hints(kind)
        names = [field.name for field in fields(kind)]
        missing = [name for name in names if name not in value]
        if missing:
            raise _Mismatch(f"'{f'{place}.{missing[0]}'.strip('.')}' is missing")
        return kind(**{name: _decode(value[name], hints[name], f"{place}.{name}") for name in names})
    if _is_plain(value, kind):
        return value
    raise _Mismatch(f"'{place.strip('.')}' is {json.dumps(value)[:40]}, expected {_describe(kind)}")


def _is_plain(value: Any, kind: Any) -> bool:
    if kind is float:
        return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
    if kind is int:
        return isinstance(value, int) and not isinstance(value, bool) and abs(value) < MAX_NUMBER
    return kind in {str, bool} and isinstance(value, kind)


def _describe(kind: Any) -> str:
    words = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}
    if typing.get_origin(kind) is list:
        return "a list"
    return words.get(kind, "an object")


def _check_relations(report: BenchReport) -> None:
    """Check what the types do not say, and what report and compare rely on."""
    ids = [model.id for model in report.models]
    classes = len(report.labels)
    if not ids or len(set(ids)) < len(ids):
        raise _Mismatch("'models' is empty or names one twice")
    if not report.settings.threads:
        raise _Mismatch("'settings.threads' is empty")
    for model in report.models:
        if model.baseline is not None and model.baseline not in ids:
            raise _Mismatch(f"the baseline of '{model.id}' is not among the models")
        if any(not samples for series in model.latency for samples in series.rounds_ms) or not model.starts:
            raise _Mismatch(f"'{model.id}' has rounds without samples, or no start")
        if any(sample <= 0 for series in model.latency for samples in series.rounds_ms for sample in samples):
            raise _Mismatch(f"'{model.id}' has samples that are not above 0")
        if any(not series.rounds_ms or series.summary_ms.p50 <= 0 for series in model.latency):
            raise _Mismatch(f"'{model.id}' has a latency without rounds")
        if model.accuracy is not None and [len(row) for row in model.accuracy.confusion] != [classes] * classes:
            raise _Mismatch(f"the confusion matrix of '{model.id}' is not {classes} x {classes}")
        if model.accuracy is not None and set(model.accuracy.per_class) != set(report.labels):
            raise _Mismatch(f"the classes of '{model.id}' are not the labels")
        _check_answers(report, model.id, model.answers)


def _check_answers(report: BenchReport, id_: str, answers: Any) -> None:
    if answers is None:
        return
    count = report.images.count if report.images else 0
    digits = set(map(str, range(len(report.labels))))
    right = len(answers.predicted) == count and set(answers.predicted) <= digits
    if answers.correct is not None:
        right = right and len(answers.correct) == count and set(answers.correct) <= {"0", "1"}
    if not right:
        raise _Mismatch(f"the answers of '{id_}' do not fit {count:,} images")
