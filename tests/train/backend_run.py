"""Train a tiny network by Keras's backend, and print what came of it as JSON; see test_backends.py.

python backend_run.py FOLDER RUN_TO_GO_ON_WITH
"""

import json
import os
import sys
from importlib.machinery import PathFinder
from pathlib import Path


class _WithoutTensorFlow(PathFinder):
    """Finds every module but TensorFlow, so that whoever needs it fails."""

    @classmethod
    def find_spec(cls, name, path=None, target=None):
        return None if name == "tensorflow" else super().find_spec(name, path, target)


if os.environ.get("KERAS_BACKEND", "tensorflow") != "tensorflow":
    sys.meta_path = [_WithoutTensorFlow if finder is PathFinder else finder for finder in sys.meta_path]

import keras  # noqa: E402
import numpy as np  # noqa: E402

from fer_edge.train.config import TrainConfig, load_recipe  # noqa: E402
from fer_edge.train.finish import finish_run  # noqa: E402
from fer_edge.train.run import EpochRow, RunFolder  # noqa: E402
from fer_edge.train.trainer import train  # noqa: E402
from fer_edge.types import LabelledImages  # noqa: E402

TINY = {
    "widths": [8, 8],
    "blocks": [1, 1],
    "dropout": [0.3],
    "epochs": 3,
    "batch_size": 14,
    "image_sizes": [[0.0, 16], [0.6, 24]],
    "holdout": 0.25,
    "precision": "float32",
    "jit_compile": False,
}


class Observer:
    """Presses Ctrl-C after so many epochs."""

    def __init__(self, epochs: int = 99) -> None:
        self._epochs = epochs

    def on_answers(self, answered: int, images: int) -> None: ...

    def on_step(self, epoch: int, step: int, steps: int, loss: float, accuracy: float) -> None:
        if epoch > self._epochs:
            raise KeyboardInterrupt

    def on_epoch(self, row: EpochRow) -> None: ...


def tiny_config(**overrides: object) -> TrainConfig:
    return load_recipe("edge_cnn_s", {**TINY, **overrides})


def tiny_faces() -> LabelledImages:
    rng = np.random.default_rng(0)
    return LabelledImages(
        images=rng.integers(0, 256, (56, 48, 48, 1), dtype=np.uint8),
        labels=np.arange(56, dtype=np.int64) % 7,
        names=tuple(f"{index}.png" for index in range(56)),
        split="train",
    )


def train_in(folder: Path, config: TrainConfig, epochs: int = 99) -> list[np.ndarray]:
    """Train in a new folder or go on in an old one; return the weights, or none where it was interrupted."""
    folder.mkdir(exist_ok=True)
    run = RunFolder(folder)
    try:
        network = train(config, tiny_faces(), run, Observer(epochs))
    except KeyboardInterrupt:
        return []
    finish_run(config, {"train": tiny_faces(), "public": tiny_faces()}, run, network)
    return network.get_weights()


def main() -> None:
    folder, foreign = map(Path, sys.argv[1:])
    whole = train_in(folder / "whole", tiny_config())
    train_in(folder / "cut", tiny_config(), epochs=2)
    resumed = train_in(folder / "cut", tiny_config())
    taught = tiny_config(teacher=[str(folder / "whole")], teacher_weight=0.5, teacher_sees="batches", epochs=1)
    train_in(folder / "taught", taught)
    continued = train_in(foreign, tiny_config())
    told = {
        "backend": keras.backend.backend(),
        "equal": all(np.array_equal(a, b) for a, b in zip(whole, resumed, strict=True)),
        "continued": [float(np.abs(weight).max()) for weight in continued],
        "versions": json.loads((folder / "whole/run.json").read_text())["versions"],
    }
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
