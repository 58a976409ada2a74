"""Latency is measured in a process of its own, and doubted when it is not steady."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest

from fer_edge.benchmarks.latency import LatencySamples, instability, measure_latency, percentiles
from fer_edge.errors import FerEdgeError, ModelError


def samples_of(predict_ms: list[float]) -> LatencySamples:
    return LatencySamples(1, 100.0, 1.0, 102.0, predict_ms, predict_ms, 50.0)


def test_percentiles() -> None:
    found = percentiles([float(value) for value in range(101)])
    assert (found.p50, found.p90, found.p99) == (50, 90, 99)


def test_steady_samples_are_trusted() -> None:
    rng = np.random.default_rng(0)
    assert instability(samples_of(list(rng.normal(1.0, 0.02, 1000)))) is None
    # A single hiccup of the system does not move a percentile.
    assert instability(samples_of([1.0] * 999 + [80.0])) is None


@pytest.mark.parametrize("factor", [1.3, 0.7])
def test_drifting_clock_is_told(factor: float) -> None:
    assert "drifted by 30%" in str(instability(samples_of([1.0] * 500 + [factor] * 500)))


def test_busy_core_is_told() -> None:
    assert "3.0 times the median" in str(instability(samples_of(([1.0] * 8 + [3.0] * 2) * 100)))


@pytest.mark.parametrize("recipe", ["float32", "int8"])
def test_measures_a_model(recipe: str, model_files: dict[str, Path], faces: np.ndarray) -> None:
    crops = faces if recipe == "int8" else None
    found = measure_latency(model_files[recipe], threads=1, samples=200, faces=crops)
    assert found.threads == 1
    assert len(found.predict_ms) == len(found.invoke_ms) == 200
    assert min(found.predict_ms) > 0
    assert all(map(math.isfinite, found.predict_ms + found.invoke_ms))
    # predict is invoke and a little more; medians, since single runs are at the system's mercy.
    assert percentiles(found.predict_ms).p50 >= percentiles(found.invoke_ms).p50
    assert found.first_result_ms > found.import_ms + found.load_ms > 0
    # NumPy and an interpreter; TensorFlow, which this test process has loaded, would take 300 MB.
    assert 10 < found.peak_memory_mb < 200


@pytest.mark.parametrize("damage", ["cut in half", "missing"])
def test_damaged_model_is_a_model_error(damage: str, model_files: dict[str, Path], tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    if damage == "cut in half":
        path.write_bytes(model_files["int8"].read_bytes()[:5000])
    with pytest.raises(ModelError, match=r"model\.tflite"):
        measure_latency(path, threads=1, samples=200, faces=None)


def test_too_few_samples(model_files: dict[str, Path]) -> None:
    with pytest.raises(FerEdgeError, match="at least 200"):
        measure_latency(model_files["int8"], threads=1, samples=199, faces=None)


def test_death_of_the_process_is_told(model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.benchmarks.latency.sys.executable", str(shutil.which("false")))
    with pytest.raises(FerEdgeError, match=r"Measuring .*int8\.tflite failed: exit code 1"):
        measure_latency(model_files["int8"], threads=1, samples=200, faces=None)
