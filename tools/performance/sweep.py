"""How the cost grows: with faces in a call, threads, the size of a face, the size of a frame, faces in a frame.

    python -m tools.performance.sweep [--model edge_cnn_s] [--json FILE] [--plot FILE.png]

Every point has its turn in every round, so that a drift of the machine's speed hits all alike. Frames
are made of a photograph (fer_edge/benchmarks/scene.py). `make docs-bench` writes the figures into the pages.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path

import numpy as np

from fer_edge.benchmarks.host import describe_host
from fer_edge.benchmarks.rounds import choose_settings
from fer_edge.benchmarks.scene import make_frame
from fer_edge.benchmarks.timing import thread_counts
from fer_edge.benchmarks.turns import take_turns
from fer_edge.runtime import EmotionClassifier, FaceAnalyzer, HaarDetector, YuNetDetector

ROUNDS = 30
TURN_SECONDS = 0.04
CALLS = 3
COUNTS = (1, 2, 4, 8, 16, 32, 64, 128)
EDGES = (48, 96, 200, 400, 800)
FRAMES = ((320, 240), (640, 480), (1280, 720), (1920, 1080))
FACES = (0, 1, 2, 4, 8)


@dataclass(frozen=True)
class Measured:
    """One point of a sweep: medians of the rounds in ms, and the quartiles between rounds.

    Attributes:
        axis: which sweep.
        value: where on its axis.
        what: what was called.
        median_ms: of one call.
        low_ms: the lower quartile.
        high_ms: the upper quartile.
    """

    axis: str
    value: int
    what: str
    median_ms: float
    low_ms: float
    high_ms: float


@dataclass(frozen=True)
class Point:
    """What is timed at one point."""

    axis: str
    value: int
    what: str
    call: Callable[[], object]


def main() -> int:
    """Measure, print, and write what was asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--model", default="edge_cnn_s")
    parser.add_argument("--json", type=Path)
    parser.add_argument("--plot", type=Path)
    options = parser.parse_args()
    points = [*crop_points(options.model), *frame_points(options.model)]
    measured = measure(points)
    for entry in measured:
        print(f"{entry.axis:>16} {entry.value:>6}  {entry.what:<24} {entry.median_ms:9.3f} ms")
    if options.json:
        content = {"model": options.model, "rounds": ROUNDS, "host": describe_host()}
        options.json.parent.mkdir(parents=True, exist_ok=True)
        options.json.write_text(json.dumps({**content, "points": [asdict(entry) for entry in measured]}, indent=1))
    if options.plot:
        plot(measured, options.plot)
    return 0


def crop_points(model: str) -> list[Point]:
    """Return the sweeps over faces in a call, threads, and the edge of a face region."""
    classifier = EmotionClassifier(model)
    rng = np.random.default_rng(0)
    crops = rng.integers(0, 256, (max(COUNTS), 48, 48, 1), dtype=np.uint8)
    points = [
        Point("faces in a call", n, "predict_batch", partial(classifier.predict_batch, crops[:n])) for n in COUNTS
    ]
    for threads in thread_counts(choose_settings(quick=False, seed=0, threads=[1])):
        call = partial(EmotionClassifier(model, threads=threads).predict, crops[0])
        points.append(Point("threads", threads, "predict", call))
    frame, _ = make_frame(1, width=1920, height=1080)
    for edge in EDGES:
        left, top = 960 - edge // 2, 540 - edge // 2
        region = frame[top : top + edge, left : left + edge]
        points.append(Point("edge of a face", edge, "predict", partial(classifier.predict, region)))
    return points


def frame_points(model: str) -> list[Point]:
    """Return the sweeps over the size of a frame with one face, and over the faces in a frame."""
    yunet, haar = YuNetDetector(), HaarDetector(longest_edge=max(map(max, FRAMES)))
    analyzer, points = FaceAnalyzer(EmotionClassifier(model), yunet), []
    for width, height in FRAMES:
        frame, _ = make_frame(1, width=width, height=height)
        for what, call in (("analyze", analyzer.analyze), ("YuNet", yunet.detect), ("Haar, not scaled", haar.detect)):
            points.append(Point("pixels of a frame", width * height, what, partial(call, frame)))
    for count in FACES:
        frame, boxes = make_frame(count)
        points.append(Point("faces in a frame", count, "analyze", partial(analyzer.analyze, frame)))
        if boxes:
            call = partial(analyzer.analyze, frame, boxes)
            points.append(Point("faces in a frame", count, "analyze, boxes given", call))
    return points


def measure(points: list[Point]) -> list[Measured]:
    """Time every point in every round."""
    turns = take_turns(
        {index: point.call for index, point in enumerate(points)}, ROUNDS, samples=CALLS, seconds=TURN_SECONDS
    )
    low, median, high = np.percentile(list(turns.values()), (25, 50, 75), axis=1)
    return [
        Measured(point.axis, point.value, point.what, *(round(float(row[i]), 5) for row in (median, low, high)))
        for i, point in enumerate(points)
    ]


def plot(measured: list[Measured], path: Path) -> None:
    """Draw one panel per sweep."""
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure
    from matplotlib.ticker import EngFormatter, MaxNLocator

    axes_names = list(dict.fromkeys(entry.axis for entry in measured))
    figure = Figure(figsize=(11, 6), layout="constrained")
    figure.suptitle("Median time; the band holds the middle half of the rounds", fontsize="medium")
    FigureCanvasAgg(figure)
    panels = figure.subplots(2, 3).ravel()
    for panel, name in zip(panels, axes_names, strict=False):
        for what in dict.fromkeys(entry.what for entry in measured if entry.axis == name):
            rows = [entry for entry in measured if (entry.axis, entry.what) == (name, what)]
            x = [entry.value for entry in rows]
            panel.plot(x, [entry.median_ms for entry in rows], marker="o", label=what)
            panel.fill_between(x, [entry.low_ms for entry in rows], [entry.high_ms for entry in rows], alpha=0.2)
        panel.set(xlabel=name, ylabel="ms", ylim=(0, None))
        panel.xaxis.set_major_locator(MaxNLocator(6, integer=True))
        panel.xaxis.set_major_formatter(EngFormatter(sep=""))
        panel.grid(alpha=0.3)
        panel.legend()
    for panel in panels[len(axes_names) :]:
        panel.set_axis_off()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)


if __name__ == "__main__":
    sys.exit(main())
