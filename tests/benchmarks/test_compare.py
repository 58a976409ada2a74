"""What changed between two reports, and when a gate fails."""

import dataclasses
import math
import re

import pytest
from reports import make_report, make_series, replace_models, without_labels

from fer_edge.benchmarks.compare import Change, Comparison, compare_reports, exceeded, parse_thresholds
from fer_edge.benchmarks.results import BenchReport, Caution, ModelResult, Start
from fer_edge.errors import FerEdgeError
from fer_edge.evaluation.metrics import Interval

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


@pytest.mark.parametrize(
    ("scene", "compared"),
    [
        ({}, {"48x48 crop", "face region", "FaceAnalyzer"}),
        ({"description": "drawn, searched by Haar"}, {"48x48 crop", "face region"}),
        ({"region": [0, 0, 50, 50]}, {"48x48 crop"}),
        ({"sha256": "1" * 64}, {"48x48 crop"}),
        (None, {"48x48 crop"}),
    ],
)
def test_frames_are_compared_only_where_they_are_the_same(scene: dict | None, compared: set[str]) -> None:
    other = dataclasses.replace(BEFORE, scene=scene if scene is None else dataclasses.replace(BEFORE.scene, **scene))
    comparison = compare_reports(BEFORE, other)
    figures = "".join(change.figure for change in comparison.changes if change.kind == "latency")
    assert {words for words in ("48x48 crop", "face region", "FaceAnalyzer") if words in figures} == compared
    assert ("whole frames" in "".join(comparison.notes)) == (len(compared) < 3)


def test_accuracy_is_paired_over_the_files() -> None:
    """Twelve images more are wrong, none is won: exact McNemar gives p = 2 / 2**12."""
    change = find(compare_reports(BEFORE, make_report(wrong=52, seed=2)), "accuracy")
    assert (change.verdict, change.worsening) == ("worse", pytest.approx(100 * 12 / 280))
    assert change.after == pytest.approx(100 * (280 - 52) / 280)
    few = find(compare_reports(BEFORE, make_report(wrong=44, seed=2)), "accuracy")
    assert (few.verdict, few.worsening > 0) == ("unclear", True)  # p = 2 / 2**4
    assert find(compare_reports(make_report(wrong=52), BEFORE), "accuracy").verdict == "better"


@pytest.mark.parametrize(
    ("interval", "significant", "verdict"),
    [
        (Interval(-4.9, 5.0), False, "same"),
        (Interval(-5.1, 4.0), False, "unclear"),
        (Interval(-1.0, 5.1), False, "unclear"),
        (None, False, "same"),
        (Interval(0.1, 0.2), True, "worse"),
    ],
)
def test_same_means_that_no_difference_that_matters_is_left(
    interval: Interval | None, significant: bool, verdict: str
) -> None:
    change = Change("m", "latency", "f", 1.0, 1.0, 0.15, interval, significant, relevant=5.0)
    assert change.verdict == verdict


def test_smallest_relevant_difference_is_the_users_to_set() -> None:
    after = make_report(wrong=44, seed=2)
    assert find(compare_reports(BEFORE, after), "accuracy").verdict == "unclear"
    assert find(compare_reports(BEFORE, after, relevant={"accuracy": 9.0}), "accuracy").verdict == "same"


def with_starts(report: BenchReport, starts: list[tuple[float, float]]) -> BenchReport:
    """Return the report with these (first result in ms, peak memory in MB), one pair for each process."""
    entries = [Start(1.0, 1.0, first, memory) for first, memory in starts]
    return replace_models(report, lambda model: dataclasses.replace(model, starts=entries))


def test_every_figure_of_a_variant() -> None:
    """Written out by hand; two processes of each report are enough."""
    before = with_starts(make_report(wrong=40, seed=1), [(20.0, 40.0), (45.0, 90.0)])
    after = with_starts(make_report(wrong=52, seed=2), [(60.0, 30.0), (60.0, 30.0)])
    after = replace_models(after, lambda model: dataclasses.replace(model, file_bytes=12_500))
    changes = [change for change in compare_reports(before, after).changes if change.model == "tiny:int8"]
    assert [(change.kind, change.figure, change.gated) for change in changes] == [
        ("accuracy", "accuracy, %", True),
        ("latency", "the bare interpreter, 1 thread(s), p50, ms", False),
        ("latency", "predict, 48x48 crop, 1 thread(s), p50, ms", True),
        ("latency", "predict, face region of a 640x480 frame, 1 thread(s), p50, ms", False),
        ("latency", "FaceAnalyzer, 640x480 frame, 1 thread(s), p50, ms", False),
        ("start", "start to first result, ms", True),
        ("memory", "peak memory, MB", True),
        ("size", "file size, kB", True),
    ]
    accuracy, start, memory, size = (
        find(Comparison(changes, []), kind) for kind in ("accuracy", "start", "memory", "size")
    )
    assert (accuracy.before, accuracy.after) == pytest.approx((100 * 240 / 280, 100 * 228 / 280))
    # Agresti and Min, by hand: (12.5 - 0.5) / 282 +- 1.96 * sqrt(13 - 144 / 282) / 282.
    assert (accuracy.interval.low, accuracy.interval.high) == pytest.approx((1.799, 6.712), abs=0.001)
    assert (start.before, start.after, start.worsening) == pytest.approx((30.0, 60.0, 100.0))  # geometric means
    assert (memory.before, memory.after, memory.worsening) == pytest.approx((60.0, 30.0, -50.0))
    assert (size.before, size.after, size.worsening, size.significant) == (10.0, 12.5, pytest.approx(25.0), True)


