"""`EmotionClassifier`: a face in, an emotion out."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterable
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.runtime.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.metadata import read_model
from fer_edge.runtime.preprocess import to_face, to_faces
from fer_edge.types import FACE_SIZE, Prediction


class EmotionClassifier:
    """A loaded model. One instance may be shared by threads: predictions take turns.

    Args:
        model: a .tflite file that fer-edge wrote, or its bytes, or the name of a bundled model such as
            "edge_cnn_s" or the larger "edge_cnn_m" (their int8 files); "edge_cnn_m:float16" names another
            file of it where there is one, see `fer_edge.runtime.bundled.bundled_names`.
        threads: how many threads one prediction uses.

    Raises:
        ModelError: the model is missing, damaged, or breaks the contract of one 48x48 grey uint8
            face in, one probability per label out.
    """

    def __init__(self, model: str | os.PathLike[str] | bytes = DEFAULT_MODEL, *, threads: int = 1) -> None:
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
        probabilities = self._dequantise(self._infer(to_face(face))[0])
        best = int(probabilities.argmax())
        return Prediction(self.labels[best], float(probabilities[best]), probabilities)

    def predict_batch(self, faces: npt.NDArray[Any] | Iterable[npt.NDArray[Any]]) -> list[Prediction]:
        """Return what each face shows, in order; takes what `predict` takes, and raises what it raises.

        An array of crops (uint8, N x 48 x 48 or N x 48 x 48 x 1) is fastest. Faces go through the interpreter
        one by one: larger batches gain nothing per face on a CPU (docs/lab-notes.md). What follows is done for
        all of them at once.
        """
        outputs = [self._infer(face) for face in to_faces(faces)]
        if not outputs:
            return []
        probabilities = self._dequantise(np.concatenate(outputs))
        labels = [self.labels[index] for index in probabilities.argmax(axis=1).tolist()]
        return list(map(Prediction, labels, probabilities.max(axis=1).tolist(), probabilities))

    def close(self) -> None:
        """Free the interpreter; predicting afterwards raises `ModelError`."""
        self._interpreter = None

    def __enter__(self) -> EmotionClassifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _infer(self, face: npt.NDArray[np.uint8]) -> npt.NDArray[Any]:
        """Return the raw outputs, 1 x labels, for a 48 x 48 x 1 face.

        `set_tensor` copies the pixels straight into the interpreter's input, and `get_tensor` copies
        the few outputs: views of its memory would save no time and change under the caller's hands.
        """
        with self._lock:
            interpreter = self._interpreter
            if interpreter is None:
                raise ModelError("This classifier is closed; create a new EmotionClassifier.")
            interpreter.set_tensor(self._input, face[np.newaxis])
            interpreter.invoke()
            outputs: npt.NDArray[Any] = interpreter.get_tensor(self._output)
            return outputs

    def _dequantise(self, outputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return probabilities for raw outputs of any shape; float32 outputs are probabilities already."""
        return outputs if self._levels is None else self._levels.take(outputs)

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
        self._levels = _levels(outputs[0])


def _levels(output: dict[str, Any]) -> npt.NDArray[np.float32] | None:
    """Return the probability that each of the 256 uint8 outputs stands for; None for float32 outputs.

    Scale and zero point are read from the tensor, never assumed.
    """
    if output["dtype"] is np.float32:
        return None
    scale, zero_point = output["quantization"]
    if output["dtype"] is not np.uint8 or not scale:
        raise ModelError(f"Expected float32 or quantised uint8 outputs, got {output['dtype'].__name__}.")
    return (np.arange(256, dtype=np.float32) - np.float32(zero_point)) * np.float32(scale)
