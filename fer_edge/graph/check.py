"""Check the structure of a .tflite file before an interpreter sees it.

Interpreters trust what the file says of itself: a tensor of rank 100, an output that is not there, a scale of zero
or an operator with too few inputs ends the process instead of raising. Whoever writes such a file can also write a
checksum that fits it. So every model passes here once, when it is loaded.
"""

from __future__ import annotations

import math
from collections.abc import Iterator

from fer_edge.errors import ModelError
from fer_edge.graph.operators import NAMES, least_and_most_inputs
from fer_edge.graph.reader import Graph, Operator, Tensor, read_graph

MAX_ELEMENTS = 64_000_000
"""Of one tensor: a hundred times what a network for small computers has."""

MAX_ACTIVATION_BYTES = 1_000_000_000
"""Of all tensors that are computed, together."""

LEAST_SCALE = 2.0**-126
"""The smallest float32 with full precision: arithmetic with smaller scales divides by zero somewhere."""

ZERO_POINTS = {
    "int8": (-128, 127),
    "uint8": (0, 255),
    "int16": (-32768, 32767),
    "int32": (-(2**31), 2**31 - 1),
    "int4": (-8, 7),
}
"""Dtype -> the zero points that it can hold."""

INTERNAL = frozenset({"DELEGATE", "PLACEHOLDER_FOR_GREATER_OP_CODES"})
"""Operators that interpreters make for themselves; no file may hold them."""

ON_IMAGES = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "AVERAGE_POOL_2D", "MAX_POOL_2D"})

MULTIPLIES = frozenset({"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED", "MUL"})
"""Operators whose integer result has the product of the first two inputs' scales."""

COMPUTES = (
    ON_IMAGES
    | MULTIPLIES
    | {"ADD", "SUB", "MEAN", "LOGISTIC", "TANH", "RELU", "RELU6", "LEAKY_RELU", "SOFTMAX", "QUANTIZE"}
)
"""Operators whose output has the dtype of their first input (but for QUANTIZE), and integers one scale each."""

INTEGERS = frozenset({"int8", "uint8", "int16"})

MOST_MULTIPLIER = 2.0**30
"""Kernels write the ratio of two scales as a fraction and a shift to the left, by 30 at most."""

_NAMES = frozenset(NAMES)


def check_structure(flatbuffer: bytes, name: str = "The model") -> Graph:
    """Return the graph of a TFLite file whose structure is sound.

    Takes about a millisecond for the larger bundled network.

    Raises:
        ModelError: it is not sound; the first fault is named.
    """
    graph = read_graph(flatbuffer, name)
    fault = next(_faults(graph), None)
    if fault is not None:
        raise ModelError(f"{name} is damaged or was tampered with: {fault}. Copy or convert it again.")
    return graph


def _faults(graph: Graph) -> Iterator[str]:
    """Yield what is wrong, in the order of the file."""
    if graph.graphs != 1:
        yield f"it holds {graph.graphs} graphs, expected one"
    activations = 0
    for tensor in graph.tensors:
        if (fault := _fault_of_tensor(tensor)) is not None:
            yield f"tensor {tensor.index} {fault}"
        if not tensor.stored:
            activations += tensor.bytes
    if activations > MAX_ACTIVATION_BYTES:
        yield f"its activations take {activations / 1e6:,.0f} MB, at most {MAX_ACTIVATION_BYTES / 1e6:,.0f}"
    for number, operator in enumerate(graph.operators):
        fault = _fault_of_operator(operator) or _fault_of_types(operator, graph.tensors)
        if fault is not None:
            yield f"operator {number} ({operator.name}) {fault}"
    yield from _faults_of_ends(graph)


def _fault_of_tensor(tensor: Tensor) -> str | None:
    shape = tensor.shape
    if shape and min(shape) < 1:
        return f"has an impossible shape ({'x'.join(map(str, shape))})"
    if tensor.elements > MAX_ELEMENTS:
        return f"has {tensor.elements:,} elements, at most {MAX_ELEMENTS:,}"
    if tensor.bits and tensor.stored and tensor.span[1] != tensor.stored_bytes:
        return f"needs {tensor.stored_bytes:,} bytes for its values, but has {tensor.span[1]:,}"
    return _fault_of_quantisation(tensor) if tensor.scales or tensor.zero_points else None


def _fault_of_quantisation(tensor: Tensor) -> str | None:
    scales, zero_points = tensor.scales, tensor.zero_points
    if len(scales) > 1:
        axis = tensor.channel_axis
        if not 0 <= axis < len(tensor.shape) or tensor.shape[axis] != len(scales):
            return f"has {len(scales)} scales, which fit none of its dimensions"
    if len(zero_points) not in {0, len(scales)}:
        return f"has {len(scales)} scales but {len(zero_points)} zero points"
    if scales and not (math.isfinite(sum(scales)) and min(scales) >= LEAST_SCALE):
        return "has a scale that is not a positive number"
    low, high = ZERO_POINTS.get(tensor.dtype, (0, 0))
    if zero_points and not low <= min(zero_points) <= max(zero_points) <= high:
        return f"has a zero point that {tensor.dtype} cannot hold"
    return None


def _fault_of_operator(operator: Operator) -> str | None:
    if operator.name in INTERNAL or operator.name.startswith("operator "):
        return "is no operator that a file may hold"
    if not operator.outputs or min(operator.outputs) < 0:
        return "has no output"
    if operator.name not in _NAMES:
        return None  # custom: the interpreter refuses those that it does not know
    least, most = least_and_most_inputs(operator.name)
    if not least <= len(operator.inputs) <= most:
        expected = str(least) if least == most else f"{least} to {most}" if most < 1000 else f"at least {least}"
        return f"has {len(operator.inputs)} inputs, expected {expected}"
    if least and min(operator.inputs[:least]) < 0:
        return "lacks an input"
    return None


def _fault_of_types(operator: Operator, tensors: tuple[Tensor, ...]) -> str | None:
    """Return what does not fit between an operator's inputs and its output; kernels look at one of the two only."""
    if operator.name not in COMPUTES:
        return None
    first, output = tensors[operator.inputs[0]], tensors[operator.outputs[0]]
    if first.dtype != output.dtype and operator.name != "QUANTIZE":
        return f"turns {first.dtype} into {output.dtype}"
    if operator.name in ON_IMAGES and not len(first.shape) == len(output.shape) == 4:
        return "needs images of rank 4"
    if {first.dtype, output.dtype} <= INTEGERS:
        return _fault_of_scales(operator, tensors, first, output)
    return None


def _fault_of_scales(operator: Operator, tensors: tuple[Tensor, ...], first: Tensor, output: Tensor) -> str | None:
    if len(first.scales) != 1 or len(output.scales) != 1:
        return f"computes {output.dtype} without one scale for input and output"
    scale = first.scales[0]
    if operator.name in MULTIPLIES:
        scale *= max(tensors[operator.inputs[1]].scales, default=math.nan)
    if not scale / output.scales[0] < MOST_MULTIPLIER:
        return "has scales that are too far apart"
    return None


def _faults_of_ends(graph: Graph) -> Iterator[str]:
    for what, ends in (("input", graph.inputs), ("output", graph.outputs)):
        if not ends or min(ends) < 0:
            yield f"it has no {what}"
