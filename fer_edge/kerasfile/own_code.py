"""Networks that the user's own Python code builds."""

from __future__ import annotations

import importlib
import os
import sys
from typing import Any

import keras

from fer_edge.errors import ModelError


def is_function(text: str) -> bool:
    """Return whether a text names a function, as "package.module:function", rather than a file or a network."""
    return ":" in text and not text.endswith(".json")


def build_network(function: str, *, place: str, **parameters: Any) -> keras.Model:
    """Return what "package.module:function" builds; modules may lie in the folder in which the command runs.

    Args:
        function: is imported and called.
        place: the option or field that names it, for errors.
        parameters: of the call.

    Raises:
        ModelError: it cannot be imported, fails, or returns no network of Keras 3.
    """
    module, _, name = function.partition(":")
    if os.getcwd() not in sys.path:
        sys.path.insert(0, os.getcwd())
    try:
        build = getattr(importlib.import_module(module), name)
        network = build(**parameters)
    except Exception as error:  # whatever the user's code raises
        raise ModelError(f"{place} {function}: {type(error).__name__}: {error}.") from error
    if not isinstance(network, keras.Model):
        raise ModelError(f"{place} {function} returned {type(network).__name__}; expected a Keras 3 model.")
    return network
