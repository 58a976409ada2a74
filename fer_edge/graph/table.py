"""A table of a FlatBuffer, read with every access checked: a stranger's file may point anywhere."""

from __future__ import annotations

import struct

MAX_TABLES = 100_000
"""Tensors, operators or buffers of a file; the largest networks have some thousands."""


class Table:
    """A table of a FlatBuffer: fields by number, each absent or somewhere in `data`.

    Raises from every method `struct.error` or `ValueError` for what would lie outside.
    """

    __slots__ = ("_offsets", "_position", "data")

    def __init__(self, data: bytes, position: int) -> None:
        self.data = data
        self._position = position
        offsets = position - number_at(data, position, "i")
        count = (number_at(data, offsets, "H") - 4) // 2
        self._offsets = numbers_at(data, offsets + 4, "H", count) if count > 0 else ()

    def number(self, field: int, format_: str) -> int:
        """Return a number, 0 where it is absent."""
        at = self._find(field)
        return number_at(self.data, at, format_) if at else 0

    def numbers(self, field: int, format_: str, most: int | None = None) -> tuple[int, ...]:
        """Return a vector of numbers, empty where it is absent."""
        start, count = self.vector(field, _SIZES[format_])
        if most is not None and count > most:
            raise ValueError(f"a vector of {count}, at most {most}")
        return numbers_at(self.data, start, format_, count) if count else ()

    def text(self, field: int) -> str:
        """Return a string, empty where it is absent.

        Raises:
            UnicodeDecodeError: it is not UTF-8, which interpreters take for granted; a `ValueError` like the others.
        """
        start, count = self.vector(field, 1)
        return self.data[start : start + count].decode("utf-8")

    def table(self, field: int) -> Table | None:
        """Return a table within this one."""
        at = self._find(field)
        return Table(self.data, at + number_at(self.data, at, "I")) if at else None

    def tables(self, field: int) -> list[Table]:
        """Return a vector of tables, empty where it is absent."""
        data = self.data
        start, count = self.vector(field, 4)
        if count > MAX_TABLES:
            raise ValueError(f"a vector of {count} tables, at most {MAX_TABLES}")
        offsets = numbers_at(data, start, "I", count) if count else ()
        return [
            Table(data, at + offset) for at, offset in zip(range(start, start + 4 * count, 4), offsets, strict=True)
        ]

    def vector(self, field: int, size: int) -> tuple[int, int]:
        """Return where the elements of a vector start, and how many they are; `size` bytes each."""
        at = self._find(field)
        if not at:
            return 0, 0
        head = at + number_at(self.data, at, "I")
        count = number_at(self.data, head, "I")
        if head + 4 + count * size > len(self.data):
            raise ValueError(f"a vector of {count:,} beyond its end")
        return head + 4, count

    def _find(self, field: int) -> int:
        """Return the position of a field, 0 where it is absent."""
        offsets = self._offsets
        offset = offsets[field] if field < len(offsets) else 0
        return self._position + offset if offset else 0


_SIZES = {format_: struct.calcsize(f"<{format_}") for format_ in "bBHiIfqQ"}
_UNPACKERS = {format_: struct.Struct(f"<{format_}").unpack_from for format_ in "bBHiIfqQ"}


def number_at(data: bytes, at: int, format_: str) -> int:
    """Return the number at a position; `struct` itself would take a negative one from the end."""
    if at < 0:
        raise ValueError("an offset before its start")
    number: int = _UNPACKERS[format_](data, at)[0]
    return number


def numbers_at(data: bytes, at: int, format_: str, count: int) -> tuple[int, ...]:
    """Return `count` numbers from a position on."""
    if at < 0:
        raise ValueError("an offset before its start")
    return struct.unpack_from(f"<{count}{format_}", data, at)
