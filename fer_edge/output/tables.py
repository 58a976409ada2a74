"""The tables that commands print for people; with --json, programs get the same figures."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from rich.table import Table
from rich.text import Text

from fer_edge.data.fer2013 import Scan, find_duplicates
from fer_edge.evaluation.consistency import Consistency
from fer_edge.evaluation.evaluate import Evaluation
from fer_edge.output.console import out, right_align
from fer_edge.text import printable
from fer_edge.types import LABELS

if TYPE_CHECKING:
    from fer_edge.convert.arithmetics import ReferenceFidelity
    from fer_edge.convert.fidelity import Fidelity, LabelledChange
    from fer_edge.convert.outcome import Outcome


def print_evaluation(name: str, evaluation: Evaluation) -> None:
    """Print the figures of one evaluation, and a table of the classes."""
    interval = evaluation.interval
    out().print(
        Text.assemble(
            (printable(name), "bold"),
            f": accuracy {evaluation.accuracy:.2%} (95 % interval {interval.low:.2%} to "
            f"{interval.high:.2%}), macro-F1 {evaluation.macro_f1:.3f}, reliability error "
            f"{evaluation.reliability.error:.3f}, {evaluation.images:,} images of split '{evaluation.split}'",
        )
    )
    if evaluation.accuracy_unseen is not None and evaluation.images_unseen < evaluation.images:
        out().print(
            f"  without the images that also appear in the training split: {evaluation.accuracy_unseen:.2%} of "
            f"{evaluation.images_unseen:,}"
        )
    if evaluation.accuracy_ferplus is not None:
        out().print(f"  against the FER+ majority: {evaluation.accuracy_ferplus:.2%} of {evaluation.images_ferplus:,}")


def print_consistency(found: Consistency) -> None:
    """Print how often the answer stays when the face moves."""
    out().print(
        f"  same answer when the face moves by 2 pixels: {found.shifted:.2%}, when its size changes by 5 %: "
        f"{found.scaled:.2%}"
    )


def print_classes(evaluation: Evaluation) -> None:
    """Print precision, recall and F1 of each class."""
    table = Table("class", "precision", "recall", "F1", "images")
    for label, score in evaluation.per_class.items():
        if not score.images:  # a network for some of the emotions is measured on their images alone
            continue
        ratios = (f"{value:.3f}" for value in (score.precision, score.recall, score.f1))
        table.add_row(label, *ratios, f"{score.images:,}")
    right_align(table)
    out().print(table)


def scan_as_json(scan: Scan) -> dict[str, Any]:
    """Return what `fer-edge data --json` prints."""
    duplicates = find_duplicates(scan.splits)
    return {
        "splits": {
            name: {"images": len(data), "classes": class_counts(data.labels)} for name, data in scan.splits.items()
        },
        "unreadable": scan.unreadable,
        "wrong_size": scan.wrong_size,
        "notes": scan.notes,
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
    out().print(table)
    _print_names("Unreadable", content["unreadable"])
    _print_names("Resized to 48x48", content["wrong_size"])
    for note in content["notes"]:
        out().print(printable(note))
    across = [" = ".join(group) for group in content["duplicates_across_splits"]]
    _print_names("Groups of pixel-identical images across splits", across)
    out().print(f"Groups of pixel-identical images in all: {content['duplicate_groups']:,}")


def _print_names(title: str, names: list[str], limit: int = 10) -> None:
    out().print(f"{title}: {len(names):,}")
    for name in names[:limit]:
        out().print(f"  {printable(name)}", soft_wrap=True)
    if len(names) > limit:
        out().print(f"  ... and {len(names) - limit:,} more (all with --json)")


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
        "fidelity": outcome.fidelity.as_json() if outcome.fidelity else None,
    }


def print_outcomes(outcomes: list[Outcome]) -> None:
    """Print a column per converted file: size, and what the conversion cost."""
    table = Table("", *(printable(outcome.path.name) for outcome in outcomes))
    labelled = any(outcome.fidelity and outcome.fidelity.labelled for outcome in outcomes)
    integer = any(outcome.fidelity and outcome.fidelity.reference for outcome in outcomes)
    rows = _OUTCOME_ROWS | (_REFERENCE_ROWS if integer else {}) | (_CLASS_ROWS if labelled else {})
    for title, cell in rows.items():
        table.add_row(title, *(cell(outcome) for outcome in outcomes))
    right_align(table)
    out().print(table)
    for outcome in outcomes:
        for path in (outcome.path, *outcome.sources):
            out().print(f"Wrote {printable(str(path))}", soft_wrap=True)
    found = outcomes[0].fidelity
    if found is not None:
        unchecked = "" if found.labelled else " They carry no labels, so agreement was checked, not accuracy."
        about = f"Compared with Keras on {found.images:,} images, {found.source}.{unchecked}"
        out().print(about)


def _compared(cell: Callable[[Fidelity], str]) -> Callable[[Outcome], str]:
    return lambda outcome: cell(outcome.fidelity) if outcome.fidelity else "not compared"


def _labelled(cell: Callable[[LabelledChange], str]) -> Callable[[Outcome], str]:
    return _compared(lambda found: cell(found.labelled) if found.labelled else "no labels")


def _reference(cell: Callable[[ReferenceFidelity], str]) -> Callable[[Outcome], str]:
    return _compared(lambda found: cell(found.reference) if found.reference else "not for them")


def _recall_change(label: str) -> Callable[[Outcome], str]:
    return _labelled(lambda found: f"{100 * found.recall_change[label]:+.2f}")


_OUTCOME_ROWS: dict[str, Callable[[Outcome], str]] = {
    "size, kB": lambda outcome: f"{outcome.size_bytes / 1000:,.1f}",
    "agrees with Keras, %": _compared(lambda found: f"{100 * found.agreement:.2f}"),
    "accuracy, % (Keras)": _labelled(lambda found: f"{100 * found.accuracy:.2f} ({100 * found.accuracy_keras:.2f})"),
    "drop, points": _labelled(lambda found: f"{100 * found.drop:+.2f}"),
    "  95 % interval, paired": _labelled(lambda found: found.drop_interval.text("+.2f", times=100)),
    "answers that changed": _compared(lambda found: f"{len(found.flipped):,}"),
    "largest change of a score": _compared(lambda found: f"{found.largest_difference:.4f}"),
    "  mean": _compared(lambda found: f"{found.mean_difference:.5f}"),
    "reliability error (Keras)": _labelled(
        lambda found: f"{found.calibration_error:.3f} ({found.calibration_error_keras:.3f})"
    ),
}

_REFERENCE_ROWS: dict[str, Callable[[Outcome], str]] = {
    "on microcontrollers, agrees with Keras, %": _reference(lambda found: f"{100 * found.agreement:.0f}"),
    "  same emotion as here, %": _reference(lambda found: f"{100 * found.same_label:.0f}"),
    "  scores that differ, % (most, in 1/256)": _reference(
        lambda found: f"{100 * found.scores_that_differ:.0f} ({found.largest_steps})"
    ),
}
"""Of int8 files: microcontrollers run the reference kernels, which round otherwise than XNNPACK."""

_CLASS_ROWS: dict[str, Callable[[Outcome], str]] = {
    "recall per class, change in points": lambda outcome: "",
    **{f"  {label}": _recall_change(label) for label in LABELS},
}
