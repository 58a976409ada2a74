"""What a face shows over time: steady probabilities, and an emotion that does not flicker."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

Probabilities = npt.NDArray[np.float32]


class Smoother:
    """Exponential smoothing that depends on elapsed time, not on the number of frames.

    Each step is p += (1 - exp(-dt / tau)) * (x - p), so that 5 and 30 frames per second agree. It
    starts at the first value, and after tau seconds it has gone 63 % of the way to a new one.

    Args:
        time_constant_seconds: tau; 0 for no smoothing.
    """

    def __init__(self, time_constant_seconds: float) -> None:
        if time_constant_seconds < 0:
            raise ValueError(f"expected a time constant of at least 0 s, got {time_constant_seconds}")
        self._time_constant = time_constant_seconds
        self._value: Probabilities | None = None
        self._seconds = 0.0

    def update(self, value: Probabilities, seconds: float) -> Probabilities:
        """Return the smoothed value after `value` was seen at `seconds`."""
        if self._value is None or self._time_constant == 0:
            self._value = value
        else:
            elapsed = max(0.0, seconds - self._seconds)
            weight = np.float32(-math.expm1(-elapsed / self._time_constant))
            self._value = self._value + weight * (value - self._value)
        self._seconds = seconds
        return self._value


class Hysteresis:
    """Decides when an emotion has changed.

    A new emotion must lead the current one by `lead` for `hold_seconds` without a break. The same
    rule gives a face its first emotion: having none counts as probability 0.

    Args:
        labels: the emotions, in the order of the probabilities.
        lead: difference of smoothed probabilities, 0..1.
        hold_seconds: how long it must last.
    """

    def __init__(self, labels: Sequence[str], *, lead: float, hold_seconds: float) -> None:
        if not 0 <= lead < 1 or hold_seconds < 0:
            raise ValueError(f"expected 0 <= lead < 1 and hold_seconds >= 0, got {lead} and {hold_seconds}")
        self._labels = labels
        self._lead = lead
        self._hold_seconds = hold_seconds
        self._current: int | None = None
        self._rival: int | None = None
        self._rival_since = 0.0

    @property
    def emotion(self) -> str | None:
        """The emotion that holds now; None before the first."""
        return None if self._current is None else self._labels[self._current]

    def update(self, probabilities: Probabilities, seconds: float) -> bool:
        """Take the smoothed probabilities at `seconds`; return whether `emotion` changed."""
        rival = self._leader(probabilities)
        if rival != self._rival:
            self._rival, self._rival_since = rival, seconds
        if rival is None or seconds - self._rival_since < self._hold_seconds:
            return False
        self._current, self._rival = rival, None
        return True

    def _leader(self, probabilities: Probabilities) -> int | None:
        """Return who leads the current emotion by enough, if anyone does."""
        best = int(probabilities.argmax())
        current = 0.0 if self._current is None else float(probabilities[self._current])
        leads = best != self._current and float(probabilities[best]) - current >= self._lead
        return best if leads else None
