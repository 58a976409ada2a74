"""Write tests/fixtures/: small models that the tests read, so that most of them need no TensorFlow.

    python -m tools.generate.fixture_models

`tiny.keras` is an untrained edge_cnn of three narrow stages; `tiny.RECIPE.tflite` is what the converter makes of it.
`foreign/` holds sound TFLite models that fer-edge did not write, each of which breaks the runtime's contract in its
own way, `mixed.tflite` with operators that our own networks lack, and `sparse.tflite` with weights at positions that it
names. Run it again when the converter or the
metadata changes; a test in tests/convert fails when these files no longer answer as the converter's.
"""

from __future__ import annotations

import sys
from pathlib import Path

import keras
import numpy as np
import tensorflow as tf

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.converter import Converter
from fer_edge.convert.recipes import RECIPES
from fer_edge.kerasfile.load import load_keras
from fer_edge.runtime.quiet import silenced
from fer_edge.train.models import build_model
from tests.helpers import random_faces, smooth_faces
from tools.generate.shrink import shrink_network

FOLDER = Path(__file__).parents[2] / "tests/fixtures"


def main() -> int:
    """Write all files and name them."""
    (FOLDER / "foreign").mkdir(parents=True, exist_ok=True)
    save_packed(tiny_network(), FOLDER / "tiny.keras")
    for recipe, content in convert_tiny().items():
        (FOLDER / f"tiny.{recipe}.tflite").write_bytes(content)
    for name, content in foreign_models().items():
        (FOLDER / f"foreign/{name.replace(' ', '_')}.tflite").write_bytes(content)
    (FOLDER / "mixed.tflite").write_bytes(mixed_model())
    (FOLDER / "sparse.tflite").write_bytes(sparse_model())
    for path in sorted(FOLDER.rglob("*.*")):
        print(f"{path.relative_to(FOLDER)}: {path.stat().st_size:,} bytes")
    return 0


def tiny_network() -> keras.Model:
    """Return the untrained network.

    Untrained, it would say the same of every face; its classifier is set to tell standardised features apart.
    """
    keras.utils.set_random_seed(11)
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0])
    features = keras.Model(network.input, network.get_layer("pool").output)
    pooled = features.predict(smooth_faces(40).astype(np.float32), verbose=0)
    kernel = np.random.default_rng(0).normal(0, 0.7, (8, 7)) / (pooled.std(axis=0)[:, np.newaxis] + 1e-6)
    network.get_layer("probabilities").set_weights([kernel, -pooled.mean(axis=0) @ kernel])
    return network


def save_packed(network: keras.Model, path: Path) -> None:
    """Save a network as Keras does, but packed: a sixth of the size."""
    network.save(path)
    path.write_bytes(shrink_network(path.read_bytes()))


def convert_tiny() -> dict[str, bytes]:
    """Return recipe -> file of the network in `tiny.keras`."""
    faces = np.concatenate([smooth_faces(40), random_faces(10)])
    calibration = CalibrationSet(faces, "synthetic", None, None, tuple(range(len(faces))))
    converter = Converter(load_keras(FOLDER / "tiny.keras"), calibration=calibration)
    return {name: converter.convert(recipe).content for name, recipe in RECIPES.items()}


def foreign_models() -> dict[str, bytes]:
    """Return name -> FlatBuffer; the name says what is unlike our own networks."""
    return {
        "64x64": average_and_dense((64, 64, 1)),
        "colour": average_and_dense((48, 48, 3)),
        "float input": average_and_dense((48, 48, 1), dtype="float32"),
        "8 classes": average_and_dense((48, 48, 1), outputs=8),
        "2 inputs": average_and_dense((48, 48, 1), inputs=2),
    }


def average_and_dense(shape: tuple[int, ...], dtype: str = "uint8", outputs: int = 7, inputs: int = 1) -> bytes:
    """Return the smallest model that answers probabilities for an image."""
    tensors = [keras.Input(batch_shape=(1, *shape), dtype=dtype) for _ in range(inputs)]
    pixels = sum(keras.ops.cast(tensor, "float32") for tensor in tensors)
    answer = keras.layers.Dense(outputs, activation="softmax")(keras.layers.GlobalAveragePooling2D()(pixels))
    return to_flatbuffer(keras.Model(tensors, answer))


def mixed_model() -> bytes:
    """Return depthwise, strided 1x1 and dense layers, and an addition, on 16x16 pixels of 4 channels.

    The converter drops the bias of a dense layer if it is zero.
    """
    inputs = keras.Input(batch_shape=(1, 16, 16, 4))
    wide = keras.layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2)(inputs)
    summed = keras.layers.Add()([wide, keras.ops.abs(wide)])
    small = keras.layers.Conv2D(6, 1, strides=2)(summed)
    outputs = keras.layers.Dense(5, bias_initializer="ones")(keras.layers.Flatten()(small))
    return to_flatbuffer(keras.Model(inputs, outputs))


def sparse_model() -> bytes:
    """Return a dense layer of 16 units with one weight each that is not zero, which the converter stores as such."""
    inputs = keras.Input(batch_shape=(1, 8))
    network = keras.Model(inputs, keras.layers.Dense(16)(inputs))
    kernel = np.zeros((8, 16), np.float32)
    kernel[np.arange(16) * 5 % 8, np.arange(16)] = np.linspace(-1, 1, 16)
    network.layers[-1].set_weights([kernel, np.ones(16, np.float32)])
    return to_flatbuffer(network, tf.lite.Optimize.EXPERIMENTAL_SPARSITY)


def to_flatbuffer(network: keras.Model, *optimisations: tf.lite.Optimize) -> bytes:
    """Return the bare FlatBuffer, as anybody's converter writes it."""
    converter = tf.lite.TFLiteConverter.from_keras_model(network)
    converter.optimizations = list(optimisations)
    with silenced():
        return bytes(converter.convert())


if __name__ == "__main__":
    sys.exit(main())
