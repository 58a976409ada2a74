"""The report of one benchmark: who is compared with whom, on what, and what was measured."""

import dataclasses
import hashlib
import json
from pathlib import Path

import numpy as np
import pytest
from sklearn import metrics as reference

from fer_edge.benchmarks import bench
from fer_edge.benchmarks.accuracy import agreement, measure_accuracy, predict_probabilities
from fer_edge.benchmarks.bench import run_bench
from fer_edge.errors import ModelError
from fer_edge.types import LABELS, LabelledImages


@pytest.fixture(scope="module")
def labelled(faces: np.ndarray) -> LabelledImages:
    labels = np.arange(len(faces), dtype=np.int64) % 7
    return LabelledImages(faces, labels, "public", tuple(f"{index}.png" for index in range(len(faces))))


@pytest.fixture
def no_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the measuring process where a test is not about time."""

    def measure(model: Path, *, threads: int, samples: int, faces: object) -> LatencySamples:
        return LatencySamples(threads, 1.0, 1.0, 2.0, [1.0] * samples, [0.9] * samples, 50.0)

    monkeypatch.setattr(bench, "measure_latency", measure)
    monkeypatch.setattr(bench, "describe_host", lambda: {"cpu": "test", "cores": 4, "load_1min": 0.1})


def bench_of(models: list[Path], faces=None, *, baseline: Path | None = None, threads: tuple[int, ...] = (1,)):
    return run_bench(
        models,
        baseline=baseline,
        faces=faces,
        faces_name="synthetic faces",
        threads=list(threads),
        samples=200,
        notify=lambda _: None,
    )


def test_real_report(model_files: dict[str, Path], labelled: LabelledImages) -> None:
    content = json.loads(json.dumps(bench_of([model_files["int8"], model_files["float32"]], labelled).as_json()))
    assert (content["format"], content["format_version"]) == ("fer-edge-bench", 1)
    assert content["baseline"] == str(model_files["float32"])
    assert content["faces"] == "synthetic faces"
    assert {"date", "host", "warnings"} <= content.keys()
    assert content["host"]["versions"]["numpy"]
    assert [model["recipe"] for model in content["models"]] == ["float32", "int8"]
    for model in content["models"]:
        data = Path(model["path"]).read_bytes()
        assert (model["file_bytes"], model["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        (entry,) = model["latency"]
        assert len(entry["predict_ms"]) == len(entry["invoke_ms"]) == 200
        assert entry["predict_percentiles_ms"]["p50"] == pytest.approx(np.median(entry["predict_ms"]))
        assert entry["peak_memory_mb"] > 10
    assert content["models"][0]["calibration"] is None
    assert content["models"][1]["calibration"] == "50 faces of synthetic"


@pytest.mark.usefixtures("no_timing")
def test_figures_agree_with_scikit_learn(model_files: dict[str, Path], labelled: LabelledImages) -> None:
    report = bench_of([model_files["float32"], model_files["int8"]], labelled)
    answers = [predict_probabilities(model_files[name], labelled.images).argmax(axis=1) for name in ("float32", "int8")]
    exact, small = report.models
    for result, predicted in zip(report.models, answers, strict=True):
        assert result.accuracy.accuracy == pytest.approx(reference.accuracy_score(labelled.labels, predicted))
        assert result.accuracy.macro_f1 == pytest.approx(
            reference.f1_score(labelled.labels, predicted, labels=range(7), average="macro", zero_division=0)
        )
        assert result.accuracy.interval.low <= result.accuracy.accuracy <= result.accuracy.interval.high
        assert (result.accuracy.split, result.accuracy.images) == ("public", len(labelled))
    assert (exact.agreement, exact.accuracy.drop) == (None, None)
    assert small.agreement == pytest.approx((answers[0] == answers[1]).mean())
    assert small.accuracy.drop == pytest.approx(exact.accuracy.accuracy - small.accuracy.accuracy)


@pytest.mark.usefixtures("no_timing")
def test_choice_of_the_baseline(model_files: dict[str, Path]) -> None:
    float32, float16, int8 = (model_files[name] for name in ("float32", "float16", "int8"))

    def order(*models: Path, baseline: Path | None = None) -> list[str]:
        return [result.path for result in bench_of(list(models), baseline=baseline).models]

    assert order(int8, float16, float32) == [str(float32), str(int8), str(float16)]
    assert order(int8, float16) == [str(int8), str(float16)]
    assert order(float32, int8, baseline=int8) == [str(int8), str(float32)]
    assert order(int8, baseline=float16) == [str(float16), str(int8)]  # measured, though not listed
    assert order(int8, int8) == [str(int8)]


@pytest.mark.usefixtures("no_timing")
def test_without_labels_there_is_agreement_only(model_files: dict[str, Path], faces: np.ndarray) -> None:
    models = [model_files["float32"], model_files["float16"]]
    for result in bench_of(models, faces).models:
        assert result.accuracy is None
    assert bench_of(models, faces).models[1].agreement == 1.0
    assert [result.agreement for result in bench_of(models).models] == [None, None]


@pytest.mark.usefixtures("no_timing")
def test_an_entry_for_each_thread_count(model_files: dict[str, Path]) -> None:
    (result,) = bench_of([model_files["int8"]], threads=(1, 2)).models
    assert [entry.threads for entry in result.latency] == [1, 2]


@pytest.mark.parametrize("place", ["model", "baseline"])
def test_damaged_model_is_found_before_anything_is_measured(
    place: str, model_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "measure_latency", lambda *_, **__: pytest.fail("measured before all was checked"))
    damaged = tmp_path / "half.tflite"
    damaged.write_bytes(model_files["int8"].read_bytes()[:5000])
    models = [model_files["float32"]] + ([damaged] if place == "model" else [])
    with pytest.raises(ModelError, match=r"half\.tflite"):
        bench_of(models, baseline=damaged if place == "baseline" else None)


def test_worse_candidate_has_a_positive_drop(labelled: LabelledImages) -> None:
    right = np.eye(7, dtype=np.float32)[labelled.labels]
    half = right.copy()
    half[::2] = np.roll(half[::2], 1, axis=1)
    found = measure_accuracy(labelled, half, labelled.labels)
    assert found.drop == pytest.approx(0.5)
    assert 0 < found.drop_interval.low < 0.5 < found.drop_interval.high
    assert measure_accuracy(labelled, right, half.argmax(axis=1)).drop == pytest.approx(-0.5)
    assert agreement(half.argmax(axis=1), labelled.labels) == pytest.approx(0.5)


def test_probabilities_follow_our_order_of_labels(model_files: dict[str, Path], faces: np.ndarray, tmp_path) -> None:
    from fer_edge.convert.metadata import append_metadata
    from fer_edge.runtime.metadata import read_model

    file = read_model(model_files["float32"])
    turned = tmp_path / "turned.tflite"
    turned.write_bytes(append_metadata(file.flatbuffer, file.metadata.content | {"labels": list(reversed(LABELS))}))
    np.testing.assert_array_equal(
        predict_probabilities(turned, faces), predict_probabilities(model_files["float32"], faces)[:, ::-1]
    )


STEADY = {"cpu": "test", "cores": 4, "load_1min": 0.1, "governor": "performance", "throttling": []}


@pytest.mark.usefixtures("no_timing")
@pytest.mark.parametrize(
    ("fact", "warning"),
    [
        ({}, None),
        ({"governor": "powersave"}, "governor is 'powersave'"),
        ({"load_1min": 3.5}, "busy"),
        ({"throttling": ["under-voltage now"]}, "under-voltage now"),
    ],
)
def test_warnings_about_the_device(
    fact: dict, warning: str | None, model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "describe_host", lambda: STEADY | fact)
    warnings = bench_of([model_files["int8"]]).warnings
    assert len(warnings) == (0 if warning is None else 1)
    assert all(warning in text for text in warnings)


@pytest.mark.usefixtures("no_timing")
def test_unsteady_samples_are_warned_of(model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    steady = bench.measure_latency
    drifting = [1.0] * 100 + [2.0] * 100
    monkeypatch.setattr(
        bench, "measure_latency", lambda *a, **k: dataclasses.replace(steady(*a, **k), predict_ms=drifting)
    )
    (warning,) = bench_of([model_files["int8"]]).warnings
    assert "tiny.int8.tflite, 1 thread(s): the median drifted" in warning
