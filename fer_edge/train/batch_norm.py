"""Batch norm re-estimated on images as they are.

Training sees warped, blurred and half erased images only, so the moving averages are those of such images. Averaging
the moments of clean training images instead gives a trained network a point of accuracy (docs/lab-notes.md), as
Touvron et al. (2019, arXiv:1906.06423) found for another mismatch between training and test.
"""

from __future__ import annotations

import keras
import numpy as np
import numpy.typing as npt

BATCH = 256
IMAGES = 4096
"""Images that are averaged over. Half as many give the same accuracy."""


def reestimate_batch_norm(network: keras.Model, images: npt.NDArray[np.uint8], seed: int) -> None:
    """Set every moving mean and variance of `network`, in place, to their averages over clean images.

    Args:
        network: takes float32 N x H x W x 1 pixels.
        images: training images, uint8 N x H x W x 1; of more than `IMAGES`, a random choice.
        seed: of that choice.
    """
    layers = [layer for layer in network.layers if isinstance(layer, keras.layers.BatchNormalization)]
    dropouts = [layer for layer in network.layers if isinstance(layer, keras.layers.Dropout)]
    kept = [(layer, "momentum", layer.momentum) for layer in layers] + [
        (layer, "rate", layer.rate) for layer in dropouts
    ]
    chosen = np.random.default_rng([seed, 0xBA7C]).permutation(len(images))[:IMAGES]
    batches = np.array_split(chosen, max(1, len(chosen) // BATCH))
    try:
        for layer in dropouts:
            layer.rate = 0.0  # noise that the network does not meet when it is used
        for count, batch in enumerate(batches, start=1):
            for layer in layers:
                layer.momentum = 1 - 1 / count  # so the moving average becomes the plain one
            network(images[batch].astype(np.float32), training=True)
    finally:
        for layer, attribute, value in kept:
            setattr(layer, attribute, value)
