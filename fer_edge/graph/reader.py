"""Read the graph of a .tflite file: its tensors and operators, without an interpreter.

Interpreters may crash on a damaged file, and reveal what they run only after a delegate has rewritten
it. This reader knows the few tables of the schema that it needs.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from fer_edge.errors import ModelError
from fer_edge.graph.operators import operator_name
from fer_edge.graph.sparsity import count_stored
from fer_edge.graph.table import Table, number_at

DTYPES = (
    *(("float32", 32), ("float16", 16), ("int32", 32), ("uint8", 8), ("int64", 64), ("string", 0), ("bool", 8)),
    *(("int16", 16), ("complex64", 64), ("int8", 8), ("float64", 64), ("complex128", 128), ("uint64", 64)),
    *(("resource", 0), ("variant", 0), ("uint32", 32), ("uint16", 16), ("int4", 4), ("bfloat16", 16), ("int2", 2)),
    *(("uint4", 4), ("float8_e4m3fn", 8), ("float8_e5m2", 8)),
)
"""Name and bits of each value of the schema's TensorType, in its order; 0 bits: no fixed size."""

MAX_RANK = 8


@dataclass(frozen=True)
class Tensor:
    """One tensor of the graph.

    Attributes:
        index: its number in the file.
        name: as the converter gave it; may be empty.
        shape: its dimensions; empty for a scalar.
        dtype: such as "int8".
        bits: of one element; 0 where the dtype has no fixed size.
        scales: one for the tensor, or one per channel; empty when it is not quantised.
        zero_points: one for each scale.
        span: (start, size) of its values in the file, as weights have them; size 0 for activations.
        channel_axis: the dimension that has a scale for each of its channels; 0 where there is one scale.
        positions: how many values a sparse tensor has in the file, at positions that it names; None for a dense one.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    bits: int
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    span: tuple[int, int]
    channel_axis: int = 0
    positions: int | None = None

    @property
    def stored(self) -> bool:
        """Whether its values stand in the file, as weights do."""
        return self.span[1] > 0

    @property
    def elements(self) -> int:
        """How many values it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its size in memory."""
        return (self.elements * self.bits + 7) // 8

    @property
    def stored_bytes(self) -> int:
        """The size that its values have in the file, where they stand there."""
        return self.bytes if self.positions is None else (self.positions * self.bits + 7) // 8


@dataclass(frozen=True)
class Operator:
    """One operator.

    Attributes:
        name: such as "CONV_2D".
        inputs: the numbers of the tensors that it reads; -1 for an optional one left out.
        outputs: the numbers of those that it writes.
        options: its built-in options, such as strides; None where it has none.
    """

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    options: Table | None = None


@dataclass(frozen=True)
class Graph:
    """The main graph of a model; operators in the order in which they run.

    Attributes:
        tensors: all of them, by their number.
        operators: in the order in which they run.
        inputs: the numbers of the tensors that a caller fills.
        outputs: the numbers of those that hold the answer.
        graphs: how many graphs the file holds; others than the main one belong to loops, branches and set-up.
    """

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]
    graphs: int = 1


def read_graph(flatbuffer: bytes, name: str = "The model") -> Graph:
    """Return the main graph of a TFLite file; bytes that follow the FlatBuffer do not matter.

    Raises:
        ModelError: it is no TFLite file, or it is cut off or damaged where the graph is described.
    """
    if flatbuffer[4:8] != b"TFL3":
        raise ModelError(f"{name} is not a TFLite model ({len(flatbuffer):,} bytes, without the mark 'TFL3').")
    try:
        return _read_model(flatbuffer)
    except (struct.error, IndexError, ValueError, OverflowError) as error:  # overflow: see runtime/archive.py
        raise ModelError(
            f"{name} is truncated or damaged: its {len(flatbuffer):,} bytes do not hold a complete TFLite graph. "
            "Copy or convert it again."
        ) from error


def _read_model(data: bytes) -> Graph:
    """Field numbers here and below are those of TFLite's schema."""
    model = Table(data, number_at(data, 0, "I"))
    spans = [_span(buffer) for buffer in model.tables(4)]
    names = [_code_name(code) for code in model.tables(1)]
    graphs = model.tables(2)
    main = graphs[0]
    tensors = tuple(_read_tensor(table, index, spans) for index, table in enumerate(main.tables(0)))
    operators = tuple(
        Operator(names[table.number(0, "I")], table.numbers(1, "i"), table.numbers(2, "i"), table.table(4))
        for table in main.tables(3)
    )
    graph = Graph(tensors, operators, main.numbers(1, "i"), main.numbers(2, "i"), len(graphs))
    _check_references(graph)
    return graph


def _span(buffer: Table) -> tuple[int, int]:
    """Return where a buffer's data are: in place, or (in models of gigabytes) behind the FlatBuffer."""
    offset, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    if offset <= 1:
        return buffer.vector(0, 1)
    if offset + size > len(buffer.data):
        raise ValueError("weights beyond its end")
    return offset, size


def _code_name(code: Table) -> str:
    """Return an operator's name; older files keep the first 127 numbers in another field."""
    name = operator_name(max(code.number(0, "b"), code.number(3, "i")))
    return code.text(1) or name if name == "CUSTOM" else name


def _read_tensor(table: Table, index: int, spans: list[tuple[int, int]]) -> Tensor:
    shape = table.numbers(0, "i", most=MAX_RANK)
    dtype, bits = DTYPES[table.number(1, "B")]
    quantisation, sparsity = table.table(4), table.table(6)
    return Tensor(
        index=index,
        name=table.text(3),
        shape=tuple(1 if size == -1 else size for size in shape),  # -1 is a size that a caller chooses
        dtype=dtype,
        bits=bits,
        scales=quantisation.numbers(2, "f") if quantisation else (),
        zero_points=quantisation.numbers(3, "q") if quantisation else (),
        channel_axis=quantisation.number(6, "i") if quantisation else 0,
        span=spans[table.number(2, "I")],
        positions=count_stored(sparsity, shape) if sparsity else None,
    )


def _check_references(graph: Graph) -> None:
    """Check that every tensor named exists; -1 stands for an optional input left out."""
    named = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        named.update(operator.inputs, operator.outputs)
    if not graph.operators or not named <= set(range(-1, len(graph.tensors))):
        raise ValueError("operators without their tensors")
