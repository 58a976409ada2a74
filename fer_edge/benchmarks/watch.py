"""What the machine did while the bench ran: heat, clock, swap, a hypervisor's share."""

from __future__ import annotations

import time
from typing import Any

from fer_edge import vitals
from fer_edge.benchmarks import host

INTERVAL_SECONDS = 1.0


class HostWatch:
    """Looks at the machine between turns, never during one.

    `course` holds, where the system reports them: temperature_before_c, temperature_after_c,
    temperature_max_c, clock_min_mhz, clock_max_mhz, load_before, load_after, throttling_after,
    swapped_pages (in and out, meanwhile), stolen_share (of all processor time, given to other guests of
    a virtual machine).
    """

    def __init__(self) -> None:
        self._swapped, self._ticks = host.swapped_pages(), host.cpu_ticks()
        self._load = host.load_1min()
        self._temperatures: list[float] = []
        self._clocks: list[float] = []
        self._last = -INTERVAL_SECONDS
        self.look()

    def look(self) -> None:
        """Read temperature and clock, at most once a second."""
        now = time.monotonic()
        if now - self._last < INTERVAL_SECONDS:
            return
        self._last = now
        for values, value in ((self._temperatures, vitals.temperature_c()), (self._clocks, host.clock_mhz())):
            if value is not None:
                values.append(value)

    def finish(self) -> dict[str, Any]:
        """Return the course; facts that cannot be read are absent."""
        self._last = -INTERVAL_SECONDS
        self.look()
        temperatures, clocks = self._temperatures, self._clocks
        facts = {
            "temperature_before_c": temperatures[0] if temperatures else None,
            "temperature_after_c": temperatures[-1] if temperatures else None,
            "temperature_max_c": max(temperatures, default=None),
            "clock_min_mhz": min(clocks, default=None),
            "clock_max_mhz": max(clocks, default=None),
            "load_before": self._load,
            "load_after": host.load_1min(),
            "throttling_after": vitals.throttling(),
            "swapped_pages": _difference(host.swapped_pages(), self._swapped),
            "stolen_share": self._stolen_share(),
        }
        return {name: value for name, value in facts.items() if value is not None}

    def _stolen_share(self) -> float | None:
        now, before = host.cpu_ticks(), self._ticks
        if now is None or before is None or now[1] <= before[1]:
            return None
        return round((now[0] - before[0]) / (now[1] - before[1]), 4)


def _difference(after: int | None, before: int | None) -> int | None:
    return None if after is None or before is None else after - before
