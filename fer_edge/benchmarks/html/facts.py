"""The table of the devices: a row per fact that at least one of them reports."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from fer_edge.benchmarks.html.tags import Child
from fer_edge.benchmarks.results import BenchReport

ABSENT = "unknown"


def device_rows(reports: list[BenchReport]) -> list[list[Child]]:
    """Return name and values of every fact; a fact that no device reports is left out."""
    rows: list[list[Child]] = []
    for name, read in _FACTS.items():
        values = [read(report) for report in reports]
        if any(value is not None for value in values):
            rows.append([name, *(ABSENT if value is None else str(value) for value in values)])
    return rows


def _host(name: str, unit: str = "") -> Callable[[BenchReport], str | None]:
    return lambda report: _with_unit(report.host.get(name), unit)


def _course(name: str, unit: str = "") -> Callable[[BenchReport], str | None]:
    return lambda report: _with_unit(report.course.get(name), unit)


def _with_unit(value: Any, unit: str) -> str | None:
    return None if value is None else f"{value}{unit}"


def _throttling(report: BenchReport) -> str | None:
    flags = report.course.get("throttling_after", report.host.get("throttling"))
    if not isinstance(flags, list):
        return None
    return ", ".join(map(str, flags)) or "none"


def _span(low: str, high: str, unit: str) -> Callable[[BenchReport], str | None]:
    def read(report: BenchReport) -> str | None:
        ends = report.course.get(low), report.course.get(high)
        return None if None in ends else f"{ends[0]} to {ends[1]}{unit}"

    return read


def _versions(report: BenchReport) -> str | None:
    versions = report.host.get("versions")
    return ", ".join(f"{name} {value}" for name, value in versions.items()) if isinstance(versions, dict) else None


def _delegation(report: BenchReport) -> str | None:
    counts = [model.cost.delegated_operators for model in report.models]
    if None in counts:
        return None
    return "in use" if any(counts) else "not in use"


def _peaks(report: BenchReport) -> str | None:
    peaks = [f"{entry.dtype} {entry.gmacs_per_s:,.0f}" for entry in report.matrix_products]
    return ", ".join(peaks) or None


_FACTS: dict[str, Callable[[BenchReport], str | None]] = {
    "board": _host("board"),
    "revision": _host("revision"),
    "processor": _host("cpu"),
    "architecture": _host("architecture"),
    "cores, usable": _host("usable_cores"),
    "memory": _host("memory_mb", " MB"),
    "governor": _host("governor"),
    "clock meanwhile": _span("clock_min_mhz", "clock_max_mhz", " MHz"),
    "temperature before": _course("temperature_before_c", " degrees C"),
    "temperature, highest": _course("temperature_max_c", " degrees C"),
    "temperature after": _course("temperature_after_c", " degrees C"),
    "firmware throttling": _throttling,
    "load before (1 min)": _course("load_before"),
    "pages swapped meanwhile": _course("swapped_pages"),
    "time given to other guests": _course("stolen_share"),
    "operating system": _host("os"),
    "kernel": _host("kernel"),
    "C library": _host("libc"),
    "interpreter": _host("interpreter"),
    "XNNPACK": _delegation,
    "matrix product, G MACs/s": _peaks,
    "versions": _versions,
}
