"""What a model costs by its arithmetic: parameters, multiply-accumulates, memory of activations."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from fer_edge.errors import ModelError
from fer_edge.graph.operators import ELEMENTWISE
from fer_edge.graph.reader import Graph, Operator, Tensor, read_graph

_INDEX_DTYPES = {"int32", "int64", "bool"}

# Multiply-accumulates of one output element, from the shape of the weights.
_MACS_PER_OUTPUT: dict[str, Callable[[tuple[int, ...]], int]] = {
    "CONV_2D": lambda shape: shape[1] * shape[2] * shape[3],  # out, height, width, in
    "DEPTHWISE_CONV_2D": lambda shape: shape[1] * shape[2],  # 1, height, width, channels
    "FULLY_CONNECTED": lambda shape: shape[-1],  # out, in
}


@dataclass(frozen=True)
class OperatorCost:
    """The cost of one operator.

    Attributes:
        index: its place in the order of execution, from 0.
        name: such as "CONV_2D".
        kind: "multiply-accumulate", "elementwise" or "other".
        inputs: the activations that it reads.
        outputs: what it writes.
        parameters: values stored in the file that it reads; index lists such as axes do not count.
        macs: multiply-accumulates, batch included; 0 for the kinds "elementwise" and "other".
        live_bytes: all activations that must be in memory while it runs.
    """

    index: int
    name: str
    kind: str
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]
    parameters: int
    macs: int
    live_bytes: int


@dataclass(frozen=True)
class ModelCost:
    """The cost of a model, and the tensors at its ends."""

    operators: tuple[OperatorCost, ...]
    inputs: tuple[Tensor, ...]
    outputs: tuple[Tensor, ...]

    @property
    def parameters(self) -> int:
        """Of all operators."""
        return sum(operator.parameters for operator in self.operators)

    @property
    def macs(self) -> int:
        """Multiply-accumulates of one inference."""
        return sum(operator.macs for operator in self.operators)

    @property
    def peak_bytes(self) -> int:
        """The most bytes of activations that are alive at once.

        A lower bound: an interpreter's arena may fragment, align, and hold scratch buffers besides.
        """
        return max(operator.live_bytes for operator in self.operators)


def analyse_cost(flatbuffer: bytes, name: str = "The model") -> ModelCost:
    """Return what the main graph of a TFLite file costs.

    Raises:
        ModelError: it is no TFLite file, or cut off or damaged.
    """
    graph = read_graph(flatbuffer, name)
    try:
        return _analyse(graph)
    except IndexError as error:
        raise ModelError(
            f"{name} is damaged: an operator lacks a tensor or a dimension. Copy or convert it again."
        ) from error


def _analyse(graph: Graph) -> ModelCost:
    constants = _find_constants(graph)
    live = _live_bytes(graph, constants)
    operators = (_operator_cost(graph, index, constants, live[index]) for index in range(len(graph.operators)))
    return ModelCost(tuple(operators), _take(graph, graph.inputs), _take(graph, graph.outputs))


def _find_constants(graph: Graph) -> dict[int, Tensor]:
    """Return the tensors whose values do not depend on the input, each with what the file stores of it.

    Float16 files store their weights behind a DEQUANTIZE each, which delegates fold away.
    """
    constants = {tensor.index: tensor for tensor in graph.tensors if tensor.stored}
    for operator in graph.operators:
        if operator.name == "DEQUANTIZE" and operator.inputs[0] in constants:
            constants[operator.outputs[0]] = constants[operator.inputs[0]]
    return constants


def _live_bytes(graph: Graph, constants: dict[int, Tensor]) -> list[int]:
    """Return for each operator the bytes of activations between their first and their last use."""
    first = dict.fromkeys(graph.inputs, 0)
    last: dict[int, int] = {}
    for position, operator in enumerate(graph.operators):
        for index in (*operator.inputs, *operator.outputs):
            first.setdefault(index, position)
            last[index] = position
    last.update(dict.fromkeys(graph.outputs, len(graph.operators) - 1))
    spans = [(first[i], last[i], graph.tensors[i].bytes) for i in last if i in first and i >= 0 and i not in constants]
    return [
        sum(size for start, end, size in spans if start <= position <= end) for position in range(len(graph.operators))
    ]


def _operator_cost(graph: Graph, index: int, constants: dict[int, Tensor], live_bytes: int) -> OperatorCost:
    operator = graph.operators[index]
    kind = "elementwise" if operator.name in ELEMENTWISE else "other"
    return OperatorCost(
        index=index,
        name=operator.name,
        kind="multiply-accumulate" if operator.name in _MACS_PER_OUTPUT else kind,
        inputs=_take(graph, [i for i in operator.inputs if i not in constants]),
        outputs=_take(graph, operator.outputs),
        parameters=_count_parameters(operator, constants),
        macs=_count_macs(graph, operator),
        live_bytes=live_bytes,
    )


def _count_parameters(operator: Operator, constants: dict[int, Tensor]) -> int:
    """Return how many stored values an operator computes with."""
    if any(index in constants for index in operator.outputs):
        return 0  # unpacks weights for an operator that counts them
    used = [constants[index] for index in operator.inputs if index in constants]
    if operator.name not in _MACS_PER_OUTPUT:  # there, int32 is a bias; elsewhere axes, shapes, positions
        used = [tensor for tensor in used if tensor.dtype not in _INDEX_DTYPES]
    return sum(tensor.elements for tensor in used)


def _count_macs(graph: Graph, operator: Operator) -> int:
    per_output = _MACS_PER_OUTPUT.get(operator.name)
    if per_output is None:
        return 0
    return graph.tensors[operator.outputs[0]].elements * per_output(graph.tensors[operator.inputs[1]].shape)


def _take(graph: Graph, indices: tuple[int, ...] | list[int]) -> tuple[Tensor, ...]:
    """Return tensors by number, without the optional inputs that were left out."""
    return tuple(graph.tensors[index] for index in indices if index >= 0)