def test_interval_of_a_ratio_is_in_percent() -> None:
    """Logarithms 0 and 0.02 before, 0.1 and 0.12 after: Welch's interval is 0.1 +- 4.303 * 0.0141421."""
    before = with_starts(BEFORE, [(1.0, 1.0), (math.exp(0.02), 1.0)])
    after = with_starts(BEFORE, [(math.exp(0.1), 1.0), (math.exp(0.12), 1.0)])
    change = find(compare_reports(before, after), "start")
    low, high = (100 * (math.exp(0.1 + step * 4.303 * 0.01 * math.sqrt(2)) - 1) for step in (-1, 1))
    assert (change.interval.low, change.worsening, change.interval.high) == pytest.approx(
        (low, 100 * (math.exp(0.1) - 1), high)
    )
    assert change.verdict == "worse"


def test_processes_that_agree_exactly() -> None:
    same = with_starts(BEFORE, [(20.0, 40.0), (20.0, 40.0)])
    assert find(compare_reports(same, same), "start").verdict == "same"
    slower = with_starts(BEFORE, [(20.1, 40.0), (20.1, 40.0)])
    assert find(compare_reports(same, slower), "start").verdict == "worse"
    assert find(compare_reports(slower, same), "start").verdict == "better"


def test_one_process_tells_nothing() -> None:
    one = with_starts(BEFORE, [(20.0, 40.0)])
    for pair in ((one, BEFORE), (BEFORE, one)):
        assert not {"start", "memory"} & {change.kind for change in compare_reports(*pair).changes}


def test_series_are_paired_by_task_and_threads() -> None:
    """What only one report timed is left out; four threads are never held against one."""

    def with_four_threads(model: ModelResult) -> ModelResult:
        return dataclasses.replace(model, latency=[*model.latency, make_series("predict", 9.0, threads=4, rounds=8)])

    four = replace_models(BEFORE, with_four_threads)
    words = {change.figure for change in compare_reports(four, four).changes if change.kind == "latency"}
    assert "predict, 48x48 crop, 4 thread(s), p50, ms" in words
    mixed = compare_reports(four, BEFORE).changes
    assert len([change for change in mixed if change.kind == "latency"]) == 8
    assert {change.verdict for change in mixed} == {"same"}


def test_a_task_of_another_version_keeps_its_name() -> None:
    def renamed(model: ModelResult) -> ModelResult:
        return dataclasses.replace(model, latency=[make_series("dream", 1.0)])

    report = replace_models(BEFORE, renamed)
    assert find(compare_reports(report, report), "latency").figure == "dream, 1 thread(s), p50, ms"


def test_accuracy_needs_the_answers_of_both() -> None:
    def silent(model: ModelResult) -> ModelResult:
        return dataclasses.replace(model, answers=None)

    def unlabelled(model: ModelResult) -> ModelResult:
        return dataclasses.replace(model, accuracy=None)

    for change in (silent, unlabelled):
        other = replace_models(BEFORE, change)
        for pair in ((BEFORE, other), (other, BEFORE), (other, other)):
            assert "accuracy" not in {change.kind for change in compare_reports(*pair).changes}


def test_gate_counts_only_what_is_significant_and_beyond_the_limit() -> None:
    slower = compare_reports(BEFORE, make_report(int8_ms=0.6, wrong=52, seed=2))
    failed = exceeded(slower, {"latency": 5.0, "accuracy": 1.0})
    assert {(change.kind, change.model) for change in failed} == {("latency", "tiny:int8"), ("accuracy", "tiny:int8")}
    assert all("48x48 crop" in change.figure for change in failed if change.kind == "latency")
    assert exceeded(slower, {"latency": 30.0, "accuracy": 10.0}) == []
    assert exceeded(slower, {}) == []


