"""A network with the outputs of YuNet, written byte by byte: it finds a face wherever 8x8 pixels are white.

It is no face detector, but OpenCV's FaceDetectorYN loads, runs and decodes it as it does the real one.
"""

import math
import struct

STRIDES = (8, 16, 32)
BOX = math.log(8.0)
"""What the network says of every box: shifts of 2.08 cells, and edges of 8 cells, which are 64 pixels."""


def tiny_yunet() -> bytes:
    """Return the network in ONNX's format."""
    nodes, weights, outputs = [], [], []
    for name, channels in (("cls", 1), ("obj", 1), ("bbox", 4), ("kps", 10)):
        for stride in STRIDES:
            scores = name in ("cls", "obj") and stride == 8
            # The mean of three channels of 8x8 pixels 0..255 becomes a score 0..1.
            weight = 1 / (3 * 8 * 8 * 255) if scores else 0.0
            bias = BOX if name == "bbox" else 0.0
            output = f"{name}_{stride}"
            weights.append(_tensor(f"{output}_w", (channels, 3, stride, stride), weight))
            weights.append(_tensor(f"{output}_b", (channels,), bias))
            nodes.append(_conv(output, stride))
            outputs.append(_value(output, (1, channels, 640 // stride, 640 // stride)))
    graph = b"".join(_message(1, node) for node in nodes) + _message(2, b"tiny")
    graph += b"".join(_message(5, tensor) for tensor in weights) + _message(11, _value("input", (1, 3, 640, 640)))
    graph += b"".join(_message(12, output) for output in outputs)
    return _integer(1, 8) + _message(7, graph) + _message(8, _message(1, b"") + _integer(2, 13))


def relu() -> bytes:
    """Return a sound network that is not YuNet."""
    node = _message(1, b"input") + _message(2, b"output") + _message(4, b"Relu")
    graph = _message(1, node) + _message(2, b"relu") + _message(11, _value("input", (1, 3, 640, 640)))
    graph += _message(12, _value("output", (1, 3, 640, 640)))
    return _integer(1, 8) + _message(7, graph) + _message(8, _message(1, b"") + _integer(2, 13))


def _conv(output: str, stride: int) -> bytes:
    inputs = b"".join(_message(1, name.encode()) for name in ("input", f"{output}_w", f"{output}_b"))
    attributes = b""
    for name in ("kernel_shape", "strides"):
        numbers = _integer(8, stride) * 2 + _integer(20, 7)
        attributes += _message(5, _message(1, name.encode()) + numbers)
    return inputs + _message(2, output.encode()) + _message(4, b"Conv") + attributes


def _tensor(name: str, shape: tuple[int, ...], value: float) -> bytes:
    dims = b"".join(_integer(1, edge) for edge in shape)
    return dims + _integer(2, 1) + _message(8, name.encode()) + _message(9, struct.pack("<f", value) * math.prod(shape))


def _value(name: str, shape: tuple[int, ...]) -> bytes:
    dims = b"".join(_message(1, _integer(1, edge)) for edge in shape)
    return _message(1, name.encode()) + _message(2, _message(1, _integer(1, 1) + _message(2, dims)))


def _message(field: int, content: bytes) -> bytes:
    return _varint(field << 3 | 2) + _varint(len(content)) + content


def _integer(field: int, number: int) -> bytes:
    return _varint(field << 3) + _varint(number)


def _varint(number: int) -> bytes:
    groups = []
    while True:
        number, low = number >> 7, number & 0x7F
        groups.append(low | (0x80 if number else 0))
        if not number:
            return bytes(groups)
