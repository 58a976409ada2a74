"""Batch norm re-estimated on clean images."""

import keras
import numpy as np
import pytest
from helpers import random_faces

from fer_edge.train import batch_norm
from fer_edge.train.models import build_model


def small_network(dropout: float = 0.5) -> keras.Model:
    keras.utils.set_random_seed(1)
    return build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[dropout])


def activations(network: keras.Model, layer: str, images: np.ndarray) -> np.ndarray:
    part = keras.Model(network.inputs, network.get_layer(layer).output)
    return np.asarray(part.predict(images.astype(np.float32), verbose=0))


def test_moments_become_the_averages_over_the_batches(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(batch_norm, "BATCH", 16)
    network, images = small_network(), random_faces(64)
    network.get_layer("stem_norm").moving_mean.assign(np.full(8, 9.0))  # must leave no trace
    batch_norm.reestimate_batch_norm(network, images, seed=3)
    order = np.random.default_rng([3, 0xBA7C]).permutation(64)
    batches = activations(network, "stem", images)[order].reshape(4, -1, 8)
    norm = network.get_layer("stem_norm")
    np.testing.assert_allclose(norm.moving_mean, batches.mean(axis=(0, 1)), atol=1e-5)
    np.testing.assert_allclose(norm.moving_variance, batches.var(axis=1).mean(axis=0), rtol=1e-4)


def test_a_single_batch_is_normalised_exactly_whatever_the_layers_depth() -> None:
    network, images = small_network(), random_faces(32)
    batch_norm.reestimate_batch_norm(network, images, seed=0)
    norm = network.get_layer("stage3_block1_conv2_norm")
    normal = activations(network, norm.name, images)
    np.testing.assert_allclose(normal.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(normal.std(axis=(0, 1, 2)), 1, atol=1e-2)


def test_everything_else_stays() -> None:
    network = small_network()
    kept = {weight.path: weight.numpy().copy() for weight in network.weights if "moving" not in weight.path}
    batch_norm.reestimate_batch_norm(network, random_faces(16), seed=0)
    for weight in network.weights:
        if weight.path in kept:
            np.testing.assert_array_equal(weight, kept[weight.path], err_msg=weight.path)
    assert network.get_layer("dropout").rate == 0.5
    assert network.get_layer("stem_norm").momentum == 0.9


def test_dropout_does_not_disturb_the_moments_behind_it() -> None:
    plain, noisy = (build_model("seed_cnn", widths=[8, 8, 8], blocks=[], dropout=[rate] * 4) for rate in (0.0, 0.5))
    noisy.set_weights(plain.get_weights())
    for network in (plain, noisy):
        batch_norm.reestimate_batch_norm(network, random_faces(8), seed=0)
    expected = plain.get_layer("dense_norm").moving_variance
    np.testing.assert_allclose(noisy.get_layer("dense_norm").moving_variance, expected, rtol=1e-5)
