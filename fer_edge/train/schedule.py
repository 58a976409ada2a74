"""Learning-rate schedules: pure functions of the step, or of the held-out losses so far."""

from __future__ import annotations

import math

from fer_edge.train.config import TrainConfig


def one_cycle(config: TrainConfig, step: int, total_steps: int) -> float:
    """Return the learning rate at `step`: linear warm-up, then a cosine to zero (arXiv:1708.07120)."""
    warmup_steps = max(1, round(config.warmup * total_steps))
    if step < warmup_steps:
        return config.learning_rate * (0.04 + 0.96 * step / warmup_steps)
    progress = (step - warmup_steps) / max(1, total_steps - warmup_steps)
    return config.learning_rate * 0.5 * (1 + math.cos(math.pi * progress))


def plateau(config: TrainConfig, losses: list[float]) -> float:
    """Return the learning rate after these held-out losses, one per epoch.

    It is multiplied by `plateau_factor` each time the loss has not improved for
    `plateau_patience` epochs, as Keras's ReduceLROnPlateau does; being a function of the history,
    it needs no state of its own to resume.
    """
    rate, best, wait = config.learning_rate, math.inf, 0
    for loss in losses:
        wait = 0 if loss < best else wait + 1
        best = min(best, loss)
        if config.plateau_patience and wait >= config.plateau_patience:
            rate, wait = rate * config.plateau_factor, 0
    return rate


def should_stop(config: TrainConfig, losses: list[float]) -> bool:
    """Return whether the best held-out loss is `early_stopping_patience` epochs old."""
    if not config.early_stopping_patience or not losses:
        return False
    return len(losses) - 1 - losses.index(min(losses)) >= config.early_stopping_patience
