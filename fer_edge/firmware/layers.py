"""The layers that the C kernels compute, each with what `fer_edge/kernels/` wants to know of it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.firmware.fixed_point import Factor

Weights = npt.NDArray[np.int8]
Integers = npt.NDArray[np.int32]


@dataclass(frozen=True)
class Window:
    """Where a kernel slides over a picture; the fields are those of `struct window`."""

    in_height: int
    in_width: int
    channels: int
    out_height: int
    out_width: int
    kernel_height: int
    kernel_width: int
    stride_y: int
    stride_x: int
    pad_top: int
    pad_left: int

    @property
    def count(self) -> int:
        """Values that the kernel sees at once."""
        return self.kernel_height * self.kernel_width * self.channels


@dataclass(frozen=True)
class Layer:
    """What all layers have.

    Attributes:
        inputs: the tensors that it reads, by their numbers in the file.
        output: the tensor that it writes.
    """

    inputs: tuple[int, ...]
    output: int


@dataclass(frozen=True)
class Sums:
    """How sums of products become values of the output.

    Attributes:
        weights: in the order in which the kernel reads them.
        bias: one for each output channel.
        factors: from sums to steps of the output's scale, one for each output channel.
        zero_in: zero point of the input.
        zero_out: of the output.
        limits: the lowest and the highest value of the output, which an activation may narrow.
    """

    weights: Weights
    bias: Integers
    factors: tuple[Factor, ...]
    zero_in: int
    zero_out: int
    limits: tuple[int, int]


@dataclass(frozen=True)
class Convolution(Layer):
    """A convolution."""

    window: Window
    sums: Sums

    @property
    def outputs(self) -> int:
        """Channels of the output."""
        return len(self.sums.bias)

    @property
    def scratch_bytes(self) -> int:
        """For two windows as int16."""
        return 4 * self.window.count


@dataclass(frozen=True)
class Depthwise(Layer):
    """A depthwise convolution with `multiplier` outputs for each channel."""

    window: Window
    sums: Sums
    multiplier: int

    @property
    def scratch_bytes(self) -> int:
        """For one window as int16."""
        return 2 * self.window.count


@dataclass(frozen=True)
class Dense(Layer):
    """A dense layer."""

    inputs_count: int
    sums: Sums

    @property
    def outputs(self) -> int:
        """How many values it gives."""
        return len(self.sums.bias)


@dataclass(frozen=True)
class Pooling(Layer):
    """The average (else the largest) value of each window."""

    window: Window
    averages: bool
    limits: tuple[int, int]


@dataclass(frozen=True)
class Addition(Layer):
    """The sum of two tensors, each brought to a common scale by a factor, then to the output's."""

    count: int
    factor_a: Factor
    factor_b: Factor
    factor_out: Factor
    zero_a: int
    zero_b: int
    zero_out: int
    limits: tuple[int, int]


@dataclass(frozen=True)
class Mean(Layer):
    """The mean over all pixels."""

    pixels: int
    channels: int
    factor: Factor
    zero_in: int
    zero_out: int


@dataclass(frozen=True)
class Softmax(Layer):
    """Probabilities of logits; `exponentials` as `fer_edge.firmware.fixed_point` computes them."""

    classes: int
    exponentials: tuple[int, ...]


@dataclass(frozen=True)
class Quantization(Layer):
    """A change of scale; zero points are those of int8, also where a side is uint8."""

    count: int
    factor: Factor
    zero_in: int
    zero_out: int
    unsigned_in: bool
    unsigned_out: bool


@dataclass(frozen=True)
class Network:
    """A whole network, ready to be written as C.

    Attributes:
        layers: in the order in which they run.
        sizes: bytes of each tensor that they read or write.
        input: the tensor with the pixels.
        output: the tensor with the scores.
        classes: how many scores.
        score_scale: what one step of a uint8 score is worth.
        score_zero: the score that stands for 0.
    """

    layers: tuple[Layer, ...]
    sizes: dict[int, int]
    input: int
    output: int
    classes: int
    score_scale: float
    score_zero: int

    def describe(self) -> dict[str, Any]:
        """Return how many layers of each kind there are."""
        names = [type(layer).__name__ for layer in self.layers]
        return {name: names.count(name) for name in dict.fromkeys(names)}
