"""`fer-edge evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import (
    FILE,
    architecture_option,
    data_option,
    examples,
    force_option,
    json_option,
    stating_options,
    trusted_key_option,
)
from fer_edge.cli.shared import choose_split, load_tensorflow, read_fer2013, require_network
from fer_edge.cli.stated import is_keras, prepare_network, read_statement
from fer_edge.errors import ModelError
from fer_edge.files import require_free, require_writable_folder
from fer_edge.output import console
from fer_edge.stopping import leaving_nothing_behind

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    from fer_edge.runtime.foreign import Statement
    from fer_edge.types import LabelledImages

    Predictor = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
    """uint8 N x 48 x 48 x 1 pixels -> float32 N x labels probabilities."""

    Loader = Callable[[dict[str, LabelledImages]], tuple[Predictor, tuple[str, ...]]]
    """FER2013's splits -> the function that answers, and its labels."""


@click.command(
    epilog=examples(
        "fer-edge evaluate edge_cnn_s --data fer2013.zip", "fer-edge evaluate runs/mine/model.keras --out plots/"
    )
)
@click.argument("model")
@data_option
@stating_options
@architecture_option
@click.option("--split", help="train, public, private or test; default: public.")
@click.option("--votes", type=FILE, help="The FER+ votes as CSV: accuracy against the annotators' majority too.")
@click.option(
    "--consistency",
    is_flag=True,
    help="Measure how often the answer stays when the face moves by 2 pixels or its size changes by 5 %, too.",
)
@click.option(
    "--out",
    type=FILE,
    metavar="FOLDER",
    help="Write confusion matrix, reliability diagram and worst mistakes as PNG into this folder.",
)
@trusted_key_option
@force_option
@json_option
def command(
    model: str,
    data: str | None,
    labels: str | None,
    input_range: str | None,
    colour: str | None,
    architecture: str | None,
    split: str | None,
    votes: Path | None,
    consistency: bool,
    out: Path | None,
    trusted_key: Path | None,
    force: bool,
    as_json: bool,
) -> None:
    """Measure how often a model is right.

    MODEL is a .tflite file or a bundled name such as edge_cnn_s, which needs no TensorFlow, or a Keras network in any
    of the forms that convert takes.
    """
    from fer_edge.data.emotion_scores import as_probabilities, describe_gaps, measurable
    from fer_edge.data.votes import read_votes
    from fer_edge.emotions import measured_labels
    from fer_edge.evaluation.consistency import measure_consistency
    from fer_edge.evaluation.evaluate import evaluate
    from fer_edge.output import tables

    plots = _plan_plots(out, force=force) if out else {}
    shares = read_votes(votes) if votes else None
    statement = read_statement(labels, input_range, colour)
    if not is_keras(model):
        load = _load_tflite(model, statement, trusted_key)
    elif trusted_key is not None:
        raise ModelError(f"{model} cannot be checked with --trusted-key: only .tflite files carry a signature.")
    else:
        load = _plan_keras(model, architecture, statement)
    splits = read_fer2013(data)
    with leaving_nothing_behind():
        predict, names = load(splits)
    if not measured_labels(names):
        raise ModelError(
            f"{model} names other classes than FER2013 ({', '.join(names)[:200]}), which cannot measure it."
        )
    if gaps := describe_gaps(names):
        console.print_warning(gaps)
    images = measurable(splits[choose_split(split, splits)], names)
    probabilities = as_probabilities(predict(images.images), names)
    training = splits.get("train") if images.split != "train" else None
    found = evaluate(images, probabilities, training=training, votes=shares)
    steady = measure_consistency(images.images, predict) if consistency else None
    name = Path(model).name if Path(model).exists() else model
    if plots:
        from fer_edge.output.charts import plot_confusion, plot_mistakes, plot_reliability

        plot_confusion(plots["confusion"], found, name)
        plot_reliability(plots["reliability"], found.reliability, f"{name} on {found.split}")
        plot_mistakes(plots["mistakes"], images, probabilities)
    if as_json:
        also = {"consistency": steady.as_json()} if steady else {}
        console.print_json({"model": name, **found.as_json(), **also})
    else:
        tables.print_evaluation(name, found)
        if steady:
            tables.print_consistency(steady)
        tables.print_classes(found)
        for target in plots.values():
            console.print_line(f"Wrote {target}")


def _plan_plots(out: Path, *, force: bool) -> dict[str, Path]:
    """Return the plots by name, checked before the work starts: they can be drawn and written."""
    from fer_edge.output.charts import require_matplotlib

    require_matplotlib()
    plots = {name: out / f"{name}.png" for name in ("confusion", "reliability", "mistakes")}
    for target in plots.values():
        require_free(target, force=force)
    require_writable_folder(out)
    return plots


def _load_tflite(model: str, statement: Statement, trusted_key: Path | None) -> Loader:
    """Return, ready to answer, a .tflite model."""
    import os

    import numpy as np

    from fer_edge.data.emotion_scores import require_finite
    from fer_edge.runtime import EmotionClassifier
    from fer_edge.runtime.bundled import find_model
    from fer_edge.runtime.quiet import silenced

    with silenced():
        threads = os.cpu_count() or 1
        classifier = EmotionClassifier(
            find_model(model), threads=threads, **statement.as_options(), trusted_key=trusted_key
        )

    def predict(faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        answers = np.stack([prediction.probabilities for prediction in classifier.predict_batch(faces)])
        require_finite(answers, model)
        return answers

    return lambda splits: (predict, classifier.labels)


def _plan_keras(model: str, architecture: str | None, statement: Statement) -> Loader:
    """Return what loads a Keras network as convert does, once there are faces to read it by."""
    from fer_edge.data.emotion_scores import require_finite

    require_network(Path(model), architecture)

    def load(splits: dict[str, LabelledImages]) -> tuple[Predictor, tuple[str, ...]]:
        load_tensorflow()
        prepared = prepare_network(Path(model), architecture, statement, splits)

        def predict(faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
            answers = prepared.predict(faces)
            require_finite(answers, model)
            return answers

        return predict, prepared.labels

    return load
