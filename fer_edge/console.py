"""How fer-edge speaks: tables and JSON on stdout, progress and warnings on stderr."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from fer_edge.benchmarks.bench import BenchReport, ModelResult
from fer_edge.benchmarks.latency import percentiles
from fer_edge.dataset import Scan, find_duplicates
from fer_edge.evaluation import Evaluation
from fer_edge.metrics import Interval
from fer_edge.types import LABELS, FaceEmotion

if TYPE_CHECKING:
    from fer_edge.commands.convert import Outcome
    from fer_edge.convert.verify import LabelledChange, Verification

# Pipes and files have no width of their own; tables must not be cut there.
OUT = Console(width=None if sys.stdout.isatty() else 160)
ERR = Console(stderr=True)


def print_error(message: str) -> None:
    """Print an error as one sentence."""
    ERR.print(f"[bold red]Error:[/] {escape(message)}", soft_wrap=True)


def print_warning(message: str) -> None:
    """Print something that the user should know but that stops nothing."""
    ERR.print(f"[yellow]Warning:[/] {escape(message)}", soft_wrap=True)


def print_note(message: str) -> None:
    """Print what is going on."""
    ERR.print(escape(message), style="dim", soft_wrap=True, highlight=False)


def print_line(text: str) -> None:
    """Print one line of a result that goes on, so that a reader at the end of a pipe has it at once."""
    print(text, flush=True)


def print_json(content: Any) -> None:
    """Print JSON for programs."""
    print(json.dumps(content, indent=2, ensure_ascii=False))


@contextmanager
def progress_bar(title: str) -> Iterator[Callable[[int, int], None]]:
    """Show a bar on stderr while the block runs; yields a function of (done, total)."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=ERR, transient=True) as progress:
        task = progress.add_task(title, total=None)
        yield lambda done, total: progress.update(task, completed=done, total=total)


class TrainingProgress:
    """A bar per epoch with loss, accuracy and the time left, and a line for each finished epoch."""

    def __init__(self, epochs: int) -> None:
        self._epochs = epochs
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
        self._progress = Progress(*columns, console=ERR)
        self._epoch_task = self._progress.add_task("", total=None, visible=False)
        self._run_task = self._progress.add_task("whole run", total=None, visible=False)

    def __enter__(self) -> TrainingProgress:
        self._progress.start()
        return self

    def __exit__(self, *exception: object) -> None:
        self._progress.stop()

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None:
        """Move the bars."""
        text = f"epoch {epoch}/{self._epochs}  loss {loss:.3f}  accuracy {accuracy:.1%}"
        self._progress.update(self._epoch_task, description=text, completed=step, total=steps, visible=True)
        self._progress.update(
            self._run_task, completed=(epoch - 1) * steps + step, total=self._epochs * steps, visible=True
        )

    def on_epoch(self, row: Any) -> None:
        """Print what stays of an epoch."""
        held = "" if row.holdout_accuracy is None else f"  held out {row.holdout_accuracy:.1%}"
        self._progress.console.print(
            f"epoch {row.epoch:3}  loss {row.train_loss:.3f}  accuracy {row.train_accuracy:.1%}{held}"
            f"  learning rate {row.learning_rate:.2g}  {row.seconds:.0f} s",
            highlight=False,
        )


def print_evaluation(name: str, evaluation: Evaluation) -> None:
    """Print the figures of one evaluation, and a table of the classes."""
    interval = evaluation.interval
    OUT.print(
        f"[bold]{escape(name)}[/]: accuracy {evaluation.accuracy:.2%} (95 % interval {interval.low:.2%} to "
        f"{interval.high:.2%}), macro-F1 {evaluation.macro_f1:.3f}, calibration error "
        f"{evaluation.reliability.error:.3f}, {evaluation.images:,} images of split '{evaluation.split}'",
        highlight=False,
    )
    if evaluation.accuracy_unseen is not None and evaluation.images_unseen < evaluation.images:
        OUT.print(
            f"  without the images that also stand in the training split: {evaluation.accuracy_unseen:.2%} of "
            f"{evaluation.images_unseen:,}",
            highlight=False,
        )
    if evaluation.accuracy_ferplus is not None:
        OUT.print(
            f"  against the FER+ majority: {evaluation.accuracy_ferplus:.2%} of {evaluation.images_ferplus:,}",
            highlight=False,
        )


