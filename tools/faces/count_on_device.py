"""Counts what finding a face takes on a device: a program for the emulator of the device test.

    python count_on_device.py [BLAZEFACE.tflite ...]

On stderr stands a line "MODEL name" before each detector, and os.getppid() is called right before and after each
search of the bench's frame (640x480, one face): the emulator's counter takes it as a marker, as in
tools/device/on_device.py. What was found stands on stdout.
"""

import os
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import cv2

from fer_edge.benchmarks.scene import make_frame
from fer_edge.runtime import BlazeFaceDetector, HaarDetector, YuNetDetector, load_detector

SEARCHES = 2
"""The first one also plans the network."""


def main() -> None:
    """See above."""
    cv2.setNumThreads(1)
    frame, _ = make_frame(1)
    stream = load_detector("yunet", stream=True)
    calls: dict[str, Callable[[], object]] = {
        "YuNet near a face": partial(stream.detect_near, frame, stream.detect(frame)[0]),
        "YuNet in streams": partial(stream.detect, frame),
        "YuNet in pictures": partial(YuNetDetector().detect, frame),
        "Haar": partial(HaarDetector().detect, frame),
        **{f"BlazeFace {Path(path).stem}": partial(BlazeFaceDetector(path).detect, frame) for path in sys.argv[1:]},
    }
    for name, call in calls.items():
        print("MODEL", name, file=sys.stderr, flush=True)
        for _ in range(SEARCHES):
            os.getppid()
            found = call()
            os.getppid()
        print(name, found, flush=True)


if __name__ == "__main__":
    main()
