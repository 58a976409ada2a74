"""What makes a bench less trustworthy, and what to do about it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np

from fer_edge.benchmarks.results import Caution, ModelResult, Series, Settings
from fer_edge.benchmarks.statistics import round_medians

MAX_DRIFT = 0.1
MAX_TAIL = 1.5
MAX_STOLEN = 0.01
HOT_C = 80.0

_QUIET = "close other programs and repeat"


def find_cautions(
    models: list[ModelResult], settings: Settings, host: dict[str, Any], course: dict[str, Any]
) -> list[Caution]:
    """Return every reason to doubt the figures."""
    found = list(_of_machine(host, course))
    if settings.quick:
        found.append(
            Caution("quick", "this was a quick run, too short for publication", "repeat without --quick", None)
        )
    for model in models:
        found += [
            Caution(code, f"{entry.task}, {entry.threads} thread(s): {message}", _QUIET, model.id)
            for entry in model.latency
            for code, message in _of_series(entry)
        ]
    return found


def _of_series(series: Series) -> Iterator[tuple[str, str]]:
    """Yield (code, message) of what is wrong with one series."""
    if not series.warm_up.stable:
        yield "warm-up", f"the times had not settled after {series.warm_up.seconds:.1f} s of warm-up"
    drift = measure_drift(series.rounds_ms)
    if abs(drift) > MAX_DRIFT:
        yield "drift", f"the median drifted by {drift:+.0%} between the first and the last third of the rounds"
    summary = series.summary_ms
    if summary.p90 > MAX_TAIL * summary.p50:
        yield "tail", f"the slowest tenth takes over {summary.p90 / summary.p50:.1f} times the median"


def measure_drift(rounds_ms: list[list[float]]) -> float:
    """Return by how much the last third of the rounds is slower than the first third, as a fraction."""
    medians = round_medians(rounds_ms)
    third = max(1, len(medians) // 3)
    return float(np.median(medians[-third:]) / np.median(medians[:third])) - 1


def _of_machine(host: dict[str, Any], course: dict[str, Any]) -> Iterator[Caution]:
    cores = host.get("usable_cores") or host.get("cores") or 1
    load = course.get("load_before", 0)
    if load > 0.5 * cores:
        message = f"the machine was busy before the start (load {load} on {cores} cores)"
        yield Caution("load", message, _QUIET, None)
    if host.get("governor", "performance") != "performance":
        advice = "for steady figures: sudo cpupower frequency-set -g performance"
        yield Caution("governor", f"the CPU governor is '{host['governor']}'", advice, None)
    throttling = sorted({*host.get("throttling", []), *course.get("throttling_after", [])})
    if throttling:
        message = f"the firmware reports: {', '.join(throttling)}"
        yield Caution("throttling", message, "cool the board or use a stronger supply, reboot, repeat", None)
    if course.get("temperature_max_c", 0) >= HOT_C:
        message = f"the processor reached {course['temperature_max_c']} degrees C"
        yield Caution("heat", message, "cool it: a Raspberry Pi slows down from 80 degrees on", None)
    if course.get("swapped_pages", 0) > 0:
        message = f"{course['swapped_pages']:,} pages were swapped meanwhile"
        yield Caution("swap", message, "close programs that hold memory", None)
    if course.get("stolen_share", 0) > MAX_STOLEN:
        message = f"the hypervisor gave {course['stolen_share']:.1%} of the time to other guests"
        yield Caution("stolen", message, "use a dedicated machine for absolute figures; ratios hold", None)