def print_classes(evaluation: Evaluation) -> None:
    """Print precision, recall and F1 of each class."""
    table = Table("class", "precision", "recall", "F1", "images")
    for label, score in evaluation.per_class.items():
        ratios = (f"{value:.3f}" for value in (score.precision, score.recall, score.f1))
        table.add_row(label, *ratios, f"{score.images:,}")
    _right_align(table)
    OUT.print(table)


def scan_as_json(scan: Scan) -> dict[str, Any]:
    """Return what `fer-edge data --json` prints."""
    duplicates = find_duplicates(scan.splits)
    return {
        "splits": {
            name: {"images": len(data), "classes": class_counts(data.labels)} for name, data in scan.splits.items()
        },
        "unreadable": scan.unreadable,
        "wrong_size": scan.wrong_size,
        "duplicate_groups": len(duplicates),
        "duplicates_across_splits": [
            [scan.splits[split].names[index] for split, index in group]
            for group in duplicates
            if len({split for split, _ in group}) > 1
        ],
    }


def class_counts(labels: Any) -> dict[str, int]:
    """Return label name -> number of images."""
    return {name: int((labels == index).sum()) for index, name in enumerate(LABELS)}


def print_scan(scan: Scan) -> None:
    """Print images per split and class, then what is wrong with the copy."""
    content = scan_as_json(scan)
    table = Table("split", *LABELS, "images", title="FER2013")
    for name, split in content["splits"].items():
        table.add_row(name, *(f"{count:,}" for count in split["classes"].values()), f"{split['images']:,}")
    _right_align(table)
    OUT.print(table)
    _print_names("Unreadable", content["unreadable"])
    _print_names("Not 48x48", content["wrong_size"])
    across = [" = ".join(group) for group in content["duplicates_across_splits"]]
    _print_names("Groups of pixel-identical images across splits", across)
    OUT.print(f"Groups of pixel-identical images in all: {content['duplicate_groups']:,}")


def _print_names(title: str, names: list[str], limit: int = 10) -> None:
    OUT.print(f"{title}: {len(names):,}")
    for name in names[:limit]:
        OUT.print(f"  {escape(name)}", soft_wrap=True, highlight=False)
    if len(names) > limit:
        OUT.print(f"  ... and {len(names) - limit:,} more (all with --json)")


def outcome_as_json(outcome: Outcome) -> dict[str, Any]:
    """Return what `fer-edge convert --json` prints for one file."""
    return {
        "file": str(outcome.path),
        "recipe": outcome.recipe,
        "bytes": outcome.size_bytes,
        "passed": outcome.passed,
        "verification": outcome.verification.as_json() if outcome.verification else None,
    }


def print_outcomes(outcomes: list[Outcome]) -> None:
    """Print a column per converted file: size, and what the conversion cost."""
    table = Table("", *(escape(outcome.path.name) for outcome in outcomes))
    for title, cell in _OUTCOME_ROWS.items():
        table.add_row(title, *(cell(outcome) for outcome in outcomes))
    _right_align(table)
    OUT.print(table)
    for outcome in outcomes:
        OUT.print(f"Wrote {outcome.path}", highlight=False, soft_wrap=True)
    if outcomes[0].verification is not None:
        images = outcomes[0].verification.images
        OUT.print(f"Verified against Keras on {images:,} images, {outcomes[0].verification.source}.", highlight=False)


def _verified(cell: Callable[[Verification], str]) -> Callable[[Outcome], str]:
    return lambda outcome: cell(outcome.verification) if outcome.verification else "not verified"


def _labelled(cell: Callable[[LabelledChange], str]) -> Callable[[Outcome], str]:
    return _verified(lambda found: cell(found.labelled) if found.labelled else "no labels")


_OUTCOME_ROWS: dict[str, Callable[[Outcome], str]] = {
    "size, kB": lambda outcome: f"{outcome.size_bytes / 1000:,.1f}",
    "agrees with Keras, %": _verified(lambda found: f"{100 * found.agreement:.2f}"),
    "accuracy, % (Keras)": _labelled(lambda found: f"{100 * found.accuracy:.2f} ({100 * found.accuracy_keras:.2f})"),
    "drop, points": _labelled(lambda found: f"{100 * found.drop:+.2f}"),
    "  95 % interval, paired": _labelled(lambda found: _interval_text(found.drop_interval, "+")),
    "largest change of a score": _verified(lambda found: f"{found.largest_difference:.4f}"),
    "calibration error (Keras)": _labelled(
        lambda found: f"{found.calibration_error:.3f} ({found.calibration_error_keras:.3f})"
    ),
}


