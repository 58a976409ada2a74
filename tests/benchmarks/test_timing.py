"""Measured in processes of their own, in rounds, and with what the rules ask for."""

import math
import shutil
from pathlib import Path

import numpy as np
import pytest
from helpers import Clock

from fer_edge.benchmarks import worker as worker_module
from fer_edge.benchmarks.process import MeasuringProcess
from fer_edge.benchmarks.results import Settings, WarmUp
from fer_edge.benchmarks.rounds import MIN_SAMPLES, MIN_SECONDS, Timing, choose_settings, run_rounds
from fer_edge.benchmarks.scene import HEIGHT, WIDTH, make_frame
from fer_edge.benchmarks.timing import MATMUL, _make_scene, _shares, thread_counts
from fer_edge.benchmarks.worker import FEW_SAMPLES, Worker, time_calls
from fer_edge.errors import FerEdgeError, ModelError
from fer_edge.graph.cost import analyse_cost
from fer_edge.runtime import load_detector
from fer_edge.stream.tracker import overlap


class FakeProcess:
    """Answers at once and remembers who asked."""

    def __init__(self, name: str, log: list[tuple[str, str]]) -> None:
        self.name, self.log = name, log

    def ask(self, do: str, **request: object) -> dict:
        if do == "warm_up":
            return {"runs": 9, "seconds": 0.1, "stable": True}
        self.log.append((self.name, str(request["task"])))
        assert request["at_most"] is None
        return {"samples_ms": [1.0] * int(request["samples"])}


def test_every_variant_has_its_turn_in_every_round() -> None:
    log: list[tuple[str, str]] = []
    settings = choose_settings(quick=False, seed=3, threads=[1])
    processes = {name: FakeProcess(name, log) for name in "abc"}
    timings = [Timing(name, task, 1, process) for task in ("invoke", "predict") for name, process in processes.items()]
    looks: list[int] = []
    for rounds in (range(15), range(15, settings.rounds)):
        run_rounds(timings, settings, rounds=rounds, notify=lambda _: None, between=lambda: looks.append(1))
    turns = len(timings)
    rounds = [log[start : start + turns] for start in range(0, len(log), turns)]
    assert len(rounds) == settings.rounds
    assert len(looks) == len(log)
    for turn in rounds:
        assert sorted(turn[:3]) == [(name, "invoke") for name in "abc"], "a task's turns stand side by side"
        assert sorted(turn[3:]) == [(name, "predict") for name in "abc"]
    assert len({tuple(turn) for turn in rounds}) > 5, "the order changes"
    assert all(sum(map(len, timing.rounds_ms)) >= MIN_SAMPLES for timing in timings)
    assert timings[0].as_series().warm_up == WarmUp(18, 0.2, True), "of both processes"


def test_rules_for_publication() -> None:
    settings = choose_settings(quick=False, seed=0, threads=[1])
    assert (settings.min_samples, settings.min_seconds, settings.quick) == (1024, 10.0, False)
    assert (MIN_SAMPLES, MIN_SECONDS) == (1024, 10.0)
    assert choose_settings(quick=True, seed=0, threads=[1]).quick


@pytest.mark.parametrize("quick", [True, False])
def test_every_process_has_its_share_of_the_rounds(quick: bool) -> None:
    settings = choose_settings(quick=quick, seed=0, threads=[1])
    shares = _shares(settings)
    assert len(shares) == settings.processes > 2
    assert [number for share in shares for number in share] == list(range(settings.rounds))
    assert len({len(share) for share in shares}) == 1, "process_medians counts on it"


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> Clock:
    """The clock of the measuring process, which only `sleep` moves."""
    clock = Clock()
    monkeypatch.setattr(worker_module, "time", clock)
    return clock


def test_samples_or_seconds_whichever_is_later(clock: Clock) -> None:
    assert len(time_calls(lambda _: None, samples=500, seconds=0.0)) == 500
    assert time_calls(lambda _: clock.sleep(0.01), samples=2, seconds=0.1) == [10.0] * 10
    assert len(time_calls(lambda _: clock.sleep(0.01), samples=500, seconds=0.0, at_most=0.01)) == FEW_SAMPLES
    seen: list[int] = []
    time_calls(seen.append, samples=4, seconds=0.0)
    assert seen == [0, 1, 2, 3]


def test_warm_up_ends_when_the_times_agree_or_time_is_up(clock: Clock) -> None:
    worker = Worker()
    worker._calls["steady", 1] = lambda _: clock.sleep(0.002)
    request = {"task": "steady", "threads": 1, "block_seconds": 0.01, "max_seconds": 30.0}
    assert worker.warm_up(request) == {"runs": 15, "seconds": 0.03, "stable": True}
    calls: list[float] = []

    def faster_and_faster(_: int) -> None:
        calls.append(0.03 * 0.8 ** len(calls))
        clock.sleep(calls[-1])

    worker._calls["steady", 1] = faster_and_faster
    found = worker.warm_up(request | {"block_seconds": 0.0, "max_seconds": 0.05})
    assert not found["stable"]
    assert found["runs"] == len(calls)


