"""What the C kernels can know of a tensor, each checked: its scale, its limits, where a kernel slides over it."""

from __future__ import annotations

import math

import numpy as np

from fer_edge.graph.reader import Operator, Tensor
from fer_edge.graph.table import Table

LARGEST_DIMENSION = 32_767
"""Of a tensor or a kernel: the C structures count in int16."""

LOWEST, HIGHEST = -128, 127


class Unsupported(Exception):  # noqa: N818
    """What the kernels cannot compute, in words."""


def options_of(operator: Operator) -> Table:
    """Return the options of an operator that must have some."""
    if operator.options is None:
        raise ValueError(f"{operator.name} without its options")
    return operator.options


def check_activation(tensor: Tensor, dtype: str) -> Tensor:
    """Return a tensor that is computed, of that dtype or of any 8-bit one."""
    if tensor.stored:
        raise Unsupported("an operator computes with a constant in place of a tensor")
    if tensor.dtype not in {dtype or "int8", dtype or "uint8"}:
        raise Unsupported(f"it computes in {tensor.dtype}")
    return tensor


def scale_of(tensor: Tensor) -> float:
    """Return the one scale of an activation."""
    if len(tensor.scales) != 1 or len(tensor.zero_points) != 1 or not 0 < tensor.scales[0] < math.inf:
        raise Unsupported("a tensor has no scale, or several")
    lowest = 0 if tensor.dtype == "uint8" else LOWEST
    if not lowest <= tensor.zero_points[0] < lowest + 256:
        raise ValueError("an impossible zero point")
    return tensor.scales[0]


def zero_of(tensor: Tensor) -> int:
    """Return the zero point that a tensor has as int8."""
    return tensor.zero_points[0] - (128 if tensor.dtype == "uint8" else 0)


def limits_of(tensor: Tensor, activation: int) -> tuple[int, int]:
    """Return the lowest and highest value that a fused activation leaves; numbers are those of the schema."""
    bounds = {0: (-math.inf, math.inf), 1: (0.0, math.inf), 2: (-1.0, 1.0), 3: (0.0, 6.0)}
    if activation not in bounds:
        raise Unsupported(f"activation {activation} has no C kernel")
    low, high = (_quantise(bound, tensor) for bound in bounds[activation])
    return max(low, LOWEST), min(high, HIGHEST)


def _quantise(real: float, tensor: Tensor) -> int:
    if math.isinf(real):
        return HIGHEST if real > 0 else LOWEST
    steps = float(np.float32(real) / np.float32(scale_of(tensor)))
    return tensor.zero_points[0] + math.floor(abs(steps) + 0.5) * (1 if steps >= 0 else -1)


def slide(size: int, kernel: int, stride: int, *, same: bool) -> tuple[int, int]:
    """Return how many places a kernel takes along one side, and the padding before the first."""
    if min(size, kernel, stride) < 1:
        raise ValueError("a kernel without a size or a stride")
    if not same:
        return (size - kernel) // stride + 1, 0
    places = -(-size // stride)
    return places, max((places - 1) * stride + kernel - size, 0) // 2


def checked_size(size: int) -> int:
    """Return a size that the C structures can hold."""
    if not 1 <= size <= LARGEST_DIMENSION:
        raise Unsupported(f"it has a dimension of {size}, at most {LARGEST_DIMENSION}")
    return size
