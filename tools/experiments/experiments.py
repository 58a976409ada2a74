"""Short training runs that differ from a recipe in one choice each, all with the same number of epochs.

    python -m tools.experiments.experiments tools/experiments/experiments.toml --data fer2013.zip --votes VOTES.csv

The TOML file names a recipe, what all runs share, and each run's own overrides. Runs go to build/experiments/
and are kept: a second call trains only what is new, and an interrupted run goes on. Every row is measured on
the held-out training images and PublicTest together, at the size that the run trained on last; its cost is that
of its int8 file. Prints a Markdown table.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.benchmarks.turns import time_in_turn
from fer_edge.data.fer2013 import read_splits
from fer_edge.data.holdout import split_holdout
from fer_edge.data.votes import read_votes
from fer_edge.evaluation.evaluate import Evaluation, evaluate
from fer_edge.graph.cost import analyse_cost
from fer_edge.kerasfile.load import load_keras, predict_keras
from fer_edge.modelfile.metadata import read_model
from fer_edge.train.run import RunFolder

ROOT = Path(__file__).parents[2]
RUNS = ROOT / "build/experiments"
ROUNDS = 200


@dataclass(frozen=True)
class Experiment:
    """One run: what it changes, and where it lies."""

    name: str
    overrides: dict[str, Any]

    @property
    def folder(self) -> Path:
        """The run folder."""
        return RUNS / re.sub(r"\W+", "_", self.name)  # names hold slashes


def main() -> int:
    """Train what is not trained yet, then measure all and print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("plan", type=Path)
    parser.add_argument("--data", required=True)
    parser.add_argument("--votes", required=True)
    arguments = parser.parse_args()
    plan = tomllib.loads(arguments.plan.read_text("utf-8"))
    experiments = [Experiment(name, {**plan["shared"], **own}) for name, own in plan["experiments"].items()]
    for experiment in experiments:
        train_and_convert(experiment, plan["recipe"], arguments.data, arguments.votes)
    evaluations = evaluate_all(experiments, arguments.data, arguments.votes)
    print(table(experiments, evaluations))
    return 0


def train_and_convert(experiment: Experiment, recipe: str, data: str, votes: str) -> None:
    """Train the run, or go on with it, and write its int8 file."""
    folder = experiment.folder
    if not (folder / "model.keras").is_file():
        if (folder / "recipe.toml").is_file():
            fer_edge("train", "--resume", str(folder), "--data", data, "--votes", votes)
        else:
            # JSON and TOML write such values alike.
            fields = [f"--set={field}={json.dumps(value)}" for field, value in experiment.overrides.items()]
            fer_edge("train", recipe, "--out", str(folder), "--data", data, "--votes", votes, *fields)
    if not (folder / "model.int8.tflite").is_file():
        fer_edge("convert", str(folder / "model.keras"), "--to", "int8", "--max-drop", "100", "--data", data)


def evaluate_all(experiments: list[Experiment], data: str, votes: str) -> list[list[Evaluation]]:
    """Return, for each experiment, what its network makes of its held-out images and of PublicTest."""
    splits = read_splits(Path(data), "train", "public")
    opinions = read_votes(Path(votes))
    found = []
    for experiment in experiments:
        config = RunFolder(experiment.folder).read_recipe()
        network = load_keras(experiment.folder / "model.keras").network
        size = config.image_size(config.epochs - 1)
        _, holdout = split_holdout(splits["train"], config.holdout, config.seed)
        found.append(
            [
                evaluate(part, predict_keras(network, resized(part.images, size)), votes=opinions)
                for part in (holdout, splits["public"])
            ]
        )
    return found


def resized(images: npt.NDArray[np.uint8], size: int) -> npt.NDArray[np.uint8]:
    """Return N x size x size x 1 images, sampled as augmentation samples them."""
    return np.stack([cv2.resize(image, (size, size), interpolation=cv2.INTER_LINEAR) for image in images])[..., None]


def table(experiments: list[Experiment], evaluations: list[list[Evaluation]]) -> str:
    """Return one Markdown row per experiment; latencies were taken in turns, so that drift meets all alike."""
    latencies = median_latencies_us([experiment.folder / "model.int8.tflite" for experiment in experiments])
    lines = [
        "| choice | minutes | accuracy, % | macro-F1 | FER+, % | parameters | M MACs | int8 latency |",
        "|---|---:|---:|---:|---:|---:|---:|---:|",
    ]
    for experiment, parts, latency in zip(experiments, evaluations, latencies, strict=True):
        record = json.loads((experiment.folder / "run.json").read_text())
        cost = analyse_cost(read_model((experiment.folder / "model.int8.tflite").read_bytes()).flatbuffer)
        accuracy = pooled([(part.accuracy, part.images) for part in parts])
        ferplus = pooled([(part.accuracy_ferplus or 0.0, part.images_ferplus) for part in parts])
        lines.append(
            f"| {experiment.name} | {record['seconds'] / 60:.1f} | {accuracy:.2f} "
            f"| {np.mean([part.macro_f1 for part in parts]):.3f} | {ferplus:.2f} "
            f"| {record['parameters']:,} | {cost.macs / 1e6:.1f} | {latency / latencies[0]:.2f} |"
        )
    return "\n".join(lines)


def pooled(shares: list[tuple[float, int]]) -> float:
    """Return the percentage over all images of parts that are given as (share, images)."""
    return 100 * sum(share * count for share, count in shares) / sum(count for _, count in shares)


def median_latencies_us(paths: list[Path]) -> list[float]:
    """Return the median of `predict` of a 48x48 crop, in microseconds, one thread, the models in turns."""
    medians = time_in_turn(list(map(str, paths)), ROUNDS)
    return [1000 * float(np.median(medians[str(path)])) for path in paths]


def fer_edge(*arguments: str) -> None:
    """Run the command line of this very environment."""
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    subprocess.run([sys.executable, "-m", "fer_edge", *arguments], check=True, env=environment)


if __name__ == "__main__":
    sys.exit(main())
