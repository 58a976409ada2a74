"""What a network wants its picture to be: size, colours, and what stands for black and white.

Networks of fer-edge take raw grey pixels. Those of others take what their makers chose; the metadata of a
file says it in its entry `input`, and the runtime obeys.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Any

from fer_edge.errors import ModelError

COLOURS = ("grey", "rgb", "bgr")
LAYOUTS = ("hwc", "chw")

MAX_EDGE = 4096
"""Pixels of a side; beyond it a file is damaged or hostile, since no network for faces comes near."""


@dataclass(frozen=True)
class InputRange:
    """What a network takes for a black and for a white pixel; values between follow a straight line.

    Attributes:
        black: one number, or one for each channel in the network's own order.
        white: as many.
        per_image: in place of both, each picture is brought to mean 0 and deviation 1 by itself, as
            `tf.image.per_image_standardization` does it.
    """

    black: tuple[float, ...] = (0.0,)
    white: tuple[float, ...] = (255.0,)
    per_image: bool = False

    def __post_init__(self) -> None:
        values = (*self.black, *self.white)
        fits = len(self.black) == len(self.white) in {1, 3} and all(math.isfinite(value) for value in values)
        if not fits or any(low >= high for low, high in zip(self.black, self.white, strict=True)):
            raise ModelError(f"Expected an input range such as 0,1 with finite values, black below white, got {self}.")

    def __str__(self) -> str:
        if self.per_image:
            return "standardised image by image (mean 0, deviation 1)"
        spans = dict.fromkeys(f"{low:.4g}..{high:.4g}" for low, high in zip(self.black, self.white, strict=True))
        return " / ".join(spans)

    @property
    def raw(self) -> bool:
        """Whether pixels go in as they are."""
        return self == RAW_PIXELS

    def as_json(self) -> Any:
        """Return what the metadata holds; `read_range` reads it back."""
        if self.per_image:
            return "per-image"
        return [end[0] if len(end) == 1 else list(end) for end in (self.black, self.white)]


RAW_PIXELS = InputRange()


def _around(mean: tuple[float, ...], deviation: tuple[float, ...]) -> InputRange:
    """Return the range of pixels 0..255 less a mean, divided by a deviation."""
    pairs = list(zip(mean, deviation, strict=True))
    return InputRange(
        tuple(round(-middle / width, 6) for middle, width in pairs),
        tuple(round((255 - middle) / width, 6) for middle, width in pairs),
    )


NAMED_RANGES = {
    "fer2013": _around((129.473,), (65.008,)),
    "per-image": InputRange(per_image=True),
    "imagenet": _around((123.675, 116.28, 103.53), (58.395, 57.12, 57.375)),
    "caffe": _around((103.939, 116.779, 123.68), (1.0, 1.0, 1.0)),
}
"""Usual normalisations, by the names that `--input-range` takes.

fer2013: all pixels of FER2013's training split brought to mean 0 and deviation 1 (measured there).
imagenet: torchvision's means and deviations, red first. caffe: Keras's VGG and ResNet, means alone, blue first.
"""


def parse_range(text: str) -> InputRange:
    """Return the range that a user writes: "0,1" (black, white), or a name of `NAMED_RANGES`.

    Raises:
        ModelError: it is neither, or black is not below white.
    """
    if text.strip().lower() in NAMED_RANGES:
        return NAMED_RANGES[text.strip().lower()]
    try:
        low, high = (float(number) for number in text.split(","))
        return InputRange((low,), (high,))
    except (ValueError, ModelError) as error:
        names = ", ".join(NAMED_RANGES)
        raise ModelError(
            f"Expected an input range such as 0,1 or -1,1 (black, white; finite, black below white), or one of "
            f"{names}; got '{text}'."
        ) from error


def read_range(value: Any) -> InputRange:
    """Return the range in an `input` entry of metadata; files without one take raw pixels.

    Raises:
        ModelError: it is none.
    """
    if value is None:
        return RAW_PIXELS
    if value == "per-image":
        return NAMED_RANGES["per-image"]
    try:
        black, white = (end if isinstance(end, list) else [end] for end in value)
        return InputRange(tuple(map(float, black)), tuple(map(float, white)))
    except (TypeError, ValueError, OverflowError) as error:
        raise ModelError(f"The metadata has an impossible input range: {value!r:.80}.") from error


@dataclass(frozen=True)
class Contract:
    """How a picture becomes a network's input.

    Attributes:
        height: in pixels.
        width: in pixels.
        colour: "grey", or the order of three channels, "rgb" or "bgr".
        input_range: what stands for black and white.
        layout: where the channels stand: last ("hwc"), or first, as in PyTorch ("chw").
        logits: whether the outputs are scores that a softmax has yet to make probabilities of.
    """

    height: int
    width: int
    colour: str = "grey"
    input_range: InputRange = RAW_PIXELS
    layout: str = "hwc"
    logits: bool = False

    @property
    def channels(self) -> int:
        """1 or 3."""
        return 1 if self.colour == "grey" else 3

    @property
    def tensor_shape(self) -> tuple[int, ...]:
        """The shape of the input tensor, for one picture."""
        if self.layout == "chw":
            return (1, self.channels, self.height, self.width)
        return (1, self.height, self.width, self.channels)

    def __str__(self) -> str:
        colour = {"grey": "grey", "rgb": "RGB", "bgr": "BGR"}[self.colour]
        return f"{self.width}x{self.height} {colour}, pixels {self.input_range}"

    def as_json(self) -> dict[str, Any]:
        """Return the part of the `input` entry that programs read."""
        return {
            "shape": list(self.tensor_shape),
            "colour": self.colour,
            "layout": self.layout,
            "range": self.input_range.as_json(),
        }


def read_contract(content: dict[str, Any], name: str = "The model") -> Contract:
    """Return the contract that a model file's metadata states.

    Files of fer-edge 0.1 say the shape alone; theirs are raw pixels, red first where there are three channels.

    Raises:
        ModelError: it states none that the runtime can obey.
    """
    entry, output = content.get("input"), content.get("output")
    shape = entry.get("shape") if isinstance(entry, dict) else None
    if not isinstance(entry, dict) or not isinstance(shape, list) or not all(type(edge) is int for edge in shape):
        raise ModelError(f"{name} does not say in its metadata what pictures it takes. Convert it again.")
    layout = entry.get("layout", "hwc")
    if len(shape) == 4 and layout in LAYOUTS:
        one, height, width, channels = shape if layout == "hwc" else (shape[0], shape[2], shape[3], shape[1])
        colour = entry.get("colour", "grey" if channels == 1 else "rgb")
        sane = one == 1 and 1 <= height <= MAX_EDGE and 1 <= width <= MAX_EDGE
        if sane and colour in COLOURS and channels == (1 if colour == "grey" else 3):
            logits = isinstance(output, dict) and output.get("scores") == "logits"
            contract = Contract(height, width, colour, read_range(entry.get("range")), layout, logits)
            if len(contract.input_range.black) in {1, channels}:
                return contract
    raise ModelError(
        f"{name} states an input that the runtime cannot obey: {entry!s:.200}. Expected one picture of 1 or 3 channels."
    )
