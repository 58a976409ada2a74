"""What each choice gained over the baseline, on the same held-out images."""

from __future__ import annotations

import json
import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError
from fer_edge.evaluation.metrics import Z95, Interval, class_scores, confusion_matrix
from fer_edge.experiments.held_out import HeldOut
from fer_edge.experiments.plan import BASELINE
from fer_edge.experiments.trial_run import Trial
from fer_edge.types import LABELS


@dataclass(frozen=True)
class Gain:
    """How much more accurate than the baseline: fractions, positive is better.

    Attributes:
        value: over all seeds that both have.
        interval: of it, 95 %, over the images: what other images might say of these networks.
        by_seed: seed -> the gain with it: what luck in training does.
    """

    value: float
    interval: Interval
    by_seed: dict[int, float]

    @property
    def verdict(self) -> str:
        """Say "better" or "worse" where the interval leaves 0 out, and every seed agrees; else "unclear"."""
        if self.interval.low > 0 and min(self.by_seed.values()) > 0:
            return "better"
        return "worse" if self.interval.high < 0 and max(self.by_seed.values()) < 0 else "unclear"


@dataclass(frozen=True)
class Row:
    """One choice, over its seeds.

    Attributes:
        choice: its name.
        seeds: of the trials that are finished.
        images: answers in all: an image counts once for each seed that held it out.
        accuracy: share of right answers.
        macro_f1: mean F1 of the classes.
        parameters: of the network.
        minutes: that a training took, on average.
        gain: over the baseline; None for the baseline itself, and where no seed has both.
    """

    choice: str
    seeds: list[int]
    images: int
    accuracy: float
    macro_f1: float
    parameters: int
    minutes: float
    gain: Gain | None


def compare_trials(answers: Sequence[tuple[Trial, HeldOut]]) -> list[Row]:
    """Return a row for each choice, in the order in which they come.

    Raises:
        DataError: two trials of a seed have held out different images.
    """
    found: dict[str, dict[int, tuple[Trial, HeldOut]]] = {}
    for trial, held_out in answers:
        found.setdefault(trial.choice, {})[trial.config.seed] = (trial, held_out)
    baseline = found.get(BASELINE, {})
    return [_row(choice, own, {} if choice == BASELINE else baseline) for choice, own in found.items()]


def _row(choice: str, own: Mapping[int, tuple[Trial, HeldOut]], baseline: Mapping[int, tuple[Trial, HeldOut]]) -> Row:
    labels = np.concatenate([held_out.labels for _, held_out in own.values()])
    predicted = np.concatenate([held_out.predicted for _, held_out in own.values()])
    records = [_record(trial) for trial, _ in own.values()]
    scores = class_scores(confusion_matrix(labels, predicted, len(LABELS)))
    pairs = {}
    for seed in [seed for seed in own if seed in baseline]:
        (_, before), (trial, after) = baseline[seed], own[seed]
        if not np.array_equal(before.images, after.images):
            raise DataError(
                f"{trial.run.path} was trained on other images than the {BASELINE}: remove it to train it again."
            )
        pairs[seed] = (before, after)
    return Row(
        choice=choice,
        seeds=list(own),
        images=len(labels),
        accuracy=float((labels == predicted).mean()),
        macro_f1=float(np.mean([score.f1 for score in scores if score.images])),
        parameters=int(records[0]["parameters"]),
        minutes=float(np.mean([record["seconds"] for record in records])) / 60,
        gain=_gain(pairs) if pairs else None,
    )


def _record(trial: Trial) -> dict[str, Any]:
    """Return what a finished run says of itself.

    Raises:
        DataError: the file is missing or damaged.
    """
    try:
        record = json.loads(trial.run.record.read_bytes())
        return {name: float(record[name]) for name in ("parameters", "seconds")}
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise DataError(f"{trial.run.record} is damaged: remove {trial.run.path} to train it again.") from error


def _gain(pairs: Mapping[int, tuple[HeldOut, HeldOut]]) -> Gain:
    changes = {seed: after.correct.astype(int) - before.correct for seed, (before, after) in pairs.items()}
    images = np.concatenate([before.images for before, _ in pairs.values()])
    pooled = np.concatenate(list(changes.values()))
    by_seed = {seed: float(change.mean()) for seed, change in changes.items()}
    return Gain(float(pooled.mean()), paired_interval(images, pooled), by_seed)


def paired_interval(images: npt.NDArray[np.uint64], changes: npt.NDArray[np.int64]) -> Interval:
    """Return the 95 % interval of the mean of changes: 1 where only the candidate is right, -1 where only the baseline.

    It is that of `paired_drop`, but an image that several seeds held out counts as one observation: its answers are
    alike, and taking them for independent would make the interval too narrow (a cluster-robust variance).
    """
    total = len(changes) + 2.0
    centre = float(changes.sum()) / total
    _, which = np.unique(images, return_inverse=True)
    deviations = np.bincount(which, weights=changes - centre)
    half = Z95 * math.sqrt(float((deviations**2).sum()) + 1) / total
    return Interval(centre - half, centre + half)
