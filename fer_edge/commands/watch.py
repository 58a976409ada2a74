"""`fer-edge watch`: a stream in, a line per event out, and a log or a page if asked for."""

from __future__ import annotations

import csv
import json
import os
import signal
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import datetime
from pathlib import Path
from socket import gethostname
from types import TracebackType
from typing import TYPE_CHECKING

from fer_edge import console
from fer_edge.errors import OutputError
from fer_edge.files import require_free, require_writable_folder
from fer_edge.quiet import silenced

ALL_ADDRESSES = ("0.0.0.0", "::")  # noqa: S104
"""Of this computer: what a server may bind to, and no browser elsewhere can open."""

if TYPE_CHECKING:
    from fer_edge.runtime.preview import Preview
    from fer_edge.runtime.stream_types import EmotionEvent, StreamResult


def watch(
    source: str,
    *,
    model: str,
    detector: Path | None = None,
    as_json: bool,
    record: Path | None,
    force: bool,
    preview_at: tuple[str, int] | None,
) -> None:
    """Print the events of a source until it ends, or until Ctrl-C, which is the normal end.

    Args:
        source: digits for a camera index, else an address or a video file.
        model: a .tflite file, or the name of a bundled model.
        detector: a YuNet network; None for the Haar cascade.
        as_json: print one JSON object per event and line.
        record: a CSV file to make; see `Recorder`.
        force: replace it if it exists.
        preview_at: host and port of the page, or None for none.
    """
    if record is not None:
        require_free(record, force=force)
        require_writable_folder(record.parent)
    os.environ.setdefault("OPENCV_FFMPEG_LOGLEVEL", "-8")  # quiet: what matters becomes our one sentence
    from fer_edge.runtime import EmotionClassifier, EmotionStream, YuNetDetector

    summary = Summary()
    with ExitStack() as stack:
        with silenced():
            classifier = EmotionClassifier(model)
        stack.push(classifier)
        finder = YuNetDetector(detector) if detector else None
        camera = int(source) if source.isdecimal() else source
        stream = stack.enter_context(
            EmotionStream(camera, classifier=classifier, detector=finder, notify=console.print_warning)
        )
        preview = stack.enter_context(_open_preview(*preview_at)) if preview_at else None
        # Opened last: a source or port that fails must not cost an older recording.
        recorder = stack.enter_context(Recorder(record, classifier.labels)) if record else None
        with _until_stopped():
            for result in stream:
                summary.add(result)
                time = datetime.now().astimezone() if stream.live else None
                for event in result.events:
                    console.print_line(event_json(event, time) if as_json else event_text(event, time))
                if recorder:
                    recorder.write(result, time)
                if preview:
                    preview.show(result)
    console.print_note(summary.text(stream.dropped))


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
            raise OutputError(f"Cannot write {self._path}: {error.strerror or error}.") from error


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


def _open_preview(host: str, port: int) -> Preview:
    """Start the preview page, and say where it is and who can see it."""
    from fer_edge.runtime.preview import Preview, is_loopback

    preview = Preview(host, port)
    if is_loopback(host):
        console.print_note(
            f"Preview: {preview.url} (from another computer first: ssh -L {preview.port}:{host}:{preview.port} HERE)"
        )
    else:
        url = f"http://{gethostname()}:{preview.port}/" if host in ALL_ADDRESSES else preview.url
        console.print_note(f"Preview: {url}")
        console.print_warning(
            f"Everyone who can reach {host}, port {preview.port}, sees this camera: there is no password."
        )
    return preview


@contextmanager
def _until_stopped() -> Iterator[None]:
    """Run the block until it ends, or until Ctrl-C or `kill`: for a watch that is the normal end."""
    before = signal.signal(signal.SIGTERM, signal.default_int_handler)
    try:
        yield
    except KeyboardInterrupt:
        pass
    finally:
        signal.signal(signal.SIGTERM, before)
