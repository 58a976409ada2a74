"""The share of the training split that is kept for monitoring and for the temperature."""

from __future__ import annotations

import numpy as np

from fer_edge.types import LABELS, LabelledImages


def split_holdout(images: LabelledImages, share: float, seed: int) -> tuple[LabelledImages, LabelledImages]:
    """Return (training, held out): a seeded `share` of each class is held out.

    An image that FER2013 holds twice is never held out, for its copy would be trained on.
    """
    rng = np.random.default_rng([seed, 0x401D])
    _, first, counts = np.unique(images.images.reshape(len(images), -1), axis=0, return_index=True, return_counts=True)
    unique = np.zeros(len(images), bool)
    unique[first[counts == 1]] = True
    held = np.zeros(len(images), bool)
    for label in range(len(LABELS)):
        members = np.flatnonzero((images.labels == label) & unique)
        held[rng.permutation(members)[: round(share * len(members))]] = True
    return images.take(np.flatnonzero(~held)), images.take(np.flatnonzero(held))
