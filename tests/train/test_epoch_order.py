"""The order of the images in an epoch."""

import numpy as np

from fer_edge.train.trainer import epoch_order


def test_balance_shows_rare_classes_more_often() -> None:
    labels = np.repeat(np.arange(3), [1600, 400, 100])
    plain = epoch_order(labels, 0.0, np.random.default_rng(0))
    assert sorted(plain) == list(range(len(labels)))  # every image once
    shares = np.bincount(labels[epoch_order(labels, 0.5, np.random.default_rng(0))]) / len(labels)
    expected = np.array([1600, 800, 400]) / 2800
    np.testing.assert_allclose(shares, expected, atol=0.03)
