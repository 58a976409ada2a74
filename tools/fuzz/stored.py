"""Damages checkpoints and Keras files and tells what came of each: a process of its own, since it may crash.

    python stored.py KIND COUNT SEED

KIND is "checkpoint" (.npz), "h5" or "keras". Prints the number of a case before it is tried, and then one line of
JSON: outcome -> count.
"""

import json
import random
import sys
import tempfile
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
from damage import ON_ANY_FILE

from fer_edge.errors import ModelError, RecipeError
from fer_edge.kerasfile.look import look_at
from fer_edge.train.run import GROUPS, RunFolder, TrainState

DESCRIPTION = json.dumps({"class_name": "Sequential", "config": {"name": "fuzzed", "layers": []}})


def write_checkpoint(path: Path) -> None:
    """Write the state of a small network."""
    arrays = [np.random.default_rng(seed).random((20, 30), np.float32) for seed in range(9)]
    RunFolder(path.parent).write_state(TrainState(arrays[:3], arrays[3:6], arrays[6:], data_sha256="0" * 64))


def read_checkpoint(path: Path) -> list[bytes]:
    """Return the arrays of a checkpoint."""
    state = RunFolder(path.parent).read_state()
    assert state is not None
    return [array.tobytes() for group in GROUPS for array in getattr(state, group)]


def write_h5(path: Path) -> None:
    """Write weights, plain and packed, with their description."""
    import h5py

    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = DESCRIPTION
        file.create_group("model_weights").attrs["layer_names"] = ["dense", "flat"]
        values = np.random.default_rng(1).random((40, 7), np.float32)
        file["model_weights/dense/bias"] = values[0]
        file.create_dataset("model_weights/dense/kernel", data=values, chunks=(16, 7), compression="gzip", shuffle=True)


def write_keras(path: Path) -> None:
    """Write a .keras file as Keras 3 does, of the same weights."""
    import zipfile

    write_h5(path.with_suffix(".h5"))
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("metadata.json", "{}")
        archive.writestr("config.json", DESCRIPTION)
        archive.write(path.with_suffix(".h5"), "model.weights.h5")


def look(path: Path) -> None:
    """Look at a Keras file; it holds a network of some description, since HDF5 keeps no checksum of it."""
    assert look_at(path).kind in {"keras", "h5", "weights"}


KINDS: dict[str, tuple[str, Callable[[Path], None], Callable[[Path], Any]]] = {
    "checkpoint": ("checkpoint.npz", write_checkpoint, read_checkpoint),
    "h5": ("network.h5", write_h5, look),
    "keras": ("network.keras", write_keras, look),
}


def main(kind: str, count: str, seed: str) -> None:
    """Damage a file of a kind so many times."""
    name, write, read = KINDS[kind]
    rng = random.Random(int(seed))
    outcomes: Counter[str] = Counter()
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / name
        write(path)
        sound, expected = path.read_bytes(), read(path)
        for index in range(int(count)):
            print("case", index, flush=True)
            path.write_bytes(ON_ANY_FILE[index % len(ON_ANY_FILE)](bytearray(sound), rng))
            try:
                outcomes["same answers" if read(path) == expected else "other answers"] += 1
            except (ModelError, RecipeError) as error:
                outcomes["refused" if "\n" not in str(error) else "refused in more than a line"] += 1
    print(json.dumps(outcomes))


if __name__ == "__main__":
    main(*sys.argv[1:])
