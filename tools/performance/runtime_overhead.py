"""What `EmotionClassifier` adds to the bare interpreter: per call, at start-up, in memory.

    python -m tools.performance.runtime_overhead [--model edge_cnn_s] [--json FILE]

Prints a table of ratios, each beside what fer-edge promises. Variants take turns, so that a drift of
the machine's speed hits all alike. `make benchmark-runtime` writes the figures into the pages.
"""

from __future__ import annotations

import argparse
import json
import os
import site
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from statistics import median
from typing import Any

import cv2
import numpy as np

from fer_edge.benchmarks.host import describe_host
from fer_edge.benchmarks.turns import take_turns
from fer_edge.runtime import EmotionClassifier
from fer_edge.runtime.bundled import DEFAULT_MODEL, find_model

ROOT = Path(__file__).parents[2]
FACES = 64
"""Crops in a round, and in a batch."""

PROMISED_US = 15.0
PROMISED_CALL, PROMISED_REGION, PROMISED_BATCH = 1.05, 1.10, 1.00
PROMISED_START, PROMISED_MEMORY = 1.30, 1.15


@dataclass(frozen=True)
class Comparison:
    """One promise and what was measured.

    Attributes:
        name: what is compared with what.
        unit: of `bare` and `ours`.
        bare: without fer-edge.
        ours: with fer-edge.
        ratio: what fer-edge takes, as a multiple of the bare interpreter.
        promised: the largest ratio that fer-edge allows itself.
        promised_difference: the difference that it allows itself where that is more, in `unit`.
        detail: what else was measured.
    """

    name: str
    unit: str
    bare: float
    ours: float
    ratio: float
    promised: float
    promised_difference: float = 0.0
    detail: str = ""

    @property
    def kept(self) -> bool:
        """Whether the promise is kept."""
        return self.ratio <= self.promised or self.ours - self.bare <= self.promised_difference


