"""Where each tensor lies in the working memory, so that little of it is needed.

A layer may write over its input where the input is needed no more: a kernel copies the window that it
looks at, so the output can follow the windows closely. That halves the memory of a network of convolutions.
"""

from __future__ import annotations

import random
from dataclasses import dataclass

import numpy as np

from fer_edge.firmware.layers import Addition, Convolution, Depthwise, Layer, Network, Pooling, Quantization, Window

ALIGNMENT = 4
"""In bytes: a window's int16 values, and whole words for processors that load them."""

MOST_TRIES = 1000
"""Orders of placement that are tried; more found nothing better for our networks."""

WORK = 2_500_000
"""How many pairs of buffers are compared in all, about: large networks get fewer tries."""


@dataclass(frozen=True)
class Plan:
    """Offsets in an arena of `size` bytes.

    Attributes:
        size: in bytes.
        tensors: tensor -> its offset; the network's input and output lie with the caller.
        scratch: position of a layer -> the offset of its scratch memory.
    """

    size: int
    tensors: dict[int, int]
    scratch: dict[int, int]


@dataclass(frozen=True)
class _Buffer:
    """Memory that is in use from the layer at position `first` to that at `last`, both included."""

    key: tuple[str, int]
    size: int
    first: int
    last: int


_Lags = dict[tuple[tuple[str, int], tuple[str, int]], int]
"""(output, input) of a layer -> how far below its input the output must start, at least."""


def plan_arena(network: Network) -> Plan:
    """Return offsets at which no layer overwrites what is still needed."""
    buffers = _find_buffers(network)
    lags = _find_lags(network, {buffer.key: buffer for buffer in buffers})
    best = _improve(sorted(buffers, key=lambda buffer: (-buffer.size, buffer.first)), lags)
    return Plan(
        _height(buffers, best),
        {number: offset for (kind, number), offset in best.items() if kind == "tensor"},
        {number: offset for (kind, number), offset in best.items() if kind == "scratch"},
    )


def _find_buffers(network: Network) -> list[_Buffer]:
    buffers = []
    for position, layer in enumerate(network.layers):
        if isinstance(layer, Convolution | Depthwise):
            buffers.append(_Buffer(("scratch", position), layer.scratch_bytes, position, position))
        if layer.output != network.output:
            readers = [reader for reader, other in enumerate(network.layers) if layer.output in other.inputs]
            size = network.sizes[layer.output]
            buffers.append(_Buffer(("tensor", layer.output), size, position, max(readers, default=position)))
    return buffers


def _find_lags(network: Network, buffers: dict[tuple[str, int], _Buffer]) -> _Lags:
    lags = {}
    for position, layer in enumerate(network.layers):
        for source in layer.inputs:
            pair = ("tensor", layer.output), ("tensor", source)
            dies = all(key in buffers for key in pair) and buffers[pair[1]].last == position
            lag = _lag(layer) if dies else None
            if lag is not None:
                lags[pair] = lag
    return lags


def _lag(layer: Layer) -> int | None:
    """Return by how many bytes a layer's output must run ahead below its input; None: they must not overlap."""
    if isinstance(layer, Addition | Quantization):
        return 0
    if isinstance(layer, Convolution):
        return _window_lag(layer.window, layer.outputs, copies=True)
    if isinstance(layer, Depthwise):
        return _window_lag(layer.window, layer.window.channels * layer.multiplier, copies=True)
    if isinstance(layer, Pooling):
        return _window_lag(layer.window, layer.window.channels, copies=False)
    return None


def _window_lag(window: Window, outputs: int, *, copies: bool) -> int:
    """Return the most bytes by which what is written passes what is read later.

    A kernel that copies its window first may overwrite it.
    """
    rows = np.maximum(np.arange(window.out_height) * window.stride_y - window.pad_top, 0)
    columns = np.maximum(np.arange(window.out_width) * window.stride_x - window.pad_left, 0)
    first_read = ((rows[:, np.newaxis] * window.in_width + columns) * window.channels).ravel()
    needed = np.minimum.accumulate(first_read[::-1])[::-1]  # by this place or a later one
    written = (np.arange(len(needed)) + 1) * outputs
    lags = written[:-1] - needed[1:] if copies else written - needed
    return int(lags.max(initial=-window.in_height * window.in_width * window.channels))


def _improve(order: list[_Buffer], lags: _Lags) -> dict[tuple[str, int], int]:
    """Return the best placement found when one of the buffers that lie highest is placed earlier, again and again."""
    chance = random.Random(0)  # noqa: S311
    order = list(order)
    best = _place(order, lags)
    for _ in range(min(MOST_TRIES, WORK // len(order) ** 2)):
        trial = list(order)
        top = max(trial, key=lambda buffer: best[buffer.key] + buffer.size)
        trial.remove(top if chance.random() < 0.5 else chance.choice(trial))
        (moved,) = set(order) - set(trial)
        trial.insert(chance.randrange(len(order)), moved)
        placed = _place(trial, lags)
        if _height(trial, placed) <= _height(order, best):
            order, best = trial, placed
    return best


def _place(order: list[_Buffer], lags: _Lags) -> dict[tuple[str, int], int]:
    """Return an offset for each buffer: the lowest at which it disturbs none of those placed before."""
    offsets: dict[tuple[str, int], int] = {}
    placed: list[_Buffer] = []
    for buffer in order:
        others = [other for other in placed if other.first <= buffer.last and buffer.first <= other.last]
        candidates = {0}
        for other in others:
            at = offsets[other.key]
            candidates.update((at + other.size, at - buffer.size))
            if (buffer.key, other.key) in lags:
                candidates.add(at - lags[buffer.key, other.key])
            if (other.key, buffer.key) in lags:
                candidates.add(at + lags[other.key, buffer.key] + ALIGNMENT - 1)
        tried = sorted({at // ALIGNMENT * ALIGNMENT for at in candidates if at >= 0} | {_up(at) for at in candidates})
        offsets[buffer.key] = next(
            at
            for at in tried
            if at >= 0 and all(_apart(buffer, at, other, offsets[other.key], lags) for other in others)
        )
        placed.append(buffer)
    return offsets


def _up(offset: int) -> int:
    return -(-offset // ALIGNMENT) * ALIGNMENT


def _apart(one: _Buffer, at: int, other: _Buffer, other_at: int, lags: _Lags) -> bool:
    """Return whether two buffers of overlapping times do not disturb each other."""
    if at + one.size <= other_at or other_at + other.size <= at:
        return True
    if (one.key, other.key) in lags:
        return other_at - at >= lags[one.key, other.key]
    if (other.key, one.key) in lags:
        return at - other_at >= lags[other.key, one.key]
    return False


def _height(buffers: list[_Buffer], offsets: dict[tuple[str, int], int]) -> int:
    return _up(max(offsets[buffer.key] + buffer.size for buffer in buffers))
