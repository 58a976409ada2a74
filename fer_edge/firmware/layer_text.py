"""Each kind of layer as C: the kernels that it needs, its structure, the call that computes it."""

from __future__ import annotations

from dataclasses import astuple
from functools import singledispatch

from fer_edge.firmware.layers import (
    Addition,
    Convolution,
    Dense,
    Depthwise,
    Layer,
    Mean,
    Pooling,
    Quantization,
    Softmax,
    Sums,
    Window,
)

KERNELS: dict[type[Layer], tuple[str, ...]] = {
    Quantization: ("quantize",),
    Convolution: ("window", "gather", "smlad", "dot", "convolution"),
    Depthwise: ("window", "gather", "depthwise"),
    Dense: ("dense",),
    Pooling: ("window", "pooling"),
    Addition: ("addition",),
    Mean: ("mean",),
    Softmax: ("softmax",),
}
"""The files of `fer_edge/kernels` that a layer needs besides fixed_point, in the order in which they build on each
other."""

FUNCTIONS: dict[type[Layer], str] = {
    Convolution: "convolve",
    Depthwise: "convolve_depthwise",
    Dense: "connect",
    Addition: "add",
    Mean: "average",
    Softmax: "to_probabilities",
}
"""The functions that compute a layer from (structure, inputs, output)."""


@singledispatch
def structure(layer: Layer, position: int) -> str:
    """Return kind, name and initialiser of the structure of the layer at a position; fields as its kernel has them."""
    raise TypeError(f"no structure for {layer} at {position}")


@structure.register
def _(layer: Convolution, position: int) -> str:
    return _define("convolution", position, _sums(position), layer.window, layer.outputs, *_ends(layer.sums))


@structure.register
def _(layer: Depthwise, position: int) -> str:
    return _define("depthwise", position, _sums(position), layer.window, layer.multiplier, *_ends(layer.sums))


@structure.register
def _(layer: Dense, position: int) -> str:
    return _define("dense", position, _sums(position), layer.inputs_count, layer.outputs, *_ends(layer.sums))


@structure.register
def _(layer: Pooling, position: int) -> str:
    return _define("pooling", position, layer.window, *layer.limits)


@structure.register
def _(layer: Addition, position: int) -> str:
    multipliers, shifts = zip(layer.factor_a, layer.factor_b, layer.factor_out, strict=True)
    zeros = (layer.zero_a, layer.zero_b, layer.zero_out)
    return _define("addition", position, layer.count, *multipliers, *shifts, *zeros, *layer.limits)


@structure.register
def _(layer: Mean, position: int) -> str:
    return _define("mean", position, layer.pixels, layer.channels, *layer.factor, layer.zero_in, layer.zero_out)


@structure.register
def _(layer: Softmax, position: int) -> str:
    return _define("softmax", position, f"exponentials_{position}", len(layer.exponentials), layer.classes)


@structure.register
def _(layer: Quantization, position: int) -> str:
    flips = ("0x80" if unsigned else "0" for unsigned in (layer.unsigned_in, layer.unsigned_out))
    return _define("quantization", position, layer.count, *layer.factor, layer.zero_in, layer.zero_out, *flips)


def _define(kind: str, position: int, *fields: object) -> str:
    return f"static const struct {kind} layer_{position} = {{{', '.join(map(_field, fields))}}};"


def _field(value: object) -> str:
    return "{" + ", ".join(map(str, astuple(value))) + "}" if isinstance(value, Window) else str(value)


def _sums(position: int) -> str:
    return ", ".join(f"{name}_{position}" for name in ("weights", "bias", "multipliers", "shifts"))


def _ends(sums: Sums) -> tuple[int, ...]:
    return (sums.zero_in, sums.zero_out, *sums.limits)


def call(layer: Layer, position: int, inputs: list[str], output: str, scratch: int | None) -> str:
    """Return the statement that computes a layer.

    Args:
        layer: the layer.
        position: its place in the network.
        inputs: C expressions for what it reads.
        output: one for what it writes.
        scratch: where in `memory` its scratch lies; None where it needs none.
    """
    arguments = [f"&layer_{position}", *inputs, output]
    if isinstance(layer, Quantization):
        return f"quantize({', '.join(arguments)});"
    if isinstance(layer, Pooling):
        arguments.insert(1, "1" if layer.averages else "0")
        return f"pool({', '.join(arguments)});"
    if scratch is not None:
        arguments.append(f"(int16_t *)(void *)(memory + {scratch})")
    return f"{FUNCTIONS[type(layer)]}({', '.join(arguments)});"


@singledispatch
def describe(layer: Layer) -> str:
    """Return a layer in words, such as "convolution 3x3, 24x24x16 -> 24x24x16"."""
    return type(layer).__name__.lower()


@describe.register
def _(layer: Convolution) -> str:
    return f"convolution {_geometry(layer.window, layer.outputs)}"


@describe.register
def _(layer: Depthwise) -> str:
    return f"depthwise convolution {_geometry(layer.window, layer.window.channels * layer.multiplier)}"


@describe.register
def _(layer: Dense) -> str:
    return f"dense layer, {layer.inputs_count} -> {layer.outputs}"


@describe.register
def _(layer: Pooling) -> str:
    return f"{'average' if layer.averages else 'maximum'} {_geometry(layer.window, layer.window.channels)}"


@describe.register
def _(layer: Addition) -> str:
    return f"addition of {layer.count} values"


@describe.register
def _(layer: Mean) -> str:
    return f"mean over {layer.pixels} pixels of {layer.channels} channels"


@describe.register
def _(layer: Softmax) -> str:
    return f"softmax of {layer.classes} classes"


@describe.register
def _(layer: Quantization) -> str:
    kinds = {True: "uint8", False: "int8"}
    return f"from {kinds[layer.unsigned_in]} to {kinds[layer.unsigned_out]}"


def _geometry(window: Window, outputs: int) -> str:
    return (
        f"{window.kernel_height}x{window.kernel_width}, {window.in_height}x{window.in_width}x{window.channels} -> "
        f"{window.out_height}x{window.out_width}x{outputs}"
    )
