"""What the detectors find in photographs, and what that takes.

    python -m tools.faces.collect build/faces/photos
    python -m tools.faces.detection build/faces/photos --blazeface FILE.tflite ... --json build/faces/detection.json

Times are processor times of one thread, all detectors in turn on the same frame; each is divided by that of Haar on the
frame as it is, which is what fer-edge did before YuNet.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from fer_edge.benchmarks.scene import make_frame
from fer_edge.runtime import (
    BlazeFaceDetector,
    EmotionClassifier,
    FaceAnalyzer,
    HaarDetector,
    YuNetDetector,
    load_detector,
    read_picture,
)
from fer_edge.runtime.detectors.base import ScaledDetector, shrink
from fer_edge.stream.search import FaceSearch
from fer_edge.stream.tracker import overlap
from fer_edge.types import Box
from tools.faces.collect import Marks, Photo, photos

LONGEST_EDGE = 640
LEAST = 48
FOUND = 0.35
"""Overlap from which on a box is a marked face: the detectors frame faces differently."""

FRAMES = {"640x480": (640, 480), "1920x1080": (1920, 1080)}
FACES = (0, 1, 5)
ROUNDS = 7
AS_IT_IS = "Haar, as it is"
"""On photographs of at most 640 pixels it finds what Haar finds."""

STREAM, STREAM_CALLS = "whole frame of a stream", 15
STREAM_FRAMES = 20
Picture = np.ndarray[Any, Any]


def main() -> int:
    """Measure and write."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--blazeface", type=Path, nargs="*", default=[])
    parser.add_argument("--json", type=Path, required=True)
    options = parser.parse_args()
    cv2.setNumThreads(1)
    pictures = photos(options.photos)
    if not pictures:
        sys.exit(f"Expected pictures in {options.photos}: run tools.faces.collect first.")
    detectors = {
        AS_IT_IS: HaarDetector(longest_edge=100_000),
        "Haar": HaarDetector(),
        "YuNet, pictures": YuNetDetector(),
        "YuNet, streams": load_detector("yunet", stream=True),
        **{
            f"BlazeFace {path.stem.removeprefix('face_detection_')}": BlazeFaceDetector(path)
            for path in options.blazeface
        },
    }
    results = {
        "opencv": cv2.__version__,
        "recall": {name: recall(detector, pictures) for name, detector in detectors.items() if name != AS_IT_IS},
        "times": times(detectors),
        "stream": {"yunet": follow("yunet", pictures), "haar": follow("haar", pictures[::8])},
    }
    options.json.parent.mkdir(parents=True, exist_ok=True)
    options.json.write_text(json.dumps(results, indent=1))
    print(json.dumps(results, indent=1))
    return 0


def recall(detector: ScaledDetector, pictures: list[Photo]) -> dict[str, int]:
    """Return how many marked faces of `LEAST` pixels are found, and how many boxes are no face."""
    counts = {"pictures": len(pictures), "faces": 0, "found": 0, "false": 0}
    for photo in pictures:
        marks = [Box(*face) for face in photo.faces]
        boxes = detector.detect(scaled(photo))
        wanted = [mark for mark in marks if size(mark) >= LEAST]
        counts["faces"] += len(wanted)
        counts["found"] += sum(any(overlap(box, mark) > FOUND for box in boxes) for mark in wanted)
        known = [*marks, *as_boxes(photo.ignore)]
        counts["false"] += sum(not any(near(box, mark) for mark in known) for box in boxes)
    return counts


def scaled(photo: Photo) -> Picture:
    """Return a photograph at the size at which its faces are marked."""
    picture = read_picture(photo.path)
    return shrink(picture, LONGEST_EDGE / max(picture.shape[:2]))


def as_boxes(marks: Marks) -> list[Box]:
    """Return marks as boxes."""
    return [Box(*mark) for mark in marks]


def size(box: Box) -> int:
    """Return what the limit of 48 pixels is about."""
    return max(box.width, box.height)


def near(box: Box, mark: Box) -> bool:
    """Tell whether a box is meant for a mark: a face framed oddly is no false alarm, only not found."""
    return overlap(box, mark) > 0.15


def times(detectors: dict[str, ScaledDetector]) -> dict[str, dict[str, float]]:
    """Return frame -> what -> processor time over that of Haar on the frame as it is."""
    classifier, results = EmotionClassifier(), {}
    analyzer = FaceAnalyzer(classifier, detectors["YuNet, pictures"])
    for name, (width, height) in FRAMES.items():
        for faces in FACES:
            frame, _ = make_frame(faces, width=width, height=height)
            calls: dict[str, Callable[[], object]] = {
                what: partial(detector.detect, frame) for what, detector in detectors.items()
            }
            calls["whole picture"] = partial(analyzer.analyze, frame)
            calls[STREAM] = stream_call(classifier, detectors["YuNet, streams"], frame)
            results[f"{name}, {faces}"] = ratios(calls)
    return results


def stream_call(classifier: EmotionClassifier, detector: ScaledDetector, frame: Picture) -> Callable[[], object]:
    """Return what a stream does with half a second of frames at 30 per second: search, crop, classify."""
    analyzer = FaceAnalyzer(classifier, detector)

    def call() -> None:
        search = FaceSearch(detector)
        for index in range(STREAM_CALLS):
            analyzer.analyze(frame, search.find(frame, index / 30))

    return call


def ratios(calls: dict[str, Callable[[], object]]) -> dict[str, float]:
    """Return each call's time over the first one's: medians of the rounds' ratios; streams per frame."""
    names = list(calls)
    rows = []
    for _ in range(ROUNDS):
        row = []
        for name in names:
            start = time.process_time()
            calls[name]()
            row.append((time.process_time() - start) / (STREAM_CALLS if name == STREAM else 1))
        rows.append(row)
    table = np.array(rows)
    return {name: round(float(np.median(table[:, i] / table[:, 0])), 4) for i, name in enumerate(names)}


def follow(name: str, pictures: list[Photo]) -> dict[str, int]:
    """Pan and zoom over photographs, and count the faces of a whole search that are found near their last place."""
    detector = load_detector(name, stream=True)
    counts = {"faces": 0, "again": 0}
    for photo in pictures:
        picture = scaled(photo)
        last: list[Box] = []
        for index in range(STREAM_FRAMES if any(max(face[2:]) >= LEAST for face in photo.faces) else 0):
            frame = view(picture, index)
            boxes = detector.detect(frame)
            for box in last:
                if any(overlap(box, other) > 0.3 for other in boxes):
                    counts["faces"] += 1
                    counts["again"] += detector.detect_near(frame, box) is not None
            last = boxes
    return counts


def view(picture: Picture, index: int) -> Picture:
    """Return a picture moved by up to 11 pixels and scaled by up to 1.5 % a frame, as by a hand-held camera."""
    height, width = picture.shape[:2]
    zoom = 1 + 0.15 * np.sin(index / 10)
    move = np.array([[zoom, 0, 80 * np.sin(index / 10)], [0, zoom, 50 * np.sin(index / 7)]])
    return np.asarray(cv2.warpAffine(picture, move, (width, height)))


if __name__ == "__main__":
    sys.exit(main())
