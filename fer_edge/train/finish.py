"""The end of a run: write the network, its record and its report."""

from __future__ import annotations

import json
from dataclasses import asdict
from typing import Any

import keras
import numpy as np

from fer_edge.files import replacing, write_text
from fer_edge.provenance import store_training, versions
from fer_edge.train.config import TrainConfig
from fer_edge.train.evaluate import evaluate, plot_confusion, plot_curves, write_metrics
from fer_edge.train.run import RunFolder
from fer_edge.train.trainer import split_holdout
from fer_edge.types import LABELS, LabelledImages


def finish_run(
    config: TrainConfig, splits: dict[str, LabelledImages], run: RunFolder, network: keras.Model
) -> dict[str, Any]:
    """Evaluate the network on every split it was not trained on, and write the run's results.

    Returns:
        the metrics, by split; "holdout" is the share of the training split kept for monitoring.
    """
    state = run.read_state()
    history = state.history if state else []
    metrics = {name: evaluate(network, images, splits["train"]) for name, images in splits.items() if name != "train"}
    training, holdout = split_holdout(splits["train"], config.holdout, config.seed)
    if len(holdout):
        metrics["holdout"] = evaluate(network, holdout, training)
    record = {
        "recipe": asdict(config),
        "epochs_trained": len(history),
        "seconds": sum(row.seconds for row in history),
        "parameters": network.count_params(),
        "labels": list(LABELS),
        "data_sha256": {name: images.sha256() for name, images in splits.items()},
        "seed": config.seed,
        "versions": versions("tensorflow", "keras", "numpy", "opencv-python-headless"),
        "accuracy": {name: values["accuracy"] for name, values in metrics.items()},
    }
    with replacing(run.model) as temporary:
        network.save(temporary)
        store_training(temporary, record)
    write_text(run.record, json.dumps(record, indent=2) + "\n")
    write_metrics(run.metrics, metrics)
    plot_curves(run.curves, history)
    for name, values in list(metrics.items())[:1]:
        title = f"{config.model} on {name}: {values['accuracy']:.1%} of {values['images']:,} images"
        plot_confusion(run.confusion, np.array(values["confusion_matrix"]), title)
    return metrics
