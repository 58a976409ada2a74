"""The faster copy of a network that is trained."""

import keras
import numpy as np
import pytest
from helpers import random_faces

from fer_edge.train.labels import one_hot
from fer_edge.train.models import build_model
from fer_edge.train.precision import fast_copy


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("bfloat16", 0.02), ("float32", 1e-3)]
)  # 3 digits; the variance over n - 1
def test_fast_copy_answers_and_learns_like_the_original(precision, tolerance) -> None:
    keras.utils.set_random_seed(3)
    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0])
    twin = fast_copy(network, precision)
    assert [weight.shape for weight in twin.weights] == [weight.shape for weight in network.weights]
    assert {weight.dtype for weight in twin.weights} == {"float32"}
    assert twin.get_layer("stem").compute_dtype == precision
    pixels = random_faces(32).astype(np.float32)
    np.testing.assert_allclose(twin(pixels), network(pixels), atol=tolerance)
    for model in (network, twin):
        model.compile(keras.optimizers.SGD(0.01), "categorical_crossentropy", jit_compile=False)
        model.train_on_batch(pixels, one_hot(np.arange(32) % 7))
    for original, copied in zip(network.weights, twin.weights, strict=True):
        np.testing.assert_allclose(copied, original, atol=tolerance, err_msg=original.path)
    assert np.ptp(twin.get_layer("stem_norm").moving_mean) > 0  # the statistics moved
