"""The networks that others compare with: as published, but for 48x48 grey pixels in and seven classes out."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import keras
from keras import layers

from fer_edge.types import FACE_SIZE, LABELS

_SHAPE = (FACE_SIZE, FACE_SIZE, 1)
_UNTRAINED: dict[str, Any] = {"weights": None, "classes": len(LABELS), "classifier_activation": "softmax"}


def vgg16() -> keras.Model:
    """Return VGG-16 (Simonyan and Zisserman 2014, arXiv:1409.1556) with its three dense layers, untrained."""
    pixels = layers.Rescaling(1 / 255, name="rescale")(keras.Input(_SHAPE, name="pixels"))
    return _one_input(keras.applications.VGG16(input_tensor=pixels, name="vgg16", **_UNTRAINED))


def resnet50() -> keras.Model:
    """Return ResNet-50 (He et al. 2015, arXiv:1512.03385), untrained.

    It pads with zeros before its first convolution. Scaling the pixels behind the padding is the same,
    and lets the conversion fold it into the convolution.
    """
    pixels = keras.Input(_SHAPE, name="pixels")
    network = keras.applications.ResNet50(input_tensor=pixels, name="resnet50", **_UNTRAINED)
    rescale = layers.Rescaling(1 / 255, name="rescale")

    def call(layer: keras.layers.Layer, *arguments: Any, **options: Any) -> Any:
        answer = layer(*arguments, **options)
        return rescale(answer) if layer.name == "conv1_pad" else answer

    return _one_input(keras.models.clone_model(network, call_function=call))


def efficientnet_b0() -> keras.Model:
    """Return EfficientNet-B0 (Tan and Le 2019, arXiv:1905.11946), untrained. It rescales pixels itself."""
    pixels = keras.Input(_SHAPE, name="pixels")
    network = keras.applications.EfficientNetB0(input_tensor=pixels, name="efficientnet_b0", **_UNTRAINED)
    return _one_input(network)


def mini_xception() -> keras.Model:
    """Return mini-Xception (Arriaga et al. 2017, arXiv:1710.07557), untrained: 58,423 parameters.

    The published weights take 64x64 pixels; the layers are the same. Their small L2 penalty on the first
    two convolutions is left out: the recipe says how to train.
    """
    x = pixels = keras.Input(_SHAPE, name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(x)
    for index in (1, 2):
        x = layers.Conv2D(8, 3, use_bias=False, name=f"base_conv{index}")(x)
        x = layers.BatchNormalization(name=f"base_norm{index}")(x)
        x = layers.ReLU(name=f"base_relu{index}")(x)
    for index, width in enumerate((16, 32, 64, 128), start=1):
        x = _xception_module(x, width, f"module{index}")
    x = layers.Conv2D(len(LABELS), 3, padding="same", name="classes")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    return keras.Model(pixels, layers.Softmax(name="probabilities")(x), name="mini_xception")


BASELINES: dict[str, Callable[[], keras.Model]] = {
    network.__name__: network for network in (mini_xception, vgg16, resnet50, efficientnet_b0)
}
"""Each takes float32 N x 48 x 48 x 1 raw pixels and gives N x 7 probabilities."""


def _one_input(network: keras.Model) -> keras.Model:
    """Return the network with its input as such: `keras.applications` makes a list of one, and Keras warns."""
    return keras.Model(network.inputs[0], network.outputs[0], name=network.name)


def _xception_module(x: keras.KerasTensor, width: int, name: str) -> keras.KerasTensor:
    """Return two depthwise separable convolutions and a max pooling, beside a strided 1x1 shortcut."""
    shortcut = layers.Conv2D(width, 1, 2, padding="same", use_bias=False, name=f"{name}_shortcut")(x)
    shortcut = layers.BatchNormalization(name=f"{name}_shortcut_norm")(shortcut)
    x = layers.SeparableConv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv1")(x)
    x = layers.BatchNormalization(name=f"{name}_norm1")(x)
    x = layers.ReLU(name=f"{name}_relu1")(x)
    x = layers.SeparableConv2D(width, 3, padding="same", use_bias=False, name=f"{name}_conv2")(x)
    x = layers.BatchNormalization(name=f"{name}_norm2")(x)
    x = layers.MaxPooling2D(3, 2, padding="same", name=f"{name}_pool")(x)
    return layers.Add(name=f"{name}_add")([x, shortcut])
