"""What a network takes on a microcontroller, without writing its C."""

from __future__ import annotations

from dataclasses import dataclass, fields

from fer_edge.firmware.arena import plan_arena
from fer_edge.firmware.layers import Network, Softmax, Sums
from fer_edge.firmware.network import read_network
from fer_edge.graph.reader import read_graph


@dataclass(frozen=True)
class Footprint:
    """Sizes of the generated C, in bytes.

    Attributes:
        arena_bytes: working memory.
        constant_bytes: weights and what goes with them.
        operators: the kinds of operators, in the order in which they run.
    """

    arena_bytes: int
    constant_bytes: int
    operators: tuple[str, ...]


def find_footprint(flatbuffer: bytes, name: str = "The model") -> Footprint:
    """Return what a model takes as C.

    Raises:
        ModelError: see `fer_edge.firmware.network.read_network`.
    """
    network = read_network(flatbuffer, name)
    operators = dict.fromkeys(operator.name for operator in read_graph(flatbuffer, name).operators)
    return Footprint(plan_arena(network).size, count_constants(network), tuple(operators))


def count_constants(network: Network) -> int:
    """Return the bytes of weights, biases, factors and tables."""
    total = 0
    for layer in network.layers:
        for field in fields(layer):
            value = getattr(layer, field.name)
            if isinstance(value, Sums):
                total += value.weights.nbytes + value.bias.nbytes + (4 + 1) * len(value.factors)
        if isinstance(layer, Softmax):
            total += 4 * len(layer.exponentials)
    return total
