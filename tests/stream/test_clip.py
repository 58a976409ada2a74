"""The annotated video of a watch."""

from pathlib import Path

import cv2
import numpy as np
import pytest

from fer_edge.errors import OutputError
from fer_edge.stream.clip import CODECS, ClipWriter


def frames_of(path: Path) -> list[np.ndarray]:
    capture, frames = cv2.VideoCapture(str(path)), []
    while (shot := capture.read())[0]:
        frames.append(shot[1])
    return frames


def grey(value: int, width: int = 64, height: int = 48) -> np.ndarray:
    return np.full((height, width, 3), value, np.uint8)


@pytest.mark.parametrize("suffix", CODECS)
def test_every_format_reads_back(suffix: str, tmp_path: Path) -> None:
    path = tmp_path / f"clip{suffix}"
    writer = ClipWriter(path, 10)
    for number in range(12):
        writer.write(grey(20 * number), number / 10)
    writer.close()
    assert [round(frame.mean() / 20) for frame in frames_of(path)] == list(range(12))


def test_a_clip_lasts_as_long_as_what_it_shows(tmp_path: Path) -> None:
    """A live source skips frames; the clip repeats those that stayed."""
    writer = ClipWriter(tmp_path / "clip.avi", 10)
    for seconds, value in [(5.0, 0), (5.1, 100), (5.6, 200)]:
        writer.write(grey(value), seconds)
    writer.close()
    assert [round(frame.mean() / 100) for frame in frames_of(tmp_path / "clip.avi")] == [0, 1, 2, 2, 2, 2, 2]


def test_a_camera_that_changes_its_size(tmp_path: Path) -> None:
    writer = ClipWriter(tmp_path / "clip.avi", 10)
    writer.write(grey(100), 0.0)
    writer.write(grey(100, 32, 32), 0.1)
    writer.close()
    assert [frame.shape for frame in frames_of(tmp_path / "clip.avi")] == [(48, 64, 3)] * 2


def test_other_formats_are_refused() -> None:
    with pytest.raises(OutputError, match=r"clip\.gif: expected a video named \.mp4"):
        ClipWriter(Path("clip.gif"), 10)
