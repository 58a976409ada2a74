"""The one place that imports a TFLite interpreter."""

from __future__ import annotations

import importlib
import os
from typing import Any

from fer_edge.errors import ModelError

INTERPRETERS = {
    "ai_edge_litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
}
"""Packages that bring an interpreter, in the order in which they are tried."""

INTERPRETER_VARIABLE = "FER_EDGE_INTERPRETER"


def load_interpreter(flatbuffer: bytes, *, threads: int) -> Any:
    """Return a ready interpreter (tensors allocated) for a verified FlatBuffer.

    Raises:
        ModelError: no interpreter is installed, or it refuses the model.
    """
    name, module = import_interpreter()
    try:
        interpreter = module.Interpreter(model_content=flatbuffer, num_threads=threads)
        interpreter.allocate_tensors()
    except (ValueError, RuntimeError) as error:
        raise ModelError(f"{name} {package_version(name)} cannot load the model: {error}") from error
    return interpreter


def import_interpreter() -> tuple[str, Any]:
    """Return (package name, module) of the interpreter in use.

    $FER_EDGE_INTERPRETER forces one; otherwise the first of `INTERPRETERS` that imports.

    Raises:
        ModelError: the forced one, or every one, fails to import; the reasons are in the message.
    """
    forced = os.environ.get(INTERPRETER_VARIABLE)
    if forced and forced not in INTERPRETERS:
        raise ModelError(f"{INTERPRETER_VARIABLE}: expected {' or '.join(INTERPRETERS)}, got '{forced}'.")
    reasons = []
    for name in [forced] if forced else INTERPRETERS:
        try:
            return name, importlib.import_module(INTERPRETERS[name])
        except ImportError as error:
            reasons.append(f"{name}: {error}")
    raise ModelError(f"No TFLite interpreter is usable ({'; '.join(reasons)}). Run 'pip install ai-edge-litert'.")


def package_version(package: str) -> str:
    """Return the installed version of a package, or "not installed"."""
    from importlib import metadata

    try:
        return metadata.version(package.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return "not installed"
