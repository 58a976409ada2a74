"""`fer-edge evaluate`."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge import console
from fer_edge.commands.shared import choose_split, load_tensorflow, read_fer2013
from fer_edge.files import require_free


def evaluate(
    model: str, *, data: str | None, split: str | None, votes: Path | None, out: Path | None, force: bool, as_json: bool
) -> None:
    """Measure a .keras or .tflite model on one split; write plots if asked to."""
    from fer_edge.evaluation import evaluate as measure
    from fer_edge.votes import read_votes

    plots = {name: out / f"{name}.png" for name in ("confusion", "reliability", "mistakes")} if out else {}
    for target in plots.values():
        require_free(target, force=force)
    shares = read_votes(votes) if votes else None
    splits = read_fer2013(data)
    images = splits[choose_split(split, splits)]
    name, probabilities = _probabilities(model, images.images)
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
        console.print_evaluation(name, found)
        console.print_classes(found)
        for target in plots.values():
            console.OUT.print(f"Wrote {target}", highlight=False, soft_wrap=True)


def _probabilities(model: str, faces: npt.NDArray[np.uint8]) -> tuple[str, npt.NDArray[np.float32]]:
    """Return the model's file name and its answers (N x 7); only a .keras file needs TensorFlow."""
    if model.endswith(".keras"):
        load_tensorflow()
        from fer_edge.keras_file import load_keras, predict_keras

        return Path(model).name, predict_keras(load_keras(Path(model)).network, faces)
    from fer_edge.benchmarks.accuracy import predict_probabilities
    from fer_edge.runtime.bundled import find_model

    path = find_model(model)
    return path.name, predict_probabilities(path, faces)
