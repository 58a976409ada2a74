"""The temperature, and its folding into the network."""

import numpy as np
import pytest
from helpers import random_faces

from fer_edge.train.models import build_model
from fer_edge.train.temperature import fit_temperature, fold_temperature


def test_temperature_is_found_and_folded() -> None:
    rng = np.random.default_rng(0)
    logits = rng.normal(0, 2, (5000, 7))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    labels = np.array([rng.choice(7, p=share) for share in shares], np.int64)
    overconfident = np.exp(2.5 * logits)
    overconfident /= overconfident.sum(axis=1, keepdims=True)
    assert fit_temperature(overconfident.astype(np.float32), labels) == pytest.approx(2.5, rel=0.05)

    network = build_model("edge_cnn", widths=[8, 8, 8], blocks=[1, 1, 1], dropout=[0.0])
    pixels = random_faces(6).astype(np.float32)
    before = np.log(network.predict(pixels, verbose=0))
    fold_temperature(network, 2.0)
    after = np.log(network.predict(pixels, verbose=0))
    np.testing.assert_allclose(np.diff(after), np.diff(before) / 2, atol=1e-5)
