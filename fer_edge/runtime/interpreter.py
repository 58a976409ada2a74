"""The one place that imports a TFLite interpreter."""

from __future__ import annotations

import importlib
import os
from typing import Any

from fer_edge.errors import ModelError

INTERPRETERS = {
    "ai_edge_litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}
"""Packages that bring an interpreter, in the order in which they are tried.

TensorFlow comes last, for machines that have nothing else: importing it takes seconds. The module
is the one that defines `tensorflow.lite.Interpreter`; `tensorflow.lite` itself cannot be imported.
"""

INTERPRETER_VARIABLE = "FER_EDGE_INTERPRETER"


def load_interpreter(flatbuffer: bytes, *, threads: int) -> Any:
    """Return a ready interpreter for a verified FlatBuffer, after one run on whatever its input holds.

    Some faults show only in that run, and some kernels prepare themselves in it.

    Raises:
        ModelError: no interpreter is installed, or it cannot run the model.
    """
    name, module = import_interpreter()
    try:
        interpreter = module.Interpreter(model_content=flatbuffer, num_threads=threads)
        interpreter.allocate_tensors()
        interpreter.invoke()
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # it may have many lines
        raise ModelError(f"{name} {package_version(name)} cannot run the model: {reason}") from error
    return interpreter


def import_interpreter() -> tuple[str, Any]:
    """Return (package name, module) of the interpreter in use.

    $FER_EDGE_INTERPRETER forces one; otherwise it is the first of `INTERPRETERS` that imports.

    Raises:
        ModelError: the forced one, or every one, fails to import; the reasons are in the message.
    """
    forced = os.environ.get(INTERPRETER_VARIABLE)
    if forced and forced not in INTERPRETERS:
        raise ModelError(f"{INTERPRETER_VARIABLE}: expected one of {', '.join(INTERPRETERS)}; got '{forced}'.")
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
