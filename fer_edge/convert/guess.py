"""What a foreign network's file does not say, found out by asking it: pixel range and order of the emotions.

Both are usual mistakes: pixels 0..1 for a network trained on -1..1 cost 12 points of accuracy, the
challenge's order of labels taken for the alphabetical one costs 25.
"""

from __future__ import annotations

from dataclasses import dataclass

import keras
import numpy as np

from fer_edge.convert.fit import Shape, fit_faces
from fer_edge.dataset import CSV_LABELS
from fer_edge.types import LABELS, LabelledImages

InputRange = tuple[float, float]
"""What a network takes for black and for white."""

RAW_PIXELS: InputRange = (0.0, 255.0)
RANGES: tuple[InputRange, ...] = (RAW_PIXELS, (0.0, 1.0), (-1.0, 1.0))
ORDERS = (LABELS, CSV_LABELS)

CONVINCING = 2 / len(LABELS)
"""The least share of right answers to balanced faces that tells anything: twice what chance gives."""


@dataclass(frozen=True)
class Guess:
    """The likeliest reading of a network, and why, in a sentence."""

    input_range: InputRange
    labels: tuple[str, ...]
    reason: str


def guess(
    network: keras.Model,
    shape: Shape,
    faces: LabelledImages,
    *,
    labels: tuple[str, ...] | None,
    input_range: InputRange | None,
) -> Guess:
    """Return the usual range and order with which a network names most of the faces rightly.

    Args:
        network: float32 images in, seven scores out.
        shape: of its input.
        faces: training faces, as many of each emotion.
        labels: the order, where it is known.
        input_range: the range, where it is known.
    """
    ranges = RANGES if input_range is None else (input_range,)
    orders = ORDERS if labels is None else (labels,)
    images = fit_faces(faces.images, shape).astype(np.float32)
    shares: dict[tuple[InputRange, tuple[str, ...]], float] = {}
    for low, high in ranges:
        scores = np.asarray(network.predict(images * ((high - low) / 255) + low, batch_size=32, verbose=0))
        for order in orders:
            named = np.array([LABELS.index(label) for label in order])[scores.argmax(axis=1)]
            shares[(low, high), order] = float((named == faces.labels).mean())
    return _conclude(shares, len(faces))


def _conclude(shares: dict[tuple[InputRange, tuple[str, ...]], float], images: int) -> Guess:
    (input_range, labels), best = max(shares.items(), key=lambda entry: entry[1])
    low, high = input_range
    reading = f"pixels {low:g}..{high:g} and the outputs {', '.join(labels)}"
    otherwise = "--input-range and --labels say otherwise."
    if best < CONVINCING:
        (input_range, labels), (low, high) = next(iter(shares)), next(iter(shares))[0]
        return Guess(
            input_range,
            labels,
            f"The file does not say what the network expects, and its answers to {images} training faces tell "
            f"nothing (at best {best:.1%} right, by chance {1 / len(LABELS):.1%}): assumed were pixels "
            f"{low:g}..{high:g} and the outputs {', '.join(labels)}; {otherwise}",
        )
    others = sorted(shares.values())[:-1]
    margin = f", with the next best reading {others[-1]:.1%}" if others else ""
    return Guess(
        input_range,
        labels,
        f"The file does not say what the network expects; taken were {reading}, since it so names {best:.1%} of "
        f"{images} training faces rightly{margin}; {otherwise}",
    )
