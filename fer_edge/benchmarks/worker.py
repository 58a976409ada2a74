"""Measures one model in a process of its own: ``python -m fer_edge.benchmarks.worker``.

Reads a JSON request from stdin and writes a JSON answer to stdout. The process starts with nothing
but the standard library, so that load time and peak memory are the model's and its interpreter's.
"""

from __future__ import annotations

import json
import sys
import time
from typing import Any

WARM_UP_SECONDS = 0.5
WARM_UP_RUNS = 20


def measure(request: dict[str, Any]) -> dict[str, Any]:
    """Return load time, first result, latency samples and peak memory of one model.

    Args:
        request: model (path), threads, samples (timed runs), faces (path of a .npy file with N x 48
            x 48 x 1 uint8) or None for seeded noise.
    """
    started = time.perf_counter()
    import numpy as np

    from fer_edge.runtime.classifier import EmotionClassifier

    imported = time.perf_counter()
    classifier = EmotionClassifier(request["model"], threads=request["threads"])
    loaded = time.perf_counter()
    if request["faces"]:
        faces = np.load(request["faces"])
    else:
        faces = np.random.default_rng(0).integers(0, 256, (16, 48, 48, 1), dtype=np.uint8)
    ready = time.perf_counter()
    classifier.predict(faces[0])
    first = time.perf_counter()
    predict_ms, invoke_ms = time_runs(classifier, faces, request["samples"])
    return {
        "import_ms": (imported - started) * 1000,
        "load_ms": (loaded - imported) * 1000,
        "first_result_ms": (loaded - started + first - ready) * 1000,
        "predict_ms": predict_ms,
        "invoke_ms": invoke_ms,
        "peak_memory_mb": peak_memory_mb(),
    }


def time_runs(classifier: Any, faces: Any, samples: int) -> tuple[list[float], list[float]]:
    """Return `samples` durations in ms of predict and of the bare interpreter, taken in turn.

    Taking turns lets a drift of the machine's speed hit both alike.
    """
    invoke = classifier._interpreter.invoke  # the bare call underneath, to show what predict adds
    warm_until = time.perf_counter() + WARM_UP_SECONDS
    runs = 0
    while runs < WARM_UP_RUNS or time.perf_counter() < warm_until:
        classifier.predict(faces[runs % len(faces)])
        runs += 1
    predict_ms, invoke_ms = [], []
    for index in range(samples):
        face = faces[index % len(faces)]
        start = time.perf_counter_ns()
        classifier.predict(face)
        middle = time.perf_counter_ns()
        invoke()
        end = time.perf_counter_ns()
        predict_ms.append((middle - start) / 1e6)
        invoke_ms.append((end - middle) / 1e6)
    return predict_ms, invoke_ms


def peak_memory_mb() -> float:
    """Return the peak resident memory of this process in MB of 1,000,000 bytes."""
    try:
        # Not ru_maxrss: on Linux that survives exec and would show the parent's peak.
        with open("/proc/self/status") as status:
            peak = next(line for line in status if line.startswith("VmHWM"))
        return int(peak.split()[1]) * 1024 / 1e6
    except (OSError, StopIteration):
        import resource

        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6  # bytes on macOS


def main() -> int:
    """Answer one request; errors of fer-edge travel to the parent as JSON too."""
    request = json.load(sys.stdin)
    from fer_edge.errors import FerEdgeError

    try:
        answer = measure(request)
    except FerEdgeError as error:
        answer = {"error": str(error)}
    json.dump(answer, sys.stdout)
    return 0


if __name__ == "__main__":
    sys.exit(main())
