"""Load a .keras file together with the training record that fer-edge stored in it."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.provenance import TRAINING_MEMBER
from fer_edge.types import FACE_SIZE, LABELS


@dataclass(frozen=True)
class KerasModel:
    """A network and what its file tells of its training (None when fer-edge did not train it)."""

    network: keras.Model
    training: dict[str, Any] | None


def load_keras(path: Path) -> KerasModel:
    """Return the network at `path`, checked to take one 48x48 grey face and to give 7 probabilities.

    Raises:
        ModelError: missing, damaged, not a Keras 3 file, or of other shapes.
    """
    if not path.is_file():
        raise ModelError(f"Expected a .keras model at {path}: no such file.")
    try:
        with zipfile.ZipFile(path) as archive:
            names = archive.namelist()
            training = json.loads(archive.read(TRAINING_MEMBER)) if TRAINING_MEMBER in names else None
        network = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises a dozen kinds for a damaged file; all mean the same here.
        reason = str(error).partition("\n")[0]
        raise ModelError(f"Expected a Keras 3 model (.keras) at {path}, which cannot be loaded: {reason}") from error
    _check_shapes(network, path)
    return KerasModel(network, training)


def predict_keras(network: keras.Model, faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return a network's answers (float32, N x 7) to faces (uint8, N x 48 x 48 x 1)."""
    return np.asarray(network.predict(faces.astype(np.float32), batch_size=256, verbose=0))


def _check_shapes(network: keras.Model, path: Path) -> None:
    shape = tuple(network.input_shape) if len(network.inputs) == 1 else None
    fits = (
        shape is not None
        and len(shape) == 4
        and all(got in (None, wanted) for got, wanted in zip(shape[1:], (FACE_SIZE, FACE_SIZE, 1), strict=True))
    )
    if not fits:
        shapes = [tuple(tensor.shape) for tensor in network.inputs]
        raise ModelError(f"{path}: expected one input of {FACE_SIZE}x{FACE_SIZE}x1 grey pixels, got {shapes}.")
    if tuple(network.output_shape) != (None, len(LABELS)):
        raise ModelError(f"{path}: expected {len(LABELS)} probabilities per face, got {network.output_shape}.")
