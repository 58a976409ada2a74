"""Measures one model in its own process: ``python -m fer_edge.benchmarks.worker``.

Answers one JSON request a line on stdin with one JSON line on stdout, until stdin ends. It starts with
nothing but the standard library, so that load time and peak memory are the model's and its
interpreter's; between requests it sleeps, so that the processes of other variants have the machine.
"""

from __future__ import annotations

import gc
import json
import sys
import time
from collections.abc import Callable
from typing import Any

from fer_edge.memory import peak_memory_mb

STABLE_BLOCKS = 3
STABLE_WITHIN = 0.03
MIN_BLOCK_RUNS = 3
FEW_SAMPLES = 3

Call = Callable[[int], object]


class Worker:
    """One model, loaded for each thread count that is asked for, and the calls that are timed."""

    def __init__(self) -> None:
        self._classifiers: dict[int, Any] = {}
        self._calls: dict[tuple[str, int], Call] = {}
        self._request: dict[str, Any] = {}

    def open(self, request: dict[str, Any]) -> dict[str, Any]:
        """Load the model and answer one face, as an app does at its start.

        Args:
            request: model (path), threads, crops (.npy, N x 48 x 48 x 1 uint8), frame (.npy, BGR) or
                None, region (x, y, width, height) or None, detector (see `load_detector`).
        """
        self._request = request
        started = time.perf_counter()
        import numpy as np

        from fer_edge.runtime.classifier import EmotionClassifier

        imported = time.perf_counter()
        self._classifiers[request["threads"]] = EmotionClassifier(request["model"], threads=request["threads"])
        loaded = time.perf_counter()
        self._crops = np.load(request["crops"])
        ready = time.perf_counter()
        self._classifiers[request["threads"]].predict(self._crops[0])
        first = time.perf_counter()
        return {
            "import_ms": (imported - started) * 1000,
            "load_ms": (loaded - imported) * 1000,
            "first_result_ms": (loaded - started + first - ready) * 1000,
            "peak_memory_mb": peak_memory_mb(),
        }

    def open_bare(self, request: dict[str, Any]) -> dict[str, Any]:
        """Load a model that is no classifier, to time its bare interpreter."""
        from pathlib import Path

        from fer_edge.runtime.interpreter import load_interpreter

        interpreter = load_interpreter(Path(request["model"]).read_bytes(), threads=request["threads"])
        self._calls["invoke", request["threads"]] = lambda _: interpreter.invoke()
        return {}

    def warm_up(self, request: dict[str, Any]) -> dict[str, Any]:
        """Run a task in blocks until the medians of the last blocks agree, or the time is over."""
        call = self._find_call(request["task"], request["threads"])
        started, runs = time.perf_counter(), 0
        medians: list[float] = []
        while True:
            block = time_calls(call, samples=MIN_BLOCK_RUNS, seconds=request["block_seconds"])
            runs += len(block)
            medians = [*medians, sorted(block)[len(block) // 2]][-STABLE_BLOCKS:]
            stable = len(medians) == STABLE_BLOCKS and max(medians) <= (1 + STABLE_WITHIN) * min(medians)
            seconds = time.perf_counter() - started
            if stable or seconds > request["max_seconds"]:
                return {"runs": runs, "seconds": round(seconds, 3), "stable": stable}

    def time(self, request: dict[str, Any]) -> dict[str, Any]:
        """Return at least so many samples in ms, and at least so many seconds of them; see `time_calls`."""
        call = self._find_call(request["task"], request["threads"])
        limits = {name: request[name] for name in ("samples", "seconds", "at_most")}
        return {"samples_ms": time_calls(call, **limits)}

    def memory(self, _: dict[str, Any]) -> dict[str, Any]:
        """Return the peak memory so far."""
        return {"peak_memory_mb": peak_memory_mb()}

    def _find_call(self, task: str, threads: int) -> Call:
        if (task, threads) not in self._calls:
            if threads not in self._classifiers:
                from fer_edge.runtime.classifier import EmotionClassifier

                self._classifiers[threads] = EmotionClassifier(self._request["model"], threads=threads)
            self._calls[task, threads] = self._make_call(task, self._classifiers[threads])
        return self._calls[task, threads]

    def _make_call(self, task: str, classifier: Any) -> Call:
        """Return what is timed; it takes a number, so that crops take turns."""
        name, _, batch = task.partition(":")
        crops = self._crops
        if name == "invoke":
            invoke = classifier._interpreter.invoke  # the bare call underneath, to show what predict adds
            return lambda _: invoke()
        if name == "predict":
            return lambda index: classifier.predict(crops[index % len(crops)])
        if name == "batch":
            import numpy as np

            faces = crops[np.arange(int(batch)) % len(crops)]
            return lambda _: classifier.predict_batch(faces)
        import numpy as np

        frame = np.load(self._request["frame"])
        if name == "region":
            x, y, width, height = self._request["region"]
            return lambda _: classifier.predict(frame[y : y + height, x : x + width])
        from fer_edge.runtime.detectors import load_detector
        from fer_edge.runtime.faces import FaceAnalyzer

        analyzer = FaceAnalyzer(classifier, load_detector(self._request["detector"]))
        return lambda _: analyzer.analyze(frame)


def time_calls(call: Call, *, samples: int, seconds: float, at_most: float | None = None) -> list[float]:
    """Return durations in ms: at least `samples`, and at least `seconds` in all.

    After `at_most` seconds, if given, `FEW_SAMPLES` are enough.
    """
    durations: list[int] = []
    spent, enough, limit = 0, int(seconds * 1e9), None if at_most is None else int(at_most * 1e9)
    gc.collect()
    gc.disable()  # a collection would land in a random sample
    try:
        while len(durations) < samples or spent < enough:
            if limit is not None and spent >= limit and len(durations) >= FEW_SAMPLES:
                break
            start = time.perf_counter_ns()
            call(len(durations))
            duration = time.perf_counter_ns() - start
            durations.append(duration)
            spent += duration
    finally:
        gc.enable()
    return [round(duration / 1e6, 5) for duration in durations]


def main() -> int:
    """Answer requests; errors of fer-edge travel to the parent as JSON too."""
    worker = Worker()
    requests: dict[str, Callable[[dict[str, Any]], dict[str, Any]]] = {
        "open": worker.open,
        "open_bare": worker.open_bare,
        "warm_up": worker.warm_up,
        "time": worker.time,
        "memory": worker.memory,
    }
    from fer_edge.errors import FerEdgeError

    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = requests[request["do"]](request)
        except FerEdgeError as error:
            answer = {"error": str(error)}
        sys.stdout.write(json.dumps(answer) + "\n")
        sys.stdout.flush()
    return 0


if __name__ == "__main__":
    sys.exit(main())
