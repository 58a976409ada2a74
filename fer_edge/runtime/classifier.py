"""`EmotionClassifier`: a face in, an emotion out."""

from __future__ import annotations

import threading
from collections.abc import Iterable
from pathlib import Path
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.runtime.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.metadata import read_model
from fer_edge.runtime.preprocess import to_face
from fer_edge.types import FACE_SIZE, Prediction


class EmotionClassifier:
    """A loaded model. One instance may be shared by threads: predictions take turns.

    Args:
        model: a .tflite file that fer-edge wrote, or its bytes, or the name of a bundled model such as
            "edge_cnn" (its int8 file) or "edge_cnn:int8".
        threads: how many threads one prediction uses.

    Raises:
        ModelError: the model is missing, damaged, or breaks the contract of one 48x48 grey uint8
            face in, one probability per label out.
    """

    def __init__(self, model: Path | str | bytes = DEFAULT_MODEL, *, threads: int = 1) -> None:
        if threads < 1:
            raise ValueError(f"expected threads of at least 1, got {threads}")
        file = read_model(model if isinstance(model, bytes) else find_model(model))
        self.metadata = file.metadata
        self.labels = file.metadata.labels
        self._lock = threading.Lock()
        self._interpreter = load_interpreter(file.flatbuffer, threads=threads)
        self._check_contract()

    def predict(self, face: npt.NDArray[Any]) -> Prediction:
        """Return what one face shows.

        Args:
            face: uint8 pixels, grey (H x W) or BGR (H x W x 3), of any size; 48x48 grey is fastest.

        Raises:
            ImageError: another dtype or shape.
            ModelError: the classifier was closed.
        """
        probabilities = self._probabilities(to_face(face))
        best = int(probabilities.argmax())
        return Prediction(self.labels[best], float(probabilities[best]), probabilities)

    def predict_batch(self, faces: npt.NDArray[Any] | Iterable[npt.NDArray[Any]]) -> list[Prediction]:
        """Return what each face shows, in order.

        Faces go through the interpreter one by one: larger batches gain nothing per face on a CPU
        (docs/lab-notes.md).
        """
        return [self.predict(face) for face in faces]

    def close(self) -> None:
        """Free the interpreter; predicting afterwards raises `ModelError`."""
        self._interpreter = None

    def __enter__(self) -> EmotionClassifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _probabilities(self, pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        with self._lock:
            interpreter = self._interpreter
            if interpreter is None:
                raise ModelError("This classifier is closed; create a new EmotionClassifier.")
            interpreter.set_tensor(self._input, pixels[np.newaxis])
            interpreter.invoke()
            outputs: npt.NDArray[Any] = interpreter.get_tensor(self._output)[0]
        if self._scale:
            return (outputs.astype(np.float32) - self._zero_point) * self._scale
        return outputs  # float32 already

    def _check_contract(self) -> None:
        """Check the tensors against the contract, and keep what the hot path needs of them."""
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        expected = (1, FACE_SIZE, FACE_SIZE, 1)
        shapes = [tuple(int(n) for n in tensor["shape"]) for tensor in (*inputs, *outputs)]
        if len(inputs) != 1 or shapes[0] != expected or inputs[0]["dtype"] is not np.uint8:
            raise ModelError(
                f"Expected a model with one uint8 input of shape {expected}, got "
                f"{inputs[0]['dtype'].__name__} {shapes[0]}."
            )
        if len(outputs) != 1 or shapes[-1] != (1, len(self.labels)):
            raise ModelError(f"Expected one output of shape {(1, len(self.labels))}, got {shapes[len(inputs) :]}.")
        self._input: int = inputs[0]["index"]
        self._output: int = outputs[0]["index"]
        # Read from the tensor, never assumed: float outputs have scale 0.
        scale, zero_point = outputs[0]["quantization"]
        self._scale, self._zero_point = np.float32(scale), np.float32(zero_point)
