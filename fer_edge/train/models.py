"""The networks. Each takes raw grey pixels 0..255 and normalises them inside its own graph."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import layers

from fer_edge.errors import ModelError, RecipeError
from fer_edge.kerasfile.load import check_shapes, predict_keras
from fer_edge.kerasfile.own_code import build_network, is_function
from fer_edge.train.baselines import BASELINES
from fer_edge.types import FACE_SIZE, LABELS


def build_model(
    name: str, *, widths: Sequence[int], blocks: Sequence[int], dropout: Sequence[float], stem: Sequence[int] = ()
) -> keras.Model:
    """Return a new network, float32 N x 48 x 48 x 1 pixels in, N x 7 probabilities out.

    `edge_cnn` also takes other image sizes, since it ends in global average pooling. The networks of
    `baselines` are as published, so their lists stay empty. A name such as "package.module:function" is the
    user's own network: the function is called with those lists that are not empty.

    Raises:
        RecipeError: an unknown name, lists that do not fit the network, or own code that fails.
    """
    if is_function(name):
        lists = {"widths": widths, "blocks": blocks, "dropout": dropout, "stem": stem}
        return _own_network(name, {field: list(values) for field, values in lists.items() if values})
    if name == "edge_cnn":
        return edge_cnn(widths, blocks, dropout, stem)
    if name == "seed_cnn":
        return seed_cnn(widths, dropout)
    if name not in BASELINES:
        known = ", ".join(["edge_cnn", "seed_cnn", *BASELINES])
        raise RecipeError(f"Recipe field 'model': expected {known} or your own package.module:function, got '{name}'.")
    if any((widths, blocks, dropout, stem)):
        raise RecipeError(f"{name} is fixed: expected empty widths, blocks, dropout and stem.")
    return BASELINES[name]()


def _own_network(name: str, parameters: dict[str, list[Any]]) -> keras.Model:
    """Return what the user's function builds, checked to be a network that training can use."""
    try:
        network = build_network(name, place="Recipe field 'model':", **parameters)
        check_shapes(network, name)
    except ModelError as error:
        raise RecipeError(str(error)) from error
    except AttributeError as error:  # a subclass of keras.Model knows no shapes before its first call
        raise RecipeError(f"{name}: expected a network made of layers that starts with keras.Input.") from error
    answers = predict_keras(network, np.random.default_rng(0).integers(0, 256, (2, FACE_SIZE, FACE_SIZE, 1), np.uint8))
    if not np.allclose(answers.sum(axis=1), 1, atol=1e-3) or answers.min() < 0:
        raise RecipeError(f"{name}: expected probabilities of raw pixels 0..255; end the network in a softmax.")
    return network


def edge_cnn(
    widths: Sequence[int], blocks: Sequence[int], dropout: Sequence[float], stem: Sequence[int] = ()
) -> keras.Model:
    """Return our light network: plain 3x3 residual convolutions behind a stride-2 stem.

    `stem` holds the widths of convolutions at full resolution before it.

    Plain 3x3 convolutions reach 90 % of a core's peak in XNNPACK, depthwise ones a half (float) or
    a quarter (int8); and batch norm folds away when it follows a convolution directly. Hence the
    post-activation blocks of He et al. (2015, arXiv:1512.03385), and nothing else.
    """
    if len(widths) != len(blocks) or len(dropout) != 1:
        raise RecipeError("edge_cnn: expected as many blocks as widths, and one dropout rate.")
    inputs = keras.Input((None, None, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    for index, width in enumerate(stem, start=1):
        x = _conv_norm(x, width, stride=1, name=f"fine{index}")
        x = layers.ReLU(name=f"fine{index}_relu")(x)
    x = _conv_norm(x, widths[0], stride=2, name="stem")
    x = layers.ReLU(name="stem_relu")(x)
    for stage, (width, count) in enumerate(zip(widths, blocks, strict=True), start=1):
        for block in range(1, count + 1):
            stride = 2 if stage > 1 and block == 1 else 1
            x = _residual_block(x, width, stride, f"stage{stage}_block{block}")
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    x = layers.Dropout(dropout[0], name="dropout")(x)
    outputs = layers.Dense(len(LABELS), activation="softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="edge_cnn")


def _residual_block(x: keras.KerasTensor, width: int, stride: int, name: str) -> keras.KerasTensor:
    shortcut = x
    if stride != 1 or x.shape[-1] != width:
        shortcut = _conv_norm(x, width, stride=stride, kernel=1, name=f"{name}_shortcut")
    x = _conv_norm(x, width, stride=stride, name=f"{name}_conv1")
    x = layers.ReLU(name=f"{name}_relu1")(x)
    x = _conv_norm(x, width, stride=1, name=f"{name}_conv2")
    x = layers.Add(name=f"{name}_add")([x, shortcut])
    return layers.ReLU(name=f"{name}_relu2")(x)


def _conv_norm(x: keras.KerasTensor, width: int, *, stride: int, kernel: int = 3, name: str) -> keras.KerasTensor:
    x = layers.Conv2D(width, kernel, stride, padding="same", use_bias=False, kernel_initializer="he_normal", name=name)(
        x
    )
    # 0.9: epochs are short here, so the statistics must follow faster than Keras's 0.99.
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5, name=f"{name}_norm")(x)


def seed_cnn(widths: Sequence[int], dropout: Sequence[float]) -> keras.Model:
    """Return the paper's network: blocks of two 3x3 convolutions, then FC-256 and softmax.

    The paper leaves the padding open; 'same' then 'valid' gives 2.20 M parameters, which fits its
    "about 2.1 M" (docs/decisions/0002).
    """
    if len(dropout) != len(widths) + 1:
        raise RecipeError("seed_cnn: expected one dropout rate per width, and one for the classifier.")
    inputs = keras.Input((FACE_SIZE, FACE_SIZE, 1), name="pixels")
    x = layers.Rescaling(1 / 255, name="rescale")(inputs)
    for block, (width, rate) in enumerate(zip(widths, dropout[:-1], strict=True), start=1):
        for index, padding in enumerate(("same", "valid"), start=1):
            x = layers.Conv2D(width, 3, padding=padding, name=f"block{block}_conv{index}")(x)
            x = layers.BatchNormalization(name=f"block{block}_norm{index}")(x)
            x = layers.ReLU(name=f"block{block}_relu{index}")(x)
        x = layers.MaxPooling2D(name=f"block{block}_pool")(x)
        x = layers.Dropout(rate, name=f"block{block}_dropout")(x)
    x = layers.Flatten(name="flatten")(x)
    x = layers.Dense(256, name="dense")(x)
    x = layers.BatchNormalization(name="dense_norm")(x)
    x = layers.ReLU(name="dense_relu")(x)
    x = layers.Dropout(dropout[-1], name="dense_dropout")(x)
    outputs = layers.Dense(len(LABELS), activation="softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="seed_cnn")
