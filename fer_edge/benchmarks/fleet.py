"""A fleet: bench results of many devices, grouped by device model, and the devices that stand out."""

from __future__ import annotations

import math
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from fer_edge.benchmarks.host import PACKAGES
from fer_edge.benchmarks.results import BenchReport
from fer_edge.benchmarks.stability import HOT_C

MIN_PEERS = 5
"""Devices of one model that a median and its spread need; fewer are not judged by their times."""

MAX_SCORE = 3.5
"""Distance from the median, in robust standard deviations (Iglewicz and Hoaglin 1993), of logarithms of times."""

MAX_SLOWER = 1.15
"""Times the median that no device is blamed for: repeated benches differ by nearly as much."""

MIN_SPREAD = 0.02
"""Relative; devices that agree better than clocks repeat must not make outliers of each other."""

MIN_AGREEMENT = 0.95
"""Share of images on which a device answers as most do. Versions of an interpreter differ by up to 3.5 % in int8."""

WATCHED = ("fer-edge", *PACKAGES)

Variant = tuple[str, str, int]
"""What times may be compared of: id of the model, SHA-256 of its file, threads."""


@dataclass(frozen=True)
class Member:
    """What the fleet needs to know of one bench result.

    Attributes:
        name: short, such as its file's; tells the device from all others.
        model: of the device, see `device_model`.
        p50_ms: the median time of one face (task "predict").
        versions: of the packages that `WATCHED` names, where the report has them.
        throttling: what the firmware reported.
        temperature_max_c: the highest while it measured; None where the device does not tell.
        undelegated: ids of models that XNNPACK had no part in.
        answers: (SHA-256 of the file, of the images) -> the digits of its answers.
    """

    name: str
    model: str
    p50_ms: dict[Variant, float]
    versions: dict[str, str]
    throttling: tuple[str, ...]
    temperature_max_c: float | None
    undelegated: tuple[str, ...]
    answers: dict[tuple[str, str], str]


@dataclass(frozen=True)
class Group:
    """All devices of one model."""

    model: str
    members: tuple[Member, ...]

    def variants(self) -> list[Variant]:
        """Return all that was timed, the most common first."""
        counts = Counter(variant for member in self.members for variant in member.p50_ms)
        return sorted(counts, key=lambda variant: (-counts[variant], variant))

    def times(self, variant: Variant) -> dict[str, float]:
        """Return name -> ms of the devices that timed a variant."""
        return {member.name: member.p50_ms[variant] for member in self.members if variant in member.p50_ms}


@dataclass(frozen=True)
class Finding:
    """Why a device stands out.

    Attributes:
        device: its name.
        code: for programs: throttled, hot, slow, undelegated, answers, file or old.
        message: what was seen.
        advice: what to do about it.
    """

    device: str
    code: str
    message: str
    advice: str


def read_member(name: str, report: BenchReport) -> Member:
    """Return what the fleet needs of a report, whose raw samples can then be forgotten."""
    host, course = report.host, report.course
    threads = report.settings.threads[0]
    times = {
        (model.id, model.sha256, threads): series.summary_ms.p50
        for model in report.models
        if (series := report.find_series(model, "predict"))
    }
    versions = host.get("versions")
    heat = course.get("temperature_max_c")
    images = report.images
    return Member(
        name,
        device_model(host),
        times,
        {key: str(versions[key]) for key in WATCHED if key in versions} if isinstance(versions, dict) else {},
        tuple(sorted({*_texts(host.get("throttling")), *_texts(course.get("throttling_after"))})),
        float(heat) if isinstance(heat, int | float) and math.isfinite(heat) else None,
        tuple(model.id for model in report.models if model.cost.delegated_operators == 0),
        {(m.sha256, images.sha256): m.answers.predicted for m in report.models if m.answers} if images else {},
    )


def device_model(host: dict[str, Any]) -> str:
    """Return what groups devices: the board without its revision, else the processor, and the architecture."""
    name = str(host.get("board") or host.get("cpu") or "unknown device")
    architecture = host.get("architecture")
    return re.sub(r" Rev [\w.]+$", "", name) + (f", {architecture}" if architecture else "")


def group_fleet(members: Iterable[Member]) -> list[Group]:
    """Return the devices by model, the largest group first."""
    found: defaultdict[str, list[Member]] = defaultdict(list)
    for member in members:
        found[member.model].append(member)
    groups = [Group(model, tuple(sorted(own, key=lambda member: member.name))) for model, own in found.items()]
    return sorted(groups, key=lambda group: (-len(group.members), group.model))


