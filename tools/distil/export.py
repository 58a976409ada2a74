"""Make a run folder of a network that `learn` trained: batch norm, temperature, accuracy and record as after `train`.

python -m tools.distil.export edge_cnn_m .gpu-out --data fer2013.zip --votes ferplus_votes.csv --out runs/edge_cnn_m
"""

from __future__ import annotations

import json
import math
from dataclasses import replace
from pathlib import Path
from typing import Any

import click
import numpy as np

from fer_edge.data.fer2013 import read_splits
from fer_edge.data.votes import read_votes
from fer_edge.output.charts import draw_run
from fer_edge.train.config import TrainConfig, load_recipe
from fer_edge.train.finish import finish_run
from fer_edge.train.models import build_model
from fer_edge.train.run import EpochRow, RunFolder, TrainState


@click.command()
@click.argument("name")
@click.argument("learned", type=click.Path(exists=True, file_okay=False, path_type=Path))
@click.option("--data", type=click.Path(path_type=Path), required=True)
@click.option("--votes", type=click.Path(path_type=Path), required=True)
@click.option("--out", type=click.Path(path_type=Path), required=True)
def export(name: str, learned: Path, data: Path, votes: Path, out: Path) -> None:
    """Write the run folder OUT of the network NAME, whose weights lie in the folder LEARNED."""
    if not (learned / f"{name}.json").is_file():
        raise click.ClickException(
            f"{learned} holds no {name}.json: name a network that tools.distil.learn wrote there."
        )
    record = json.loads((learned / f"{name}.json").read_text())
    with np.load(learned / f"{name}.npz") as stored:
        arrays = {key: stored[key].astype(np.float32) for key in stored.files}
    config = _recipe(record["plan"], max(1, round(record["epochs"])))
    network = build_model(
        config.model, widths=config.widths, blocks=config.blocks, dropout=config.dropout, stem=config.stem
    )
    for weight in network.weights:
        if weight.path in arrays:
            weight.assign(arrays.pop(weight.path))
    if arrays:
        raise click.ClickException(f"The network has no weights called {', '.join(arrays)}.")
    run = RunFolder(out)
    out.mkdir(parents=True, exist_ok=True)
    run.write_recipe(config)
    run.write_state(TrainState([], [], [], _history(record, config)))
    splits = read_splits(data, "train", "public")
    evaluations = finish_run(config, splits, run, network, read_votes(votes))
    draw_run(run, evaluations, name)
    run.checkpoint.unlink()
    for split, evaluation in evaluations.items():
        print(f"{name} {split}: {evaluation.accuracy:.2%}")


def _recipe(plan: dict[str, Any], epochs: int) -> TrainConfig:
    """Return the plan as a recipe; what Keras's SGD calls weight decay is ten times PyTorch's, with momentum 0.9."""
    return load_recipe(
        "edge_cnn_m",
        {
            **{field: plan[field] for field in ("widths", "blocks", "stem", "erasing", "balance")},
            "dropout": [0.1],
            "epochs": epochs,
            "batch_size": plan["batch"],
            "learning_rate": plan["rate"],
            "weight_decay": 10 * plan["weight_decay"],
            "label_smoothing": 0.0,
            "warmup": 0.08,
            "clean": 0.5,
            "teacher": ["tools/distil/teach.py"],
            "teacher_weight": plan["taught"],
            "teacher_sees": "batches",
        },
    )


def _history(record: dict[str, Any], config: TrainConfig) -> list[EpochRow]:
    """Return what the log has: now and then an epoch's loss and held-out accuracy. The rest was not measured."""
    rows = []
    before = 0.0
    for progress, steps, loss, held in record["log"]:
        seconds = progress * record["seconds"]
        rows.append(
            EpochRow(
                epoch=max(1, round(steps * record["epochs"] / record["steps"])),
                image_size=48,
                learning_rate=config.learning_rate * (1 + math.cos(math.pi * (progress - 0.08) / 0.92)) / 2,
                train_loss=loss,
                train_accuracy=math.nan,
                holdout_loss=None,
                holdout_accuracy=held,
                seconds=seconds - before,
            )
        )
        before = seconds
    last = {"epoch": round(record["epochs"]), "learning_rate": 0.0, "holdout_accuracy": record["held_out"]}
    rows.append(replace(rows[-1], **last, seconds=record["seconds"] - before))
    return rows


if __name__ == "__main__":
    export()
