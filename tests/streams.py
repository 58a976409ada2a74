"""Cameras, faces and clocks that do as they are told."""

import gc
import os
import threading
import urllib.request
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path

import cv2
import numpy as np
from helpers import PATIENCE

from fer_edge.errors import SourceError
from fer_edge.stream.camera import FrameSource
from fer_edge.stream.records import Frame, Shot
from fer_edge.types import LABELS, Box, Prediction

BLANK = np.zeros((96, 96, 3), np.uint8)


def portrait_frames(portrait: np.ndarray, count: int) -> Iterator[np.ndarray]:
    """Yield 640x480 frames through which the face of the portrait moves by 3 pixels a frame."""
    for index in range(count):
        frame = np.full((480, 640, 3), 90, np.uint8)
        left = 20 + 3 * (index % 80)
        frame[90:390, left : left + 300] = portrait[0:300, 100:400]
        yield frame


def write_video(path: Path, frames: Iterable[np.ndarray], fps: int = 10) -> Path:
    """Write frames of 640x480 as a Motion-JPEG .avi."""
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*"MJPG"), fps, (640, 480))
    for frame in frames:
        writer.write(frame)
    writer.release()
    return path


class FakeClock:
    """Seconds that pass only when told to."""

    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


class ScriptedDetector:
    """Finds in each frame the boxes of the next entry; the last entry stays."""

    def __init__(self, *script: list[Box]) -> None:
        self._script = list(script)

    def detect(self, grey: np.ndarray) -> list[Box]:
        return self._script.pop(0) if len(self._script) > 1 else self._script[0]


class ScriptedClassifier:
    """Answers with the next label at the given probability; the last label stays."""

    labels = LABELS

    def __init__(self, *script: str, score: float = 0.9) -> None:
        self._script = list(script)
        self._score = score

    def predict(self, face: np.ndarray) -> Prediction:
        label = self._script.pop(0) if len(self._script) > 1 else self._script[0]
        probabilities = np.full(len(LABELS), (1 - self._score) / (len(LABELS) - 1), np.float32)
        probabilities[LABELS.index(label)] = self._score
        return Prediction(label, self._score, probabilities)


class ScriptedCapture:
    """Gives so many pictures, then nothing more, as a camera that is lost."""

    def __init__(self, pictures: int, *, seconds: Callable[[int], float] = lambda index: 0.0, frame_count: int = 0):
        self.frame_count = frame_count
        self.frames_per_second = 10.0
        self.released = False
        self._seconds = seconds
        self._pictures = pictures
        self._index = 0

    def read(self) -> Shot | None:
        if self._index >= self._pictures:
            return None
        self._index += 1
        return BLANK, self._seconds(self._index - 1)

    def release(self) -> None:
        self.released = True


class ScriptedOpener:
    """Opens the next capture each time; None stands for a source that cannot be opened."""

    def __init__(self, *captures: ScriptedCapture | None) -> None:
        self._captures = list(captures)

    def __call__(self, address: int | str) -> ScriptedCapture:
        capture = self._captures.pop(0)
        if capture is None:
            raise SourceError("not there")
        return capture


class Burst(FrameSource):
    """Gives its frames as fast as they are taken, then waits to be released, then ends."""

    def __init__(self, count: int) -> None:
        self.given = threading.Event()
        self.go_on = threading.Event()
        self.closed_by: str | None = None
        self._frames = iter([Frame(BLANK, float(index)) for index in range(count)])

    def __next__(self) -> Frame:
        frame = next(self._frames, None)
        if frame is None:
            self.given.set()
            self.go_on.wait(10)
            raise StopIteration
        return frame

    def close(self) -> None:
        self.closed_by = threading.current_thread().name


class RecordingStop(threading.Event):
    """An event whose waits take no time and are written down; set after `patience` of them."""

    def __init__(self, patience: int = 1000) -> None:
        super().__init__()
        self.waits: list[float] = []
        self._patience = patience

    def wait(self, timeout: float | None = None) -> bool:
        self.waits.append(timeout or 0.0)
        if len(self.waits) >= self._patience:
            self.set()
        return self.is_set()


def resources() -> dict[str, int]:
    """Return what this process holds: bytes of memory, file handles, and threads, those of libraries included."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return {
        "memory": pages * os.sysconf("SC_PAGE_SIZE"),
        "handles": len(os.listdir("/proc/self/fd")),
        "threads": len(os.listdir("/proc/self/task")),
    }


def read_jpeg(page: str) -> bytes:
    """Return the first JPEG of a preview, given the address of its page."""
    with urllib.request.urlopen(page + "stream.mjpg", timeout=PATIENCE) as response:
        assert response.headers["Content-Type"].startswith("multipart/x-mixed-replace")
        while (line := response.readline().strip().lower()) != b"":
            name, _, value = line.partition(b": ")
            if name == b"content-length":
                length = int(value)
        return bytes(response.read(length))
