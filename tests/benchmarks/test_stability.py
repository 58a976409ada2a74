"""Every reason to doubt the figures is found, and none is invented."""

import dataclasses

import pytest
from reports import make_model, make_report, make_series, replace_models

from fer_edge import vitals
from fer_edge.benchmarks import host, watch
from fer_edge.benchmarks.results import WarmUp
from fer_edge.benchmarks.stability import find_cautions, measure_drift
from fer_edge.benchmarks.statistics import summarise
from fer_edge.benchmarks.watch import HostWatch

STEADY = {"cpu": "test", "cores": 4, "governor": "performance", "throttling": []}
QUIET = {"load_before": 0.1, "temperature_max_c": 60.0, "swapped_pages": 0, "stolen_share": 0.001}
FULL = make_report().settings


def codes(*, models=(), settings=FULL, host=STEADY, course=QUIET) -> list[str]:
    return [caution.code for caution in find_cautions(list(models), settings, host, course)]


def test_steady_run_is_trusted() -> None:
    assert codes(models=make_report().models) == []
    assert codes(host={}, course={}) == []  # nothing known is no reason either


@pytest.mark.parametrize(
    ("code", "facts"),
    [
        ("governor", {"host": STEADY | {"governor": "ondemand"}}),
        ("throttling", {"host": STEADY | {"throttling": ["under-voltage since boot"]}}),
        ("throttling", {"course": QUIET | {"throttling_after": ["throttled now"]}}),
        ("load", {"course": QUIET | {"load_before": 2.5}}),
        ("heat", {"course": QUIET | {"temperature_max_c": 81.0}}),
        ("swap", {"course": QUIET | {"swapped_pages": 3}}),
        ("stolen", {"course": QUIET | {"stolen_share": 0.05}}),
        ("quick", {"settings": dataclasses.replace(FULL, quick=True)}),
    ],
)
def test_machine(code: str, facts: dict) -> None:
    assert codes(**facts) == [code]
    (caution,) = find_cautions([], facts.get("settings", FULL), facts.get("host", STEADY), facts.get("course", QUIET))
    assert caution.advice
    assert caution.model is None


def with_rounds(rounds: list[list[float]], *, stable: bool = True):
    series = dataclasses.replace(
        make_series("predict", 1.0), rounds_ms=rounds, summary_ms=summarise(rounds), warm_up=WarmUp(9, 5.0, stable)
    )
    return dataclasses.replace(make_model("int8", wrong=0, median_ms=1.0, baseline=None), latency=[series])


def test_series() -> None:
    steady = [[1.0] * 10] * 9
    assert codes(models=[with_rounds(steady)]) == []
    assert codes(models=[with_rounds([*steady, [80.0] + [1.0] * 9])]) == []  # a single hiccup moves nothing
    assert codes(models=[with_rounds([[1.0] * 10] * 6 + [[1.3] * 10] * 3)]) == ["drift"]
    assert codes(models=[with_rounds([([1.0] * 8 + [3.0] * 2)] * 9)]) == ["tail"]
    assert codes(models=[with_rounds(steady, stable=False)]) == ["warm-up"]
    assert measure_drift([[1.0]] * 3 + [[0.7]] * 3) == pytest.approx(-0.3)
    assert measure_drift([[1.0]]) == 0


def test_caution_names_its_variant() -> None:
    report = replace_models(
        make_report(), lambda model: dataclasses.replace(with_rounds([[1.0]], stable=False), id=model.id)
    )
    cautions = find_cautions(report.models, FULL, STEADY, QUIET)
    assert [caution.model for caution in cautions] == ["tiny:float32", "tiny:int8"]


def test_watch_tells_what_happened_meanwhile(monkeypatch: pytest.MonkeyPatch) -> None:
    heat = iter([50.0, 70.0, 60.0])
    pages, ticks = iter([100, 130]), iter([(10, 1000), (60, 2000)])
    monkeypatch.setattr(watch, "INTERVAL_SECONDS", 0.0)
    monkeypatch.setattr(vitals, "temperature_c", lambda: next(heat))
    monkeypatch.setattr(host, "clock_mhz", lambda: None)
    monkeypatch.setattr(host, "swapped_pages", lambda: next(pages))
    monkeypatch.setattr(host, "cpu_ticks", lambda: next(ticks))
    monkeypatch.setattr(vitals, "throttling", lambda: None)
    watcher = HostWatch()
    watcher.look()
    course = watcher.finish()
    seen = {key: course[key] for key in course if key.startswith("temperature")}
    assert seen == {"temperature_before_c": 50.0, "temperature_max_c": 70.0, "temperature_after_c": 60.0}
    assert (course["swapped_pages"], course["stolen_share"]) == (30, 0.05)
    assert not {"clock_min_mhz", "throttling_after"} & course.keys()
