"""The end of a run: write the network, its record and its report."""

from __future__ import annotations

import json
from dataclasses import asdict

import keras

from fer_edge.data.holdout import split_holdout
from fer_edge.data.votes import Votes
from fer_edge.evaluation.evaluate import Evaluation, evaluate
from fer_edge.files import replacing, write_text
from fer_edge.kerasfile.load import predict_keras
from fer_edge.modelfile.provenance import store_training, versions
from fer_edge.train.batch_norm import reestimate_batch_norm
from fer_edge.train.config import TrainConfig
from fer_edge.train.run import RunFolder
from fer_edge.train.temperature import ends_in_logits, fit_temperature, fold_temperature
from fer_edge.types import LABELS, LabelledImages


def finish_run(
    config: TrainConfig,
    splits: dict[str, LabelledImages],
    run: RunFolder,
    network: keras.Model,
    votes: Votes | None = None,
) -> dict[str, Evaluation]:
    """Evaluate the network on every split it was not trained on, and write the run's results.

    First its batch norm is re-estimated on clean training images, and then the temperature that fits the held-out
    images is folded into its last layer.

    Returns:
        the evaluations by split; "holdout" is the share of the training split kept for monitoring.
    """
    state = run.read_state()
    history = state.history if state else []
    if state and config.schedule == "one_cycle":
        run.write_state(state.at_rest())
    training, holdout = split_holdout(splits["train"], config.holdout, config.seed)
    if config.clean_batch_norm:
        reestimate_batch_norm(network, training.images, config.seed)
    temperature = _calibrate(network, holdout)
    evaluations = {
        name: evaluate(images, predict_keras(network, images.images), training=splits["train"], votes=votes)
        for name, images in splits.items()
        if name != "train"
    }
    if len(holdout):
        answers = predict_keras(network, holdout.images)
        evaluations["holdout"] = evaluate(holdout, answers, training=training, votes=votes)
    record = {
        "name": run.path.resolve().name,
        "recipe": asdict(config),
        "epochs_trained": history[-1].epoch if history else 0,
        "seconds": sum(row.seconds for row in history),
        "parameters": network.count_params(),
        "labels": list(LABELS),
        "data_sha256": {name: images.sha256() for name, images in splits.items()},
        "temperature": temperature,
        "seed": config.seed,
        "versions": versions(keras.backend.backend(), "keras", "numpy", "opencv-python-headless"),
        "accuracy": {name: evaluation.accuracy for name, evaluation in evaluations.items()},
    }
    with replacing(run.model) as temporary:
        network.save(temporary)
        store_training(temporary, record)
    write_text(run.record, json.dumps(record, indent=2) + "\n")
    metrics = {name: evaluation.as_json() for name, evaluation in evaluations.items()}
    write_text(run.metrics, json.dumps(metrics, indent=2) + "\n")
    return evaluations


def _calibrate(network: keras.Model, holdout: LabelledImages) -> float | None:
    """Fold into the network the temperature that fits the held-out images; None without any, or without logits."""
    if not len(holdout) or not ends_in_logits(network):
        return None
    temperature = fit_temperature(predict_keras(network, holdout.images), holdout.labels)
    fold_temperature(network, temperature)
    return temperature