@pytest.mark.parametrize(
    ("worsening", "significant", "gated", "fails"),
    [
        (50.0, True, True, True),
        (50.0, False, True, False),  # large, but no more than the spread of the measurements
        (50.0, True, False, False),
        (5.0, True, True, False),  # the threshold itself is still accepted
        (5.01, True, True, True),
        (-50.0, True, True, False),  # faster
    ],
)
def test_gate_weighs_significance_threshold_and_direction(
    worsening: float, significant: bool, gated: bool, fails: bool
) -> None:
    change = Change("tiny:int8", "latency", "p50, ms", 1.0, 2.0, worsening, Interval(-9, 99), significant, gated)
    judge = dataclasses.replace(change, figure="another", worsening=0.0, significant=True, gated=True)
    found = exceeded(Comparison([change, judge], []), {"latency": 5.0})
    assert found == ([change] if fails else [])


def test_gate_that_cannot_be_judged_does_not_pass() -> None:
    other = dataclasses.replace(BEFORE, images=dataclasses.replace(BEFORE.images, sha256="1" * 64))
    for after, reason in ((without_labels(BEFORE), "without labelled images"), (other, "different images")):
        comparison = compare_reports(BEFORE, after)
        assert "accuracy" not in {change.kind for change in comparison.changes}
        with pytest.raises(
            FerEdgeError, match=f"by accuracy: .*{reason}.*; the first report warns of: tail; the second"
        ):
            exceeded(comparison, {"accuracy": 1.0})
        assert exceeded(comparison, {"latency": 1.0}) == []


def test_one_process_tells_nothing_of_the_next() -> None:
    """A report of layout version 2 measured each variant in one process: no verdict, and no gate passes."""
    old = dataclasses.replace(BEFORE, settings=dataclasses.replace(BEFORE.settings, processes=1))
    comparison = compare_reports(old, BEFORE)
    assert "latency" not in {change.kind for change in comparison.changes}
    assert "no latency: the first report measured each variant in one process; bench again" in comparison.notes
    with pytest.raises(FerEdgeError, match="one process"):
        exceeded(comparison, {"latency": 5.0})
    assert exceeded(comparison, {"start": 5.0}) == []


def test_a_slow_process_is_no_slow_program() -> None:
    """One of four processes is 8 % slower all its life: with 20 rounds of it, that is still one figure."""

    def slower(model):
        latency = [
            dataclasses.replace(
                series,
                rounds_ms=[
                    [1.08 * sample if number < 2 else sample for sample in samples]
                    for number, samples in enumerate(series.rounds_ms)
                ],
            )
            for series in model.latency
        ]
        return dataclasses.replace(model, latency=latency)

    comparison = compare_reports(BEFORE, replace_models(BEFORE, slower))
    assert {change.verdict for change in comparison.changes if change.kind == "latency"} == {"unclear"}


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


def test_every_note_word_for_word() -> None:
    """The first report misses two variants and was made in one process, on nothing known; the second without images."""
    one_process = dataclasses.replace(BEFORE.settings, processes=1)
    two_processes = dataclasses.replace(BEFORE.settings, processes=2)
    cautions = [Caution(code, "", "", None) for code in ("tail", "busy", "tail")]
    before = dataclasses.replace(BEFORE, settings=one_process, host={}, warnings=[])
    strangers = [dataclasses.replace(BEFORE.models[0], id=id_) for id_ in ("z:int8", "a:int8")]
    after = dataclasses.replace(
        BEFORE, settings=two_processes, images=None, models=[*BEFORE.models, *strangers], warnings=cautions
    )
    forth = compare_reports(before, after).notes
    assert forth == [
        "the reports are of different devices, unknown and Fast CPU: times tell them apart",
        "no accuracy: a report was made without labelled images",
        "no latency: the first report measured each variant in one process; bench again",
        "only in the second report: a:int8, z:int8",
        "the second report warns of: busy, tail",
    ]
    swapped = {"first": "second", "second": "first"}
    back = compare_reports(after, before).notes
    assert back[1:] == [re.sub("first|second", lambda match: swapped[match[0]], note) for note in forth[1:]]
    other_images = dataclasses.replace(after, images=dataclasses.replace(BEFORE.images, sha256="1" * 64))
    assert compare_reports(before, other_images).notes[1] == "no accuracy: the reports were made on different images"


def test_thresholds() -> None:
    assert parse_thresholds(["latency=5", "accuracy=0.5", "size=10%", "start=0"]) == {
        "latency": 5,
        "accuracy": 0.5,
        "size": 10,
        "start": 0,
    }
    for text in ("latency", "latency=fast", "speed=5", "latency=-1", "latency=nan", "latency=inf", "latency=1=2", ""):
        with pytest.raises(FerEdgeError) as caught:
            parse_thresholds([text])
        assert str(caught.value) == (
            "Expected a threshold such as latency=5 of one of accuracy (points), latency (%), start (%), memory (%), "
            f"size (%); got '{text}'."
        )
