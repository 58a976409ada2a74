"""Follow faces from frame to frame by the overlap of their boxes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from fer_edge.types import Box


@dataclass
class _Track:
    id: int
    box: Box
    seen: float  # seconds, when it was last found


class FaceTracker:
    """Gives each face an id that stays.

    A box goes to the track whose last box it overlaps most, and tracks that were seen in the
    frame before choose ahead of those that are missing: so a face that walks in front of another
    keeps its id, and the hidden one gets its own back. A face that moves by more than about half
    its width between two frames, or while it is hidden, is taken for a new one.

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
        matches = self._match(boxes)
        ids = []
        for index, box in enumerate(boxes):
            track = matches.get(index) or self._start()
            track.box, track.seen = box, seconds
            ids.append(track.id)
        return ids

    def _match(self, boxes: Sequence[Box]) -> dict[int, _Track]:
        """Return box index -> track: pairs in the order of last seen, then of overlap, each used once."""
        pairs = [(overlap(track.box, box), track, index) for track in self._tracks for index, box in enumerate(boxes)]
        pairs.sort(key=lambda pair: (pair[1].seen, pair[0]), reverse=True)
        matches: dict[int, _Track] = {}
        taken: set[int] = set()
        for common, track, index in pairs:
            if common >= self._min_overlap and index not in matches and track.id not in taken:
                matches[index] = track
                taken.add(track.id)
        return matches

    def _start(self) -> _Track:
        track = _Track(self._next_id, Box(0, 0, 0, 0), 0.0)
        self._next_id += 1
        self._tracks.append(track)
        return track


def overlap(a: Box, b: Box) -> float:
    """Return intersection over union, 0 (apart) .. 1 (equal)."""
    width = min(a.x + a.width, b.x + b.width) - max(a.x, b.x)
    height = min(a.y + a.height, b.y + b.height) - max(a.y, b.y)
    if width <= 0 or height <= 0:
        return 0.0
    common = width * height
    return common / (a.width * a.height + b.width * b.height - common)
