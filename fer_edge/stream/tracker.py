"""Follow faces from frame to frame by the overlap of their boxes with where they should be by now."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.types import Box

VELOCITY_SECONDS = 0.2
"""Time constant with which a track's velocity follows what is measured: boxes tremble by a few percent."""


@dataclass
class _Track:
    id: int
    box: Box
    seen: float  # seconds, when it was last found
    velocity: tuple[float, float] = (0.0, 0.0)  # pixels a second

    def expected(self, seconds: float) -> Box:
        """Return where the face should be if it goes on as it did."""
        passed = seconds - self.seen
        x, y = (round(passed * speed) for speed in self.velocity)
        return Box(self.box.x + x, self.box.y + y, self.box.width, self.box.height)

    def find(self, box: Box, seconds: float) -> None:
        """Take the box of a frame."""
        passed = seconds - self.seen
        if passed > 0:
            weight = -math.expm1(-passed / VELOCITY_SECONDS)
            moved = [(now - before) / passed for now, before in zip(_middle(box), _middle(self.box), strict=True)]
            x, y = (old + weight * (new - old) for old, new in zip(self.velocity, moved, strict=True))
            self.velocity = (x, y)
        self.box, self.seen = box, seconds


class FaceTracker:
    """Gives each face an id that stays.

    A box goes to the track that it overlaps most, each track being where its velocity has taken it
    by now, and tracks that were seen in the frame before choose ahead of those that are missing: so
    faces that cross keep their ids. A face that is off by more than about half its width from where
    it should be is taken for a new one.

    Args:
        expiry_seconds: how long a face may be missing before it is forgotten.
        min_overlap: the least intersection over union, 0..1, that counts as the same face.
    """

    def __init__(self, *, expiry_seconds: float = 1.0, min_overlap: float = 0.3) -> None:
        if expiry_seconds < 0 or not 0 < min_overlap <= 1:
            raise ValueError(
                f"expected expiry_seconds >= 0 and 0 < min_overlap <= 1, got {expiry_seconds} and {min_overlap}"
            )
        self._expiry_seconds = expiry_seconds
        self._min_overlap = min_overlap
        self._tracks: list[_Track] = []
        self._next_id = 1

    @property
    def ids(self) -> set[int]:
        """The faces that are followed, missing ones included."""
        return {track.id for track in self._tracks}

    def update(self, boxes: Sequence[Box], seconds: float) -> list[int]:
        """Return the id of each box of a frame taken at `seconds`."""
        self._tracks = [track for track in self._tracks if seconds - track.seen <= self._expiry_seconds]
        matches = self._match(boxes, seconds)
        ids = []
        for index, box in enumerate(boxes):
            track = matches.get(index) or self._start(box, seconds)
            track.find(box, seconds)
            ids.append(track.id)
        return ids

    def _match(self, boxes: Sequence[Box], seconds: float) -> dict[int, _Track]:
        """Return box index -> track: pairs in the order of last seen, then of overlap, each used once."""
        expected = [(track, track.expected(seconds)) for track in self._tracks]
        pairs = [(overlap(there, box), track, index) for track, there in expected for index, box in enumerate(boxes)]
        pairs.sort(key=lambda pair: (pair[1].seen, pair[0]), reverse=True)
        matches: dict[int, _Track] = {}
        taken: set[int] = set()
        for common, track, index in pairs:
            if common >= self._min_overlap and index not in matches and track.id not in taken:
                matches[index] = track
                taken.add(track.id)
        return matches

    def _start(self, box: Box, seconds: float) -> _Track:
        track = _Track(self._next_id, box, seconds)
        self._next_id += 1
        self._tracks.append(track)
        return track


def _middle(box: Box) -> tuple[float, float]:
    return box.x + box.width / 2, box.y + box.height / 2


def overlap(a: Box, b: Box) -> float:
    """Return intersection over union, 0 (apart) .. 1 (equal)."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a.width * a.height + b.width * b.height - common)
