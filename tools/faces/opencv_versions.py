"""Check the detectors under every OpenCV that a device may have.

    python -m tools.faces.opencv_versions

Installs each version beside this environment, into a temporary folder, and finds the face of the bench's photograph.
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
EXPECTED = {
    "4.6": "HaarDetector",
    "4.7": "HaarDetector",
    "4.8": "YuNetDetector",
    "4.9": "YuNetDetector",
    "4.10": "YuNetDetector",
    "4.12": "YuNetDetector",
    "5.0": "YuNetDetector",
}
"""OpenCV -> what "auto" takes. Version 5 has no cascade, versions before 4.8 refuse YuNet's file."""

PROGRAM = """
import cv2
from fer_edge.benchmarks.scene import make_frame
from fer_edge.runtime import load_detector
from fer_edge.stream.tracker import overlap
frame, (face,) = make_frame(1)
told = []
detector = load_detector(notify=told.append)
boxes = detector.detect(frame)
assert len(boxes) == 1 and overlap(boxes[0], face) > 0.6, boxes
again = detector.detect_near(frame, face)
assert again is not None and overlap(again, face) > 0.6, again
assert len(told) == (type(detector).__name__ == "HaarDetector"), told
print(cv2.__version__, type(detector).__name__, *told)
"""


def main() -> int:
    """Try each version; the exit code tells whether all were as expected."""
    wrong = []
    with tempfile.TemporaryDirectory() as folder:
        for version, expected in EXPECTED.items():
            target = Path(folder) / version
            packages = [
                f"opencv-python-headless=={version}.*",
                *(["numpy<2"] if version in ("4.6", "4.7", "4.8", "4.9") else []),
            ]
            command = [sys.executable, "-m", "pip", "install", "--quiet", "--target", str(target), *packages]
            subprocess.run(command, check=True, stderr=subprocess.DEVNULL)
            environment = os.environ | {"PYTHONPATH": f"{target}{os.pathsep}{ROOT}"}
            done = subprocess.run(
                [sys.executable, "-c", PROGRAM], env=environment, capture_output=True, text=True, check=False
            )
            print(done.stdout.strip() or done.stderr.strip().splitlines()[-1])
            if f" {expected}" not in done.stdout:
                wrong.append(version)
    if wrong:
        print(f"Not as expected: {', '.join(wrong)}", file=sys.stderr)
    return len(wrong)


if __name__ == "__main__":
    sys.exit(main())
