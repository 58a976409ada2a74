"""Load the networks that people have: .keras and .h5 files of every age, weights with an architecture, SavedModels."""

from __future__ import annotations

import json
import shutil
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.kerasfile.legacy import rewrite
from fer_edge.kerasfile.look import MAX_CONFIG_BYTES, WITHOUT_NETWORK, KerasFile, check_layers, check_members, look_at
from fer_edge.kerasfile.own_code import build_network, is_function
from fer_edge.modelfile.provenance import TRAINING_MEMBER
from fer_edge.runtime.quiet import silenced
from fer_edge.types import FACE_SIZE, LABELS

MAX_TRAINING_BYTES = 10_000_000


@dataclass(frozen=True)
class KerasModel:
    """A network and what its file says about it.

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
        ModelError: missing, damaged, no network of Keras, or of other shapes.
    """
    model = open_keras(path)
    check_shapes(model.network, path)
    return model


def open_keras(path: Path, architecture: str | None = None) -> KerasModel:
    """Return any network that can be made one of Keras 3, in float32.

    Args:
        path: a .keras or .h5 file, whatever its suffix, or the folder of a SavedModel.
        architecture: where the file holds weights alone, or needs the author's own code: a JSON file that
            `model.to_json()` wrote, or "package.module:function", which is imported and called without arguments.

    Raises:
        ModelError: nothing, no network of Keras, damaged, or with values that are not finite.
    """
    file = look_at(path) if architecture is None or not is_function(architecture) else None
    try:
        with silenced():
            network = _load(path, file, architecture)
    except ModelError:
        raise
    except Exception as error:  # Keras raises a dozen kinds for a damaged file; all mean the same here.
        raise ModelError(f"{path}: Keras {keras.__version__} cannot load it: {_reason(error)}") from error
    _check_finite(network, path)
    training = _read_training(path) if path.is_file() and zipfile.is_zipfile(path) else None
    return KerasModel(network, training, path.stem)


def predict_keras(
    network: keras.Model, images: npt.NDArray[np.uint8], *, batch_size: int = 256
) -> npt.NDArray[np.float32]:
    """Return a network's answers (float32, N x labels) to images (uint8, N x height x width x channels)."""
    return np.asarray(network.predict(images.astype(np.float32), batch_size=batch_size, verbose=0))


def _load(path: Path, file: KerasFile | None, architecture: str | None) -> keras.Model:
    if file is None:
        assert architecture is not None
        return _with_weights(build_network(architecture, place="--architecture"), path)
    if file.kind == "folder":
        return _load_folder(path)
    if file.kind == "weights":
        if architecture is None:
            raise ModelError(f"{path}: {WITHOUT_NETWORK}")
        return _join(_read_architecture(Path(architecture)), path)
    if architecture is not None:
        raise ModelError(f"{path} holds its whole network already: leave out --architecture {architecture}.")
    return _load_rewritten(path, file)


def _load_rewritten(path: Path, file: KerasFile) -> keras.Model:
    """Load a whole network, through a copy with a rewritten description where Keras 3 needs one."""
    config = rewrite(file.config)
    suffix = ".h5" if file.kind == "h5" else ".keras"
    if config == file.config and path.suffix == suffix:
        return keras.saving.load_model(path, compile=False)
    with _copy(path, suffix) as copied:
        if suffix == ".h5":
            _replace_in_h5(copied, config)
        else:
            _replace_in_zip(path, copied, config)
        return keras.saving.load_model(copied, compile=False)


def _join(config: dict[str, Any], path: Path) -> keras.Model:
    """Return the network of an architecture in JSON with weights of an .h5 file."""
    if isinstance(config.get("module"), str):  # of Keras 3, or of the last of Keras 2
        return _with_weights(keras.models.model_from_json(json.dumps(config)), path)
    import h5py

    with tempfile.TemporaryDirectory() as folder:  # together they are a whole file of their time
        whole = Path(folder) / "whole.h5"
        with h5py.File(path, "r") as weights, h5py.File(whole, "w") as joined:
            joined.attrs["model_config"] = json.dumps(config)
            group = joined.create_group("model_weights")
            for name, value in weights.attrs.items():
                group.attrs[name] = value
            for name in weights:
                weights.copy(name, group)
        return keras.saving.load_model(whole, compile=False)


