"""The one place that imports a TFLite interpreter."""

from __future__ import annotations

import importlib
import os
from collections.abc import Mapping
from typing import Any

from fer_edge import __version__
from fer_edge.errors import ModelError
from fer_edge.graph.check import check_structure

INTERPRETERS = {
    "ai_edge_litert": "ai_edge_litert.interpreter",
    "tflite_runtime": "tflite_runtime.interpreter",
    "tensorflow": "tensorflow.lite.python.interpreter",
}
"""Packages that bring an interpreter, in the order in which they are tried.

TensorFlow comes last, for machines that have nothing else: importing it takes seconds. The module
is the one that defines `tensorflow.lite.Interpreter`; `tensorflow.lite` itself cannot be imported.
"""

COMPILED = {"c": "fer_edge.runtime.compiled"}
"""fer-edge's own, for machines without any of them; taken only where it is asked for."""

INTERPRETER_VARIABLE = "FER_EDGE_INTERPRETER"


def load_interpreter(
    flatbuffer: bytes,
    *,
    threads: int,
    delegate: str | os.PathLike[str] | None = None,
    delegate_options: Mapping[str, str] | None = None,
) -> Any:
    """Return a ready interpreter for a FlatBuffer, after one run on whatever its input holds.

    Its structure is checked first, since interpreters trust it. Some faults show only in the run, and some kernels
    prepare themselves in it.

    Args:
        flatbuffer: the model.
        threads: how many the interpreter uses.
        delegate: the shared library of a delegate.
        delegate_options: what the delegate is told.

    Raises:
        ModelError: no interpreter is installed, the model's structure is damaged or it cannot be run, or the delegate
            cannot be used.
    """
    name, module = import_interpreter()
    options: dict[str, Any] = {"model_content": flatbuffer, "num_threads": threads}
    if delegate is not None:
        options["experimental_delegates"] = [_load_delegate(name, module, os.fspath(delegate), delegate_options)]
    elif delegate_options:
        raise ModelError("Expected a delegate for the delegate options, got none.")
    check_structure(flatbuffer)
    try:
        interpreter = module.Interpreter(**options)
        interpreter.allocate_tensors()
        interpreter.invoke()
    except (ValueError, RuntimeError) as error:
        reason = " ".join(str(error).split())  # it may have many lines
        raise ModelError(f"{name} {package_version(name)} cannot run the model: {reason}") from error
    return interpreter


def _load_delegate(name: str, module: Any, path: str, options: Mapping[str, str] | None) -> Any:
    load = getattr(module, "load_delegate", None)
    if load is None:
        raise ModelError(f"The interpreter {name} takes no delegates; use ai_edge_litert.")
    import ctypes

    try:
        _ = ctypes.CDLL(path).tflite_plugin_create_delegate  # else the interpreter's package prints a traceback
        return load(path, dict(options or {}))
    except (ValueError, OSError, AttributeError) as error:  # it refuses, cannot be loaded, or is no delegate
        reason = " ".join(str(error).split()) or "it refuses to start"
        raise ModelError(f"The delegate {path} cannot be used: {reason}.") from error


def import_interpreter() -> tuple[str, Any]:
    """Return (package name, module) of the interpreter in use.

    $FER_EDGE_INTERPRETER forces one; otherwise it is the first of `INTERPRETERS` that imports.

    Raises:
        ModelError: the forced one, or every one, fails to import; the reasons are in the message.
    """
    forced = os.environ.get(INTERPRETER_VARIABLE)
    known = INTERPRETERS | COMPILED
    if forced and forced not in known:
        raise ModelError(f"{INTERPRETER_VARIABLE}: expected one of {', '.join(known)}; got '{forced}'.")
    reasons = []
    for name in [forced] if forced else INTERPRETERS:
        try:
            return name, importlib.import_module(known[name])
        except ImportError as error:
            reasons.append(f"{name}: {error}")
    raise ModelError(
        f"No TFLite interpreter is usable ({'; '.join(reasons)}). Run 'pip install ai-edge-litert', or set "
        f"{INTERPRETER_VARIABLE}=c where that has no wheel and a C compiler is installed."
    )


def package_version(package: str) -> str:
    """Return the installed version of a package, or "not installed"; of "c", which is part of fer-edge, our own."""
    if package in COMPILED:
        return __version__
    from importlib import metadata

    try:
        return metadata.version(package.replace("_", "-"))
    except metadata.PackageNotFoundError:
        return "not installed"
