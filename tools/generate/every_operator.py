"""Writes tests/fixtures/every_operator.int8.tflite: a small network with every operator that the C kernels know."""

from __future__ import annotations

import tempfile
from pathlib import Path

import keras
import numpy as np
from keras import layers

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.converter import Converter
from fer_edge.convert.recipes import find_recipe
from fer_edge.kerasfile.load import load_keras

TARGET = Path(__file__).parents[2] / "tests/fixtures/every_operator.int8.tflite"


def build_network() -> keras.Model:
    """Return odd sizes and channels, both paddings and poolings, a depthwise multiplier, ReLU6, a reshape."""
    keras.utils.set_random_seed(3)
    wide = keras.initializers.RandomNormal(stddev=2.0)  # else an untrained network says the same of every face
    pixels = keras.Input((48, 48, 1))
    x = layers.Rescaling(1 / 255)(pixels)
    x = layers.Conv2D(5, 3, strides=2, padding="valid", activation="relu")(x)  # 23 x 23
    x = layers.DepthwiseConv2D(3, padding="same", depth_multiplier=2, activation="relu6")(x)
    x = layers.Conv2D(7, 1, padding="same")(x)
    x = layers.MaxPooling2D(3, strides=2, padding="same")(x)  # 12 x 12
    y = layers.DepthwiseConv2D((3, 2), padding="same")(x)
    x = layers.ReLU()(layers.Add()([x, y]))
    x = layers.AveragePooling2D(2, padding="same")(x)  # 6 x 6
    z = layers.GlobalAveragePooling2D()(x)
    x = layers.Dense(9, activation="relu")(layers.Flatten()(x))
    x = layers.Add()([layers.Dense(7, kernel_initializer=wide)(x), z])
    return keras.Model(pixels, layers.Softmax()(x), name="every_operator")


def main() -> None:
    """Build, convert and write the network."""
    images = np.random.default_rng(0).integers(0, 256, (40, 6, 6, 1), dtype=np.uint8).repeat(8, 1).repeat(8, 2)
    calibration = CalibrationSet(images, "synthetic", None, None, tuple(range(len(images))))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "every_operator.keras"
        build_network().save(path)
        content = Converter(load_keras(path), calibration=calibration).convert(find_recipe("int8")).content
    TARGET.write_bytes(content)


if __name__ == "__main__":
    main()
