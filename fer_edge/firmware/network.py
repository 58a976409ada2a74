"""Reads an int8 .tflite file as layers of the C kernels; what they cannot compute is refused by name."""

from __future__ import annotations

import math
import struct
from collections.abc import Callable

import numpy as np

from fer_edge.errors import ModelError
from fer_edge.firmware.fixed_point import as_factor, exponentials, mean_factor
from fer_edge.firmware.layers import (
    Addition,
    Convolution,
    Dense,
    Depthwise,
    Integers,
    Layer,
    Mean,
    Network,
    Pooling,
    Quantization,
    Softmax,
    Sums,
    Window,
)
from fer_edge.firmware.tensors import (
    LOWEST,
    Unsupported,
    check_activation,
    checked_size,
    limits_of,
    options_of,
    scale_of,
    slide,
    zero_of,
)
from fer_edge.graph.reader import Graph, Operator, Tensor, read_graph
from fer_edge.graph.table import Table
from fer_edge.types import FACE_SIZE

MOST_CLASSES = 64
"""More would leave the fixed-point range of the softmax."""


def read_network(flatbuffer: bytes, name: str = "The model") -> Network:
    """Return the layers of an int8 network that takes one 48x48 grey face and gives uint8 scores.

    Raises:
        ModelError: it is of another contract, has an operator or an option that the kernels lack, or is damaged.
    """
    graph = read_graph(flatbuffer, name)
    try:
        return _Reader(graph, flatbuffer).read()
    except Unsupported as reason:
        raise ModelError(
            f"{name} cannot become C: {reason}. Expected an int8 network of convolutions, additions, pooling, dense "
            "layers and a softmax, as 'fer-edge convert --to int8' makes it."
        ) from reason
    except (struct.error, ValueError, IndexError, OverflowError) as error:
        raise ModelError(f"{name} is damaged: its layers do not fit together ({error}).") from error


