"""What viewers of the preview wait for: the newest picture, the newest state, and every event."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Generator
from datetime import datetime
from typing import Any

from fer_edge.stream.records import EmotionEvent, StreamResult

KEPT_EVENTS = 200
"""For viewers who open the page later, or are slow."""


def state_of(result: StreamResult, rate: float) -> dict[str, Any]:
    """Return a frame's faces for the page; `rate` is in frames per second."""
    faces = [
        {
            "id": face.id,
            "emotion": face.emotion,
            "probabilities": [round(float(share), 3) for share in face.prediction.probabilities],
        }
        for face in result.faces
    ]
    return {"seconds": round(result.seconds, 3), "rate": round(rate, 1), "faces": faces}


def event_of(event: EmotionEvent, time: datetime | None) -> dict[str, Any]:
    """Return an event for the page."""
    return {
        "seconds": round(event.seconds, 3),
        "time": f"{time:%H:%M:%S}" if time else None,
        "face": event.face,
        "emotion": event.emotion,
        "previous": event.previous,
        "score": round(event.score, 3),
    }


class Latest:
    """The newest JPEG and state, for any number of viewers; whoever is slow skips frames, but no event."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jpeg = b""
        self._number = 0
        self._state: dict[str, Any] = {}
        self._states = 0
        self._events: deque[tuple[int, dict[str, Any]]] = deque(maxlen=KEPT_EVENTS)
        self._event_count = 0
        self._closed = False
        self.viewers = 0

    def put(self, jpeg: bytes) -> None:
        """Make this the newest picture."""
        with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def put_state(self, state: dict[str, Any], events: list[dict[str, Any]]) -> None:
        """Make this the newest state, and add events."""
        with self._changed:
            self._state, self._states = state, self._states + 1
            for event in events:
                self._event_count += 1
                self._events.append((self._event_count, event))
            self._changed.notify_all()

    def close(self) -> None:
        """End every viewer's iteration."""
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def watch(self) -> Generator[bytes, None, None]:
        """Yield every JPEG that is new, from now on, until closed."""
        with self._changed:
            self.viewers += 1
            seen = self._number
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._number > seen)  # noqa: B023
                    if self._closed:
                        return
                    seen, jpeg = self._number, self._jpeg
                yield jpeg
        finally:
            with self._changed:
                self.viewers -= 1

    def watch_states(self) -> Generator[dict[str, Any], None, None]:
        """Yield the newest state whenever it is new, with the events since the last one, until closed."""
        seen, told = 0, 0
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._closed or self._states > seen)  # noqa: B023
                if self._closed:
                    return
                events = [event for number, event in self._events if number > told]
                seen, told, state = self._states, self._event_count, self._state
            yield {**state, "events": events}
