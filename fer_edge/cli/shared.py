"""What several commands need: FER2013, a split of it, model files, Keras."""

from __future__ import annotations

import importlib
import os
from pathlib import Path
from typing import TYPE_CHECKING

from fer_edge.cli.options import read_classes
from fer_edge.errors import DataError, FerEdgeError, ModelError, OutputError, install_hint
from fer_edge.files import require_free
from fer_edge.output import console

if TYPE_CHECKING:
    from fer_edge.types import LabelledImages


def read_fer2013(data: str | None) -> dict[str, LabelledImages]:
    """Read the FER2013 that the user named or keeps, with a progress bar."""
    from fer_edge.data import fer2013

    path = fer2013.require_data(Path(data) if data else None)
    with console.progress_bar(f"reading {path.name}") as progress:
        return fer2013.read_splits(path, progress=progress, notify=console.print_warning, known=read_classes())


def read_one_split(path: Path, split: str | None) -> LabelledImages:
    """Read one split of a copy of FER2013 and no other, with a progress bar; by default the one to measure on."""
    from fer_edge.data import fer2013

    with console.progress_bar(f"reading {path.name}") as progress:
        return fer2013.read_split(path, split, progress=progress, notify=console.print_warning, known=read_classes())


def choose_split(split: str | None, splits: dict[str, LabelledImages]) -> str:
    """Return the split to measure on: the one named, else the first that is no training split."""
    from fer_edge.data.fer2013 import EVALUATION_SPLITS

    chosen = split or next((name for name in EVALUATION_SPLITS if name in splits), None)
    if chosen not in splits:
        raise DataError(f"Expected a split to measure on, one of {', '.join(splits)}, got {chosen or 'none'}.")
    return chosen


def require_network(model: Path, architecture: str | None = None) -> None:
    """Check by its first bytes that a file is a Keras network, before reading FER2013 and loading TensorFlow.

    Raises:
        ModelError: it is none; the message says what it is, and what to do.
    """
    from fer_edge.kerasfile.look import WITHOUT_NETWORK, look_at

    if architecture is not None and ":" in architecture:
        if not model.is_file():
            raise ModelError(f"Expected a file of weights at {model}: no such file.")
    elif look_at(model).kind == "weights" and architecture is None:
        raise ModelError(f"{model}: {WITHOUT_NETWORK}")


def require_chart(path: Path, *, force: bool) -> None:
    """Check that a chart can be drawn under this name.

    Raises:
        OutputError: it exists and `force` is false, or its suffix is another than .svg or .png.
    """
    if path.suffix.lower() not in {".svg", ".png"}:
        raise OutputError(f"Expected a chart named .svg or .png, got {path}.")
    require_free(path, force=force)


def load_quietly(model: str, trusted_key: Path | None = None) -> Path:
    """Find a .tflite model, load it once to see that it loads, and return its path.

    The interpreter prints a notice when a process loads its first model; here it goes unseen.

    Raises:
        ModelError: it is missing, damaged, of another contract, or not signed with the trusted key.
    """
    from fer_edge.runtime import EmotionClassifier
    from fer_edge.runtime.bundled import find_model
    from fer_edge.runtime.quiet import silenced

    path = Path(find_model(model))
    with silenced():
        EmotionClassifier(path, trusted_key=trusted_key).close()
    return path


def read_model_bytes(model: str) -> tuple[Path, bytes]:
    """Find a .tflite model and return its path and bytes, unchecked.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    from fer_edge.modelfile.metadata import read_file
    from fer_edge.runtime.bundled import find_model

    path = Path(find_model(model))
    return path, read_file(path)


BACKENDS = {"tensorflow": "TensorFlow", "jax": "JAX", "torch": "PyTorch"}
"""Keras's name of each backend that trains, and everyone else's."""


def import_keras(*, announce: bool = True) -> None:
    """Import Keras and its backend (KERAS_BACKEND, else TensorFlow), which takes seconds, without start-up notices.

    Raises:
        FerEdgeError: Keras or the backend is not installed, or the backend cannot train.
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend not in BACKENDS:
        raise FerEdgeError(f"KERAS_BACKEND is '{backend}'; expected {', '.join(BACKENDS)}.")
    if announce:
        console.print_note(f"loading {BACKENDS[backend]}")
    from fer_edge.runtime.quiet import silenced

    os.environ["KERAS_BACKEND"] = backend  # goes before the choice in ~/.keras/keras.json
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with silenced():
            importlib.import_module(backend)
            import keras  # noqa: F401
    except ImportError as error:
        if backend != "tensorflow":
            raise FerEdgeError(
                f"KERAS_BACKEND is '{backend}', and {BACKENDS[backend]} is not installed ({error}). Run "
                f'"pip install {backend}", or unset KERAS_BACKEND to use TensorFlow.'
            ) from error
        raise FerEdgeError(
            f"Training, conversion and .keras files need TensorFlow ({error}): {install_hint('train')}. "
            "For a .tflite model, the base install is enough."
        ) from error


def load_tensorflow(*, announce: bool = True) -> None:
    """Import Keras on TensorFlow, as `import_keras`; all but training needs it.

    Raises:
        FerEdgeError: it is not installed, or KERAS_BACKEND asks for another.
    """
    backend = os.environ.get("KERAS_BACKEND") or "tensorflow"
    if backend != "tensorflow":
        raise FerEdgeError(f"KERAS_BACKEND is '{backend}', but only training runs on other backends: unset it.")
    import_keras(announce=announce)


def is_on_ray(on: str) -> bool:
    """Return whether --on names Ray, not this machine.

    Raises:
        FerEdgeError: it names neither, or Ray is not installed.
    """
    from fer_edge.labelling.on_ray import require_ray

    if on == "local":
        return False
    if on != "ray" and not on.startswith("ray://"):
        raise FerEdgeError(f"Expected --on local, ray or ray://HOST:PORT, got '{on}'.")
    require_ray()
    return True


def ray_address(on: str) -> str | None:
    """Return the address of the Ray cluster that --on names; None leaves it to Ray."""
    return None if on == "ray" else on
