"""A fleet's page: like is compared with like, and only what is odd is named."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from reports import make_report, replace_models
from test_html import read

from fer_edge.benchmarks.fleet import Group, Member, device_model, find_outliers, find_slow, group_fleet, read_member
from fer_edge.benchmarks.html.fleet_page import render_fleet
from fer_edge.benchmarks.report_file import dump_report

PI4 = "Raspberry Pi 4 Model B"


def member(name: str, *, int8_ms: float = 2.0, wrong: int = 40, course: dict[str, Any] | None = None, **host: Any):
    report = make_report(int8_ms=int8_ms, wrong=wrong, seed=len(name))
    facts = {"board": f"{PI4} Rev 1.4", "architecture": "aarch64"} | host
    return read_member(name, dataclasses.replace(report, host=facts, course=course or {}))


def group_of(*members: Member) -> Group:
    (group,) = group_fleet(members)
    return group


def codes(*members: Member) -> list[tuple[str, str]]:
    return [(finding.device, finding.code) for finding in find_outliers(group_of(*members))]


CALM = [member(f"pi{number}") for number in range(6)]


def test_devices_are_grouped_by_board_without_its_revision() -> None:
    groups = group_fleet(
        [*CALM, member("new", board=f"{PI4} Rev 1.5"), member("other", board="Jetson"), member("old", board=None)]
    )
    assert [(group.model, len(group.members)) for group in groups] == [
        (f"{PI4}, aarch64", 7),
        ("Jetson, aarch64", 1),
        ("unknown device, aarch64", 1),
    ]


@pytest.mark.parametrize("host", [{}, {"board": ["a"], "versions": 3}, {"board": "<b>"}])
def test_hostile_facts_are_text(host: dict[str, Any]) -> None:
    assert isinstance(device_model(host), str)
    groups = group_fleet([*CALM, member("odd", **host)])
    assert sum(len(find_outliers(group)) for group in groups) == 0
    read(render_fleet(groups))


def test_a_calm_fleet_has_no_outlier() -> None:
    assert codes(*CALM) == []


def test_the_slow_the_throttled_and_the_old_are_named() -> None:
    hot = {"throttling_after": ["throttled since boot"], "temperature_max_c": 85.0}
    found = codes(
        *(member(f"pi{number}", versions={"ai-edge-litert": "2.10.0"}) for number in range(6)),
        member("slow", int8_ms=4.0),
        member("throttled", course=hot),
        member("warm", course={"temperature_max_c": 81.0}),
        member("old", versions={"ai-edge-litert": "2.9.1"}),
    )
    assert found == [("old", "old"), ("slow", "slow"), ("throttled", "throttled"), ("warm", "hot")]


def test_other_files_and_other_answers_are_named() -> None:
    def other_file(report):
        return replace_models(report, lambda model: dataclasses.replace(model, sha256="f" * 64))

    report = dataclasses.replace(make_report(), host={"board": f"{PI4} Rev 1.4", "architecture": "aarch64"})
    found = codes(*CALM, member("odd", wrong=200), read_member("file", other_file(report)))
    assert found == [("file", "file"), ("file", "file"), ("odd", "answers")]


def test_missing_delegation_is_named_where_the_others_have_it() -> None:
    bare = replace_models(
        make_report(int8_ms=2.0),
        lambda m: dataclasses.replace(m, cost=dataclasses.replace(m.cost, delegated_operators=0)),
    )
    odd = read_member("odd", dataclasses.replace(bare, host={"board": PI4, "architecture": "aarch64"}))
    assert codes(*CALM, odd) == [("odd", "undelegated")]
    assert codes(*(dataclasses.replace(odd, name=str(number)) for number in range(6))) == []


def test_few_devices_and_small_differences_are_not_judged() -> None:
    assert find_slow({"a": 1.0, "b": 1.0, "c": 1.0, "d": 9.0}) == {}
    times = {str(number): 1.0 for number in range(20)}
    assert find_slow({**times, "near": 1.14}) == {}
    assert list(find_slow({**times, "far": 1.2, "farther": 2.0})) == ["farther", "far"]
    rng = np.random.default_rng(0)
    assert len(find_slow({str(number): float(time) for number, time in enumerate(rng.lognormal(0, 0.3, 500))})) < 3


def test_the_page_is_whole_and_safe() -> None:
    members = [*CALM, member("<script>", int8_ms=9.0), member("alone", board="Jetson")]
    page = read(render_fleet(group_fleet(members), ["bad.json: <b>"]))
    for part in (
        "Fleet: 8 devices of 2 models",
        "1 device of 8 stands out",
        "tiny:int8",
        "bad.json: <b>",
        "Fewer than 5",
    ):
        assert part in page.text, part
    assert "script" not in page.tags
    assert "b" not in page.tags
    assert page.tags.count("svg") == 2


def test_hundreds_of_results_and_a_damaged_one(run_cli, tmp_path: Path) -> None:
    report = make_report(board=PI4)
    for number in range(12):
        (tmp_path / f"pi{number}.json").write_text(dump_report(report))
    (tmp_path / "bad.json").write_text("{")
    done = run_cli("report", *sorted(tmp_path.glob("*.json")), "-o", "fleet.html")
    assert done.returncode == 0, done.stderr
    assert f"{PI4}: 12 devices" in done.stdout
    assert "bad.json is not JSON" in " ".join(done.stderr.split())
    assert "Fleet: 12 devices of 1 model" in (tmp_path / "fleet.html").read_text()
    done = run_cli("report", "bad.json", "--fleet", "-o", "none.html")
    assert done.returncode == 1
    assert not (tmp_path / "none.html").exists()
