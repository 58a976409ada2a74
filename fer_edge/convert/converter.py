"""Keras network in, verified .tflite bytes out."""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt
import tensorflow as tf

from fer_edge.convert.calibration import CalibrationSet
from fer_edge.convert.metadata import append_metadata, describe_model
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.convert.verify import Verification, VerificationSet, predict_file, verify
from fer_edge.errors import ModelError
from fer_edge.keras_file import KerasModel, predict_keras
from fer_edge.quiet import silenced
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.types import FACE_SIZE


@dataclass(frozen=True)
class Conversion:
    """A converted model: the file, and what the conversion cost (None when nothing was there to measure on)."""

    content: bytes
    verification: Verification | None


class Converter:
    """Converts one network by several recipes and verifies each file against it.

    Args:
        model: what `load_keras` returned.
        calibration: needed by integer recipes.
        verification: held-out images; None leaves the files unverified.
    """

    def __init__(
        self,
        model: KerasModel,
        *,
        calibration: CalibrationSet | None = None,
        verification: VerificationSet | None = None,
    ) -> None:
        self._model = model
        self._calibration = calibration
        self._images = verification
        # Once for all recipes: the Keras network is the slowest of the lot.
        self._answers = predict_keras(model.network, verification.images) if verification else None

    def convert(self, recipe: ConversionRecipe) -> Conversion:
        """Return the .tflite file of the network by a recipe.

        Raises:
            ModelError: TensorFlow cannot convert the network, or the result breaks the input contract.
            ValueError: an integer recipe without calibration.
        """
        flatbuffer = to_flatbuffer(self._model.network, recipe, self._calibration)
        if self._images is None or self._answers is None:
            return Conversion(self._seal(flatbuffer, recipe, None), None)
        with silenced():  # the interpreter's notice
            answers = predict_file(self._seal(flatbuffer, recipe, None), self._images.images)
        found = verify(self._answers, answers, self._images)
        return Conversion(self._seal(flatbuffer, recipe, found), found)

    def _seal(self, flatbuffer: bytes, recipe: ConversionRecipe, verification: Verification | None) -> bytes:
        """Return the file: FlatBuffer and metadata."""
        training = self._model.training or {}
        name = training.get("name", self._model.network.name)  # two sizes of one network differ in their run
        return append_metadata(
            flatbuffer, describe_model(name, recipe, self._calibration, self._model.training, verification)
        )


def to_flatbuffer(network: keras.Model, recipe: ConversionRecipe, calibration: CalibrationSet | None) -> bytes:
    """Return the bare FlatBuffer of a network; see `Converter.convert` for the errors."""
    if recipe.integer and calibration is None:
        raise ValueError(f"expected a calibration set for the recipe '{recipe.name}', got none")
    fixed = with_fixed_input(network, integer=recipe.integer)
    try:
        with silenced(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            converter = tf.lite.TFLiteConverter.from_keras_model(fixed)
            _configure(converter, recipe, calibration)
            flatbuffer = bytes(converter.convert())
    except Exception as error:  # the converter's own errors have no common base
        raise ModelError(
            f"TensorFlow Lite cannot convert '{network.name}' to {recipe.name}: {_reason(error)}"
        ) from error
    if recipe.integer:
        _check_raw_pixels(flatbuffer)
    return flatbuffer


def _reason(error: Exception) -> str:
    """Return what went wrong, with the operators that TFLite lacks by name where they are the cause."""
    text = str(error).strip()
    unsupported = sorted(set(re.findall(r"'(tfl?\.\w+)' op is neither", text)))
    if unsupported:
        return f"it has no operator for {', '.join(unsupported)}; replace the layers that use it"
    return text.partition("\n")[0] or type(error).__name__


def with_fixed_input(network: keras.Model, *, integer: bool) -> keras.Model:
    """Return the network for exactly one face of raw pixels.

    A fixed batch spares the graph its shape arithmetic. Float variants take uint8 and cast, which
    costs nothing measurable; the integer converter brings its own uint8 input and wants floats.
    """
    shape = (1, FACE_SIZE, FACE_SIZE, 1)
    inputs = keras.Input(batch_shape=shape, dtype="float32" if integer else "uint8", name="pixels")
    pixels = inputs if integer else keras.ops.cast(inputs, "float32")
    return keras.Model(inputs, network(pixels, training=False), name=network.name)


def _configure(converter: Any, recipe: ConversionRecipe, calibration: CalibrationSet | None) -> None:
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    if recipe.weights == "float16":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_types = [tf.float16]
    if recipe.integer and calibration is not None:
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = tf.uint8
        converter.inference_output_type = tf.uint8
        converter.representative_dataset = lambda: _representative(calibration.images)


def _representative(images: npt.NDArray[np.uint8]) -> Iterator[list[npt.NDArray[np.float32]]]:
    """Yield each image, then black and white: they pin the input range to 0..255, and so the input
    scale to 1, even where no calibration image reaches both ends.
    """
    extremes = [np.full_like(images[0], value) for value in (0, 255)]
    for image in [*images, *extremes]:
        yield [image[np.newaxis].astype(np.float32)]


def _check_raw_pixels(flatbuffer: bytes) -> None:
    """Check that a pixel value goes in as it is: input scale 1, zero point 0."""
    with silenced():
        details = load_interpreter(flatbuffer, threads=1).get_input_details()[0]
    scale, zero_point = details["quantization"]
    if (scale, zero_point) != (1.0, 0):
        raise ModelError(
            f"The int8 input has scale {scale} and zero point {zero_point}; expected 1 and 0 for raw pixels. "
            "Normalise with a Rescaling layer right before the first convolution."
        )
