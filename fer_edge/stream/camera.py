"""Live sources: opened again when they are lost, and read by a thread that keeps the newest frame."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator

from fer_edge.errors import SourceError
from fer_edge.stream.records import Frame, Shot
from fer_edge.stream.video import Capture, describe

FIRST_DELAY_SECONDS = 1.0
LONGEST_DELAY_SECONDS = 30.0
"""Between two attempts to reconnect."""

JOIN_SECONDS = 2.0
"""How long closing waits for a capture thread that is stuck in a driver."""


class FrameSource(ABC):
    """An iterator of frames that can be closed."""

    dropped = 0
    frame_count = 0
    """Of a recording, in part an estimate; 0 where it is not known."""
    frames_per_second = 25.0
    """As the source says, where it does."""

    def __iter__(self) -> Iterator[Frame]:
        return self

    @abstractmethod
    def __next__(self) -> Frame:
        """Return the next frame."""

    def wake(self) -> None:  # noqa: B027  # most never let anyone wait
        """Let no one wait for a frame any longer. A signal handler may call it, in the middle of `__next__`."""

    @abstractmethod
    def close(self) -> None:
        """Free what is held; no frame comes afterwards."""


class Camera(FrameSource):
    """A live source that is opened again, with growing delays, whenever it is lost.

    Args:
        address: a camera index, device or address.
        capture: the source, opened.
        stop: once it is set, no frame comes and no delay lasts.
        open_capture: opens the source again.
        notify: receives one sentence when the source is lost, and when it is back.
        clock: seconds that only go forward.
    """

    def __init__(
        self,
        address: int | str,
        capture: Capture,
        *,
        stop: threading.Event,
        open_capture: Callable[[int | str], Capture],
        notify: Callable[[str], None],
        clock: Callable[[], float],
    ) -> None:
        self._address = address
        self._capture: Capture | None = capture
        self._stop = stop
        self._open_capture = open_capture
        self._notify = notify
        self._clock = clock
        self._start = clock()
        self.frames_per_second = capture.frames_per_second

    def __next__(self) -> Frame:
        shot = self._capture.read() if self._capture else None
        if shot is None:
            shot = self._reconnect()
        if shot is None:
            raise StopIteration
        return Frame(shot[0], self._clock() - self._start)

    def close(self) -> None:
        """Free the camera."""
        self._stop.set()
        self._release()

    def _reconnect(self) -> Shot | None:
        """Return the first frame of the source, opened again; None if it is being stopped."""
        if self._stop.is_set():
            return None
        self._release()
        name, lost = describe(self._address), self._clock()
        self._notify(
            f"Lost {name}; reconnecting in {FIRST_DELAY_SECONDS:.0f} s, "
            f"then with growing pauses of up to {LONGEST_DELAY_SECONDS:.0f} s."
        )
        for delay in delays():
            if self._stop.wait(delay):
                break
            shot = self._try_again()
            if shot is not None:
                self._notify(f"Reconnected {name} after {self._clock() - lost:.0f} s.")
                return shot
        return None

    def _try_again(self) -> Shot | None:
        self._release()
        try:
            self._capture = self._open_capture(self._address)
        except SourceError:
            return None
        return self._capture.read()

    def _release(self) -> None:
        if self._capture:
            self._capture.release()
        self._capture = None


def delays() -> Iterator[float]:
    """Yield the seconds to wait before each attempt: 1, 2, 4, ... up to the longest, for ever."""
    delay = FIRST_DELAY_SECONDS
    while True:
        yield delay
        delay = min(2 * delay, LONGEST_DELAY_SECONDS)


class NewestFrame(FrameSource):
    """Reads a source in its own thread and serves the newest frame: a queue bounded to one.

    Args:
        source: what to read; the thread closes it, since closing a capture that is being read from
            another thread may crash.
        stop: the event that ends the source's waiting.

    Attributes:
        dropped: frames that a newer one replaced before anyone took them.
    """

    def __init__(self, source: FrameSource, stop: threading.Event) -> None:
        self._source = source
        self._stop = stop
        self.frames_per_second = source.frames_per_second
        self._changed = threading.Condition()
        self._frame: Frame | None = None
        self._error: Exception | None = None
        self._ended = False
        self._thread = threading.Thread(target=self._run, name="fer-edge-capture", daemon=True)
        self._thread.start()

    def __next__(self) -> Frame:
        with self._changed:
            self._changed.wait_for(lambda: self._frame is not None or self._ended)
            frame, self._frame = self._frame, None
        if frame is not None:
            return frame
        if self._error is not None:
            raise self._error
        raise StopIteration

    def wake(self) -> None:
        """Serve the frame that is there, if one is, and then none."""
        with self._changed:  # may be entered again by the thread that is in it
            self._ended = True
            self._changed.notify_all()

    def close(self) -> None:
        """Stop the thread and wait for it, though not for ever: a driver may be stuck."""
        self._stop.set()
        with self._changed:
            self._frame, self._ended = None, True
            self._changed.notify_all()
        self._thread.join(JOIN_SECONDS)

    def _run(self) -> None:
        try:
            for frame in self._source:
                if self._stop.is_set():
                    break
                self._put(frame)
        except Exception as error:
            self._error = error  # raised again where the frames are taken
        finally:
            self._source.close()
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _put(self, frame: Frame) -> None:
        with self._changed:
            if self._frame is not None:
                self.dropped += 1
            self._frame = frame
            self._changed.notify_all()
