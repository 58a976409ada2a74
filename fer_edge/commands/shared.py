"""What several commands need: FER2013, a split of it, TensorFlow."""

from __future__ import annotations

import os
import signal
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from fer_edge import console, dataset
from fer_edge.errors import DataError, FerEdgeError, ModelError
from fer_edge.quiet import silenced
from fer_edge.types import LabelledImages

EVALUATION_SPLITS = ("public", "test", "private")
KERAS_SUFFIXES = (".keras", ".h5", ".hdf5")


def read_fer2013(data: str | None) -> dict[str, LabelledImages]:
    """Read the FER2013 that the user named or keeps, with a progress bar."""
    path = dataset.require_data(Path(data) if data else None)
    with console.progress_bar(f"reading {path.name}") as progress:
        return dataset.read_splits(path, progress=progress)


def choose_split(split: str | None, splits: dict[str, LabelledImages]) -> str:
    """Return the split to measure on: the one named, else the first that is no training split."""
    chosen = split or next((name for name in EVALUATION_SPLITS if name in splits), None)
    if chosen not in splits:
        raise DataError(f"Expected a split to measure on among {', '.join(splits)}, got {chosen or 'none'}.")
    return chosen


def require_file(model: Path) -> None:
    """Check that a Keras file is there, before reading FER2013 and loading TensorFlow.

    Raises:
        ModelError: it is not.
    """
    if model.is_dir():
        raise ModelError(
            f"Expected a .keras or .h5 file, got the folder {model}. A SavedModel's network can be saved as .keras."
        )
    if not model.is_file():
        raise ModelError(f"Expected a .keras model at {model}: no such file.")
    if model.suffix not in KERAS_SUFFIXES:
        raise ModelError(f"Expected a Keras model, named {', '.join(KERAS_SUFFIXES)}, got {model}.")


def load_quietly(model: str) -> Path:
    """Find a .tflite model, load it once to see that it loads, and return its path.

    The interpreter prints a notice when a process loads its first model; here it goes unseen.

    Raises:
        ModelError: it is missing, damaged, or of another contract.
    """
    from fer_edge.runtime import EmotionClassifier
    from fer_edge.runtime.bundled import find_model

    path = Path(find_model(model))
    with silenced():
        EmotionClassifier(path).close()
    return path


def read_model_bytes(model: str) -> tuple[Path, bytes]:
    """Find a .tflite model and return its path and bytes, unchecked.

    Raises:
        ModelError: there is none, or it cannot be read.
    """
    from fer_edge.runtime.bundled import find_model
    from fer_edge.runtime.metadata import read_file

    path = Path(find_model(model))
    return path, read_file(path)


@contextmanager
def leaving_nothing_behind() -> Iterator[None]:
    """Let a polite `kill` unwind the block as Ctrl-C does, so that temporary files are removed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # only the main thread may say what a signal does
        return
    before = signal.signal(signal.SIGTERM, lambda number, frame: sys.exit(128 + number))
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)


def load_tensorflow(*, announce: bool = True) -> None:
    """Import TensorFlow, which takes seconds, without its start-up notices.

    Raises:
        FerEdgeError: it is not installed.
    """
    if announce:
        console.print_note("loading TensorFlow")
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    try:
        with silenced():
            import keras  # noqa: F401
            import tensorflow  # noqa: F401
    except ImportError as error:
        raise FerEdgeError(
            f"Training, conversion and .keras files need TensorFlow ({error}). Run \"pip install 'fer-edge[train]'\"; "
            "for a .tflite model, the base install is enough."
        ) from error
