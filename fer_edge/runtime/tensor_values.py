"""Between pictures and a model's own numbers: pixels to its input tensor, its output tensor to probabilities.

Scales and zero points are read from the tensors, never assumed.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ModelError
from fer_edge.modelfile.contract import Contract
from fer_edge.runtime.preprocess import fit_picture, to_face
from fer_edge.types import FACE_SIZE, Probabilities

Fit = Callable[[npt.NDArray[Any]], npt.NDArray[Any]]
"""Any picture -> the pixels or numbers of one input tensor, without the axis of the batch."""

_BYTES: npt.NDArray[np.uint8] = np.arange(256, dtype=np.uint8)
_TYPES = (np.uint8, np.int8, np.float32)


def takes_raw_faces(contract: Contract, tensor: dict[str, Any]) -> bool:
    """Return whether 48x48 grey pixels go in as they are, which all networks of fer-edge take."""
    face = (contract.height, contract.width, contract.channels) == (FACE_SIZE, FACE_SIZE, 1)
    return face and tensor["dtype"] is np.uint8 and _is_raw(contract, tensor)


def make_fit(contract: Contract, tensor: dict[str, Any]) -> Fit:
    """Return what makes the input of a model from any picture.

    Args:
        contract: what the model wants.
        tensor: the interpreter's details of its input.

    Raises:
        ModelError: the tensor is of a type that takes no pixels.
    """
    if tensor["dtype"] not in _TYPES:
        raise ModelError(f"Expected an input of float32, uint8 or int8, got {tensor['dtype'].__name__}.")
    if takes_raw_faces(contract, tensor):
        return to_face
    fill = _filler(contract, tensor)
    height, width, colour = contract.height, contract.width, contract.colour
    if contract.layout == "chw":
        return lambda image: np.ascontiguousarray(fill(fit_picture(image, height, width, colour)).transpose(2, 0, 1))
    return lambda image: fill(fit_picture(image, height, width, colour))


def make_levels(tensor: dict[str, Any]) -> npt.NDArray[np.float32] | None:
    """Return the value that each 8-bit output stands for, to be indexed with it; None for float32 outputs.

    Negative outputs of int8 tensors count from the end, as NumPy's indices do.
    """
    if tensor["dtype"] is np.float32:
        return None
    scale, zero_point = tensor["quantization"]
    if tensor["dtype"] not in (np.uint8, np.int8) or not scale:
        raise ModelError(f"Expected float32 outputs, or uint8 or int8 with a scale, got {tensor['dtype'].__name__}.")
    values = _BYTES.view(tensor["dtype"]).astype(np.float32)
    levels: npt.NDArray[np.float32] = (values - np.float32(zero_point)) * np.float32(scale)
    return levels.view(Probabilities)  # what is taken of it needs no further view


def softmax(scores: npt.NDArray[np.float32]) -> npt.NDArray[np.float32]:
    """Return the probabilities (rows that sum to 1) of logits."""
    powers = np.exp(scores - scores.max(axis=-1, keepdims=True))
    probabilities: npt.NDArray[np.float32] = powers / powers.sum(axis=-1, keepdims=True)
    return probabilities


def _is_raw(contract: Contract, tensor: dict[str, Any]) -> bool:
    """Return whether a pixel's value goes into the tensor as it is."""
    return contract.input_range.raw and tuple(tensor["quantization"]) in {(0.0, 0), (1.0, 0)}


def _filler(contract: Contract, tensor: dict[str, Any]) -> Fit:
    """Return what turns fitting pixels (H x W x C) into the tensor's numbers."""
    dtype = tensor["dtype"]
    if contract.input_range.per_image:
        return lambda pixels: _quantise(standardise(pixels), tensor)
    if dtype is np.uint8 and _is_raw(contract, tensor):
        return lambda pixels: pixels
    black, white = (np.array(end, np.float32) for end in (contract.input_range.black, contract.input_range.white))
    # A pixel has 256 values, so one look-up a channel does, whatever the range and the scale.
    values = black + _BYTES[:, np.newaxis].astype(np.float32) * ((white - black) / np.float32(255))
    table = _quantise(values, tensor)
    if table.shape[1] == 1:
        flat = np.ascontiguousarray(table[:, 0])
        return flat.take
    channels = np.arange(table.shape[1])
    return lambda pixels: table[pixels, channels]


def standardise(pixels: npt.NDArray[np.uint8]) -> npt.NDArray[np.float32]:
    """Return pixels of one picture with mean 0 and deviation 1; a flat picture becomes zeros.

    As `tf.image.per_image_standardization`: the deviation counts as 1/sqrt(number of pixels) at least.
    """
    values = pixels.astype(np.float32)
    deviation = max(float(values.std()), float(values.size) ** -0.5)
    standardised: npt.NDArray[np.float32] = (values - values.mean()) / np.float32(deviation)
    return standardised


def _quantise(values: npt.NDArray[np.float32], tensor: dict[str, Any]) -> npt.NDArray[Any]:
    """Return real values as the tensor stores them: rounded, clipped, then cast."""
    dtype = tensor["dtype"]
    if dtype is np.float32:
        return values.astype(np.float32)
    scale, zero_point = tensor["quantization"]
    limits = np.iinfo(dtype)
    steps = np.rint(values / np.float32(scale or 1.0)) + zero_point
    stored: npt.NDArray[Any] = steps.clip(limits.min, limits.max).astype(dtype)
    return stored