class _Reader:
    def __init__(self, graph: Graph, data: bytes) -> None:
        self._graph = graph
        self._data = data
        self._same: dict[int, int] = {}  # tensors that are others in another shape
        self._kinds: dict[str, Callable[[Operator], Layer]] = {
            "QUANTIZE": self._quantization,
            "CONV_2D": self._convolution,
            "DEPTHWISE_CONV_2D": self._depthwise,
            "FULLY_CONNECTED": self._dense,
            "ADD": self._addition,
            "MEAN": self._mean,
            "MAX_POOL_2D": self._pooling,
            "AVERAGE_POOL_2D": self._pooling,
            "SOFTMAX": self._softmax,
        }

    def read(self) -> Network:
        (pixels,), (scores,) = self._graph.inputs, self._graph.outputs
        self._check_contract(self._graph.tensors[pixels], self._graph.tensors[scores])
        layers = []
        written = {pixels}
        for operator in self._graph.operators:
            (target,) = operator.outputs
            if operator.name == "RESHAPE":
                self._reshape(operator, written)
                continue
            if operator.name not in self._kinds:
                raise Unsupported(f"its operator {operator.name} has no C kernel")
            layer = self._kinds[operator.name](operator)
            if not set(layer.inputs) <= written or target in written:
                raise ValueError("an operator reads what none wrote before")
            written.add(target)
            layers.append(layer)
        output = self._same.get(scores, scores)
        if not layers or output != layers[-1].output:
            raise ValueError("its output is not that of the last operator")
        sizes = {index: self._graph.tensors[index].bytes for index in written if index not in self._same}
        scored = self._graph.tensors[scores]
        return Network(tuple(layers), sizes, pixels, output, scored.elements, scored.scales[0], scored.zero_points[0])

    def _check_contract(self, pixels: Tensor, scores: Tensor) -> None:
        if pixels.dtype != "uint8" or pixels.shape != (1, FACE_SIZE, FACE_SIZE, 1):
            raise Unsupported(f"it takes {pixels.dtype} {list(pixels.shape)}, not uint8 {[1, FACE_SIZE, FACE_SIZE, 1]}")
        if scores.dtype != "uint8" or scores.shape[:-1] != (1,) or not 1 <= scores.elements <= MOST_CLASSES:
            raise Unsupported(f"it gives {scores.dtype} {list(scores.shape)}, not uint8 [1, classes]")
        scale_of(scores)

    def _quantization(self, operator: Operator) -> Layer:
        source, target = self._read(operator, 0), self._written(operator)
        if source.elements != target.elements:
            raise ValueError("QUANTIZE changes the size")
        return Quantization(
            *self._ends(operator),
            source.elements,
            as_factor(scale_of(source) / scale_of(target)),
            zero_of(source),
            zero_of(target),
            source.dtype == "uint8",
            target.dtype == "uint8",
        )

    def _convolution(self, operator: Operator) -> Layer:
        options = options_of(operator)
        source, weights = self._read(operator, 0, "int8"), self._stored(operator, 1, "int8")
        if any(options.number(field, "i") > 1 for field in (4, 5)):
            raise Unsupported("a CONV_2D is dilated")
        outputs, height, width, channels = weights.shape
        if channels != source.shape[-1]:
            raise Unsupported("a CONV_2D is grouped")
        window = self._window(operator, (height, width), options, strides=(2, 1), channels=outputs)
        return Convolution(*self._ends(operator), window, self._sums(operator, outputs, options.number(3, "b")))

    def _depthwise(self, operator: Operator) -> Layer:
        options = options_of(operator)
        source, weights = self._read(operator, 0, "int8"), self._stored(operator, 1, "int8")
        if any(options.number(field, "i") > 1 for field in (5, 6)):
            raise Unsupported("a DEPTHWISE_CONV_2D is dilated")
        _, height, width, outputs = weights.shape
        multiplier, rest = divmod(outputs, source.shape[-1])
        if rest or weights.shape[0] != 1:
            raise ValueError("weights of another shape")
        window = self._window(operator, (height, width), options, strides=(2, 1), channels=outputs)
        sums = self._sums(operator, outputs, options.number(4, "b"))
        return Depthwise(*self._ends(operator), window, sums, multiplier)

    def _dense(self, operator: Operator) -> Layer:
        source, weights = self._read(operator, 0, "int8"), self._stored(operator, 1, "int8")
        outputs, inputs = weights.shape
        if inputs != source.elements or outputs != self._written(operator).elements:
            raise ValueError("weights of another shape")
        if options_of(operator).number(1, "b"):
            raise Unsupported("a FULLY_CONNECTED has shuffled weights")
        sums = self._sums(operator, checked_size(outputs), options_of(operator).number(0, "b"), dense=True)
        return Dense(*self._ends(operator), checked_size(inputs), sums)

    def _addition(self, operator: Operator) -> Layer:
        a, b, target = self._read(operator, 0, "int8"), self._read(operator, 1, "int8"), self._written(operator, "int8")
        if not a.elements == b.elements == target.elements:
            raise Unsupported("an ADD stretches one of its inputs")
        common = 2 * max(scale_of(a), scale_of(b))
        return Addition(
            *self._ends(operator),
            a.elements,
            as_factor(scale_of(a) / common),
            as_factor(scale_of(b) / common),
            as_factor(common / ((1 << 20) * scale_of(target))),
            zero_of(a),
            zero_of(b),
            zero_of(target),
            limits_of(target, options_of(operator).number(0, "b")),
        )

    def _mean(self, operator: Operator) -> Layer:
        source, target = self._read(operator, 0, "int8"), self._written(operator, "int8")
        axes = np.frombuffer(self._bytes(self._stored(operator, 1, "int32")), "<i4")
        if len(source.shape) != 4 or sorted(axis % 4 for axis in axes.tolist()) != [1, 2]:
            raise Unsupported("a MEAN goes over other axes than height and width")
        _, height, width, channels = source.shape
        if target.elements != channels:
            raise ValueError("a mean of another size")
        factor = mean_factor(scale_of(source) / scale_of(target), height * width)
        return Mean(
            *self._ends(operator), height * width, checked_size(channels), factor, zero_of(source), zero_of(target)
        )

    def _pooling(self, operator: Operator) -> Layer:
        options = options_of(operator)
        source, target = self._read(operator, 0, "int8"), self._written(operator, "int8")
        if (scale_of(source), zero_of(source)) != (scale_of(target), zero_of(target)):
            raise Unsupported(f"a {operator.name} changes the scale")
        size = (options.number(4, "i"), options.number(3, "i"))
        window = self._window(operator, size, options, strides=(2, 1), channels=source.shape[-1])
        limits = limits_of(target, options.number(5, "b"))
        return Pooling(*self._ends(operator), window, operator.name == "AVERAGE_POOL_2D", limits)

    def _softmax(self, operator: Operator) -> Layer:
        source, target = self._read(operator, 0, "int8"), self._written(operator, "int8")
        if source.shape != target.shape or source.elements > MOST_CLASSES or source.shape[:-1] != (1,):
            raise Unsupported("a SOFTMAX goes over more than one row of classes")
        if (scale_of(target), zero_of(target)) != (1 / 256, LOWEST):
            raise Unsupported("a SOFTMAX does not give steps of 1/256")
        beta = options_of(operator).number(0, "f")
        return Softmax(*self._ends(operator), source.elements, tuple(exponentials(beta * scale_of(source))))

    def _reshape(self, operator: Operator, written: set[int]) -> None:
        """A reshape moves nothing: its output is its input by another name."""
        source, (target,) = self._index(operator, 0), operator.outputs
        if source not in written or self._graph.tensors[source].bytes != self._graph.tensors[target].bytes:
            raise ValueError("RESHAPE changes the size")
        self._same[target] = source

    def _window(
        self, operator: Operator, kernel: tuple[int, int], options: Table, *, strides: tuple[int, int], channels: int
    ) -> Window:
        """Return the geometry of a kernel; `strides` are the numbers of the fields that hold them."""
        source, target = self._read(operator, 0, "int8"), self._written(operator, "int8")
        if len(source.shape) != 4:
            raise ValueError("a picture without height and width")
        same = options.number(0, "b") == 0
        steps = [options.number(field, "i") for field in strides]
        rows = [slide(*sizes, same=same) for sizes in zip(source.shape[1:3], kernel, steps, strict=True)]
        if target.shape != (1, rows[0][0], rows[1][0], channels):
            raise ValueError("an output of another shape")
        checked_size(kernel[0] * kernel[1] * source.shape[3])  # so that its sum stays below 2^31
        sizes = (*source.shape[1:], *target.shape[1:3], *kernel, *steps)
        return Window(*(checked_size(size) for size in sizes), *(padding for _, padding in rows))

    def _sums(self, operator: Operator, outputs: int, activation: int, *, dense: bool = False) -> Sums:
        source, weights, target = self._read(operator, 0), self._stored(operator, 1), self._written(operator, "int8")
        if any(weights.zero_points) or len(weights.scales) not in {1, outputs}:
            raise Unsupported(f"the weights of a {operator.name} are not symmetric int8")
        if any(not 0 < scale < math.inf for scale in weights.scales):
            raise ValueError("weights without a scale")
        reals = [scale_of(source) * scale for scale in weights.scales] * (outputs // len(weights.scales))
        if dense and len(weights.scales) == 1:  # here, and only here, TensorFlow Lite multiplies in float32
            reals = [float(np.float32(real)) for real in reals]
        return Sums(
            np.frombuffer(self._bytes(weights), np.int8),
            self._bias(operator, outputs),
            tuple(as_factor(real / scale_of(target)) for real in reals),
            zero_of(source),
            zero_of(target),
            limits_of(target, activation),
        )

    def _bias(self, operator: Operator, outputs: int) -> Integers:
        if len(operator.inputs) < 3 or operator.inputs[2] < 0:
            return np.zeros(outputs, np.int32)
        bias = np.frombuffer(self._bytes(self._stored(operator, 2, "int32")), "<i4")
        if len(bias) != outputs:
            raise ValueError("a bias of another size")
        return bias

    def _ends(self, operator: Operator) -> tuple[tuple[int, ...], int]:
        """Return the activations that an operator reads, and the one that it writes."""
        count = 2 if operator.name == "ADD" else 1
        return tuple(self._index(operator, position) for position in range(count)), operator.outputs[0]

    def _index(self, operator: Operator, position: int) -> int:
        index = operator.inputs[position]
        return self._same.get(index, index)

    def _read(self, operator: Operator, position: int, dtype: str = "") -> Tensor:
        """Return an activation that an operator reads, in the shape in which it reads it."""
        return check_activation(self._graph.tensors[operator.inputs[position]], dtype)

    def _written(self, operator: Operator, dtype: str = "") -> Tensor:
        return check_activation(self._graph.tensors[operator.outputs[0]], dtype)

    def _stored(self, operator: Operator, position: int, dtype: str = "") -> Tensor:
        tensor = self._graph.tensors[operator.inputs[position]]
        if not tensor.stored:
            raise Unsupported(f"the weights of a {operator.name} are computed")
        if dtype and tensor.dtype != dtype:
            raise Unsupported(f"a {operator.name} has {tensor.dtype} weights")
        return tensor

    def _bytes(self, tensor: Tensor) -> bytes:
        start, size = tensor.span
        if size != tensor.bytes:
            raise ValueError("weights of another size")
        return self._data[start : start + size]