def main() -> int:
    """Measure and print; the exit code is 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a .tflite file or the name of a bundled model")
    parser.add_argument("--rounds", type=int, default=300, help=f"timed rounds of {FACES} calls each")
    parser.add_argument("--starts", type=int, default=25, help="processes of each kind")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    model = Path(find_model(options.model))
    comparisons = [*compare_calls(model, options.rounds), *compare_starts(model, options.starts)]
    print_table(comparisons)
    if options.json:
        rows = [asdict(row) | {"kept": row.kept} for row in comparisons]
        figures = {"model": model.name, "rounds": options.rounds, "starts": options.starts, "comparisons": rows}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps(figures | {"host": describe_host()}, indent=2))
    return 0 if all(row.kept for row in comparisons) else 1


def compare_calls(model: Path, rounds: int) -> list[Comparison]:
    """Compare calls of the runtime with calls of the very interpreter underneath. Times in us per face."""
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (FACES, 48, 48, 1), dtype=np.uint8)
    frame = rng.integers(0, 256, (480, 640, 3), dtype=np.uint8)
    region = frame[100:300, 220:420]  # a view of the frame, as a face detector's box gives it
    with EmotionClassifier(model) as classifier:
        interpreter = classifier._interpreter
        source = interpreter.get_input_details()[0]["index"]
        target = interpreter.get_output_details()[0]["index"]

        def make_grey() -> Any:
            return cv2.cvtColor(region, cv2.COLOR_BGR2GRAY)

        grey = make_grey()

        def shrink(grey: Any) -> Any:
            return cv2.resize(grey, (48, 48), interpolation=cv2.INTER_AREA)

        def bare_region() -> Any:
            interpreter.set_tensor(source, shrink(make_grey()).reshape(1, 48, 48, 1))
            interpreter.invoke()
            return interpreter.get_tensor(target)

        rounds_us = microseconds(
            {
                "invoke": interpreter.invoke,
                "predict": lambda: classifier.predict(crops[0]),
                "grey": make_grey,
                "shrink": lambda: shrink(grey),
                "bare region": bare_region,
                "region": lambda: classifier.predict(region),
            },
            rounds,
        ) | microseconds(
            {
                "one by one": lambda: [classifier.predict(crop) for crop in crops],
                "batch": lambda: classifier.predict_batch(crops),
            },
            rounds,
            faces=FACES,
        )
    us = {name: median(times) for name, times in rounds_us.items()}

    def compare(name: str, bare: str, ours: str, *promised: float, detail: str = "") -> Comparison:
        # Within a round, because the speed of a machine wanders by more than what is compared here.
        ratio = median(ours_us / bare_us for bare_us, ours_us in zip(rounds_us[bare], rounds_us[ours], strict=True))
        return Comparison(name, "us", us[bare], us[ours], ratio, *promised, detail=detail)

    steps = (
        f"Of the {us['bare region']:.0f} us by hand, cvtColor takes {us['grey']:.0f} us and resize "
        f"{us['shrink']:.0f} us: without fer-edge it is {us['bare region'] / us['invoke']:.2f} times invoke alone."
    )
    by_hand = "the same by hand: cvtColor, resize, set, invoke, get"
    return [
        compare("predict, 48x48 crop / invoke", "invoke", "predict", PROMISED_CALL, PROMISED_US),
        compare(
            f"predict, 200x200 region of a 640x480 BGR frame / {by_hand}", "bare region", "region", PROMISED_REGION,
            detail=steps,
        ),
        compare(f"predict_batch of {FACES} crops / predict of each in turn", "one by one", "batch", PROMISED_BATCH),
    ]  # fmt: skip


def microseconds(calls: dict[str, Callable[[], object]], rounds: int, *, faces: int = 1) -> dict[str, list[float]]:
    """Return each call's median time in us per face, of every round; `faces` is how many one call handles."""
    turns = take_turns(calls, rounds, samples=FACES // faces, seconds=0.0)
    return {name: [1000 * ms / faces for ms in medians] for name, medians in turns.items()}


# Both print a line with the first answer, then peak resident memory in kB and processor time in seconds.
BY_HAND = """
import sys
import numpy as np
from ai_edge_litert.interpreter import Interpreter
interpreter = Interpreter(model_path=sys.argv[1], num_threads=1)
interpreter.allocate_tensors()
face = np.zeros((1, 48, 48, 1), np.uint8)
interpreter.set_tensor(interpreter.get_input_details()[0]["index"], face)
interpreter.invoke()
print(interpreter.get_tensor(interpreter.get_output_details()[0]["index"])[0].argmax(), flush=True)
"""
WITH_FER_EDGE = """
import sys
import numpy as np
from fer_edge.runtime import EmotionClassifier
print(EmotionClassifier(sys.argv[1]).predict(np.zeros((48, 48), np.uint8)).probabilities.argmax(), flush=True)
"""
COSTS = """
import time
seconds = time.process_time()
print(next(line for line in open("/proc/self/status") if line.startswith("VmHWM")).split()[1], seconds)
"""


@dataclass(frozen=True)
class Start:
    """What one program took: ms on the clock until its first answer, ms of processor time, MB at most."""

    clock_ms: float
    processor_ms: float
    peak_mb: float


def compare_starts(model: Path, starts: int) -> list[Comparison]:
    """Compare the time to the first answer and the peak memory of two programs, in processes of their own."""
    bare, ours = [], []
    for _ in range(starts + 1):
        bare.append(start_once(BY_HAND, model))
        ours.append(start_once(WITH_FER_EDGE, model))
    del bare[0], ours[0]  # they filled the disk cache

    def compare(name: str, unit: str, field: str, promised: float) -> Comparison:
        by_hand, with_us = ([getattr(start, field) for start in kind] for kind in (bare, ours))
        ratio = median(ours / bare for bare, ours in zip(by_hand, with_us, strict=True))
        return Comparison(name, unit, median(by_hand), median(with_us), ratio, promised)

    return [
        compare("start to first answer / script by hand", "ms", "clock_ms", PROMISED_START),
        compare("processor time of that / script by hand", "ms", "processor_ms", PROMISED_START),
        compare("peak resident memory / script by hand", "MB", "peak_mb", PROMISED_MEMORY),
    ]


def start_once(program: str, model: Path) -> Start:
    """Run a program of the two above in a process of its own.

    Python is started without `site` (-S), because an editable install's hooks would burden both programs
    alike and flatter the ratio, and without the current folder (-P), which may hold another fer_edge.
    """
    path = os.pathsep.join([str(ROOT), *site.getsitepackages()])
    command = [sys.executable, "-S", "-P", "-c", program + COSTS, str(model)]
    environment = os.environ | {"PYTHONPATH": path}
    start = time.perf_counter()
    with subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True
    ) as process:
        assert process.stdout is not None
        answer = process.stdout.readline()
        taken = time.perf_counter() - start
        costs = process.stdout.readline().split()
    if process.returncode or not answer:
        sys.exit(f"This program failed:\n{program}")
    return Start(taken * 1000, float(costs[1]) * 1000, int(costs[0]) * 1024 / 1e6)


def print_table(comparisons: list[Comparison]) -> None:
    """Print one line per comparison."""
    print(f"{'ratio':>6} {'at most':>8} {'bare':>9} {'ours':>9}")
    for row in comparisons:
        broken = "" if row.kept else "  BROKEN"
        extra = f" or +{row.promised_difference:.0f} {row.unit}" if row.promised_difference else ""
        print(
            f"{row.ratio:6.3f} {row.promised:8.2f} {row.bare:6.1f} {row.unit} {row.ours:6.1f} {row.unit}  "
            f"{row.name}{extra}{broken}{' - ' + row.detail if row.detail else ''}"
        )


if __name__ == "__main__":
    sys.exit(main())
