"""The models that come with fer-edge, by name."""

from __future__ import annotations

from pathlib import Path

from fer_edge.errors import ModelError

ASSETS = Path(__file__).parent.parent / "assets"
DEFAULT_MODEL = "edge_cnn_s"


def bundled_names() -> list[str]:
    """Return the names that `find_model` takes, such as "edge_cnn_s:int8"."""
    return sorted(":".join(path.name.removesuffix(".tflite").rsplit(".", 1)) for path in ASSETS.glob("*.tflite"))


def find_model(model: Path | str) -> Path:
    """Return the file of a model: a path, or a bundled name such as "edge_cnn_s" or "edge_cnn_s:int8".

    A name without a recipe stands for the int8 file.

    Raises:
        ModelError: there is neither such a file nor such a name.
    """
    path = Path(model)
    if path.is_file():  # a folder may well have the name of a model, as in runs/
        return path
    name, _, recipe = str(model).partition(":")
    bundled = ASSETS / f"{name}.{recipe or 'int8'}.tflite"
    if "/" not in name and bundled.is_file():
        return bundled
    known = ", ".join(bundled_names())
    raise ModelError(f"Expected a .tflite file or a bundled model ({known}); '{model}' is neither.")
