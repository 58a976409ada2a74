"""A short soak leaves memory and file handles as they were, and the soak sees what it looks for.

It runs in a process of its own: what pytest frees or loads does not count. The long one, and how latency
holds, are for `make benchmark-runtime` on a quiet machine.
"""

import json
import mmap
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from helpers import Clock

from tools.performance import soak

pytestmark = pytest.mark.skipif(not Path("/proc/self/statm").exists(), reason="reads /proc")


@pytest.mark.parametrize(("predictions", "frames"), [(5_000, 0), (0, 1_000)])
def test_nothing_grows(predictions: int, frames: int, tmp_path: Path) -> None:
    target = tmp_path / "soak.json"
    counts = ["--predictions", str(predictions), "--frames", str(frames)]
    command = [sys.executable, "-m", "tools.performance.soak", *counts, "--json", str(target)]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert target.exists(), done.stderr
    (figures,) = json.loads(target.read_text()).values()
    assert figures["calls"] == predictions + frames
    assert figures["growth_bytes"] < 2_000_000
    assert figures["handles"] <= 0
    assert min(figures["cpu_p99_us"]) > 10, "no call can be that fast"


def test_soak_sees_growth_and_open_files(tmp_path: Path) -> None:
    kept: list[Any] = []

    def leak() -> None:
        memory = mmap.mmap(-1, 20_000)  # from the system: never what pytest has freed, however much that is
        memory.write(bytes(20_000))
        kept.append(memory)
        if len(kept) % 1_000 == 0:
            kept.append((tmp_path / "held").open("w"))

    result = soak.soak(leak, 4_000, warm_up=1_000)
    assert result.growth_bytes > soak.PROMISED_BYTES
    assert result.handles >= 3
    assert not result.kept


@pytest.mark.parametrize(("growth", "kept"), [(0, True), (40, True), (80, False)])
def test_soak_sees_calls_that_become_slower(monkeypatch: pytest.MonkeyPatch, growth: int, kept: bool) -> None:
    """A call takes 1 ms, and `growth` % more after 2,000; each 200th is an outlier, which p99 forgives."""
    clock = Clock()
    monkeypatch.setattr(soak, "time", clock)
    calls = 0

    def call() -> None:
        nonlocal calls
        calls += 1
        clock.now_ns += 50_000_000 if calls % 200 == 0 else 1_000_000 * (100 + growth * calls // 2_000) // 100

    result = soak.soak(call, 2_000, warm_up=0)
    first, last = result.p99_us
    assert result.cpu_p99_us == result.p99_us
    assert first == pytest.approx(1_000 * (1 + growth / 1_000), rel=0.01)
    assert last == pytest.approx(1_000 * (1 + growth / 100), rel=0.01)
    assert result.kept == kept
