"""Any Keras network with one image input, made into one that fits the contract: raw pixels in, probabilities out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import keras
import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.keras_file import KerasModel, predict_keras
from fer_edge.types import FACE_SIZE, LABELS

RAW_PIXELS = (0.0, 255.0)

# Images of one call of Keras and of one batch: as many pixels as 512 and 256 faces have.
_PIXELS_PER_CALL = 512 * FACE_SIZE**2
_PIXELS_PER_BATCH = 256 * FACE_SIZE**2


@dataclass(frozen=True)
class PreparedModel:
    """What a conversion starts from.

    Attributes:
        network: float32 N x height x width x channels, raw pixels 0..255, in; N x labels probabilities out.
        shape: height, width, channels (1 grey, 3 RGB).
        labels: the class names in the order of the outputs.
        assumptions: what was assumed about the network, or added to it, in sentences.
        training: the training record of a network that fer-edge trained, else None.
    """

    network: keras.Model
    shape: tuple[int, int, int]
    labels: tuple[str, ...]
    assumptions: tuple[str, ...]
    training: dict[str, Any] | None

    def predict(self, faces: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the network's answers, N x labels, to 48x48 grey faces."""
        pixels = self.shape[0] * self.shape[1]
        calls = range(0, len(faces), max(1, _PIXELS_PER_CALL // pixels))
        batch_size = max(1, min(256, _PIXELS_PER_BATCH // pixels))
        return np.concatenate(
            [
                predict_keras(self.network, fit_faces(faces[at : at + calls.step], self.shape), batch_size=batch_size)
                for at in calls
            ]
        )


def prepare(
    model: KerasModel, *, labels: tuple[str, ...] | None = None, input_range: tuple[float, float] = RAW_PIXELS
) -> PreparedModel:
    """Return the network for raw pixels and with probabilities, and what was assumed on the way.

    Args:
        model: what `open_keras` returned.
        labels: the class names in the order of the outputs; needed unless there are seven.
        input_range: what the network takes for black and white.

    Raises:
        ModelError: not one image in and one score per label out, or the labels do not fit.
    """
    shape, size_note = _read_shape(model.network)
    labels, label_note = _choose_labels(model.network, labels)
    network, range_note = _with_raw_pixels(model.network, shape, input_range)
    network, softmax_note = _with_probabilities(network, shape)
    # Nothing has to be assumed of the range and the labels where the training is on record.
    notes = [size_note, softmax_note] if model.training else [size_note, range_note, label_note, softmax_note]
    return PreparedModel(network, shape, labels, tuple(note for note in notes if note), model.training)


def fit_faces(faces: npt.NDArray[np.uint8], shape: tuple[int, int, int]) -> npt.NDArray[np.uint8]:
    """Return 48x48 grey faces (N x 48 x 48 x 1) as a network of that input wants them.

    They are stretched where it is not square; a network for colours gets three equal channels.
    """
    height, width, channels = shape
    if faces.shape[1:3] != (height, width):
        shrinks = height <= FACE_SIZE and width <= FACE_SIZE
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT
        resized = [cv2.resize(face, (width, height), interpolation=method) for face in faces]
        faces = np.stack(resized).astype(np.uint8, copy=False).reshape(len(faces), height, width, 1)
    return np.repeat(faces, 3, axis=3) if channels == 3 else faces


def _read_shape(network: keras.Model) -> tuple[tuple[int, int, int], str]:
    """Return height, width and channels, and a note where a free size had to be chosen."""
    inputs = getattr(network, "inputs", None) or []
    if len(inputs) != 1 or len(inputs[0].shape) != 4:
        shapes = [tuple(tensor.shape) for tensor in inputs]
        raise ModelError(
            f"'{network.name}': expected one image as input (N x height x width x channels), got {shapes}."
        )
    _, height, width, channels = inputs[0].shape
    if channels not in (1, 3):
        raise ModelError(
            f"'{network.name}': expected 1 (grey) or 3 (RGB) channels in the last place, got the input "
            f"{tuple(inputs[0].shape)}."
        )
    if height and width:
        return (height, width, channels), ""
    chosen = (height or FACE_SIZE, width or FACE_SIZE, channels)
    # fer-edge's own networks leave the size open, and are trained on faces of this one.
    return chosen, f"The network takes images of any size; the file takes {chosen[0]}x{chosen[1]} pixels."


def _choose_labels(network: keras.Model, given: tuple[str, ...] | None) -> tuple[tuple[str, ...], str]:
    """Return the class names, and a note where they were assumed."""
    shape = tuple(network.output_shape) if len(network.outputs) == 1 else None
    if shape is None or len(shape) != 2 or not shape[1] or shape[1] < 2:
        shapes = [tuple(tensor.shape) for tensor in network.outputs]
        raise ModelError(
            f"'{network.name}': expected one score for each of two or more labels as output, got {shapes}."
        )
    count = shape[1]
    if given is None and count == len(LABELS):
        return LABELS, f"The {count} outputs were taken for {', '.join(LABELS)}; --labels says otherwise."
    if given is None:
        raise ModelError(f"'{network.name}' has {count} outputs: name them in order with --labels a,b,c.")
    if len(given) != count or len(set(given)) != count or not all(given):
        raise ModelError(f"'{network.name}' has {count} outputs: expected as many different --labels, got {given}.")
    return given, ""


def _with_raw_pixels(
    network: keras.Model, shape: tuple[int, int, int], input_range: tuple[float, float]
) -> tuple[keras.Model, str]:
    """Return the network for float32 pixels 0..255, scaled to the range in which it was trained."""
    low, high = input_range
    if not low < high:
        raise ModelError(f"Expected an --input-range such as 0,1 with the value for black first, got {low:g},{high:g}.")
    if network.inputs[0].dtype != "float32":
        network = _with_float_input(network)
    if input_range == RAW_PIXELS:
        return network, "The network was taken to expect pixels 0..255; --input-range says otherwise."
    inputs = keras.Input(shape, name="pixels")
    scaled = keras.layers.Rescaling((high - low) / 255, low, name="input_range")(inputs)
    scaling = f"Pixels are scaled to {low:g}..{high:g} inside the file, as --input-range said."
    return keras.Model(inputs, network(scaled, training=False), name=network.name), scaling


def _with_float_input(network: keras.Model) -> keras.Model:
    """Return a copy that takes floats, for networks with a uint8 input: the converter would keep its cast."""
    if not isinstance(network, keras.Sequential) and not hasattr(network, "_operations"):
        raise ModelError(f"'{network.name}': expected a float32 input, or a functional or sequential network.")
    inputs = keras.Input(network.inputs[0].shape[1:], dtype="float32", name="pixels")
    copy = keras.models.clone_model(network, input_tensors=[inputs])
    copy.set_weights(network.get_weights())
    return copy


def _with_probabilities(network: keras.Model, shape: tuple[int, int, int]) -> tuple[keras.Model, str]:
    """Return the network with a softmax behind it, unless its answers are probabilities already.

    Its answers to a few images tell: the last layer's name or type need not.
    """
    height, width, channels = shape
    noise = np.random.default_rng(0).integers(0, 256, (2, height, width, channels), dtype=np.uint8)
    answers = predict_keras(network, np.concatenate([noise, np.zeros_like(noise[:1]), np.full_like(noise[:1], 255)]))
    if not np.isfinite(answers).all():
        raise ModelError(f"'{network.name}' answers with values that are not finite; expected scores or probabilities.")
    if answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1, atol=0.01):
        return network, ""
    if getattr(getattr(network.layers[-1], "activation", None), "__name__", "") == "sigmoid":
        raise ModelError(
            f"'{network.name}' ends in sigmoids, which answer for each label on its own; expected softmax or logits."
        )
    outputs = keras.layers.Softmax(name="softmax")(network.outputs[0])
    appended = keras.Model(network.inputs[0], outputs, name=network.name)
    return appended, "The outputs are no probabilities (they do not sum to 1), so a softmax was appended."
