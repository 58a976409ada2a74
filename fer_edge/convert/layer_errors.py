"""Where an integer model's error comes from, layer by layer."""

from __future__ import annotations

import csv
import io
import math
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.lite.python.convert import mlir_quantize

from fer_edge.convert.flatbuffer import representative
from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.runtime.quiet import silenced

IDEAL = 1 / math.sqrt(12)
"""Standard deviation, in quantisation steps, of an error that is rounding alone."""


@dataclass(frozen=True)
class LayerError:
    """What quantisation does to the output of one operator, given the same inputs.

    Attributes:
        name: of its output tensor, which `float_layers` of a recipe takes.
        operator: such as "CONV_2D".
        steps: root mean square of the error, in quantisation steps; rounding alone gives 0.29, and
            values beyond the calibrated range, or coarse weights, give more.
        largest: the largest error, in the units of the tensor, on average over the images.
        scale: one quantisation step, in these units.
    """

    name: str
    operator: str
    steps: float
    largest: float
    scale: float


def rank_layers(calibrated: bytes, recipe: ConversionRecipe, images: npt.NDArray[np.uint8]) -> list[LayerError]:
    """Return the layers of a calibrated model, the one with the largest error first.

    TensorFlow's QuantizationDebugger runs each integer operator beside its float twin.

    Args:
        calibrated: what `fer_edge.convert.flatbuffer.calibrate` returned.
        recipe: by which it is going to be quantised.
        images: uint8, N x height x width x channels, to measure on.
    """
    with silenced():
        instrumented = mlir_quantize(
            calibrated,
            disable_per_channel=not recipe.per_channel,
            disable_per_channel_for_dense_layers=not recipe.per_channel_dense,
            enable_numeric_verify=True,
        )
        debugger = tf.lite.experimental.QuantizationDebugger(
            quant_debug_model_content=bytes(instrumented), debug_dataset=lambda: representative(images)
        )
        debugger.run()
        table = io.StringIO()
        debugger.layer_statistics_dump(table)
    table.seek(0)
    return sorted((_read(row) for row in csv.DictReader(table)), key=lambda layer: -layer.steps)


def _read(row: dict[str, str]) -> LayerError:
    scale = float(row["scale"])
    return LayerError(
        name=row["tensor_name"],
        operator=row["op_name"],
        steps=math.sqrt(float(row["mean_squared_error"])) / scale,
        largest=float(row["max_abs_error"]),
        scale=scale,
    )
