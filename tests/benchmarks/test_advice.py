"""Which file to deploy, and whether the times can be trusted."""

import dataclasses

import pytest
from reports import make_model, make_report, replace_models, without_labels

from fer_edge.benchmarks.advice import judge_times, recommend
from fer_edge.benchmarks.results import Caution


def test_fastest_file_that_loses_little() -> None:
    text = recommend(make_report(wrong=29, int8_ms=0.5))
    assert text.startswith("Deploy tiny:int8: 1.0")
    assert "2.0 times as fast as tiny:float32" in text
    assert "10 kB, 89.6 % right, +0.36 points lost" in text


def test_a_file_that_loses_more_than_a_point_is_not_recommended() -> None:
    assert recommend(make_report(wrong=40, int8_ms=0.5)).startswith("Deploy tiny:float32: ")


def test_slower_file_is_not_called_faster() -> None:
    assert recommend(make_report(wrong=28, int8_ms=1.4)).startswith("Deploy tiny:float32:")


def test_as_fast_the_smaller_wins() -> None:
    report = make_report(wrong=28, int8_ms=1.02)
    small = replace_models(report, lambda m: dataclasses.replace(m, file_bytes=5000) if m.baseline else m)
    assert recommend(small).startswith("Deploy tiny:int8:")
    assert "times as fast" not in recommend(small)


def test_agreement_stands_in_for_accuracy() -> None:
    report = without_labels(make_report(wrong=29))
    assert "answers as tiny:float32 on 99.6 % of the images" in recommend(report)


def test_a_second_network_is_named_if_it_is_more_accurate() -> None:
    report = make_report(wrong=28)
    better = dataclasses.replace(make_model("int8", wrong=10, median_ms=3.0, baseline=None), id="big:int8", name="big")
    worse = dataclasses.replace(better, id="bad:int8", name="bad", accuracy=report.models[0].accuracy)
    text = recommend(dataclasses.replace(report, models=[*report.models, better, worse]))
    assert "More accurate: big:int8: " in text
    assert "bad:int8" not in text


@pytest.mark.parametrize(
    ("cautions", "sentence"),
    [
        ([], ""),
        ([Caution("quick", "this was a quick run", "repeat", None)], ""),
        (
            [
                Caution("drift", "predict, 1 thread(s): drifted", "repeat", "tiny:int8"),
                Caution("load", "the machine was busy before the start (load 14 on 2 cores)", "close", None),
            ],
            "The machine was busy before the start (load 14 on 2 cores): times are unreliable.",
        ),
        (
            [
                Caution("drift", "predict, 1 thread(s): drifted", "repeat", "tiny:int8"),
                Caution("tail", "predict, 1 thread(s): a tail", "repeat", "tiny:int8"),
            ],
            "1 of 8 series of times were unsteady: close other programs and repeat.",
        ),
    ],
)
def test_one_sentence_on_the_times(cautions: list[Caution], sentence: str) -> None:
    assert judge_times(dataclasses.replace(make_report(), warnings=cautions)) == sentence
