"""What changed between two reports, and when a gate fails."""

import dataclasses

import pytest
from reports import make_report, replace_models, without_labels

from fer_edge.benchmarks.compare import Change, compare_reports, exceeded, parse_thresholds
from fer_edge.errors import FerEdgeError

BEFORE = make_report(seed=1)


def find(comparison, kind: str, model: str = "tiny:int8", words: str = "") -> Change:
    return next(
        change
        for change in comparison.changes
        if (change.model, change.kind) == (model, kind) and words in change.figure
    )


def test_equal_reports_are_the_same() -> None:
    comparison = compare_reports(BEFORE, BEFORE)
    assert {change.verdict for change in comparison.changes} == {"same"}
    assert exceeded(comparison, {"latency": 0.0, "accuracy": 0.0, "size": 0.0, "memory": 0.0, "start": 0.0}) == []


def test_new_samples_of_the_same_speed_are_the_same() -> None:
    changes = [c for c in compare_reports(BEFORE, make_report(seed=2)).changes if c.kind == "latency"]
    assert sum(change.significant for change in changes) <= 2, "95 % intervals of eight figures"


@pytest.mark.parametrize(("after_ms", "verdict"), [(0.6, "worse"), (0.4, "better")])
def test_latency(after_ms: float, verdict: str) -> None:
    comparison = compare_reports(BEFORE, make_report(int8_ms=after_ms, seed=2))
    change = find(comparison, "latency", words="48x48 crop")
    assert change.verdict == verdict
    assert change.worsening == pytest.approx(100 * (after_ms / 0.5 - 1), abs=2)
    assert change.interval.low < change.worsening < change.interval.high
    assert find(comparison, "latency", "tiny:float32", "48x48 crop").verdict == "same"


def test_accuracy_is_paired_over_the_files() -> None:
    """Twelve images more are wrong, none is won: exact McNemar gives p = 2 / 2**12."""
    change = find(compare_reports(BEFORE, make_report(wrong=52, seed=2)), "accuracy")
    assert (change.verdict, change.worsening) == ("worse", pytest.approx(100 * 12 / 280))
    assert change.after == pytest.approx(100 * (280 - 52) / 280)
    few = find(compare_reports(BEFORE, make_report(wrong=44, seed=2)), "accuracy")
    assert (few.verdict, few.worsening > 0) == ("same", True)  # p = 2 / 2**4
    assert find(compare_reports(make_report(wrong=52), BEFORE), "accuracy").verdict == "better"


def test_gate_counts_only_what_is_significant_and_beyond_the_limit() -> None:
    slower = compare_reports(BEFORE, make_report(int8_ms=0.6, wrong=52, seed=2))
    failed = exceeded(slower, {"latency": 5.0, "accuracy": 1.0})
    assert {(change.kind, change.model) for change in failed} == {("latency", "tiny:int8"), ("accuracy", "tiny:int8")}
    assert all("48x48 crop" in change.figure for change in failed if change.kind == "latency")
    assert exceeded(slower, {"latency": 30.0, "accuracy": 10.0}) == []
    assert exceeded(slower, {}) == []


def test_gate_that_cannot_be_judged_does_not_pass() -> None:
    other = dataclasses.replace(BEFORE, images=dataclasses.replace(BEFORE.images, sha256="1" * 64))
    for after, reason in ((without_labels(BEFORE), "without labelled images"), (other, "different images")):
        comparison = compare_reports(BEFORE, after)
        assert "accuracy" not in {change.kind for change in comparison.changes}
        with pytest.raises(FerEdgeError, match=reason):
            exceeded(comparison, {"accuracy": 1.0})
        assert exceeded(comparison, {"latency": 1.0}) == []


def test_larger_file_is_worse_exactly() -> None:
    larger = replace_models(BEFORE, lambda model: dataclasses.replace(model, file_bytes=11_000))
    change = find(compare_reports(BEFORE, larger), "size")
    assert (change.verdict, change.worsening, change.interval) == ("worse", pytest.approx(10), None)


def test_variants_are_paired_by_network_and_recipe() -> None:
    elsewhere = replace_models(BEFORE, lambda model: dataclasses.replace(model, file=f"renamed-{model.recipe}"))
    assert compare_reports(BEFORE, elsewhere).changes
    one = dataclasses.replace(BEFORE, models=BEFORE.models[:1])
    assert "only in the second report: tiny:int8" in compare_reports(one, BEFORE).notes
    stranger = replace_models(one, lambda model: dataclasses.replace(model, id="huge:float32"))
    with pytest.raises(FerEdgeError, match="in common, got tiny:float32, tiny:int8 and huge:float32"):
        compare_reports(BEFORE, stranger)


def test_notes_name_other_devices_and_warnings() -> None:
    notes = compare_reports(BEFORE, make_report(board="Raspberry Pi 5")).notes
    assert any("Fast CPU and Raspberry Pi 5" in note for note in notes)
    assert "the first report warns of: tail" in notes


def test_thresholds() -> None:
    assert parse_thresholds(["latency=5", "accuracy=0.5", "size=10%"]) == {"latency": 5, "accuracy": 0.5, "size": 10}
    for text in ("latency", "latency=fast", "speed=5", "latency=-1", "latency=nan", "latency=inf", ""):
        with pytest.raises(FerEdgeError, match="such as latency=5"):
            parse_thresholds([text])
