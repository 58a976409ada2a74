"""Train tiny networks on the devices that there are, and print what came of it as JSON; see test_devices.py.

python devices_run.py FOLDER LOGICAL_CPUS
"""

import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

if os.environ["KERAS_BACKEND"] == "tensorflow":
    import tensorflow as tf

    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(cpu, [tf.config.LogicalDeviceConfiguration()] * int(sys.argv[2]))

import keras
import numpy as np
from backend_run import tiny_config, tiny_faces, train_in
from keras import layers

from fer_edge.errors import RecipeError
from fer_edge.train.budget import fit_epochs
from fer_edge.train.devices import find_devices
from fer_edge.train.run import RunFolder
from fer_edge.train.session import Session

NETWORKS = {
    "plain": {"model": "devices_run:build_plain", "blocks": [], "dropout": []},
    "batch norm and dropout": {},
}


def build_plain(widths=(8, 8)) -> keras.Model:
    """A network in which no image of a batch meets another."""
    pixels = keras.Input((None, None, 1))
    x = layers.Rescaling(1 / 255)(pixels)
    for width in widths:
        x = layers.Conv2D(width, 3, strides=2, activation="relu")(x)
    return keras.Model(pixels, layers.Dense(7, activation="softmax")(layers.GlobalAveragePooling2D()(x)))


def run_network(folder: Path, **overrides: object) -> dict[str, object]:
    """Train at one go, and again with an interruption; return the loss curve, and how far apart the two end."""
    config = tiny_config(**overrides)
    whole = train_in(folder / "whole", config)
    train_in(folder / "cut", config, epochs=2)
    resumed = train_in(folder / "cut", config)
    history = RunFolder(folder / "whole").read_state().history
    return {
        "losses": [loss for row in history for loss in (row.train_loss, row.holdout_loss)],
        "accuracies": [row.train_accuracy for row in history],
        "apart": max(float(np.abs(a - b).max()) for a, b in zip(whole, resumed, strict=True)),
    }


def show_share() -> list[int]:
    """Return how many images of a batch of 14 each device of TensorFlow, or this host with JAX, is given."""
    pixels, _ = find_devices().share(np.zeros((14, 8, 8, 1), np.float32), np.zeros((14, 7), np.float32))
    return [len(part) for part in getattr(pixels, "values", [pixels])]


def refused(action: Callable[[], object]) -> str:
    """Return the sentence with which an action is refused, or nothing."""
    try:
        action()
    except RecipeError as error:
        return str(error)
    return ""


def main() -> None:
    folder = Path(sys.argv[1])
    told: dict[str, object] = {"devices": find_devices().count, "share": show_share()}
    for index, (name, overrides) in enumerate(NETWORKS.items()):
        (folder / str(index)).mkdir(parents=True)
        told[name] = run_network(folder / str(index), **overrides)
    told["uneven"] = refused(lambda: Session(tiny_config(batch_size=15)))
    told["budget"] = refused(lambda: fit_epochs(tiny_config(), tiny_faces(), 1e6))
    sys.stdout.write(json.dumps(told) + "\n")


if __name__ == "__main__":
    main()
