"""Exported network in, bare FlatBuffer out: all that talks to TensorFlow Lite's converter.

It runs in a process of its own (`converter_process`); what asks for it is `isolation`.
"""

from __future__ import annotations

import re
import warnings
from collections.abc import Iterator
from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.lite.python.convert import deduplicate_readonly_buffers, mlir_quantize

from fer_edge.convert.ranges import clip_ranges
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.errors import ModelError
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.quiet import silenced

DTYPES = {"uint8": tf.uint8, "int8": tf.int8, "float32": tf.float32}

RAW_PIXELS = {"uint8": (1.0, 0), "int8": (1.0, -128), "float32": (0.0, 0)}
"""Scale and zero point of an input that takes pixels 0..255 as they are (int8: minus 128)."""


def to_flatbuffer(saved: str, name: str, recipe: ConversionRecipe, images: npt.NDArray[np.uint8] | None) -> bytes:
    """Return the FlatBuffer of a network.

    Args:
        saved: the folder of what `isolation.export` wrote: one image of raw pixels in.
        name: of the network, for errors.
        recipe: the choices.
        images: uint8 of that shape to calibrate on; needed by integer recipes.

    Raises:
        ModelError: TensorFlow cannot convert the network, or the result breaks the input contract.
        ValueError: an integer recipe without images.
    """
    if recipe.integer and images is None:
        raise ValueError(f"expected a calibration set for the recipe '{recipe.name}', got none")
    if recipe.integer and (recipe.statistic != "minmax" or recipe.float_layers):
        flatbuffer = quantise(calibrate(saved, name, recipe, images), recipe, recipe.float_layers)
    else:
        flatbuffer = _run(_converter(saved, recipe, images).convert, name, recipe)
    check_raw_pixels(flatbuffer, recipe)
    return flatbuffer


def calibrate(saved: str, name: str, recipe: ConversionRecipe, images: npt.NDArray[np.uint8] | None) -> bytes:
    """Return the float model with the range of each tensor, found on the images, written into it.

    Raises:
        ModelError: TensorFlow cannot convert the network.
    """
    assert images is not None
    converter = _converter(saved, recipe, images)
    converter._experimental_calibrate_only = True  # what QuantizationDebugger sets
    calibrated = _run(converter.convert, name, recipe)
    if recipe.statistic == "percentile":
        with silenced():
            calibrated = clip_ranges(calibrated, images, recipe.percentile)
    return calibrated


def quantise(calibrated: bytes, recipe: ConversionRecipe, float_layers: list[str]) -> bytes:
    """Return the integer model of a calibrated one: what `TFLiteConverter.convert` does next.

    Args:
        calibrated: what `calibrate` returned.
        recipe: the choices.
        float_layers: names of the output tensors of the operators that stay in float32.

    Raises:
        ModelError: no layer has one of these names.
    """
    known = {tensor["name"] for tensor in _tensors(calibrated)}
    unknown = [name for name in float_layers if name not in known]
    if unknown:
        raise ModelError(
            f"Recipe '{recipe.name}', field 'float_layers': the network has no layer '{unknown[0]}'. "
            "'fer-edge convert --debug' prints their names."
        )
    with silenced():
        quantised = mlir_quantize(
            calibrated,
            disable_per_channel=not recipe.per_channel,
            disable_per_channel_for_dense_layers=not recipe.per_channel_dense,
            input_data_type=DTYPES[recipe.input_dtype],
            output_data_type=DTYPES[recipe.output_dtype],
            denylisted_nodes=float_layers or None,
        )
        return bytes(deduplicate_readonly_buffers(quantised))


def check_raw_pixels(flatbuffer: bytes, recipe: ConversionRecipe) -> None:
    """Check that a pixel value goes in as it is: for uint8 input scale 1, zero point 0.

    Raises:
        ModelError: it does not.
    """
    with silenced():
        details = load_interpreter(flatbuffer, threads=1).get_input_details()[0]
    got = tuple(details["quantization"])
    expected = RAW_PIXELS[recipe.input_dtype] if recipe.integer else (0.0, 0)
    if got != expected:
        raise ModelError(
            f"The input has scale {got[0]} and zero point {got[1]}; expected {expected[0]:g} and {expected[1]} for raw "
            "pixels. Normalise with a Rescaling layer right before the first convolution."
        )


def representative(images: npt.NDArray[np.uint8]) -> Iterator[list[npt.NDArray[np.float32]]]:
    """Yield each image, then black and white: they pin the input range to 0..255, and so the input
    scale to 1, even where no calibration image reaches both ends.
    """
    extremes = [np.full_like(images[0], value) for value in (0, 255)]
    for image in [*images, *extremes]:
        yield [image[np.newaxis].astype(np.float32)]


def _converter(saved: str, recipe: ConversionRecipe, images: npt.NDArray[np.uint8] | None) -> Any:
    """Return a TFLiteConverter that follows the recipe."""
    with silenced():
        converter = tf.lite.TFLiteConverter.from_saved_model(saved)
    converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS]
    # Neither has a public name in TensorFlow 2.21.
    converter._experimental_disable_per_channel = not recipe.per_channel
    converter._experimental_disable_per_channel_quantization_for_dense_layers = not recipe.per_channel_dense
    if recipe.weights != "float32":
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
    if recipe.weights == "float16":
        converter.target_spec.supported_types = [tf.float16]
    if recipe.integer and images is not None:
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = DTYPES[recipe.input_dtype]
        converter.inference_output_type = DTYPES[recipe.output_dtype]
        converter.representative_dataset = lambda: representative(images)
    return converter


def _run(convert: Any, name: str, recipe: ConversionRecipe) -> bytes:
    try:
        with silenced(), warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return bytes(convert())
    except Exception as error:  # the converter's own errors have no common base
        raise ModelError(f"TensorFlow Lite cannot convert '{name}' to {recipe.name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return what went wrong, with the operators that TFLite lacks by name where they are the cause."""
    text = str(error).strip()
    unsupported = sorted(set(re.findall(r"'(tfl?\.\w+)' op is neither", text)))
    if unsupported:
        return f"it has no operator for {', '.join(unsupported)}; replace the layers that use it"
    return text.partition("\n")[0] or type(error).__name__


def _tensors(flatbuffer: bytes) -> list[dict[str, Any]]:
    with silenced():
        details: list[dict[str, Any]] = load_interpreter(flatbuffer, threads=1).get_tensor_details()
    return details
