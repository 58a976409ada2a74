"""Runs the converter in another process, so that its crash becomes a sentence."""

from __future__ import annotations

import contextlib
import os
import pickle
import re
import signal
import subprocess
import sys
import tempfile
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.convert.recipes import ConversionRecipe
from fer_edge.errors import ModelError
from fer_edge.kerasfile.fit import Shape
from fer_edge.runtime.quiet import silenced
from fer_edge.stopping import before_removal

LAST_WORDS = 300
"""Characters of what the converter said before it crashed."""


def to_flatbuffer(
    network: keras.Model, shape: Shape, recipe: ConversionRecipe, images: npt.NDArray[np.uint8] | None
) -> bytes:
    """Return the FlatBuffer of a network.

    Args:
        network: float32 N x height x width x channels, raw pixels, in.
        shape: height, width, channels.
        recipe: the choices.
        images: uint8 of that shape to calibrate on; needed by integer recipes.

    Raises:
        ModelError: TensorFlow cannot convert the network, or crashes, or the result breaks the input contract.
        ValueError: an integer recipe without images.
    """
    if recipe.integer and images is None:
        raise ValueError(f"expected a calibration set for the recipe '{recipe.name}', got none")
    return _convert("to_flatbuffer", network, shape, recipe, images)


def calibrate(network: keras.Model, shape: Shape, recipe: ConversionRecipe, images: npt.NDArray[np.uint8]) -> bytes:
    """Return the float model with the range of each tensor, found on the images, written into it.

    Raises:
        ModelError: TensorFlow cannot convert the network, or crashes.
    """
    return _convert("calibrate", network, shape, recipe, images)


def export(network: keras.Model, shape: Shape, dtype: str, folder: str) -> None:
    """Save the network for exactly one image of raw pixels, as a SavedModel.

    A fixed batch spares the graph its shape arithmetic. Float variants take uint8 and cast, which
    costs nothing measurable; the integer converter brings its own uint8 input and wants floats.
    """
    inputs = keras.Input(batch_shape=(1, *shape), dtype=dtype, name="pixels")
    pixels = inputs if dtype == "float32" else keras.ops.cast(inputs, "float32")
    fixed = keras.Model(inputs, network(pixels, training=False), name=network.name)
    with silenced():
        archive = keras.export.ExportArchive()
        archive.track(fixed)
        signature = [keras.InputSpec(shape=(1, *shape), dtype=dtype)]
        archive.add_endpoint("serve", lambda images: fixed(images, training=False), signature)
        archive.write_out(folder, verbose=False)


def _convert(
    function: str,
    network: keras.Model,
    shape: Shape,
    recipe: ConversionRecipe,
    images: npt.NDArray[np.uint8] | None,
) -> bytes:
    """Return what a function of `flatbuffer` returns in the worker, which starts with the first call."""
    with tempfile.TemporaryDirectory() as folder:
        export(network, shape, "float32" if recipe.integer else recipe.input_dtype, folder)
        try:
            return _find_worker().ask(function, (folder, network.name, recipe, images))
        except _CrashError as error:
            raise ModelError(
                f"TensorFlow Lite's converter crashed on '{network.name}' to {recipe.name} ({error}). Try float16."
            ) from error


class _CrashError(Exception):
    """The worker died; the message says how, and its last words."""


class _Worker:
    def __init__(self) -> None:
        self._words = tempfile.TemporaryFile()  # noqa: SIM115  # it lives as long as the process
        # TensorFlow keeps copies of the network there; a killed process could not remove them.
        self._folder = tempfile.TemporaryDirectory(ignore_cleanup_errors=True)
        environment = {
            **os.environ,
            "PYTHONPATH": os.pathsep.join(sys.path),
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "TMPDIR": self._folder.name,
        }
        self._process = subprocess.Popen(
            [sys.executable, "-m", "fer_edge.convert.converter_process"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self._words,
            env=environment,
        )

    @property
    def alive(self) -> bool:
        return self._process.poll() is None

    def ask(self, function: str, arguments: tuple[Any, ...]) -> bytes:
        stdin, stdout = self._process.stdin, self._process.stdout
        assert stdin is not None
        assert stdout is not None
        try:
            pickle.dump((function, arguments), stdin)
            stdin.flush()
            kind, value = pickle.load(stdout)  # noqa: S301
        except (EOFError, BrokenPipeError, pickle.UnpicklingError) as error:
            raise _CrashError(self._how_it_died()) from error
        except BaseException:  # Ctrl-C: what it is doing is not wanted any more
            self.end()
            raise
        if kind == "refused":
            raise ModelError(value)
        return bytes(value)

    def end(self) -> None:
        self._process.kill()
        self._process.wait()
        self._folder.cleanup()
        for pipe in (self._process.stdin, self._process.stdout, self._words):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):  # half a request is left in it
                    pipe.close()

    def _how_it_died(self) -> str:
        code = self._process.wait()
        self._words.seek(0)
        text = self._words.read()[-100_000:].decode("utf-8", "replace")
        lines = [re.sub(r"[^\x20-\x7e]", "", line).strip() for line in text.splitlines()]
        words = next((line for line in reversed(lines) if line), "")
        how = signal.Signals(-code).name if code < 0 else f"exit code {code}"
        return f"{how}; its last words: {words[-LAST_WORDS:]}" if words else f"{how}, without a word"


_worker: _Worker | None = None


def _find_worker() -> _Worker:
    global _worker  # noqa: PLW0603  # one for the whole process: it takes seconds to start
    if _worker is None or not _worker.alive:
        _worker = _Worker()
        before_removal(_worker.end)
    return _worker
