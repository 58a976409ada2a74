"""Fixtures that several test files share."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from helpers import encode, random_faces

ROOT = Path(__file__).parent.parent


@pytest.fixture
def no_data(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> Path:
    """A machine without FER2013; returns its cache folder, which does not exist."""
    monkeypatch.delenv("FER_EDGE_DATA", raising=False)
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    return tmp_path / "cache" / "fer-edge"


@pytest.fixture(scope="session")
def model_files(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A tiny untrained network: "keras", and what the real converter makes of it by each recipe."""
    import keras

    from fer_edge.convert.calibration import CalibrationSet
    from fer_edge.convert.converter import Converter
    from fer_edge.convert.recipes import RECIPES
    from fer_edge.keras_file import load_keras
    from fer_edge.train.models import build_model

    folder = tmp_path_factory.mktemp("models")
    keras.utils.set_random_seed(11)
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0])
    # An untrained classifier says the same of every face; this one stands on standardised features.
    features = keras.Model(network.input, network.get_layer("pool").output)
    pooled = features.predict(smooth_faces(40).astype(np.float32), verbose=0)
    kernel = np.random.default_rng(0).normal(0, 0.7, (8, 7)) / (pooled.std(axis=0)[:, np.newaxis] + 1e-6)
    network.get_layer("probabilities").set_weights([kernel, -pooled.mean(axis=0) @ kernel])
    files = {"keras": folder / "tiny.keras"}
    network.save(files["keras"])
    loaded = load_keras(files["keras"])
    faces = np.concatenate([smooth_faces(40), random_faces(10)])
    calibration = CalibrationSet(faces, "synthetic", None, None, tuple(range(len(faces))))
    converter = Converter(loaded, calibration=calibration)
    for name, recipe in RECIPES.items():
        files[name] = folder / f"tiny.{name}.tflite"
        files[name].write_bytes(converter.convert(recipe).content)
    return files


@pytest.fixture(scope="session")
def foreign_flatbuffers() -> dict[str, bytes]:
    """Sound TFLite models that break the contract, each in its own way."""
    import keras
    import tensorflow as tf

    from fer_edge.quiet import silenced

    def flatbuffer(shape: tuple[int, ...], dtype: str = "uint8", outputs: int = 7, inputs: int = 1) -> bytes:
        tensors = [keras.Input(batch_shape=(1, *shape), dtype=dtype) for _ in range(inputs)]
        pixels = sum(keras.ops.cast(tensor, "float32") for tensor in tensors)
        answer = keras.layers.Dense(outputs, activation="softmax")(keras.layers.GlobalAveragePooling2D()(pixels))
        with silenced():
            return bytes(tf.lite.TFLiteConverter.from_keras_model(keras.Model(tensors, answer)).convert())

    return {
        "64x64": flatbuffer((64, 64, 1)),
        "colour": flatbuffer((48, 48, 3)),
        "float input": flatbuffer((48, 48, 1), dtype="float32"),
        "8 classes": flatbuffer((48, 48, 1), outputs=8),
        "2 inputs": flatbuffer((48, 48, 1), inputs=2),
    }


def smooth_faces(count: int, seed: int = 1) -> np.ndarray:
    """Return blurred noise of varied brightness, which tells a network more apart than white noise."""
    import cv2

    rng = np.random.default_rng(seed)
    faces = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (int(rng.integers(2, 9)),) * 2, dtype=np.uint8)
        faces.append(cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_CUBIC)[..., np.newaxis])
    return np.stack(faces)


@pytest.fixture(scope="session")
def faces() -> np.ndarray:
    return smooth_faces(24, seed=5)


@pytest.fixture(scope="session")
def portrait() -> np.ndarray:
    """A public photograph (BGR) with one frontal face at about x 170..280, y 60..180."""
    from skimage.data import astronaut

    return np.ascontiguousarray(astronaut()[..., ::-1])


@pytest.fixture
def portrait_file(portrait: np.ndarray, tmp_path: Path) -> Path:
    path = tmp_path / "portrait.png"
    path.write_bytes(encode(portrait))
    return path


@pytest.fixture
def run_cli(
    tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> Callable[..., subprocess.CompletedProcess[str]]:
    """Runs ``python -m fer_edge`` in `tmp_path`, on a machine without FER2013."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("FER_EDGE")}
    cache = tmp_path_factory.getbasetemp() / "cache"  # shared: Matplotlib's font list takes seconds
    environment |= {"XDG_CACHE_HOME": str(cache), "COLUMNS": "80"}

    def run(*arguments: object) -> subprocess.CompletedProcess[str]:
        command = [sys.executable, "-m", "fer_edge", *map(str, arguments)]
        return subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, check=False)

    return run
