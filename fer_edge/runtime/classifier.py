"""`EmotionClassifier`: a face in, an emotion out."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Iterable, Mapping, Sequence
from itertools import repeat
from types import TracebackType
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.modelfile.contract import Contract, InputRange, read_contract
from fer_edge.modelfile.metadata import SIDECAR_SUFFIX, ModelFile, read_model
from fer_edge.runtime.bundled import DEFAULT_MODEL, find_model
from fer_edge.runtime.interpreter import load_interpreter
from fer_edge.runtime.preprocess import each, to_faces
from fer_edge.runtime.tensor_values import make_fit, make_levels, softmax, takes_raw_faces
from fer_edge.types import Prediction

MAX_THREADS = 256
"""More than any small computer has cores; the interpreter would end the process at some larger number."""

SUM_TOLERANCE = 0.1
"""Seven int8 probabilities are off by 7 / 512 in sum; a network that is off by more answers nonsense."""


class EmotionClassifier:
    """A loaded model. One instance may be shared by threads: predictions take turns.

    Args:
        model: a .tflite file that fer-edge wrote, or its bytes, or the name of a bundled model such as
            "edge_cnn_s" or the larger "edge_cnn_m" (their int8 files); "edge_cnn_m:float16" names another
            file of it where there is one, see `fer_edge.runtime.bundled.bundled_names`.
        threads: how many threads one prediction uses.
        labels: of a file of another maker: the class names in the order of its outputs. `fer-edge describe`
            writes this and the next two into the file.
        input_range: likewise, what it takes for black and white: (0, 1), (-1, 1), or a name that
            `fer_edge.modelfile.contract.NAMED_RANGES` has. Quantised inputs tell it themselves.
        colour: likewise, "rgb" (taken where three channels are not explained) or "bgr".
        trusted_key: an Ed25519 public key in PEM; the model must be signed with it. Needs `cryptography`.
        delegate: the shared library of a TFLite delegate, which hands the network to an accelerator.
        delegate_options: what the delegate is told, as its maker names it.

    Raises:
        ModelError: the model is missing, damaged, not signed with the trusted key, or is not what its metadata
            says: one picture in, one score for each label out.
        FerEdgeError: the trusted key cannot be used, or `cryptography` is not installed.

    Attributes:
        labels: the class names, in the order of `Prediction.probabilities`.
        contract: the size, colours and range of the pictures that the model takes.
        metadata: everything that its file says of itself.
    """

    def __init__(
        self,
        model: str | os.PathLike[str] | bytes = DEFAULT_MODEL,
        *,
        threads: int = 1,
        labels: Sequence[str] | None = None,
        input_range: str | tuple[float, float] | InputRange | None = None,
        colour: str | None = None,
        trusted_key: str | os.PathLike[str] | None = None,
        delegate: str | os.PathLike[str] | None = None,
        delegate_options: Mapping[str, str] | None = None,
    ) -> None:
        if not 1 <= threads <= MAX_THREADS:
            raise ValueError(f"expected threads from 1 to {MAX_THREADS}, got {threads}")
        path = model if isinstance(model, bytes) else find_model(model)
        file = _open(path, labels, input_range, colour, trusted_key)
        self.metadata = file.metadata
        self.labels = file.metadata.labels
        self._lock = threading.Lock()
        self.contract = read_contract(file.metadata.content)
        self._interpreter = load_interpreter(
            file.flatbuffer, threads=threads, delegate=delegate, delegate_options=delegate_options
        )
        self._prepare(self.contract)
        self._threads = threads
        self._forked = False
        _loaded.add(self)

    def predict(self, face: npt.NDArray[Any]) -> Prediction:
        """Return what one face shows.

        Args:
            face: uint8 pixels, grey (H x W) or BGR (H x W x 3), of any size. It is brought to the size and
                colours that the model wants (see `contract`); 48x48 grey is fastest for those of fer-edge.

        Raises:
            ImageError: another dtype or shape.
            ModelError: the classifier was closed, the network's answer is no set of probabilities, or this process
                was forked after the classifier was loaded with several threads, which do not live on in it.
        """
        probabilities = self._read(self._infer(self._fit(face))[0])
        best = int(probabilities.argmax())
        return Prediction(self.labels[best], float(probabilities[best]), probabilities, self.labels)

    def predict_batch(self, faces: npt.NDArray[Any] | Iterable[npt.NDArray[Any]]) -> list[Prediction]:
        """Return what each face shows, in order; takes what `predict` takes, and raises what it raises.

        An array of crops (uint8, N x 48 x 48 or N x 48 x 48 x 1) is fastest. Faces go through the interpreter
        one by one: larger batches gain nothing per face on a CPU (docs/lab-notes.md). What follows is done for
        all of them at once.
        """
        fitted = to_faces(faces) if self._fits_faces else each(self._fit, faces)
        outputs = [self._infer(face) for face in fitted]
        if not outputs:
            return []
        probabilities = self._read(np.concatenate(outputs))
        labels = [self.labels[index] for index in probabilities.argmax(axis=1).tolist()]
        return list(map(Prediction, labels, probabilities.max(axis=1).tolist(), probabilities, repeat(self.labels)))

    def close(self) -> None:
        """Free the interpreter; predicting afterwards raises `ModelError`."""
        self._interpreter = None

    def __enter__(self) -> EmotionClassifier:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _infer(self, face: npt.NDArray[Any]) -> npt.NDArray[Any]:
        """Return the raw outputs, 1 x labels, for a face as `_fit` returns it.

        `set_tensor` copies the pixels straight into the interpreter's input, and `get_tensor` copies
        the few outputs: views of its memory would save no time and change under the caller's hands.
        """
        with self._lock:
            interpreter = self._interpreter
            if interpreter is None:
                raise ModelError("This classifier is closed; create a new EmotionClassifier.")
            if self._forked and self._threads > 1:
                raise ModelError(
                    "This classifier's threads were left behind by a fork; create the EmotionClassifier in the "
                    "forked process, or with one thread."
                )
            interpreter.set_tensor(self._input, face[np.newaxis])
            interpreter.invoke()
            outputs: npt.NDArray[Any] = interpreter.get_tensor(self._output)
            return outputs

    def _read(self, outputs: npt.NDArray[Any]) -> npt.NDArray[np.float32]:
        """Return probabilities for raw outputs, labels last; most float32 outputs are probabilities already."""
        scores = outputs if self._levels is None else self._levels.take(outputs)
        probabilities = softmax(scores) if self._logits else scores
        _check_sum(probabilities)
        return probabilities

    def _survive_fork(self) -> None:
        """Take a new lock in a child process: the old one may be held by a thread that only the parent has."""
        self._lock = threading.Lock()
        self._forked = True

    def _prepare(self, contract: Contract) -> None:
        """Check the tensors against the contract, and keep what the hot path needs of them."""
        inputs, outputs = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        if len(inputs) != 1 or len(outputs) != 1:
            raise ModelError(f"Expected one input and one output, got {len(inputs)} and {len(outputs)}.")
        taken, given = inputs[0], outputs[0]
        shape, answer = (tuple(int(edge) for edge in tensor["shape"]) for tensor in (taken, given))
        if shape != contract.tensor_shape:
            raise ModelError(f"Its metadata promises an input of shape {contract.tensor_shape}, its graph has {shape}.")
        if answer != (1, len(self.labels)):
            raise ModelError(
                f"Expected one output of shape {(1, len(self.labels))}, one for each of its labels, got {answer}."
            )
        self._input: int = taken["index"]
        self._output: int = given["index"]
        self._fit = make_fit(contract, taken)
        self._fits_faces = takes_raw_faces(contract, taken)
        self._levels = make_levels(given)
        self._logits = contract.logits


_loaded: weakref.WeakSet[EmotionClassifier] = weakref.WeakSet()


def _survive_fork() -> None:
    for classifier in _loaded:
        classifier._survive_fork()


if hasattr(os, "register_at_fork"):  # Windows does not fork
    os.register_at_fork(after_in_child=_survive_fork)


def _check_sum(probabilities: npt.NDArray[np.float32]) -> None:
    """Refuse NaN and what does not sum to about 1, for one answer (labels) or several (N x labels)."""
    if probabilities.ndim == 1:
        right = abs(sum(probabilities.tolist()) - 1) <= SUM_TOLERANCE  # six times as fast as NumPy for so few
    else:
        right = bool((np.abs(probabilities.sum(axis=-1) - 1) <= SUM_TOLERANCE).all())
    if not right:  # which NaN is not, either
        raise ModelError(
            "The network's answer is no set of probabilities: they are not numbers, or do not sum to 1. "
            "Its file is damaged, or its output is something else than its metadata says."
        )


def _open(
    path: str | bytes,
    labels: Sequence[str] | None,
    input_range: str | tuple[float, float] | InputRange | None,
    colour: str | None,
    trusted_key: str | os.PathLike[str] | None,
) -> ModelFile:
    """Return the file, described by itself, by what stands beside it, or by what the caller states.

    What few models need is imported only here.
    """
    stated = labels is not None or input_range is not None or colour is not None
    if trusted_key is not None:
        from fer_edge.modelfile.signing import read_trusted

        if stated:
            raise ModelError(
                "A signed file says itself which pictures it takes and which labels it gives: state nothing."
            )
        return read_trusted(path, trusted_key)
    if not stated and (isinstance(path, bytes) or not os.path.isfile(path + SIDECAR_SUFFIX)):
        return read_model(path)
    from fer_edge.runtime.foreign import open_model, state

    return open_model(path, state(labels, input_range, colour))
