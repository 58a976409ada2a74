"""Normalisation inside the graph: a form that the converter folds into the first layer, and what stays outside."""

from __future__ import annotations

from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.graph.reader import read_graph
from fer_edge.modelfile.contract import InputRange

WEIGHTED = {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
ELEMENTWISE = {"ADD", "SUB", "MUL", "DIV"}


class SubtractThenScale(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """(x + offset / scale) * scale: what `Rescaling` computes as x * scale + offset.

    The converter folds a factor into the kernel behind it, whatever the padding: a padded zero stays
    zero. It folds a summand only where nothing is padded. So the factor has to come last.
    """

    def __init__(self, scale: Any, offset: Any, **options: Any) -> None:
        super().__init__(trainable=False, **options)
        self._scale = np.asarray(scale, np.float32)
        self._summand = np.asarray(offset, np.float32) / self._scale

    def call(self, inputs: Any) -> Any:
        """Return the scaled images; any shape with the channels last."""
        return (inputs + self._summand) * self._scale

    def get_config(self) -> dict[str, Any]:
        """Return what a copy is made from."""
        offset = self._summand * self._scale
        return {**super().get_config(), "scale": self._scale.tolist(), "offset": offset.tolist()}


class StandardiseImage(keras.layers.Layer):  # type: ignore[misc]  # Keras has no types
    """Each image brought to mean 0 and deviation 1 by itself, as `runtime.tensor_values.standardise` does it."""

    def call(self, inputs: Any) -> Any:
        """Return float images (N x height x width x channels) standardised."""
        axes = (1, 2, 3)
        centred = inputs - keras.ops.mean(inputs, axis=axes, keepdims=True)
        variance = keras.ops.mean(keras.ops.square(centred), axis=axes, keepdims=True)
        least = 1 / float(np.prod(inputs.shape[1:]))
        return centred * keras.ops.rsqrt(keras.ops.maximum(variance, least))


def scale_layer(input_range: InputRange) -> keras.layers.Layer:
    """Return the layer that brings pixels 0..255 into a range, in the form that folds best."""
    if input_range.per_image:
        return StandardiseImage(name="input_range")
    black, white = (np.array(end, np.float32) for end in (input_range.black, input_range.white))
    factor = (white - black) / np.float32(255)
    if not black.any() and len(factor) == 1:
        return keras.layers.Rescaling(float(factor[0]), name="input_range")
    return SubtractThenScale(factor, black, name="input_range")


def subtract_before_scaling(network: keras.Model) -> keras.Model:
    """Return a network of equal answers (up to float rounding) whose `Rescaling` layers subtract first.

    The network itself comes back where it has no such layer with an offset, or where its graph
    cannot be copied: then `left_outside` says what that costs.
    """
    layers = list(network._flatten_layers(include_self=False))
    if not any(_needs_rewriting(layer) for layer in layers) or _has_own_code(network):
        return network
    copy = keras.models.clone_model(network, clone_function=_rewrite, recursive=True)
    copy.set_weights(network.get_weights())
    for layer in copy._flatten_layers(include_self=False):
        if isinstance(layer, keras.layers.Normalization):
            layer.finalize_state()  # it computes with a copy of its weights
    return copy


def left_outside(flatbuffer: bytes) -> tuple[str, ...]:
    """Return the operators that compute with the pixels before the first layer with weights."""
    left: list[str] = []
    for operator in read_graph(flatbuffer, "the converted model").operators:
        if operator.name in WEIGHTED:
            return tuple(left)
        if operator.name in ELEMENTWISE:
            left.append(operator.name)
    return ()


def _has_own_code(network: keras.Model) -> bool:
    """Return whether the network is of a user's class, whose graph Keras does not know."""
    return not type(network).__module__.startswith("keras.")


def _needs_rewriting(layer: keras.layers.Layer) -> bool:
    if not isinstance(layer, keras.layers.Rescaling):
        return False
    scale, offset = _numbers(layer)
    return bool(offset.any() and scale.all())


def _numbers(layer: keras.layers.Rescaling) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
    return np.asarray(layer.scale, np.float32), np.asarray(layer.offset, np.float32)


def _rewrite(layer: keras.layers.Layer) -> keras.layers.Layer:
    if _needs_rewriting(layer):
        return SubtractThenScale(*_numbers(layer), name=layer.name)
    return layer.__class__.from_config(layer.get_config())
