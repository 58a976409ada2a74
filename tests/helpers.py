"""Synthetic faces and copies of FER2013 made of them, for every test that needs images."""

import csv
import signal
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import cv2
import numpy as np

from fer_edge.types import LABELS, LabelledImages

FIXTURES = Path(__file__).parent / "fixtures"

PATIENCE = 120.0
"""Seconds until a test gives up on what takes a moment, however busy the machine is."""

# What stands before a file name in the folder edition, and in the CSV's column "Usage".
PREFIX = {"train": "Training", "public": "PublicTest", "private": "PrivateTest"}
# The challenge's numbers; written out here so that a slip in the product cannot hide.
CHALLENGE_NUMBER = {"angry": 0, "disgust": 1, "fear": 2, "happy": 3, "sad": 4, "surprise": 5, "neutral": 6}


def random_faces(count: int, seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).integers(0, 256, (count, 48, 48, 1), dtype=np.uint8)


def smooth_faces(count: int, seed: int = 1) -> np.ndarray:
    """Return blurred noise of varied brightness, which tells a network more apart than white noise."""
    rng = np.random.default_rng(seed)
    faces = []
    for _ in range(count):
        coarse = rng.integers(0, 256, (int(rng.integers(2, 9)),) * 2, dtype=np.uint8)
        faces.append(cv2.resize(coarse, (48, 48), interpolation=cv2.INTER_CUBIC)[..., np.newaxis])
    return np.stack(faces)


def labelled_faces(count: int, *, split: str = "public", seed: int = 0) -> LabelledImages:
    return LabelledImages(
        images=random_faces(count, seed),
        labels=np.arange(count, dtype=np.int64) % len(LABELS),
        split=split,
        names=tuple(f"{split}{index}.png" for index in range(count)),
    )


def encode(image: np.ndarray, suffix: str = ".png") -> bytes:
    done, data = cv2.imencode(suffix, image)
    assert done
    return bytes(data)


def folder_edition(splits: dict[str, LabelledImages]) -> dict[str, bytes]:
    """Return file name -> content of the folder edition with these images, losslessly."""
    files = {}
    for split, data in splits.items():
        folder = "train" if split == "train" else "test"
        for index, (image, label) in enumerate(zip(data.images, data.labels, strict=True)):
            files[f"{folder}/{LABELS[label]}/{PREFIX[split]}_{index:05}.png"] = encode(image)
    return files


def write_files(root: Path, files: dict[str, bytes]) -> Path:
    for name, content in files.items():
        path = root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return root


def write_csv(
    path: Path, splits: dict[str, LabelledImages], header: tuple[str, ...] = ("emotion", "pixels", "Usage")
) -> Path:
    """Write the challenge's CSV; `header` gives the columns' order and spelling."""
    with path.open("w", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(header)
        for split, data in splits.items():
            for image, label in zip(data.images, data.labels, strict=True):
                cells = {
                    "emotion": CHALLENGE_NUMBER[LABELS[label]],
                    "pixels": " ".join(map(str, image.ravel())),
                    "Usage": PREFIX[split],
                }
                writer.writerow([cells[name.strip()] for name in header])
    return path


@contextmanager
def signals_heard() -> Iterator[None]:
    """Processes started within can be stopped by SIGINT and SIGHUP, also where the tests run in the background,
    or under nohup, and ignore them."""
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGHUP)}
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.signal(signal.SIGHUP, signal.SIG_DFL)
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def wait_until(done: Callable[[], object], seconds: float = PATIENCE) -> None:
    deadline = time.monotonic() + seconds
    while not done():
        assert time.monotonic() < deadline, f"nothing came of it in {seconds} seconds"
        time.sleep(0.02)


class Clock:
    """Stands in for the module `time` where durations are measured, so that a busy machine lengthens none."""

    def __init__(self) -> None:
        self.now_ns = 0
        self.perf_counter_ns = self.thread_time_ns = lambda: self.now_ns
        self.perf_counter = lambda: self.now_ns / 1e9

    def sleep(self, seconds: float) -> None:
        self.now_ns += round(1e9 * seconds)
