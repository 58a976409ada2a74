"""What a foreign network's file does not say, found out by asking it: pixel range and order of the emotions.

Both are usual mistakes: pixels 0..1 for a network trained on -1..1 cost 12 points of accuracy, the
challenge's order of labels taken for the alphabetical one costs 25. Every usual reading is tried on labelled
faces; the best is taken, and two tests tell how sure that is: against chance, and against the runner-up.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from math import comb

import numpy as np
import numpy.typing as npt

from fer_edge.data.emotion_scores import columns_of
from fer_edge.emotions import LABEL_ORDERS, measured_labels
from fer_edge.errors import ModelError
from fer_edge.evaluation.metrics import mcnemar_p_value
from fer_edge.kerasfile.fit import Shape, fit_faces
from fer_edge.modelfile.contract import NAMED_RANGES, RAW_PIXELS, InputRange
from fer_edge.runtime.tensor_values import standardise
from fer_edge.types import LABELS, LabelledImages

Answer = Callable[[npt.NDArray[np.float32]], npt.NDArray[np.float32]]
"""Images as the network takes them (float32, N x height x width x channels) -> scores, N x outputs."""

RANGES = {
    "0..255": RAW_PIXELS,
    "0..1": InputRange((0.0,), (1.0,)),
    "-1..1": InputRange((-1.0,), (1.0,)),
    "-0.5..0.5": InputRange((-0.5,), (0.5,)),
    "less FER2013's mean, by its deviation": NAMED_RANGES["fer2013"],
    "standardised image by image": NAMED_RANGES["per-image"],
    "ImageNet's means and deviations": NAMED_RANGES["imagenet"],
    "less ImageNet's means, blue first": NAMED_RANGES["caffe"],
}
"""The usual input ranges, in words; the last two are for three channels only."""

SIGNIFICANT = 0.01
"""Below this probability of as good a result by chance, or by a reading no better, a reading counts as told apart."""


@dataclass(frozen=True)
class Guess:
    """The likeliest reading of a network, and why, in a sentence.

    Attributes:
        input_range: what it takes for black and white.
        labels: the class names in the order of its outputs.
        reason: the sentence.
        convincing: whether chance is ruled out and the runner-up is told apart.
    """

    input_range: InputRange
    labels: tuple[str, ...]
    reason: str
    convincing: bool


@dataclass(frozen=True)
class _Reading:
    """One range and one order, and which of the faces are named rightly so."""

    words: str
    input_range: InputRange
    labels: tuple[str, ...]
    right: npt.NDArray[np.bool_]

    @property
    def share(self) -> float:
        return float(self.right.mean())


def guess(
    answer: Answer,
    shape: Shape,
    faces: LabelledImages,
    *,
    outputs: int,
    labels: tuple[str, ...] | None,
    input_range: InputRange | None,
) -> Guess:
    """Return the usual range and order with which a network names most of the faces rightly.

    Args:
        answer: the network.
        shape: of its input.
        faces: training faces, as many of each emotion.
        outputs: how many scores it gives.
        labels: the order, where it is known.
        input_range: the range, where it is known.

    Raises:
        ModelError: it answers with values that are not finite whatever the range.
    """
    orders = candidate_orders(outputs) if labels is None else {"": labels}
    measured = measured_labels(next(iter(orders.values())))
    faces = faces.take(np.flatnonzero(np.isin(faces.labels, [LABELS.index(label) for label in measured])))
    images = fit_faces(faces.images, shape)
    readings = []
    for words, candidate in _candidate_ranges(shape, input_range).items():
        scores = answer(scale(images, candidate))
        if not np.isfinite(scores).all():
            continue
        for title, order in orders.items():
            named = columns_of(scores, order).argmax(axis=1)
            readings.append(_Reading(_wording(words, title, order), candidate, order, named == faces.labels))
    if not readings:
        raise ModelError("The network answers every face with values that are not finite (NaN or infinite).")
    return _conclude(readings, 1 / len(measured))


def candidate_orders(outputs: int) -> dict[str, tuple[str, ...]]:
    """Return the usual orders of so many emotions, by name; none where no usual set has as many."""
    return {name: order for name, order in LABEL_ORDERS.items() if len(order) == outputs}


def scale(images: npt.NDArray[np.uint8], input_range: InputRange) -> npt.NDArray[np.float32]:
    """Return raw pixels (uint8, N x height x width x channels) in a network's own range."""
    if input_range.per_image:
        return np.stack([standardise(image) for image in images])
    black, white = (np.array(end, np.float32) for end in (input_range.black, input_range.white))
    scaled: npt.NDArray[np.float32] = images.astype(np.float32) * ((white - black) / np.float32(255)) + black
    return scaled


def _candidate_ranges(shape: Shape, known: InputRange | None) -> dict[str, InputRange]:
    if known is not None:
        return {"": known}
    return {words: found for words, found in RANGES.items() if len(found.black) in {1, shape[2]}}


def _wording(words: str, title: str, order: tuple[str, ...]) -> str:
    parts = [f"pixels {words}"] if words else []
    if title:
        parts.append(f"the outputs in {title} order ({', '.join(order)})")
    return " and ".join(parts)


def _conclude(readings: list[_Reading], chance: float) -> Guess:
    """Return the best reading; of equal ones the first, which is the simplest."""
    best = max(readings, key=lambda reading: reading.share)
    others = [reading for reading in readings if reading is not best]
    images = len(best.right)
    p_chance = min(1.0, len(readings) * binomial_tail(int(best.right.sum()), images, chance))
    opening = f"The file does not say what the network expects; taken were {best.words}, which name"
    told = f"{best.share:.1%} of {images} training faces right (by chance {chance:.1%}, {_p(p_chance)}"
    if not others:
        return Guess(best.input_range, best.labels, f"{opening} {told}).", p_chance < SIGNIFICANT)
    second = max(others, key=lambda reading: reading.share)
    won = int((best.right & ~second.right).sum())
    lost = int((~best.right & second.right).sum())
    p_second = mcnemar_p_value(lost, won)
    told += f"; next best {second.share:.1%} with {second.words}, {_p(p_second)})"
    if p_chance >= SIGNIFICANT:
        verdict = " That is no better than chance: the network may want something else, so say it with"
    elif p_second >= SIGNIFICANT:
        verdict = " The two are not told apart, so check with"
    else:
        verdict = " Otherwise say it with"
    reason = f"{opening} {told}.{verdict} --input-range and --labels."
    return Guess(best.input_range, best.labels, reason, p_chance < SIGNIFICANT and p_second < SIGNIFICANT)


def binomial_tail(hits: int, trials: int, chance: float) -> float:
    """Return the probability of at least so many hits by chance alone."""
    return float(sum(comb(trials, k) * chance**k * (1 - chance) ** (trials - k) for k in range(hits, trials + 1)))


def _p(value: float) -> str:
    return "p < 0.001" if value < 0.001 else f"p = {value:.3f}"
