"""Read the graph of a .tflite file: its tensors and operators, without an interpreter.

Interpreters may crash on a damaged file, and tell what they run only after a delegate has rewritten
it. This reader knows the few tables of the schema that it needs, and checks every access.
"""

from __future__ import annotations

import math
import struct
from dataclasses import dataclass

from fer_edge.benchmarks.operators import operator_name
from fer_edge.errors import ModelError

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
        stored: whether its values stand in the file, as weights do.
    """

    index: int
    name: str
    shape: tuple[int, ...]
    dtype: str
    bits: int
    scales: tuple[float, ...]
    zero_points: tuple[int, ...]
    stored: bool

    @property
    def elements(self) -> int:
        """How many values it holds."""
        return math.prod(self.shape)

    @property
    def bytes(self) -> int:
        """Its size in memory."""
        return (self.elements * self.bits + 7) // 8


@dataclass(frozen=True)
class Operator:
    """One operator: its name, and the numbers of the tensors that it reads and writes."""

    name: str
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


@dataclass(frozen=True)
class Graph:
    """The main graph of a model; operators in the order in which they run."""

    tensors: tuple[Tensor, ...]
    operators: tuple[Operator, ...]
    inputs: tuple[int, ...]
    outputs: tuple[int, ...]


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
            f"{name} is cut off or damaged: its {len(flatbuffer):,} bytes hold no whole TFLite graph. "
            "Copy or convert it again."
        ) from error


def _read_model(data: bytes) -> Graph:
    """Field numbers here and below are those of TFLite's schema."""
    model = _Table(data, _unpack(data, 0, "I"))
    stored = [_is_stored(buffer) for buffer in model.tables(4)]
    names = [_code_name(code) for code in model.tables(1)]
    main = model.tables(2)[0]
    tensors = tuple(_read_tensor(table, index, stored) for index, table in enumerate(main.tables(0)))
    operators = tuple(
        Operator(names[table.number(0, "I")], table.numbers(1, "i"), table.numbers(2, "i")) for table in main.tables(3)
    )
    graph = Graph(tensors, operators, main.numbers(1, "i"), main.numbers(2, "i"))
    _check_references(graph)
    return graph


def _is_stored(buffer: _Table) -> bool:
    """Return whether a buffer holds data: in place, or (in models of gigabytes) behind the FlatBuffer."""
    offset, size = buffer.number(1, "Q"), buffer.number(2, "Q")
    if offset > 1 and offset + size > len(buffer.data):
        raise ValueError("weights beyond its end")
    return offset > 1 or buffer.vector(0, 1)[1] > 0


def _code_name(code: _Table) -> str:
    """Return an operator's name; the first 127 numbers also stand in a field of older files."""
    name = operator_name(max(code.number(0, "b"), code.number(3, "i")))
    return code.text(1) or name if name == "CUSTOM" else name


def _read_tensor(table: _Table, index: int, stored: list[bool]) -> Tensor:
    shape = table.numbers(0, "i", most=MAX_RANK)
    dtype, bits = DTYPES[table.number(1, "B")]
    quantisation = table.table(4)
    return Tensor(
        index=index,
        name=table.text(3),
        shape=tuple(max(size, 1) for size in shape),  # -1 is a size that a caller chooses
        dtype=dtype,
        bits=bits,
        scales=quantisation.numbers(2, "f") if quantisation else (),
        zero_points=quantisation.numbers(3, "q") if quantisation else (),
        stored=stored[table.number(2, "I")],
    )


def _check_references(graph: Graph) -> None:
    """Check that every tensor named exists; -1 stands for an optional input left out."""
    named = {*graph.inputs, *graph.outputs}
    for operator in graph.operators:
        named.update(operator.inputs, operator.outputs)
    if not graph.operators or not named <= set(range(-1, len(graph.tensors))):
        raise ValueError("operators without their tensors")


class _Table:
    """A table of a FlatBuffer: fields by number, each absent or somewhere in `data`.

    Raises from every method `struct.error` or `ValueError` for what would lie outside.
    """

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self._position = position
        offsets = position - _unpack(data, position, "i")
        size = _unpack(data, offsets, "H")
        self._offsets = [_unpack(data, offsets + at, "H") for at in range(4, size, 2)]

    def number(self, field: int, format_: str) -> int:
        """Return a number, 0 where it is absent."""
        at = self._find(field)
        return _unpack(self.data, at, format_) if at else 0

    def numbers(self, field: int, format_: str, most: int | None = None) -> tuple[int, ...]:
        """Return a vector of numbers, empty where it is absent."""
        start, count = self.vector(field, struct.calcsize(format_))
        if most is not None and count > most:
            raise ValueError(f"a vector of {count}, at most {most}")
        return struct.unpack_from(f"<{count}{format_}", self.data, start)

    def text(self, field: int) -> str:
        """Return a string, empty where it is absent."""
        start, count = self.vector(field, 1)
        return self.data[start : start + count].decode("utf-8", "replace")

    def table(self, field: int) -> _Table | None:
        """Return a table within this one."""
        at = self._find(field)
        return _Table(self.data, at + _unpack(self.data, at, "I")) if at else None

    def tables(self, field: int) -> list[_Table]:
        """Return a vector of tables, empty where it is absent."""
        start, count = self.vector(field, 4)
        return [_Table(self.data, at + _unpack(self.data, at, "I")) for at in range(start, start + 4 * count, 4)]

    def vector(self, field: int, size: int) -> tuple[int, int]:
        """Return where the elements of a vector start, and how many they are; `size` bytes each."""
        at = self._find(field)
        if not at:
            return 0, 0
        head = at + _unpack(self.data, at, "I")
        count = _unpack(self.data, head, "I")
        if head + 4 + count * size > len(self.data):
            raise ValueError(f"a vector of {count:,} beyond its end")
        return head + 4, count

    def _find(self, field: int) -> int:
        """Return the position of a field, 0 where it is absent."""
        offset = self._offsets[field] if field < len(self._offsets) else 0
        return self._position + offset if offset else 0


def _unpack(data: bytes, at: int, format_: str) -> int:
    """Return the number at a position; `struct` itself would take a negative one from the end."""
    if at < 0:
        raise ValueError("an offset before its start")
    number: int = struct.unpack_from(f"<{format_}", data, at)[0]
    return number
