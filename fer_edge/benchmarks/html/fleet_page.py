"""The page of a fleet: who stands out and why, then each device model with its times and versions."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from itertools import groupby

import numpy as np

from fer_edge.benchmarks.fleet import MIN_PEERS, Finding, Group, Variant, find_outliers, find_slow
from fer_edge.benchmarks.html.axes import short
from fer_edge.benchmarks.html.document import document
from fer_edge.benchmarks.html.strips import Strip, draw_strips
from fer_edge.benchmarks.html.tags import Child, Element, table, tag

MAX_VARIANTS = 8
"""Rows of a group's chart and table, the most common; a fleet of experiments would have hundreds."""


def render_fleet(groups: Sequence[Group], unread: Sequence[str] = ()) -> str:
    """Return one self-contained HTML page.

    Args:
        groups: of `group_fleet`.
        unread: a sentence for each result that could not be read.
    """
    found = {group.model: find_outliers(group) for group in groups}
    content = [*_opening(groups, found, unread), *_outliers(groups, found)]
    for group in groups:
        content += _group(group)
    return document("fer-edge fleet", [*content, *_methods()])


def count_devices(count: int) -> str:
    """Return a number of devices in words."""
    return f"{count:,} device{'' if count == 1 else 's'}"


def _opening(groups: Sequence[Group], found: dict[str, list[Finding]], unread: Sequence[str]) -> list[Element]:
    total = sum(len(group.members) for group in groups)
    models = "1 model" if len(groups) == 1 else f"{len(groups)} models"
    odd = {(model, finding.device) for model, findings in found.items() for finding in findings}
    codes = Counter(finding.code for findings in found.values() for finding in findings)
    kinds = ", ".join(f"{code} {count:,}" for code, count in codes.most_common())
    stand = "stands" if len(odd) == 1 else "stand"
    verdict = f"{count_devices(len(odd))} of {total:,} {stand} out: {kinds}." if odd else "No device stands out."
    elements = [tag("h1", f"Fleet: {count_devices(total)} of {models}"), tag("p", verdict, class_="answer")]
    if unread:
        items = [tag("li", sentence) for sentence in unread]
        title = f"{len(unread):,} result{'' if len(unread) == 1 else 's'} could not be read"
        elements.append(tag("details", tag("summary", title), tag("ul", *items), class_="cautions"))
    return elements


def _outliers(groups: Sequence[Group], found: dict[str, list[Finding]]) -> list[Element]:
    rows: list[list[Child]] = [
        [device, group.model, *map(_lines, zip(*_columns(findings), strict=True))]
        for group in groups
        for device, findings in _by_device(found[group.model]).items()
    ]
    if not rows:
        return []
    block = table(["device", "model", "finding", "what was seen", "what to do"], rows)
    block.set("class", "scroll facts")
    return [tag("h2", "Devices that stand out"), block]


def _by_device(findings: Sequence[Finding]) -> dict[str, list[Finding]]:
    return {device: list(own) for device, own in groupby(findings, lambda finding: finding.device)}


def _columns(findings: Sequence[Finding]) -> list[tuple[str, str, str]]:
    return [(finding.code, f"{finding.message}.", f"{finding.advice}.") for finding in findings]


def _lines(texts: Sequence[str]) -> Element:
    return tag("div", *(tag("div", text) for text in texts))


def _group(group: Group) -> list[Element]:
    elements: list[Element] = [tag("h2", f"{group.model}: {count_devices(len(group.members))}")]
    variants = group.variants()
    if variants:
        strips = [_strip(group, variant) for variant in variants[:MAX_VARIANTS]]
        elements += [
            tag("figure", draw_strips(strips, f"Times of {group.model}")),
            _below(
                table(
                    ["variant", "devices", "median, ms", "10 to 90 %, ms", "slowest, ms", "slowest device"],
                    [_row(group, variant) for variant in variants[:MAX_VARIANTS]],
                )
            ),
        ]
    if len(variants) > MAX_VARIANTS:
        elements.append(tag("p", f"{len(variants) - MAX_VARIANTS} rarer variants are left out.", class_="soft"))
    if len(group.members) < MIN_PEERS:
        note = f"Fewer than {MIN_PEERS} devices: their times are shown and not judged."
        elements.append(tag("p", note, class_="soft"))
    return [*elements, *_facts(group)]


def _name(group: Group, variant: Variant) -> str:
    """Return the id, with what tells it from others of that id in the group."""
    id_, sha256, threads = variant
    same = [other for other in group.variants() if other[0] == id_]
    parts = [id_]
    if len({other[1] for other in same}) > 1:
        parts.append(sha256[:8])
    if len({other[2] for other in same}) > 1:
        parts.append(f"{threads} thread{'' if threads == 1 else 's'}")
    return ", ".join(parts)


def _strip(group: Group, variant: Variant) -> Strip:
    times = group.times(variant)
    return Strip(_name(group, variant), times, tuple(find_slow(times)))


def _row(group: Group, variant: Variant) -> list[Child]:
    times = group.times(variant)
    low, median, high = np.percentile(list(times.values()), [10, 50, 90]).tolist()
    slowest = max(times, key=lambda name: times[name])
    ends = f"{short(low)} to {short(high)}"
    return [_name(group, variant), f"{len(times):,}", short(median), ends, short(times[slowest]), slowest]


def _facts(group: Group) -> list[Element]:
    """Return how often each version occurs, and how hot the devices became."""
    rows: list[list[Child]] = []
    for package in sorted({package for member in group.members for package in member.versions}):
        counts = Counter(member.versions[package] for member in group.members if package in member.versions)
        rows.append([package, ", ".join(f"{version} ({count:,})" for version, count in counts.most_common())])
    heats = [member.temperature_max_c for member in group.members if member.temperature_max_c is not None]
    if heats:
        text = f"median {np.median(heats):.1f}, highest {max(heats):.1f} (of {count_devices(len(heats))})"
        rows.append(["highest temperature, degrees C", text])
    if not rows:
        return []
    return [_below(table(["fact", "value (devices)"], rows), "facts")]


def _below(block: Element, more: str = "") -> Element:
    """Return a table with a little space above it."""
    block.set("class", f"scroll below {more}".rstrip())
    return block


def _methods() -> list[Element]:
    text = (
        "Devices are compared with those of the same board (without its revision) and architecture, by the median time "
        "of one face, with the same file and thread count. Slow: more than 3.5 robust standard deviations (median "
        "absolute deviation of the logarithms) and 15 % above the median. Old: behind the newest version in the group. "
        "Other answers: fewer than 95 % equal to what most devices answer to the same images."
    )
    return [tag("h2", "How they were compared"), tag("p", text, class_="soft")]
