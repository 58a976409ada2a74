"""Plan how many epochs fit into the time that a user has."""

from __future__ import annotations

import re
import time
from dataclasses import replace

import numpy as np

from fer_edge.errors import RecipeError
from fer_edge.train.config import TrainConfig
from fer_edge.train.labels import one_hot
from fer_edge.train.run import EpochRow, RunFolder
from fer_edge.train.session import Session
from fer_edge.types import LabelledImages

UNITS = {"s": 1, "m": 60, "h": 3600}
WARM_UP_STEPS = 2  # these compile
TIMED_STEPS = 20
RESERVE = 0.05
"""Share of the budget kept for start-up, the held-out measurements and the report."""


def parse_duration(text: str) -> float:
    """Return the seconds in "90s", "150m", "10h" or "1h30m".

    Raises:
        RecipeError: the text is none of these, or zero.
    """
    parts = re.findall(r"(\d+(?:\.\d+)?)([smh])", text)
    seconds = sum(float(number) * UNITS[unit] for number, unit in parts)
    if "".join(number + unit for number, unit in parts) != text or seconds <= 0:
        raise RecipeError(f"Expected a time budget such as 90s, 150m, 10h or 1h30m, got '{text}'.")
    return seconds


def fit_epochs(config: TrainConfig, images: LabelledImages, seconds: float) -> TrainConfig:
    """Return the recipe with as many epochs as fit into `seconds`, by timing a few steps of each image size.

    Raises:
        RecipeError: not even one epoch fits.
    """
    epoch_seconds = _epoch_seconds(config, images)
    epochs = int(seconds * (1 - RESERVE) / epoch_seconds)
    _require_epoch(epochs, seconds, epoch_seconds)
    return replace(config, epochs=epochs)


def extend(config: TrainConfig, run: RunFolder, seconds: float) -> TrainConfig:
    """Return the recipe of a finished run, extended by one more cycle that fits into `seconds`.

    The learning rate rises again and falls along a cosine (a warm restart, arXiv:1608.03983), at
    the pace of the run's own last epochs. An unfinished run is returned as it is: its schedule
    comes first.

    Raises:
        RecipeError: not even one epoch fits, or the schedule is not `one_cycle`.
    """
    state = run.read_state()
    history: list[EpochRow] = state.history if state else []
    if len(history) < config.epochs:
        return config
    if config.schedule != "one_cycle":
        raise RecipeError("Only runs with schedule = 'one_cycle' can be extended by --time-budget.")
    pace = min(row.seconds for row in history[-3:])
    epochs = int(seconds * (1 - RESERVE) / pace)
    _require_epoch(epochs, seconds, pace)
    return replace(config, epochs=config.epochs + epochs, restarts=[*config.restarts, config.epochs])


def _require_epoch(epochs: int, seconds: float, epoch_seconds: float) -> None:
    if epochs < 1:
        raise RecipeError(
            f"The time budget of {seconds:.0f} s is too short: one epoch takes about {epoch_seconds:.0f} s here."
        )


def _epoch_seconds(config: TrainConfig, images: LabelledImages) -> float:
    """Return the mean time of an epoch, weighted by how long each image size is trained on."""
    sizes = [config.image_size(epoch) for epoch in range(config.epochs)]
    return sum(sizes.count(size) / len(sizes) * _time_epoch(config, images, size) for size in set(sizes))


def _time_epoch(config: TrainConfig, images: LabelledImages, size: int) -> float:
    """Time a few steps at one size on a network that is thrown away."""
    session = Session(config)
    batch = images.images[: config.batch_size]
    targets = one_hot(images.labels[: config.batch_size])
    rng = np.random.default_rng(config.seed)
    started = 0.0
    for step in range(WARM_UP_STEPS + TIMED_STEPS):
        if step == WARM_UP_STEPS:
            started = time.monotonic()
        session.train_batch(batch, targets, size=size, rate=config.learning_rate, rng=rng)
    steps_an_epoch = len(images) * (1 - config.holdout) / len(batch)
    return (time.monotonic() - started) / TIMED_STEPS * steps_an_epoch
