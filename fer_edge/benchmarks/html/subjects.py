"""Who is on the page: devices and variants, each with its name, mark and colour."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from fer_edge.benchmarks.html.drawings import COLOURS
from fer_edge.benchmarks.results import BenchReport, ModelResult


@dataclass(frozen=True)
class Device:
    """One report; `name` is unique on the page, and `shape` its mark."""

    name: str
    shape: int
    report: BenchReport


@dataclass(frozen=True)
class Page:
    """All reports, and a colour for each variant, the same on every device."""

    devices: list[Device]
    colours: dict[str, int]

    def variants(self) -> Iterator[tuple[Device, ModelResult]]:
        """Yield every variant of every device."""
        for device in self.devices:
            for model in device.report.models:
                yield device, model

    def label(self, device: Device, model: ModelResult) -> str:
        """Return the name of a variant, with its device where there are several."""
        return model.id if len(self.devices) == 1 else f"{model.id}, {device.name}"


def make_page(reports: list[tuple[str, BenchReport]]) -> Page:
    """Name devices and colour variants.

    Args:
        reports: each with a short name, such as its file's, that tells equal devices apart.
    """
    names = [_device_name(report) for _, report in reports]
    devices: list[Device] = []
    for index, (short, report) in enumerate(reports):
        name = names[index] if names.count(names[index]) == 1 else f"{names[index]} ({short})"
        taken = [device.name for device in devices]
        devices.append(Device(f"{name} #{index + 1}" if name in taken else name, index, report))
    ids = dict.fromkeys(model.id for _, report in reports for model in report.models)
    return Page(devices, {id_: index % COLOURS for index, id_ in enumerate(ids)})


def _device_name(report: BenchReport) -> str:
    return str(report.host.get("board") or report.host.get("cpu") or report.host.get("architecture") or "device")
