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
    """A network as its file tells of it.

    Attributes:
        network: as Keras loads it.
        training: the record of its training; None when fer-edge did not train it.
        stem: the file's name without suffix; empty for a network that was never in a file.
    """

    network: keras.Model
    training: dict[str, Any] | None
    stem: str = ""

    @property
    def name(self) -> str:
        """What to call it: as its run or its class; Keras's name for a foreign one tells little."""
        if self.training is not None:
            # Two sizes of one network differ in their run.
            return str(self.training.get("name", self.network.name))
        return self.stem or str(self.network.name)


def load_keras(path: Path) -> KerasModel:
    """Return the network at `path`, checked to take one 48x48 grey face and to give 7 probabilities.

    Raises:
        ModelError: missing, damaged, not a Keras 3 file, or of other shapes.
    """
    model = open_keras(path)
    _check_shapes(model.network, path)
    return model


def open_keras(path: Path) -> KerasModel:
    """Return any network that Keras loads from `path`, a .keras file or an .h5 file of older versions.

    Raises:
        ModelError: missing, damaged, or not of Keras.
    """
    if not path.is_file():
        raise ModelError(f"Expected a .keras model at {path}: no such file.")
    try:
        training = None if path.suffix in {".h5", ".hdf5"} else _read_training(path)
        network = keras.saving.load_model(path, compile=False)
    except Exception as error:  # Keras raises a dozen kinds for a damaged file; all mean the same here.
        raise ModelError(
            f"Expected a Keras model (.keras or .h5) at {path}, which cannot be loaded: {_reason(error)}"
        ) from error
    return KerasModel(network, training, path.stem)


def predict_keras(
    network: keras.Model, images: npt.NDArray[np.uint8], *, batch_size: int = 256
) -> npt.NDArray[np.float32]:
    """Return a network's answers (float32, N x labels) to images (uint8, N x height x width x channels)."""
    return np.asarray(network.predict(images.astype(np.float32), batch_size=batch_size, verbose=0))


def _read_training(path: Path) -> dict[str, Any] | None:
    with zipfile.ZipFile(path) as archive:
        return json.loads(archive.read(TRAINING_MEMBER)) if TRAINING_MEMBER in archive.namelist() else None


def _reason(error: Exception) -> str:
    """Return why Keras cannot load a file; its advice on Lambda layers is for programmers."""
    text = str(error).strip()
    if "`Lambda` layer" in text:
        return "it holds Python code (a Lambda layer), which is not run from a file. Build it of Keras's own layers."
    return text.partition("\n")[0]


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
