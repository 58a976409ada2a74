"""Options that several commands share."""

from __future__ import annotations

import math
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from click.shell_completion import CompletionItem

if TYPE_CHECKING:
    from fer_edge.data.class_names import ClassNames


def examples(*lines: str) -> str:
    """Return the end of a command's help; a test parses every line."""
    return "\n".join(["\b", "Examples:", *(f"  {line}" for line in lines)])


FILE = click.Path(path_type=Path, readable=False)
"""A path of any kind; whether it is there, and readable, each command says in its own words."""

_CLASSES = "fer_edge.classes"


def _keep_classes(context: click.Context, parameter: click.Parameter, values: tuple[str, ...]) -> None:
    """Keep what was said of classes in the context: `read_classes` finds it, whichever command reads the data."""
    from fer_edge.emotions import CONTEMPT, find_emotion

    kept = context.meta.setdefault(_CLASSES, ({}, set()))
    for value in values:
        if parameter.name == "leave_out":
            kept[1].add(value.strip().casefold())
            continue
        name, _, emotion = value.rpartition("=")
        found = find_emotion(emotion)
        if not name or found is None or found == CONTEMPT:
            raise click.BadParameter(f"expected NAME=EMOTION, such as grumpy=angry, got '{value}'.")
        kept[0][name.strip().casefold()] = found


def read_classes() -> ClassNames:
    """Return what --map and --leave-out of the command in work say of classes."""
    from fer_edge.data.class_names import ClassNames

    context = click.get_current_context(silent=True)
    given, left_out = context.meta.get(_CLASSES, ({}, set())) if context else ({}, set())
    return ClassNames(given, frozenset(left_out))


_CLASS_OPTIONS = (
    click.option(
        "--map",
        metavar="NAME=EMOTION",
        multiple=True,
        expose_value=False,
        callback=_keep_classes,
        help="Which emotion a class of the data is, such as grumpy=angry; repeatable.",
    ),
    click.option(
        "--leave-out",
        metavar="NAME",
        multiple=True,
        expose_value=False,
        callback=_keep_classes,
        help="A class of the data to leave out; repeatable.",
    ),
)


def class_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say what the classes of the data mean."""
    for option in reversed(_CLASS_OPTIONS):
        command = option(command)
    return command


def data_option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the option that names FER2013, and those that say what its classes mean."""
    return click.option(
        "--data",
        metavar="PATH",
        help="FER2013 as a folder, .zip or fer2013.csv; else $FER_EDGE_DATA, else the cache folder. "
        "'lfw_subset' means scikit-image's public faces, without labels.",
    )(class_options(command))


def complete_model(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[CompletionItem]:
    """Return the bundled models for the shell, and files where none begins so."""
    from fer_edge.runtime.bundled import bundled_names

    names = sorted({part for name in bundled_names() for part in (name, name.partition(":")[0])})
    fitting = [CompletionItem(name) for name in names if name.startswith(incomplete)]
    return fitting or [CompletionItem(incomplete, type="file")]


model_option = click.option(
    "--model",
    shell_complete=complete_model,
    metavar="MODEL",
    default="edge_cnn_s",
    help="A .tflite file or the name of a bundled model.",
)
detector_option = click.option(
    "--detector",
    metavar="auto|yunet|haar|FILE",
    default="auto",
    help="What finds faces: YuNet, OpenCV's Haar cascade, or a file of YuNet (.onnx) or BlazeFace (.tflite); "
    "auto is YuNet where available, else Haar.",
)


def _finite(context: click.Context, parameter: click.Parameter, value: float | None) -> float | None:
    """Refuse NaN, which no range refuses."""
    if value is not None and math.isnan(value):
        raise click.BadParameter("nan is not a number.")
    return value


min_face_option = click.option(
    "--min-face",
    type=click.IntRange(min=1),
    metavar="PIXELS",
    help="The smallest face to look for; smaller ones take longer. [default: 48]",
)
min_confidence_option = click.option(
    "--min-confidence",
    type=click.FloatRange(0, 1),
    callback=_finite,
    metavar="0..1",
    help="Leave out faces of which the detector is less sure. [default: what measured best]",
)
margin_option = click.option(
    "--margin",
    type=click.FloatRange(-0.4, 2),
    callback=_finite,
    metavar="FRACTION",
    help="How far the crop extends beyond a face's box, on each side. [default: what the detector needs]",
)
trusted_key_option = click.option(
    "--trusted-key", type=FILE, metavar="PUB.pem", help="Refuse a model that is not signed with this Ed25519 key."
)
force_option = click.option("--force", is_flag=True, help="Replace files that already exist.")
on_option = click.option(
    "--on", default="local", metavar="local|ray|ray://HOST:PORT", help="This machine, or a Ray cluster."
)
json_option = click.option("--json", "as_json", is_flag=True, help="Print JSON for programs.")

_STATEMENTS = (
    click.option("--labels", metavar="A,B,...|FILE", help="A foreign network's classes, in the order of its outputs."),
    click.option(
        "--input-range",
        metavar="BLACK,WHITE",
        help="What a foreign network takes for black and white, such as -1,1; or fer2013, per-image, imagenet, caffe.",
    ),
    click.option(
        "--colour",
        type=click.Choice(["grey", "rgb", "bgr"]),
        metavar="rgb|bgr",
        help="The order of a foreign network's channels; default: rgb.",
    ),
)


def stating_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Add the options that say of a network what its file does not."""
    for option in reversed(_STATEMENTS):
        command = option(command)
    return command


architecture_option = click.option(
    "--architecture",
    metavar="FILE.json|MODULE:FUNCTION",
    help="The network of a file of weights alone: JSON of model.to_json(), or your function that builds it.",
)
