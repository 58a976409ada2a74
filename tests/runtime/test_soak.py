"""A day's worth of predictions, or of frames, leaves memory, file handles and latency as they were.

The benchmark runs in a process of its own: what pytest frees or loads does not count. Of the latency,
the processor time is held to the promise here: on a machine that is shared, the time on the clock
tells what the other programs did. A run with a latency beyond the limit is repeated once.
"""

import json
import mmap
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


def run_soak(folder: Path, predictions: int, frames: int) -> dict[str, Any]:
    """Return the figures of the one part that is asked for."""
    target = folder / "soak.json"
    counts = ["--predictions", str(predictions), "--frames", str(frames)]
    command = [sys.executable, "benchmarks/soak.py", *counts, "--json", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert target.exists(), done.stderr
    (figures,) = json.loads(target.read_text()).values()
    return dict(figures)


def drift(soak: dict[str, Any]) -> float:
    first, last = soak["cpu_p99_us"]
    return float(last / first)


SIZES = [(20_000, 0), (0, 2_000), pytest.param(200_000, 0, marks=pytest.mark.slow)]
"""Predictions and frames; the 20,000 frames are left to `make benchmark-runtime`, since they take minutes."""


@pytest.mark.parametrize(("predictions", "frames"), SIZES)
def test_nothing_grows(predictions: int, frames: int, tmp_path: Path) -> None:
    soak = run_soak(tmp_path, predictions, frames)
    if drift(soak) > 1.5:
        soak = run_soak(tmp_path, predictions, frames)
    assert soak["calls"] == predictions + frames
    assert soak["growth_bytes"] < 2_000_000
    assert soak["handles"] <= 0
    assert min(soak["cpu_p99_us"]) > 10, "no call can be that fast"
    assert drift(soak) <= 1.5


@pytest.fixture
def benchmark(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The benchmark as a module, to try whether it sees what it looks for."""
    monkeypatch.syspath_prepend(str(ROOT / "benchmarks"))
    import soak

    yield soak
    del sys.modules["soak"]


def test_soak_sees_growth_and_open_files(benchmark: Any, tmp_path: Path) -> None:
    kept: list[Any] = []

    def leak() -> None:
        memory = mmap.mmap(-1, 20_000)  # from the system: never what pytest has freed, however much that is
        memory.write(bytes(20_000))
        kept.append(memory)
        if len(kept) % 1_000 == 0:
            kept.append((tmp_path / "held").open("w"))

    result = benchmark.soak(leak, 4_000, warm_up=1_000)
    assert result.growth_bytes > benchmark.PROMISED_BYTES
    assert result.handles >= 3
    assert not result.kept


class Clock:
    """Both clocks of the benchmark; goes on only when a call takes time, so that no other program lengthens one."""

    def __init__(self) -> None:
        self.now = 0
        self.perf_counter_ns = self.thread_time_ns = lambda: self.now


@pytest.mark.parametrize(("growth", "kept"), [(0, True), (40, True), (80, False)])
def test_soak_sees_calls_that_become_slower(
    benchmark: Any, monkeypatch: pytest.MonkeyPatch, growth: int, kept: bool
) -> None:
    """A call takes 1 ms, and `growth` % more after 2,000; each 200th is an outlier, which p99 forgives."""
    clock = Clock()
    monkeypatch.setattr(benchmark, "time", clock)
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        clock.now += 50_000_000 if calls % 200 == 0 else 1_000_000 * (100 + growth * calls // 2_000) // 100

    result = benchmark.soak(call, 2_000, warm_up=0)
    first, last = result.p99_us
    assert result.cpu_p99_us == result.p99_us
    assert first == pytest.approx(1_000 * (1 + growth / 1_000), rel=0.01)
    assert last == pytest.approx(1_000 * (1 + growth / 100), rel=0.01)
    assert result.kept == kept
