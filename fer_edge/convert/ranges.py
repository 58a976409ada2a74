"""Calibrated ranges that leave out what only a few images reach."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import tensorflow as tf
from tensorflow.lite.tools import flatbuffer_utils

Extremes = dict[int, tuple[float, float]]
"""Number of a tensor -> its least and its largest value."""


def clip_ranges(calibrated: bytes, images: npt.NDArray[np.uint8], percentile: float) -> bytes:
    """Return a calibrated model whose ranges are percentiles of the images' own extremes.

    For each tensor, each image gives one minimum and one maximum; the range goes from the
    (100 - percentile)th percentile of the minima to the percentile of the maxima. It always holds 0,
    which quantisation represents exactly. The input keeps 0..255; the black and the white image that
    pin it for the converter are not among the images here.

    Args:
        calibrated: a float model in which the converter wrote the ranges that it found.
        images: uint8, N x height x width x channels: what they were found on.
        percentile: 50..100; 100 gives plain minimum and maximum.
    """
    model = flatbuffer_utils.convert_bytearray_to_object(bytearray(calibrated))
    (graph,) = model.subgraphs
    ranged = [
        index
        for index, tensor in enumerate(graph.tensors)
        if index not in graph.inputs and tensor.quantization is not None and tensor.quantization.max is not None
    ]
    outputs = graph.outputs
    graph.outputs = ranged  # an output is kept as it is; other tensors share memory, and may be written over
    observed = bytes(flatbuffer_utils.convert_object_to_bytearray(model))
    graph.outputs = outputs
    per_image = [_extremes(interpreter, ranged) for interpreter in _runs(observed, images)]
    for index in ranged:
        low = np.percentile([extremes[index][0] for extremes in per_image], 100 - percentile)
        high = np.percentile([extremes[index][1] for extremes in per_image], percentile)
        graph.tensors[index].quantization.min = [min(float(low), 0.0)]
        graph.tensors[index].quantization.max = [max(float(high), 0.0)]
    return bytes(flatbuffer_utils.convert_object_to_bytearray(model))


def _runs(model: bytes, images: npt.NDArray[np.uint8]) -> Any:
    """Yield the interpreter after it has run each image; a delegate would keep its tensors to itself."""
    interpreter = tf.lite.Interpreter(
        model_content=model,
        experimental_op_resolver_type=tf.lite.experimental.OpResolverType.BUILTIN_WITHOUT_DEFAULT_DELEGATES,
    )
    interpreter.allocate_tensors()
    place = interpreter.get_input_details()[0]["index"]
    for image in images:
        interpreter.set_tensor(place, image[np.newaxis].astype(np.float32))
        interpreter.invoke()
        yield interpreter


def _extremes(interpreter: Any, tensors: list[int]) -> Extremes:
    values = {index: interpreter.get_tensor(index) for index in tensors}
    return {index: (float(value.min()), float(value.max())) for index, value in values.items()}