@pytest.fixture
def request_of(model_files: dict[str, Path], faces: np.ndarray, tmp_path: Path) -> dict:
    np.save(tmp_path / "crops.npy", faces[:4])
    np.save(tmp_path / "frame.npy", make_frame(1)[0])
    return {
        "model": str(model_files["int8"]),
        "threads": 1,
        "crops": str(tmp_path / "crops.npy"),
        "frame": str(tmp_path / "frame.npy"),
        "region": [220, 140, 200, 200],
        "detector": "auto",
    }


def test_a_process_measures_a_model(request_of: dict) -> None:
    with MeasuringProcess(Path(request_of["model"])) as process:
        start = process.ask("open", **request_of)
        assert start["first_result_ms"] > start["import_ms"] + start["load_ms"] > 0
        # NumPy and an interpreter; TensorFlow, which this test process has loaded, would take 300 MB.
        assert 10 < start["peak_memory_mb"] < 200
        times = {}
        for task, threads in [
            ("invoke", 1),
            ("predict", 1),
            ("region", 1),
            ("analyze", 1),
            ("batch:8", 1),
            ("predict", 2),
        ]:
            answer = process.ask("time", task=task, threads=threads, samples=20, seconds=0.0, at_most=None)
            times[task] = answer["samples_ms"]
            assert len(times[task]) == 20
            assert all(math.isfinite(sample) and sample > 0 for sample in times[task])
        # Minima, since other programs lengthen single runs: each does what the one before does, and more.
        assert min(times["invoke"]) < min(times["region"]) < min(times["analyze"])
        assert process.ask("memory")["peak_memory_mb"] > start["peak_memory_mb"]


@pytest.mark.parametrize("damage", ["cut in half", "missing"])
def test_damaged_model_is_a_model_error(damage: str, request_of: dict, tmp_path: Path) -> None:
    path = tmp_path / "model.tflite"
    if damage == "cut in half":
        path.write_bytes(Path(request_of["model"]).read_bytes()[:5000])
    with MeasuringProcess(path) as process, pytest.raises(ModelError, match=r"model\.tflite"):
        process.ask("open", **request_of | {"model": str(path)})


def test_death_of_the_process_is_told(request_of: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.benchmarks.process.sys.executable", str(shutil.which("false")))
    with (
        MeasuringProcess(Path("some.tflite")) as process,
        pytest.raises(FerEdgeError, match=r"Measuring some\.tflite failed: exit code 1"),
    ):
        process.ask("open", **request_of)


def test_matrix_products_are_one_operator_of_known_cost() -> None:
    for dtype in ("float32", "int8"):
        cost = analyse_cost((MATMUL / f"{dtype}.tflite").read_bytes())
        assert [operator.name for operator in cost.operators] == ["FULLY_CONNECTED"]
        assert cost.macs == 256**3
        assert cost.inputs[0].dtype == dtype


def test_thread_counts_reach_the_cores(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = Settings(True, 0, [3], 1, 1, 0.0)
    monkeypatch.setattr("fer_edge.benchmarks.timing.os.sched_getaffinity", lambda _: set(range(6)))
    assert thread_counts(settings) == [1, 2, 3, 4, 6]
    monkeypatch.setattr("fer_edge.benchmarks.timing.os.sched_getaffinity", lambda _: {0})
    assert thread_counts(settings) == [1, 3]


@pytest.mark.parametrize("count", [0, 1, 2, 4, 5, 8])
@pytest.mark.parametrize(("width", "height"), [(WIDTH, HEIGHT), (1920, 1080)])
def test_faces_of_the_scene_are_found_where_they_are(count: int, width: int, height: int) -> None:
    frame, boxes = make_frame(count, width=width, height=height)
    assert (frame.shape, frame.dtype, len(boxes)) == ((height, width, 3), np.uint8, count)
    found = load_detector("yunet", min_size=24).detect(frame)
    assert len(found) == count
    for box in boxes:
        assert max(overlap(box, other) for other in found) > 0.6
    np.testing.assert_array_equal(frame, make_frame(count, width=width, height=height)[0])


def test_without_a_detector_the_frame_is_left_out(tmp_path: Path) -> None:
    assert _make_scene(tmp_path / "frame.npy", "nothing.onnx") is None
    scene = _make_scene(tmp_path / "frame.npy", "haar")
    assert scene is not None
    assert scene.description == "a photograph, one face; HaarDetector finds 1"
