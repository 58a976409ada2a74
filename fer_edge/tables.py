"""The tables that commands print for people; with --json, programs get the same figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.markup import escape
from rich.table import Table

from fer_edge.console import OUT, right_align
from fer_edge.dataset import Scan, find_duplicates
from fer_edge.evaluation import Evaluation
from fer_edge.metrics import Interval
from fer_edge.types import LABELS

if TYPE_CHECKING:
    from fer_edge.commands.convert import Outcome
    from fer_edge.convert.verify import LabelledChange, Verification


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
    right_align(table)
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
    right_align(table)
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
        "notes": list(outcome.notes),
        "seconds": outcome.seconds,
        "c_files": [str(path) for path in outcome.sources],
        "verification": outcome.verification.as_json() if outcome.verification else None,
    }


def print_outcomes(outcomes: list[Outcome]) -> None:
    """Print a column per converted file: size, and what the conversion cost."""
    table = Table("", *(escape(outcome.path.name) for outcome in outcomes))
    labelled = any(outcome.verification and outcome.verification.labelled for outcome in outcomes)
    for title, cell in (_OUTCOME_ROWS | (_CLASS_ROWS if labelled else {})).items():
        table.add_row(title, *(cell(outcome) for outcome in outcomes))
    right_align(table)
    OUT.print(table)
    for outcome in outcomes:
        for path in (outcome.path, *outcome.sources):
            OUT.print(f"Wrote {path}", highlight=False, soft_wrap=True)
    found = outcomes[0].verification
    if found is not None:
        unchecked = "" if found.labelled else " They carry no labels, so --max-drop was not checked."
        about = f"Verified against Keras on {found.images:,} images, {found.source}.{unchecked}"
        OUT.print(about, highlight=False, markup=False)


def _verified(cell: Callable[[Verification], str]) -> Callable[[Outcome], str]:
    return lambda outcome: cell(outcome.verification) if outcome.verification else "not verified"


def _labelled(cell: Callable[[LabelledChange], str]) -> Callable[[Outcome], str]:
    return _verified(lambda found: cell(found.labelled) if found.labelled else "no labels")


def _recall_change(label: str) -> Callable[[Outcome], str]:
    return _labelled(lambda found: f"{100 * found.recall_change[label]:+.2f}")


_OUTCOME_ROWS: dict[str, Callable[[Outcome], str]] = {
    "size, kB": lambda outcome: f"{outcome.size_bytes / 1000:,.1f}",
    "agrees with Keras, %": _verified(lambda found: f"{100 * found.agreement:.2f}"),
    "accuracy, % (Keras)": _labelled(lambda found: f"{100 * found.accuracy:.2f} ({100 * found.accuracy_keras:.2f})"),
    "drop, points": _labelled(lambda found: f"{100 * found.drop:+.2f}"),
    "  95 % interval, paired": _labelled(lambda found: interval_text(found.drop_interval, "+")),
    "answers that changed": _verified(lambda found: f"{len(found.flipped):,}"),
    "largest change of a score": _verified(lambda found: f"{found.largest_difference:.4f}"),
    "  mean": _verified(lambda found: f"{found.mean_difference:.5f}"),
    "calibration error (Keras)": _labelled(
        lambda found: f"{found.calibration_error:.3f} ({found.calibration_error_keras:.3f})"
    ),
}

_CLASS_ROWS: dict[str, Callable[[Outcome], str]] = {
    "recall per class, change in points": lambda outcome: "",
    **{f"  {label}": _recall_change(label) for label in LABELS},
}


def interval_text(interval: Interval, sign: str = "") -> str:
    """Return a 95 % interval of fractions in per cent or points; sign "+" shows it always."""
    return f"{100 * interval.low:{sign}.2f} to {100 * interval.high:{sign}.2f}"