def _with_weights(network: keras.Model, path: Path) -> keras.Model:
    """Fill a network from a file of weights, or of a whole network, whatever its suffix."""
    file = look_at(path) if path.suffix != ".keras" else None
    suffix = ".keras" if file is None else ".h5"
    if file is None and zipfile.is_zipfile(path):  # else Keras says what is wrong
        with zipfile.ZipFile(path) as archive:
            check_members(archive, path)
    if file is not None and file.kind == "weights":
        import h5py

        with h5py.File(path, "r") as weights:
            suffix = ".h5" if "layer_names" in weights.attrs else ".weights.h5"
    if file is not None and file.kind not in {"weights", "h5"}:
        raise ModelError(f"{path}: expected weights in an .h5 or .keras file beside --architecture.")
    if path.name.endswith(suffix):
        network.load_weights(path)
    else:
        with _copy(path, suffix) as copied:
            network.load_weights(copied)
    return network


def _load_folder(path: Path) -> keras.Model:
    """Return a SavedModel as a network of one layer, which calls its serving signature."""
    import tensorflow as tf

    signatures = tf.saved_model.load(str(path)).signatures
    endpoint = next((name for name in ("serving_default", "serve") if name in signatures), None)
    if endpoint is None:
        raise ModelError(f"{path}: a SavedModel without the signature 'serving_default', which every export writes.")
    _, taken = signatures[endpoint].structured_input_signature
    if len(taken) != 1 or len(signatures[endpoint].structured_outputs) != 1:
        raise ModelError(f"{path}: expected one picture as input and one output of scores, got {len(taken)} inputs.")
    (name, spec), (given,) = next(iter(taken.items())), signatures[endpoint].structured_outputs
    layer = keras.layers.TFSMLayer(str(path), call_endpoint=endpoint)
    inputs = keras.Input(tuple(spec.shape)[1:], dtype=spec.dtype.name, name=name)
    return keras.Model(inputs, layer(inputs)[given], name=path.name or "saved_model")


def _read_architecture(path: Path) -> dict[str, Any]:
    try:
        with path.open("rb") as file:
            config = json.loads(file.read(MAX_CONFIG_BYTES).decode("utf-8-sig"))
        if isinstance(config, str):  # json.dump(model.to_json()) packs it twice
            config = json.loads(config)
    except OSError as error:
        raise ModelError(f"--architecture {path}: {error.strerror or error}.") from error
    except (ValueError, RecursionError) as error:
        raise ModelError(f"--architecture {path}: expected JSON of model.to_json(), got something else.") from error
    if not isinstance(config, dict) or "class_name" not in config:
        raise ModelError(f"--architecture {path}: expected JSON of model.to_json(), which names a 'class_name'.")
    check_layers(config, path)
    return rewrite(config)


@contextmanager
def _copy(path: Path, suffix: str) -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        copied = Path(folder) / f"network{suffix}"
        shutil.copyfile(path, copied)
        yield copied


def _replace_in_h5(path: Path, config: dict[str, Any]) -> None:
    import h5py

    with h5py.File(path, "r+") as file:
        del file.attrs["model_config"]
        file.attrs["model_config"] = json.dumps(config)  # as text of any length: fixed-length ones end at 64 kB


def _replace_in_zip(source: Path, target: Path, config: dict[str, Any]) -> None:
    with zipfile.ZipFile(source) as old, zipfile.ZipFile(target, "w") as new:
        for entry in old.infolist():
            if entry.filename == "config.json":
                new.writestr("config.json", json.dumps(config))
            else:
                with old.open(entry) as member, new.open(entry.filename, "w") as copied:
                    shutil.copyfileobj(member, copied)


def _read_training(path: Path) -> dict[str, Any] | None:
    with zipfile.ZipFile(path) as archive:
        if TRAINING_MEMBER not in archive.namelist():
            return None
        try:
            record = json.loads(archive.open(TRAINING_MEMBER).read(MAX_TRAINING_BYTES))
        except (ValueError, RecursionError) as error:
            raise ModelError(f"{path}: its training record is damaged.") from error
    return record if isinstance(record, dict) else None


def _reason(error: Exception) -> str:
    """Return why Keras cannot load a file: the first sentence of what it says that names the cause."""
    text = str(error).strip() or type(error).__name__
    return text.partition("\n")[0][:300]


def _check_finite(network: keras.Model, path: Path) -> None:
    """Check that no weight is NaN or infinite, as those of a training that diverged are."""
    for weight in network.weights:
        values = np.asarray(weight)
        if values.dtype.kind == "f" and not np.isfinite(values).all():
            share = float((~np.isfinite(values)).mean())
            raise ModelError(
                f"{path}: {share:.0%} of the weights '{weight.path}' are not finite (NaN or infinite), as after a "
                "training that diverged. Take an earlier checkpoint."
            )


def check_shapes(network: keras.Model, path: Path | str) -> None:
    """Check that a network takes 48x48 grey faces and gives 7 probabilities; `path` names it in errors.

    Raises:
        ModelError: its shapes are others.
    """
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
