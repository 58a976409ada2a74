"""What a watch leaves behind: a line per event, a CSV row per face and frame, and a summary."""

from __future__ import annotations

import csv
import json
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING

from fer_edge.errors import OutputError, os_reason

if TYPE_CHECKING:
    from fer_edge.stream.records import EmotionEvent, StreamResult


class Summary:
    """Counts what a watch has seen."""

    def __init__(self) -> None:
        self._frames = 0
        self._seconds = 0.0
        self._events = 0
        self._faces: set[int] = set()

    def add(self, result: StreamResult) -> None:
        """Count one frame."""
        self._frames += 1
        self._seconds = result.seconds
        self._events += len(result.events)
        self._faces.update(face.id for face in result.faces)

    def text(self, dropped: int) -> str:
        """Return the last line of a watch."""
        return (
            f"Watched {self._seconds:.1f} s: {_count(self._frames, 'frame')}, {dropped:,} dropped, "
            f"{_count(len(self._faces), 'face')} followed, {_count(self._events, 'event')}."
        )


class Recorder:
    """A CSV log with a row per face and frame: place, emotion, and smoothed probabilities.

    It is written under its own name as it goes, each frame at once: whoever reads it during the
    watch, or after a power cut, finds all rows up to then.

    Raises:
        OutputError: the file cannot be written.
    """

    def __init__(self, path: Path, labels: tuple[str, ...]) -> None:
        self._path = path
        with self._told():
            path.parent.mkdir(parents=True, exist_ok=True)
            self._file = path.open("w", encoding="utf-8", newline="")
            self._writer = csv.writer(self._file)
            self._writer.writerow(["seconds", "time", "frame", "face", "x", "y", "width", "height", "emotion", *labels])
            self._file.flush()

    def write(self, result: StreamResult, time: datetime | None) -> None:
        """Add the faces of one frame."""
        with self._told():
            for face in result.faces:
                box = face.box
                place = (box.x, box.y, box.width, box.height)
                shares = (f"{value:.4f}" for value in face.prediction.probabilities)
                start = (f"{result.seconds:.3f}", _iso(time), result.number, face.id)
                self._writer.writerow([*start, *place, face.emotion, *shares])
            self._file.flush()

    def __enter__(self) -> Recorder:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        with self._told():
            self._file.close()

    @contextmanager
    def _told(self) -> Iterator[None]:
        try:
            yield
        except OSError as error:
            raise OutputError(f"Cannot write {self._path}: {os_reason(error)}.") from error


def event_text(event: EmotionEvent, time: datetime | None) -> str:
    """Return an event for people: with the time of day if it is live, else the position."""
    when = f"{time:%H:%M:%S}" if time else f"{event.seconds:8.2f} s"
    before = f"  (was {event.previous})" if event.previous else ""
    return f"{when}  face {event.face}  {event.emotion} {event.score:.0%}{before}"


def event_json(event: EmotionEvent, time: datetime | None) -> str:
    """Return an event for programs: one line of JSON; `time` is null for a recording."""
    return json.dumps(
        {
            "seconds": round(event.seconds, 3),
            "time": _iso(time),
            "face": event.face,
            "emotion": event.emotion,
            "previous": event.previous,
            "score": round(event.score, 4),
        }
    )


def _count(number: int, thing: str) -> str:
    return f"{number:,} {thing}{'' if number == 1 else 's'}"


def _iso(time: datetime | None) -> str | None:
    return time.isoformat(timespec="milliseconds") if time else None