def faces_as_json(path: Path, faces: list[FaceEmotion]) -> dict[str, Any]:
    """Return what `fer-edge predict --json` prints for one picture."""
    return {
        "image": str(path),
        "faces": [
            {
                "box": asdict(face.box),
                "label": face.prediction.label,
                "score": round(face.prediction.score, 4),
                "probabilities": dict(
                    zip(LABELS, (round(float(p), 4) for p in face.prediction.probabilities), strict=True)
                ),
            }
            for face in faces
        ],
    }


def print_faces(results: list[tuple[Path, list[FaceEmotion]]]) -> None:
    """Print one row per face."""
    table = Table("image", "face (x, y, width, height)", "emotion", "score")
    for path, faces in results:
        for face in faces:
            box = face.box
            place = f"{box.x}, {box.y}, {box.width}, {box.height}"
            table.add_row(escape(str(path)), place, face.prediction.label, f"{face.prediction.score:.0%}")
        if not faces:
            table.add_row(escape(str(path)), "no face found", "", "")
    OUT.print(table)


def print_report(report: BenchReport) -> None:
    """Print the benchmark: a column per model, so that the table fits a small terminal."""
    names = [
        Path(result.path).name + (" (baseline)" if result.path == report.baseline else "") for result in report.models
    ]
    table = Table(
        "", *map(escape, names), title=f"{report.faces}\n{report.host.get('board') or report.host.get('cpu', '')}"
    )
    for title, cell in _report_rows(report):
        table.add_row(title, *(cell(result) for result in report.models))
    _right_align(table)
    OUT.print(table)
    for result in report.models:
        if result.calibration:
            OUT.print(f"{Path(result.path).name} was calibrated on {result.calibration}.", highlight=False)
    for warning in report.warnings:
        print_warning(warning)


def _report_rows(report: BenchReport) -> list[tuple[str, Callable[[ModelResult], str]]]:
    """Return (title, function that gives a model's cell) of every row."""
    rows: list[tuple[str, Callable[[ModelResult], str]]] = [
        ("size, kB", lambda result: f"{result.file_bytes / 1000:,.1f}"),
        ("accuracy, %", _accuracy_cell),
        ("  95 % interval", _interval_cell),
        ("drop, points", lambda result: _drop_cell(result, report.baseline)),
        ("  95 % interval, paired", _drop_interval_cell),
        ("agrees with baseline, %", lambda result: _agreement_cell(result, report.baseline)),
    ]
    for index, entry in enumerate(report.models[0].latency):
        with_threads = f" ({entry.threads} threads)" if len(report.models[0].latency) > 1 else ""
        rows += [(f"predict{with_threads} p50, ms", _latency_cell(index, "predict_ms", 50))]
        rows += [(f"  p{percent}, ms", _latency_cell(index, "predict_ms", percent)) for percent in (90, 99)]
        rows += [("  bare interpreter p50, ms", _latency_cell(index, "invoke_ms", 50))]
    return [
        *rows,
        ("load, ms", lambda result: f"{result.latency[0].load_ms:.1f}"),
        ("start to first result, ms", lambda result: f"{result.latency[0].first_result_ms:.0f}"),
        ("peak memory, MB", lambda result: f"{max(entry.peak_memory_mb for entry in result.latency):.1f}"),
    ]


def _accuracy_cell(result: ModelResult) -> str:
    return f"{100 * result.accuracy.accuracy:.2f}" if result.accuracy else "not measured"


def _interval_cell(result: ModelResult) -> str:
    return _interval_text(result.accuracy.interval, "") if result.accuracy else ""


def _drop_cell(result: ModelResult, baseline: str) -> str:
    if result.path == baseline:
        return "-"
    return (
        f"{100 * result.accuracy.drop:+.2f}" if result.accuracy and result.accuracy.drop is not None else "not measured"
    )


def _drop_interval_cell(result: ModelResult) -> str:
    interval = result.accuracy.drop_interval if result.accuracy else None
    return _interval_text(interval, "+") if interval else ""


def _agreement_cell(result: ModelResult, baseline: str) -> str:
    if result.path == baseline:
        return "-"
    return "not measured" if result.agreement is None else f"{100 * result.agreement:.2f}"


def _latency_cell(index: int, samples: str, percent: int) -> Callable[[ModelResult], str]:
    return lambda result: f"{getattr(percentiles(getattr(result.latency[index], samples)), f'p{percent}'):.3f}"


def _interval_text(interval: Interval, sign: str) -> str:
    return f"{100 * interval.low:{sign}.2f} to {100 * interval.high:{sign}.2f}"


def _right_align(table: Table) -> None:
    for column in table.columns[1:]:
        column.justify = "right"
