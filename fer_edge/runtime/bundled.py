"""The models that come with fer-edge, by name."""

from __future__ import annotations

import os

from fer_edge.errors import ModelError, closed_folder

# Strings, not pathlib's paths: its import alone would be a third of what fer-edge adds to the start of an app.
ASSETS = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "assets")
DEFAULT_MODEL = "edge_cnn_s"


def bundled_names() -> list[str]:
    """Return the names that `find_model` takes, such as "edge_cnn_s:int8"."""
    files = [name for name in os.listdir(ASSETS) if name.endswith(".tflite")]
    return sorted(":".join(name.removesuffix(".tflite").rsplit(".", 1)) for name in files)


def is_bundled(model: str) -> bool:
    """Return whether this is the name of a bundled model, with or without a recipe."""
    return any(model in {name, name.partition(":")[0]} for name in bundled_names())


def find_model(model: str | os.PathLike[str]) -> str:
    """Return the path of a model: a file, or a bundled name such as "edge_cnn_s" or "edge_cnn_s:int8".

    A name without a recipe stands for the int8 file.

    Raises:
        ModelError: there is neither such a file nor such a name.
    """
    path = os.fspath(model)
    if os.path.isfile(path):  # a folder may well have the name of a model, as in runs/
        return path
    name, _, recipe = path.partition(":")
    bundled = os.path.join(ASSETS, f"{name}.{recipe or 'int8'}.tflite")
    if "/" not in name and os.path.isfile(bundled):
        return bundled
    known = ", ".join(bundled_names())
    if reason := closed_folder(path):
        raise ModelError(f"{path}: {reason}. Ask its owner for access.")
    raise ModelError(f"Expected a .tflite file or a bundled model ({known}); '{model}' is neither.")
