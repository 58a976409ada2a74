"""The one decoder: plain values, as TOML and JSON give them, become typed dataclasses or a `DecodeError`.

It takes the types that fer-edge's dataclasses use: bool, int, float, str, `Literal`, list, dict, a dataclass,
`X | None`, `Any`, and `Annotated[number, Range(...)]` for a number with bounds.
"""

from __future__ import annotations

import dataclasses
import functools
import json
import types
import typing
from dataclasses import dataclass
from typing import Annotated, Any, Literal

MAX_NUMBER = 1e15
"""No field of any recipe or report needs more, and larger numbers overflow what is computed from them."""


class DecodeError(ValueError):
    """A value is not what its type says.

    Args:
        place: where it is, such as "models[0].id".
        problem: what is wrong with it, to follow the place in a sentence.
    """

    def __init__(self, place: str, problem: str) -> None:
        super().__init__(f"'{place}' {problem}")


@dataclass(frozen=True)
class Range:
    """Bounds of a number; they belong to the range unless `above` or `below` says otherwise.

    Attributes:
        low: the lower bound.
        high: the upper bound; the default is as good as none.
        above: whether the number must be more than `low`.
        below: whether the number must be less than `high`.
    """

    low: float
    high: float = MAX_NUMBER
    above: bool = False
    below: bool = False

    def holds(self, value: float) -> bool:
        """Return whether `value` lies within the bounds; NaN lies nowhere."""
        return (self.low < value if self.above else self.low <= value) and (
            value < self.high if self.below else value <= self.high
        )

    def __str__(self) -> str:
        if self.high == MAX_NUMBER:
            return f"more than {self.low:g}" if self.above else f"at least {self.low:g}"
        if self.above:
            return f"more than {self.low:g}, up to {self.high:g}"
        return f"from {self.low:g} to {'below ' if self.below else ''}{self.high:g}"


def decode(value: Any, kind: Any, place: str = "", *, strict: bool = False) -> Any:
    """Return `value` as the type `kind`.

    Whole numbers are welcome for fractions, and one text for a list of texts.

    Args:
        value: what TOML or JSON held.
        kind: the type; see the module for which.
        place: where the value is, for errors.
        strict: refuse keys that a dataclass does not know; otherwise they are ignored.

    Raises:
        DecodeError: the value is of another type, or out of its range.
    """
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if origin is Annotated:
        return _in_range(decode(value, arguments[0], place), arguments[1], place)
    if origin is types.UnionType:
        return None if value is None else decode(value, arguments[0], place, strict=strict)
    if origin is list:
        return _list(value, arguments[0], place, strict=strict)
    if origin is dict and isinstance(value, dict):
        return {str(key): decode(item, arguments[1], f"{place}.{key}", strict=strict) for key, item in value.items()}
    if isinstance(kind, type) and dataclasses.is_dataclass(kind) and isinstance(value, dict):
        return kind(**decode_fields(value, kind, place, strict=strict))
    return _plain(value, kind, place)


def decode_fields(
    values: dict[str, Any], kind: Any, place: str = "", *, strict: bool = False, partial: bool = False
) -> dict[str, Any]:
    """Return the fields of the dataclass `kind` that `values` holds, decoded; see `decode`.

    Args:
        values: field name -> value.
        kind: the dataclass.
        place: where they are, for errors.
        strict: refuse keys that are no field.
        partial: a field may be missing though it has no default.

    Raises:
        DecodeError: a field is missing, unknown, of another type, or out of its range.
    """
    hints = field_types(kind)
    if strict:
        for name in values:
            if name not in hints:
                raise DecodeError(_join(place, name), f"is an unknown field; expected one of {', '.join(hints)}")
    decoded = {}
    for field in dataclasses.fields(kind):
        if field.name in values:
            decoded[field.name] = decode(values[field.name], hints[field.name], _join(place, field.name), strict=strict)
        elif not partial and field.default is dataclasses.MISSING and field.default_factory is dataclasses.MISSING:
            raise DecodeError(_join(place, field.name), "is missing")
    return decoded


@functools.cache
def field_types(kind: Any) -> dict[str, Any]:
    """Return field name -> type of a dataclass, with `Annotated` kept."""
    hints = typing.get_type_hints(kind, include_extras=True)
    return {field.name: hints[field.name] for field in dataclasses.fields(kind)}


def show(value: Any) -> str:
    """Return `value` for an error: on one line, short, and without control characters."""
    try:
        text = json.dumps(value)
    except (TypeError, ValueError, RecursionError):  # a date of TOML; an integer of more than 4,300 digits
        text = "too large" if isinstance(value, int | list | dict) else ascii(value)
    return text if len(text) <= 60 else f"{text[:57]}..."


def _list(value: Any, kind: Any, place: str, *, strict: bool) -> list[Any]:
    if kind is str and isinstance(value, str):
        value = [value] if value else []
    if not isinstance(value, list):
        raise _mismatch(value, "a list", place)
    return [decode(item, kind, f"{place}[{index}]", strict=strict) for index, item in enumerate(value)]


def _in_range(value: Any, bounds: Range, place: str) -> Any:
    if not bounds.holds(value):
        raise _mismatch(value, str(bounds), place)
    return value


def _plain(value: Any, kind: Any, place: str) -> Any:
    if kind is Any:
        return value
    if typing.get_origin(kind) is Literal:
        fits, expected = isinstance(value, str) and value in typing.get_args(kind), " or ".join(typing.get_args(kind))
    else:
        fits, expected = _fits(value, kind), _WORDS.get(kind, "an object")
    if not fits:
        raise _mismatch(value, expected, place)
    return float(value) if kind is float else value


_WORDS = {float: "a number", int: "a whole number", str: "a text", bool: "true or false"}


def _fits(value: Any, kind: Any) -> bool:
    if kind in {int, float}:
        number = isinstance(value, int if kind is int else int | float) and not isinstance(value, bool)
        return number and -MAX_NUMBER < value < MAX_NUMBER  # which NaN does not hold
    if kind is str:
        return isinstance(value, str) and not any("\ud800" <= character <= "\udfff" for character in value)
    return kind is bool and isinstance(value, bool)


def _mismatch(value: Any, expected: str, place: str) -> DecodeError:
    return DecodeError(place, f"is {show(value)}, expected {expected}")


def _join(place: str, name: str) -> str:
    shown = name if name.isidentifier() else show(name)
    return f"{place}.{shown}" if place else shown