def find_outliers(group: Group) -> list[Finding]:
    """Return every reason why a device of a group stands out, device by device."""
    found = [
        *_throttled(group),
        *_slow(group),
        *_undelegated(group),
        *_different_answers(group),
        *_other_files(group),
        *_old(group),
    ]
    return sorted(found, key=lambda finding: finding.device)


def find_slow(times: dict[str, float]) -> dict[str, float]:
    """Return name -> times the median, of the devices that are far slower than the others; slowest first."""
    if len(times) < MIN_PEERS:
        return {}
    logs = np.log(list(times.values()))
    median = float(np.median(logs))
    spread = max(MIN_SPREAD, 1.4826 * float(np.median(np.abs(logs - median))))
    slower = {name: math.exp(math.log(time) - median) for name, time in times.items()}
    far = {name: ratio for name, ratio in slower.items() if math.log(ratio) / spread > MAX_SCORE and ratio > MAX_SLOWER}
    return dict(sorted(far.items(), key=lambda entry: -entry[1]))


def _throttled(group: Group) -> Iterator[Finding]:
    for member in group.members:
        if member.throttling:
            message = f"the firmware reports: {', '.join(member.throttling)}"
            yield Finding(member.name, "throttled", message, "cool it or use a stronger supply, then reboot")
        elif member.temperature_max_c is not None and member.temperature_max_c >= HOT_C:
            yield Finding(member.name, "hot", f"it reached {member.temperature_max_c:.1f} degrees C", "cool it")


def _slow(group: Group) -> Iterator[Finding]:
    """Yield one finding a slow device, of the variant that shows it most."""
    worst: dict[str, tuple[float, Variant, int]] = {}
    for variant in group.variants():
        times = group.times(variant)
        for name, ratio in find_slow(times).items():
            worst[name] = max(worst.get(name, (0.0, variant, 0)), (ratio, variant, len(times)))
    for name, (ratio, (id_, _, _), count) in worst.items():
        message = f"{id_} takes {ratio:.2f} times the median of {count} devices"
        yield Finding(name, "slow", message, "look at its load, governor, clock and supply, then bench again")


def _undelegated(group: Group) -> Iterator[Finding]:
    common = Counter(id_ for member in group.members for id_ in member.undelegated)
    for member in group.members:
        odd = [id_ for id_ in member.undelegated if common[id_] * 2 < len(group.members)]
        if odd:
            yield Finding(
                member.name, "undelegated", f"XNNPACK does not run {', '.join(odd)}", "install ai-edge-litert there"
            )


def _different_answers(group: Group) -> Iterator[Finding]:
    """Yield devices whose answers to the same images with the same file differ from what most answer."""
    for key in sorted({key for member in group.members for key in member.answers}):
        given = {member.name: member.answers[key] for member in group.members if key in member.answers}
        if len(given) < 3 or len({len(digits) for digits in given.values()}) > 1:
            continue
        digits = np.array([list(answers.encode("ascii", "replace")) for answers in given.values()], np.uint8)
        usual = np.array([np.bincount(column).argmax() for column in digits.T])
        for name, own in zip(given, digits, strict=True):
            share = float((own == usual).mean())
            if share < MIN_AGREEMENT:
                message = f"it answers as most do on {100 * share:.1f} % of {len(own):,} images, with the same file"
                yield Finding(name, "answers", message, "bench again; if it persists, replace card or memory")


def _other_files(group: Group) -> Iterator[Finding]:
    for id_ in sorted({variant[0] for member in group.members for variant in member.p50_ms}):
        own = {member.name: variant[1] for member in group.members for variant in member.p50_ms if variant[0] == id_}
        (usual, count), *_ = Counter(own.values()).most_common(1)
        if count * 2 <= len(own):
            continue
        for name, sha256 in own.items():
            if sha256 != usual:
                message = f"its {id_} is another file ({sha256[:8]}) than on {count} of {len(own)} ({usual[:8]})"
                yield Finding(name, "file", message, "send it the current model")


def _old(group: Group) -> Iterator[Finding]:
    newest = {
        package: max((member.versions[package] for member in group.members if package in member.versions), key=_order)
        for package in sorted({package for member in group.members for package in member.versions})
    }
    for member in group.members:
        behind = [
            f"{package} {version}, newest here {newest[package]}"
            for package, version in member.versions.items()
            if _order(version) < _order(newest[package])
        ]
        if behind:
            yield Finding(member.name, "old", "; ".join(behind), "update it")


def _order(version: str) -> tuple[int, ...]:
    """Return what sorts versions of the usual form; a release does not sort after its own candidates."""
    return tuple(int(number[:9]) for number in re.findall(r"\d+", version.partition("+")[0]))


def _texts(value: Any) -> Sequence[str]:
    return [str(entry) for entry in value] if isinstance(value, list) else []
