"""Latency, start-up and memory of a model, measured in a process of its own."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt

from fer_edge.errors import FerEdgeError, ModelError

MIN_SAMPLES = 200


@dataclass(frozen=True)
class LatencySamples:
    """What one process measured for one model and thread count. Times in ms, memory in MB.

    Attributes:
        threads: of one prediction.
        import_ms: NumPy, the interpreter's package and the runtime.
        load_ms: reading, verifying and preparing the model.
        first_result_ms: import, load and the first prediction together.
        predict_ms: raw samples of `EmotionClassifier.predict` on a 48x48 crop.
        invoke_ms: raw samples of the bare interpreter, taken in turn with the former.
        peak_memory_mb: peak resident memory of the whole process.
    """

    threads: int
    import_ms: float
    load_ms: float
    first_result_ms: float
    predict_ms: list[float]
    invoke_ms: list[float]
    peak_memory_mb: float


@dataclass(frozen=True)
class Percentiles:
    """Latency percentiles in ms."""

    p50: float
    p90: float
    p99: float


def require_samples(samples: int) -> None:
    """Check that there are enough timed runs for a 99th percentile to mean something.

    Raises:
        FerEdgeError: fewer than `MIN_SAMPLES`.
    """
    if samples < MIN_SAMPLES:
        raise FerEdgeError(f"Expected at least {MIN_SAMPLES} timed runs, got {samples}.")


def percentiles(samples_ms: list[float]) -> Percentiles:
    """Return p50, p90 and p99 of raw samples."""
    return Percentiles(*(float(value) for value in np.percentile(samples_ms, (50, 90, 99))))


def measure_latency(model: Path, *, threads: int, samples: int, faces: npt.NDArray[np.uint8] | None) -> LatencySamples:
    """Measure `model` in a new process.

    Args:
        model: a .tflite file of fer-edge.
        threads: interpreter threads.
        samples: timed runs, at least `MIN_SAMPLES`.
        faces: crops to predict (uint8, N x 48 x 48 x 1), or None for seeded noise: the time does
            not depend on what a picture shows.

    Raises:
        ModelError: the model cannot be loaded.
        FerEdgeError: the measuring process died.
    """
    require_samples(samples)
    with tempfile.TemporaryDirectory() as folder:
        request = {"model": str(model), "threads": threads, "samples": samples, "faces": None}
        if faces is not None:
            request["faces"] = str(Path(folder) / "faces.npy")
            np.save(str(request["faces"]), faces[:16])
        command = [sys.executable, "-m", "fer_edge.benchmarks.worker"]
        done = subprocess.run(command, input=json.dumps(request), capture_output=True, text=True, check=False)
    if done.returncode != 0:
        reason = done.stderr.strip().splitlines()[-1:] or [f"exit code {done.returncode}"]
        raise FerEdgeError(f"Measuring {model} failed: {reason[0]}.")
    answer = json.loads(done.stdout)
    if "error" in answer:
        raise ModelError(answer["error"])
    return LatencySamples(threads=threads, **answer)


def instability(samples: LatencySamples) -> str | None:
    """Return why these samples should not be trusted, or None.

    The halves' medians differ when the clock drifts (heat, another load); a long tail shows that
    something else wanted the core.
    """
    halves = np.array_split(np.array(samples.predict_ms), 2)
    drift = abs(float(np.median(halves[1]) / np.median(halves[0])) - 1)
    if drift > 0.1:
        return f"the median drifted by {drift:.0%} between the first and the second half"
    shares = percentiles(samples.predict_ms)
    if shares.p90 > 1.5 * shares.p50:
        return f"the slowest tenth takes over {shares.p90 / shares.p50:.1f} times the median"
    return None
