"""Any Keras network with one image input, made into one that fits the contract: raw pixels in, probabilities out."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import keras
import numpy as np
import numpy.typing as npt

from fer_edge.emotions import measured_labels
from fer_edge.errors import ModelError
from fer_edge.kerasfile.fit import Shape, fit_faces
from fer_edge.kerasfile.guess import Answer, candidate_orders, guess
from fer_edge.kerasfile.load import KerasModel, predict_keras
from fer_edge.kerasfile.normalisation import scale_layer, subtract_before_scaling
from fer_edge.modelfile.contract import NAMED_RANGES, RAW_PIXELS, Contract, InputRange
from fer_edge.types import FACE_SIZE, LABELS, LabelledImages

# Images of one call of Keras and of one batch: as many pixels as 512 and 256 faces have.
_PIXELS_PER_CALL = 512 * FACE_SIZE**2
_PIXELS_PER_BATCH = 256 * FACE_SIZE**2


@dataclass(frozen=True)
class PreparedModel:
    """What a conversion starts from.

    Attributes:
        network: float32 N x height x width x channels, raw pixels 0..255, in; N x labels probabilities out.
        name: what to call it.
        shape: height, width, channels (1 grey, 3 RGB).
        labels: the class names in the order of the outputs.
        assumptions: what was assumed about the network, or added to it, in sentences.
        training: the training record of a network that fer-edge trained, else None.
        colour: "grey", or the order of the channels, "rgb" or "bgr".
    """

    network: keras.Model
    name: str
    shape: Shape
    labels: tuple[str, ...]
    assumptions: tuple[str, ...]
    training: dict[str, Any] | None
    colour: str = "grey"

    @property
    def contract(self) -> Contract:
        """What pictures the converted file takes: raw pixels, whatever the network itself was trained on."""
        height, width, _ = self.shape
        return Contract(height, width, self.colour)

    @property
    def reads_emotions(self) -> bool:
        """Whether FER2013's faces and labels fit: all labels are emotions, and two or more of them FER2013's."""
        return bool(measured_labels(self.labels))

    def predict(self, images: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
        """Return the network's answers, N x labels, to 48x48 grey faces or to images of its own shape."""
        pixels = self.shape[0] * self.shape[1]
        calls = range(0, len(images), max(1, _PIXELS_PER_CALL // pixels))
        batch_size = max(1, min(256, _PIXELS_PER_BATCH // pixels))
        return np.concatenate(
            [
                predict_keras(self.network, fit_faces(images[at : at + calls.step], self.shape), batch_size=batch_size)
                for at in calls
            ]
        )


def prepare(
    model: KerasModel,
    *,
    labels: tuple[str, ...] | None = None,
    input_range: InputRange | None = None,
    colour: str | None = None,
    faces: LabelledImages | None = None,
) -> PreparedModel:
    """Return the network for raw pixels and with probabilities, and what was assumed on the way.

    Args:
        model: what `open_keras` returned.
        labels: the class names in the order of the outputs, where the user knows them.
        input_range: what the network takes for black and white, where the user knows.
        colour: "rgb" or "bgr", where the user knows; red first otherwise, but for ranges of which all know that
            they go with blue first.
        faces: training faces, to find out what is not known of a network that names emotions.

    Raises:
        ModelError: not one image in and one score per label out, or the labels do not fit.
    """
    network = model.network
    shape, size_note = _read_shape(network)
    count = _count_outputs(network)
    if labels is not None:
        _check_labels(labels, count, network.name)
    network = _with_float_input(network)
    notes = [size_note]
    if model.training is not None:  # nothing has to be assumed where the training is on record
        labels, input_range = labels or LABELS, input_range or RAW_PIXELS
    elif labels is None or input_range is None:
        labels, input_range, note = _assume(network, shape, labels, input_range, faces)
        notes.append(note)
    network = _with_raw_pixels(network, shape, input_range)
    network, softmax_note = _with_probabilities(network, shape)
    notes.append(softmax_note)
    assumptions = tuple(note for note in notes if note)
    colour = _choose_colour(shape, colour, input_range, network.name)
    return PreparedModel(network, model.name, shape, labels, assumptions, model.training, colour)


def _read_shape(network: keras.Model) -> tuple[Shape, str]:
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


def _count_outputs(network: keras.Model) -> int:
    shapes = [tuple(tensor.shape) for tensor in network.outputs]
    if len(shapes) != 1 or len(shapes[0]) != 2 or not shapes[0][1] or shapes[0][1] < 2:
        raise ModelError(
            f"'{network.name}': expected one score for each of two or more labels as output, got {shapes}."
        )
    return int(shapes[0][1])


def _check_labels(labels: tuple[str, ...], count: int, name: str) -> None:
    if len(labels) != count or len(set(labels)) != count or not all(labels):
        raise ModelError(
            f"'{name}' has {count} outputs: expected as many different --labels, got {len(labels)} "
            f"({', '.join(labels[:10])}{', ...' if len(labels) > 10 else ''})."
        )


def _assume(
    network: keras.Model,
    shape: Shape,
    labels: tuple[str, ...] | None,
    input_range: InputRange | None,
    faces: LabelledImages | None,
) -> tuple[tuple[str, ...], InputRange, str]:
    """Return labels and input range, and how those came about that the user did not give."""
    count = _count_outputs(network)
    emotions = bool(candidate_orders(count)) if labels is None else bool(measured_labels(labels))
    if emotions and faces is not None:
        found = guess(_asker(network, shape), shape, faces, outputs=count, labels=labels, input_range=input_range)
        return found.labels, found.input_range, found.reason
    wordings = []
    if input_range is None:
        wordings.append("to expect pixels 0..255 (--input-range says otherwise)")
    if labels is None:
        emotions = count == len(LABELS)
        labels = LABELS if emotions else tuple(f"class {index}" for index in range(count))
        names = ", ".join(labels) if emotions else f"{labels[0]} to {labels[-1]}"
        wordings.append(f"to answer for {names}, in this order (--labels says otherwise)")
    return labels, input_range or RAW_PIXELS, f"The network was taken {' and '.join(wordings)}."


def _asker(network: keras.Model, shape: Shape) -> Answer:
    batch_size = max(1, min(32, _PIXELS_PER_BATCH // (shape[0] * shape[1])))
    return lambda images: np.asarray(network.predict(images, batch_size=batch_size, verbose=0))


def _choose_colour(shape: Shape, stated: str | None, input_range: InputRange, name: str) -> str:
    """Return "grey", "rgb" or "bgr"."""
    if stated is not None and (stated == "grey") != (shape[2] == 1):
        raise ModelError(f"'{name}' takes {shape[2]} channel(s): --colour {stated} does not fit.")
    if shape[2] == 1:
        return "grey"
    return stated or ("bgr" if input_range == NAMED_RANGES["caffe"] else "rgb")


def _with_raw_pixels(network: keras.Model, shape: Shape, input_range: InputRange) -> keras.Model:
    """Return the network for float32 pixels 0..255, scaled to the range in which it was trained."""
    network = subtract_before_scaling(network)
    if input_range == RAW_PIXELS:
        return network
    if len(input_range.black) > shape[2]:
        raise ModelError(f"'{network.name}' takes grey pictures: an input range for three channels does not fit.")
    inputs = keras.Input(shape, name="pixels")
    scaled = scale_layer(input_range)(inputs)
    return keras.Model(inputs, network(scaled, training=False), name=network.name)


def _with_float_input(network: keras.Model) -> keras.Model:
    """Return a copy that takes floats, for networks with a uint8 input: the converter would keep its cast."""
    if network.inputs[0].dtype == "float32":
        return network
    inputs = keras.Input(network.inputs[0].shape[1:], dtype="float32", name="pixels")
    whole = keras.Model(network.inputs[0], network.outputs[0], name=network.name)  # the same layers, any class
    copy = keras.models.clone_model(whole, input_tensors=inputs)
    copy.set_weights(network.get_weights())
    return copy


def _with_probabilities(network: keras.Model, shape: Shape) -> tuple[keras.Model, str]:
    """Return the network with a softmax behind it, unless its answers are probabilities already.

    Its answers to a few images show it; the last layer's name or type may not.
    """
    if _ends_in_softmax(network):
        return network, ""
    noise = np.random.default_rng(0).integers(0, 256, (2, *shape), dtype=np.uint8)
    answers = predict_keras(network, np.concatenate([noise, np.zeros_like(noise[:1]), np.full_like(noise[:1], 255)]))
    if not np.isfinite(answers).all():
        raise ModelError(f"'{network.name}' returns values that are not finite; expected scores or probabilities.")
    if answers.min() >= 0 and np.allclose(answers.sum(axis=1), 1, atol=0.01):
        return network, ""
    if _last_activation(network) == "sigmoid":
        raise ModelError(
            f"'{network.name}' ends in sigmoids, which score each label on its own; expected softmax or logits."
        )
    outputs = keras.layers.Softmax(name="softmax")(network.outputs[0])
    appended = keras.Model(network.inputs[0], outputs, name=network.name)
    return appended, "The outputs are no probabilities (they do not sum to 1), so a softmax was appended."


def _ends_in_softmax(network: keras.Model) -> bool:
    return _last_activation(network) == "softmax" or isinstance(network.layers[-1], keras.layers.Softmax)


def _last_activation(network: keras.Model) -> str:
    """Return the name of the last layer's activation, through networks inside networks; empty where it has none."""
    last = network.layers[-1]
    while isinstance(last, keras.Model):
        last = last.layers[-1]
    return getattr(getattr(last, "activation", None), "__name__", "")
