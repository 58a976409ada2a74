"""Plan how many epochs fit into the time that a user has."""

from __future__ import annotations

import time
from dataclasses import dataclass, replace

import numpy as np

from fer_edge.errors import RecipeError
from fer_edge.train.config import TrainConfig
from fer_edge.train.devices import find_devices
from fer_edge.train.duration import show_duration
from fer_edge.train.labels import one_hot
from fer_edge.train.run import EpochRow, RunFolder
from fer_edge.train.session import Session
from fer_edge.types import LabelledImages

WARM_UP_STEPS = 2  # these compile
TIMED_STEPS = 20
TIMED_SECONDS = 4.0
"""A user waits for the plan: a large network takes fewer steps."""

RESERVE = 0.05
"""Share of the budget kept for start-up, the held-out measurements and the report."""


@dataclass(frozen=True)
class Plan:
    """What fits into a time budget.

    Attributes:
        config: the recipe with the epochs that fit.
        epochs: how many these are, without those that are trained already.
        epoch_seconds: the time of one.
    """

    config: TrainConfig
    epochs: int
    epoch_seconds: float

    @property
    def smallest(self) -> str:
        """The least budget, as --time-budget takes it."""
        return _smallest(self.epoch_seconds)


def fit_epochs(config: TrainConfig, images: LabelledImages, seconds: float) -> Plan:
    """Return the recipe with as many epochs as fit into `seconds`, by timing a few steps of each image size.

    Raises:
        RecipeError: not even one epoch fits, or several hosts train.
    """
    _require_one_host()
    epoch_seconds = _epoch_seconds(config, images)
    epochs = _count_epochs(seconds, epoch_seconds)
    return Plan(replace(config, epochs=epochs), epochs, epoch_seconds)


def extend(config: TrainConfig, run: RunFolder, seconds: float) -> Plan | None:
    """Return the recipe of a finished run, extended by one more cycle that fits into `seconds`.

    The learning rate rises again and falls along a cosine (a warm restart, arXiv:1608.03983), at
    the pace of the run's own last epochs. None for an unfinished run: its own schedule comes first.

    Raises:
        RecipeError: not even one epoch fits, the schedule is not `one_cycle`, or several hosts train.
    """
    _require_one_host()
    state = run.read_state()
    history: list[EpochRow] = state.history if state else []
    if len(history) < config.epochs:
        return None
    if config.schedule != "one_cycle":
        raise RecipeError("Only runs with schedule = 'one_cycle' can be extended by --time-budget.")
    pace = min(row.seconds for row in history[-3:])
    epochs = _count_epochs(seconds, pace)
    longer = replace(config, epochs=config.epochs + epochs, restarts=[*config.restarts, config.epochs])
    return Plan(longer, epochs, pace)


def _require_one_host() -> None:
    if find_devices().hosts > 1:
        raise RecipeError(
            "--time-budget cannot be planned on several hosts, as each would plan another number of epochs: set "
            "'epochs' in the recipe."
        )


def _count_epochs(seconds: float, epoch_seconds: float) -> int:
    epochs = int(seconds * (1 - RESERVE) / epoch_seconds)
    if epochs < 1:
        raise RecipeError(
            f"The time budget of {seconds:.0f} s is too short: one epoch takes about {epoch_seconds:.0f} s here. The "
            f"smallest is --time-budget {_smallest(epoch_seconds)}."
        )
    return epochs


def _smallest(epoch_seconds: float) -> str:
    """Return the budget of one epoch, with a tenth to spare: the next timing differs."""
    return show_duration(1.1 * epoch_seconds / (1 - RESERVE))


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
    started, steps = 0.0, 0
    for step in range(WARM_UP_STEPS + TIMED_STEPS):
        if step == WARM_UP_STEPS:
            started = time.monotonic()
        session.train_batch(batch, targets, size=size, rate=config.learning_rate, rng=rng)
        steps = step + 1 - WARM_UP_STEPS
        if steps >= 1 and time.monotonic() - started > TIMED_SECONDS:
            break
    steps_an_epoch = len(images) * (1 - config.holdout) / len(batch)
    return (time.monotonic() - started) / steps * steps_an_epoch
