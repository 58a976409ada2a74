"""Fields of recipes as users write them: in TOML files and as ``--set field=value``."""

from __future__ import annotations

import tomllib
import types
import typing
from typing import Any, Literal

from fer_edge.errors import RecipeError


def parse_override(text: str) -> tuple[str, Any]:
    """Return (field, value) of ``field=value``, the value read as TOML (bare words as text)."""
    name, sign, value = text.partition("=")
    if not sign:
        raise RecipeError(f"Expected field=value, got '{text}'.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except tomllib.TOMLDecodeError:
        return name.strip(), value.strip()


def coerce_field(value: Any, hint: Any, name: str) -> Any:
    """Check `value` against a field's type; whole numbers are welcome for fractions, one text for a list of texts."""
    if typing.get_origin(hint) is Literal:
        hint = str
    if hint == list[str] and isinstance(value, str):
        value = [value] if value else []
    if isinstance(hint, types.GenericAlias):
        if not isinstance(value, list):
            raise RecipeError(f"Recipe field '{name}': expected a list, got {value!r}.")
        return [coerce_field(item, typing.get_args(hint)[0], name) for item in value]
    if hint is float and type(value) is int:
        return float(value)
    if type(value) is not hint:
        raise RecipeError(f"Recipe field '{name}': expected {hint.__name__}, got {value!r}.")
    return value
