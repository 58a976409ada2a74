"""Learning-rate schedules: pure functions of the step, or of the held-out losses so far."""

from __future__ import annotations

import math

from fer_edge.train.config import TrainConfig


def learning_rate(config: TrainConfig, epoch: float, losses: list[float]) -> float:
    """Return the learning rate at `epoch` (from 0, with its fraction) after these held-out losses."""
    if config.schedule == "one_cycle":
        return one_cycle(config, epoch)
    return plateau(config, losses)


def one_cycle(config: TrainConfig, epoch: float) -> float:
    """Return the learning rate: linear warm-up, then a cosine to zero (arXiv:1708.07120).

    A run that was extended starts another cycle at each of its restarts.
    """
    start, end = config.cycle(int(epoch))
    progress = (epoch - start) / (end - start)
    if progress < config.warmup:
        return config.learning_rate * (0.04 + 0.96 * progress / config.warmup)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * (progress - config.warmup) / (1 - config.warmup)))


def plateau(config: TrainConfig, losses: list[float]) -> float:
    """Return the learning rate after these held-out losses, one per epoch.

    It is multiplied by `plateau_factor` each time the loss has not improved by more than
    `plateau_min_delta` for `plateau_patience` epochs, as Keras's ReduceLROnPlateau does; being a
    function of the history, it needs no state of its own to resume.
    """
    rate, best, wait = config.learning_rate, math.inf, 0
    for loss in losses:
        if loss < best - config.plateau_min_delta:
            best, wait = loss, 0
        else:
            wait += 1
        if config.plateau_patience and wait >= config.plateau_patience:
            rate, wait = rate * config.plateau_factor, 0
    return rate


def should_stop(config: TrainConfig, losses: list[float]) -> bool:
    """Return whether the best held-out loss is `early_stopping_patience` epochs old."""
    if not config.early_stopping_patience or not losses:
        return False
    return len(losses) - 1 - losses.index(min(losses)) >= config.early_stopping_patience
