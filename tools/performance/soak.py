"""Whether the runtime stays as it is after 200,000 predictions, and after 20,000 frames of a stream.

    python -m tools.performance.soak [--predictions 200000] [--frames 20000] [--json FILE]

Prints growth of memory, file handles and the slowest hundredth of the calls at the beginning and at
the end. 0 leaves a part out. Linux only: it reads /proc. `make benchmark-runtime` writes the figures into
the pages.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import sys
import tempfile
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass
from itertools import cycle
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.runtime import EmotionClassifier, EmotionStream
from fer_edge.runtime.bundled import DEFAULT_MODEL

PORTRAIT = Path(__file__).parents[2] / "docs/images/astronaut.jpg"
WARM_UP_PREDICTIONS, WARM_UP_FRAMES = 2_000, 1_000
PROMISED_BYTES = 2_000_000
PROMISED_DRIFT = 1.5


@dataclass(frozen=True)
class Soak:
    """What a long run did to the process. Percentiles are of the first and of the last tenth of the calls.

    Attributes:
        calls: how many, after the warm-up.
        growth_bytes: of resident memory since the warm-up.
        handles: open file handles that came since the warm-up.
        p99_us: of the time on the clock; other programs on the machine lengthen it.
        cpu_p99_us: of the processor time that a call took: what fer-edge itself can keep steady.
    """

    calls: int
    growth_bytes: int
    handles: int
    p99_us: tuple[float, float]
    cpu_p99_us: tuple[float, float]

    @property
    def kept(self) -> bool:
        """Whether memory, handles and latency stayed within the promise."""
        steady = all(last <= PROMISED_DRIFT * first for first, last in (self.p99_us, self.cpu_p99_us))
        return self.growth_bytes < PROMISED_BYTES and self.handles <= 0 and steady


def main() -> int:
    """Run and print; the exit code is 1 if a promise is broken."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default=DEFAULT_MODEL, help="a .tflite file or the name of a bundled model")
    parser.add_argument("--predictions", type=int, default=200_000, help="at least 1000, or 0")
    parser.add_argument("--frames", type=int, default=20_000, help="at least 1000, or 0")
    parser.add_argument("--json", type=Path, help="write the figures to this file")
    options = parser.parse_args()
    results = {}
    with EmotionClassifier(options.model) as classifier:
        if options.predictions:
            results["predictions"] = soak_predictions(classifier, options.predictions)
        if options.frames:
            results["stream frames"] = soak_frames(classifier, options.frames)
    for name, result in results.items():
        print_result(name, result)
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        figures = {name: asdict(result) | {"kept": result.kept} for name, result in results.items()}
        options.json.write_text(json.dumps(figures, indent=2))
    return 0 if all(result.kept for result in results.values()) else 1


def print_result(name: str, result: Soak) -> None:
    """Print three lines."""
    print(f"{result.calls:,} {name}: memory {result.growth_bytes / 1e6:+.2f} MB, handles {result.handles:+}")
    for what, (first, last) in (("on the clock", result.p99_us), ("of processor time", result.cpu_p99_us)):
        print(f"  p99, first and last tenth: {first:.0f} and {last:.0f} us {what} ({last / first:.2f} times)")


def soak_predictions(classifier: EmotionClassifier, count: int) -> Soak:
    """Predict crops as the model takes them, and a few colour pictures that have to be shrunk."""
    rng = np.random.default_rng(0)
    crops = [rng.integers(0, 256, (48, 48), dtype=np.uint8) for _ in range(12)]
    colour = [rng.integers(0, 256, (edge, edge, 3), dtype=np.uint8) for edge in (60, 90, 120, 150)]
    pictures = cycle(crops + colour)
    return soak(lambda: classifier.predict(next(pictures)), count, warm_up=WARM_UP_PREDICTIONS)


def soak_frames(classifier: EmotionClassifier, count: int) -> Soak:
    """Play a film: each frame is decoded, its face found, predicted and followed."""
    with tempfile.TemporaryDirectory() as folder:
        film = write_film(Path(folder) / "film.mp4", WARM_UP_FRAMES + count)
        faces = 0

        def watch() -> None:
            nonlocal faces
            faces += len(next(stream).faces)

        with EmotionStream(film, classifier=classifier) as stream:
            result = soak(watch, count, warm_up=WARM_UP_FRAMES)
    if faces < count / 2:
        sys.exit(f"Expected a face in more than half of the {count} frames, found {faces}: this soak proves nothing.")
    return result


def write_film(path: Path, count: int) -> Path:
    """Write a film in which a face walks by, leaves for long enough to be a new one, and comes back."""
    portrait = cv2.imread(str(PORTRAIT))
    assert portrait is not None
    face = cv2.resize(portrait[40:200, 150:300], (75, 80), interpolation=cv2.INTER_AREA)
    film = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"mp4v"), 25, (160, 120))  # type: ignore[attr-defined]
    for index in range(count):
        frame = np.full((120, 160, 3), 90, np.uint8)
        place = index % 100  # 4 s, of which the face is there for 2.4
        if place < 60:
            frame[20:100, 10 + place : 85 + place] = face
        film.write(frame)
    film.release()
    return path


def soak(call: Callable[[], object], count: int, *, warm_up: int) -> Soak:
    """Call `count` times after a warm-up and compare the process with what it was."""
    tenth = count // 10
    # Written before the warm-up: pages that the samples touch later would count as growth.
    first, last = np.ones((tenth, 2), np.int64), np.ones((tenth, 2), np.int64)
    repeat(call, warm_up)
    gc.collect()
    memory, handles = resident_bytes(), open_handles()
    time_calls(call, first)
    repeat(call, count - 2 * tenth)
    time_calls(call, last)
    gc.collect()
    growth, new_handles = resident_bytes() - memory, open_handles() - handles
    # One row per tenth: p99 on the clock, p99 of processor time.
    p99_us = [[float(value) / 1000 for value in np.percentile(part, 99, axis=0)] for part in (first, last)]
    wall, cpu = zip(*p99_us, strict=True)
    return Soak(count, growth, new_handles, wall, cpu)


def repeat(call: Callable[[], object], count: int) -> None:
    """Call `count` times."""
    for _ in range(count):
        call()


def time_calls(call: Callable[[], object], samples: npt.NDArray[np.int64]) -> None:
    """Call once per row of `samples`; write ns on the clock and of this thread's processor time into it."""
    for row in samples:
        wall, cpu = time.perf_counter_ns(), time.thread_time_ns()
        call()
        row[:] = time.perf_counter_ns() - wall, time.thread_time_ns() - cpu


def resident_bytes() -> int:
    """Return the resident memory of this process."""
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")


def open_handles() -> int:
    """Return how many file handles this process has open."""
    return len(os.listdir("/proc/self/fd"))


if __name__ == "__main__":
    sys.exit(main())
