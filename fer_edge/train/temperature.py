"""Temperature scaling: make a score of 0.8 right 8 times in 10 (Guo et al. 2017, arXiv:1706.04599)."""

from __future__ import annotations

import math

import keras
import numpy as np
import numpy.typing as npt

RANGE = (0.25, 4.0)
"""Temperatures that are searched; one at the edge of it would point to a broken network."""


def fit_temperature(probabilities: npt.NDArray[np.float32], labels: npt.NDArray[np.int64]) -> float:
    """Return the temperature that makes the labels of held-out images most likely.

    The likelihood of softmax(log p / T) has one maximum in 1/T, so a golden-section search over
    log T finds it.

    Args:
        probabilities: N x 7 answers of the network, from before the scaling.
        labels: N true classes.
    """
    logits = np.log(np.maximum(probabilities.astype(np.float64), 1e-12))
    low, high = math.log(RANGE[0]), math.log(RANGE[1])
    golden = (math.sqrt(5) - 1) / 2
    while high - low > 1e-4:
        left, right = high - golden * (high - low), low + golden * (high - low)
        if _loss(logits / math.exp(left), labels) < _loss(logits / math.exp(right), labels):
            high = right
        else:
            low = left
    return math.exp((low + high) / 2)


def ends_in_logits(network: keras.Model) -> bool:
    """Return whether a temperature can be folded into a network; into one of the user's own, perhaps not."""
    return _logits_layer(network) is not None


def fold_temperature(network: keras.Model, temperature: float) -> None:
    """Divide the logits of `network` by `temperature`, in place, by scaling the layer that makes them.

    Raises:
        ValueError: the network does not end in logits and a softmax.
    """
    layer = _logits_layer(network)
    if layer is None:
        raise ValueError(f"expected a network that ends in logits and a softmax, got {network.layers[-1].name}")
    layer.set_weights([weight / temperature for weight in layer.get_weights()])


def _logits_layer(network: keras.Model) -> keras.layers.Layer | None:
    """Return the layer that makes the logits: a dense one, or a convolution that is averaged; None for others."""
    last = network.layers[-1]
    if isinstance(last, keras.layers.Dense) and last.activation is keras.activations.softmax:
        return last
    if (
        not isinstance(last, keras.layers.Softmax)
        and getattr(last, "activation", None) is not keras.activations.softmax
    ):
        return None
    maker = _before(network, last)
    if isinstance(maker, keras.layers.GlobalAveragePooling2D):
        maker = _before(network, maker)
    plain = isinstance(maker, keras.layers.Dense | keras.layers.Conv2D)
    return maker if plain and getattr(maker, "activation", None) is keras.activations.linear else None


def _before(network: keras.Model, layer: keras.layers.Layer) -> keras.layers.Layer | None:
    """Return the layer whose output is the input of `layer`."""
    return next((other for other in network.layers if other is not layer and other.output is layer.input), None)


def _loss(logits: npt.NDArray[np.float64], labels: npt.NDArray[np.int64]) -> float:
    """Return the mean negative log-likelihood in nats."""
    shifted = logits - logits.max(axis=1, keepdims=True)
    likelihood = shifted[np.arange(len(labels)), labels] - np.log(np.exp(shifted).sum(axis=1))
    return float(-likelihood.mean())
