"""`fer-edge evaluate`."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge import console, tables
from fer_edge.commands.shared import choose_split, load_quietly, load_tensorflow, read_fer2013, require_file
from fer_edge.files import require_free, require_writable_folder

Predictor = Callable[[npt.NDArray[np.uint8]], npt.NDArray[np.float32]]
"""uint8 N x 48 x 48 x 1 pixels -> float32 N x 7 probabilities."""


def evaluate(
    model: str, *, data: str | None, split: str | None, votes: Path | None, out: Path | None, force: bool, as_json: bool
) -> None:
    """Measure a .keras or .tflite model on one split; write plots if asked to."""
    from fer_edge.evaluation import evaluate as measure
    from fer_edge.votes import read_votes

    plots = _plan_plots(out, force=force) if out else {}
    shares = read_votes(votes) if votes else None
    predict, name = _load_predictor(model)
    splits = read_fer2013(data)
    images = splits[choose_split(split, splits)]
    probabilities = predict(images.images)
    training = splits.get("train") if images.split != "train" else None
    found = measure(images, probabilities, training=training, votes=shares)
    if plots:
        from fer_edge.plots import plot_confusion, plot_mistakes, plot_reliability

        plot_confusion(plots["confusion"], found, name)
        plot_reliability(plots["reliability"], found.reliability, f"{name} on {found.split}")
        plot_mistakes(plots["mistakes"], images, probabilities)
    if as_json:
        console.print_json({"model": name, **found.as_json()})
    else:
        tables.print_evaluation(name, found)
        tables.print_classes(found)
        for target in plots.values():
            console.OUT.print(f"Wrote {target}", highlight=False, soft_wrap=True)


def _plan_plots(out: Path, *, force: bool) -> dict[str, Path]:
    """Return the plots by name, checked before the work starts: they can be drawn and written."""
    from fer_edge.plots import require_matplotlib

    require_matplotlib()
    plots = {name: out / f"{name}.png" for name in ("confusion", "reliability", "mistakes")}
    for target in plots.values():
        require_free(target, force=force)
    require_writable_folder(out)
    return plots


def _load_predictor(model: str) -> tuple[Predictor, str]:
    """Return the function that answers for a model, and its file name; only .keras needs TensorFlow."""
    if model.endswith(".keras"):
        require_file(Path(model))
        load_tensorflow()
        from fer_edge.keras_file import load_keras, predict_keras

        return partial(predict_keras, load_keras(Path(model)).network), Path(model).name
    from fer_edge.benchmarks.accuracy import predict_probabilities

    path = load_quietly(model)
    return partial(predict_probabilities, path), path.name
