"""TOML as users write it: recipe files, and ``--set field=value``."""

from __future__ import annotations

import tomllib
from pathlib import Path
from typing import Any

from fer_edge.errors import RecipeError, os_reason

MAX_BYTES = 1_000_000
"""A recipe has about 2 kB."""


def read_toml(path: Path) -> dict[str, Any]:
    """Return the content of a recipe file.

    Raises:
        RecipeError: the file is missing, cannot be read, or is not TOML.
    """
    try:
        if not path.is_file():
            raise RecipeError(f"{path}: {'not a regular file' if path.exists() else 'no such file'}.")
        if path.stat().st_size > MAX_BYTES:
            raise RecipeError(f"{path} is too large for a recipe: at most {MAX_BYTES // 1000:,} kB.")
        text = path.read_text("utf-8")
    except OSError as error:
        raise RecipeError(f"{path}: {os_reason(error)}.") from error
    except UnicodeDecodeError as error:
        raise RecipeError(f"{path} is not valid TOML: it is not encoded as UTF-8.") from error
    return parse_toml(text, str(path))


def parse_toml(text: str, origin: str) -> dict[str, Any]:
    """Return the content of a TOML text; `origin` names it in errors.

    Raises:
        RecipeError: it is no TOML, or nests too deeply.
    """
    try:
        return tomllib.loads(text)
    except ValueError as error:  # of its grammar; or an integer of more than 4,300 digits
        raise RecipeError(f"{origin} is not valid TOML: {_first_sentence(error)}.") from error
    except RecursionError as error:
        raise RecipeError(f"{origin} is not a recipe: its values nest too deeply.") from error


def parse_override(text: str) -> tuple[str, Any]:
    """Return (field, value) of ``field=value``, the value read as TOML (bare words as text).

    Raises:
        RecipeError: there is no sign of equality, or the value nests too deeply.
    """
    name, sign, value = text.partition("=")
    if not sign:
        raise RecipeError(f"Expected field=value, got '{text}'.")
    try:
        return name.strip(), tomllib.loads(f"value = {value}")["value"]
    except ValueError:
        return name.strip(), value.strip()
    except RecursionError as error:
        raise RecipeError(f"The value of '{name.strip()}' nests too deeply.") from error


def _first_sentence(error: ValueError) -> str:
    return str(error).partition(";")[0]
