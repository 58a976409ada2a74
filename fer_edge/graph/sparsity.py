"""How many values a sparse tensor stores: its positions are read, and must lie within its shape.

A sparse tensor lists the positions of its values, dimension by dimension; DENSIFY writes each value to its position
without asking whether that exists. The layout is that of TFLite's schema, from the Tensor Algebra Compiler
(Kjolstad et al., OOPSLA 2017).
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from itertools import pairwise

from fer_edge.graph.table import Table

DENSE, COMPRESSED = 0, 1
"""The schema's DimensionType."""

INDEX_FORMATS = {1: "i", 2: "H", 3: "B"}
"""The schema's union SparseIndexVector -> the format of its numbers."""


def count_stored(sparsity: Table, shape: Sequence[int]) -> int:
    """Return how many values a tensor of this shape and SparsityParameters has in the file.

    Raises:
        ValueError: its positions do not fit its shape.
    """
    order, blocks = sparsity.numbers(0, "i"), sparsity.numbers(1, "i")
    dimensions = sparsity.tables(2)
    rank = len(shape)
    if sorted(order) != list(range(rank + len(blocks))) or len(dimensions) != len(order):
        raise ValueError("a sparse tensor whose dimensions are not each named once")
    if not all(0 <= block < rank for block in blocks):
        raise ValueError("a sparse tensor with a block of no dimension")
    edges = [dimensions[order.index(rank + number)].number(1, "i") for number in range(len(blocks))]
    sizes = [*_blocks_of(shape, blocks, edges), *edges]
    count = 1
    for dimension, number in zip(dimensions, order, strict=True):
        count = _count_of(dimension, sizes[number], count)
    return count


def _blocks_of(shape: Sequence[int], blocks: Sequence[int], edges: Sequence[int]) -> list[int]:
    """Return how many blocks lie along each dimension; without blocks that is its size."""
    sizes = []
    for axis, size in enumerate(shape):
        edge = math.prod(edge for block, edge in zip(blocks, edges, strict=True) if block == axis)
        if edge < 1 or size % edge:
            raise ValueError("a sparse tensor whose blocks do not fill it")
        sizes.append(size // edge)
    return sizes


def _count_of(dimension: Table, size: int, count: int) -> int:
    """Return the count of values down to this dimension, of which `count` lie above it."""
    kind = dimension.number(0, "b")
    if kind == DENSE:
        if dimension.number(1, "i") != size:
            raise ValueError("a sparse tensor with a dimension of another size")
        return count * size
    if kind != COMPRESSED:
        raise ValueError(f"a sparse tensor with a dimension of kind {kind}")
    segments, indices = _index_vector(dimension, 2), _index_vector(dimension, 4)
    if len(segments) != count + 1 or segments[0] != 0 or segments[-1] != len(indices):
        raise ValueError("a sparse tensor whose segments do not cover its positions")
    if any(later < earlier for earlier, later in pairwise(segments)):
        raise ValueError("a sparse tensor whose segments go backwards")
    if indices and not 0 <= min(indices) <= max(indices) < size:
        raise ValueError("a sparse tensor with a position beyond its shape")
    return len(indices)


def _index_vector(dimension: Table, field: int) -> tuple[int, ...]:
    """Return the numbers of a union of vectors, whose kind stands in `field` and whose table in the next."""
    format_ = INDEX_FORMATS.get(dimension.number(field, "B"))
    table = dimension.table(field + 1)
    if format_ is None or table is None:
        raise ValueError("a sparse tensor without its positions")
    return table.numbers(0, format_)
