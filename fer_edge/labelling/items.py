"""The units of work: a picture, or a stretch of a video between two key frames."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass


@dataclass(frozen=True, order=True)
class Item:
    """One unit of work, which is done as a whole or not at all.

    Attributes:
        source: a path or an address, as the user would write it.
        start: where a stretch of a video begins, in seconds; None for a picture.
        end: where it ends; None for a picture, and for the rest of a video.
    """

    source: str
    start: float | None = None
    end: float | None = None

    @property
    def key(self) -> tuple[str, float | None]:
        """What tells this item from all others."""
        return self.source, self.start


@dataclass(frozen=True)
class Shard:
    """Items that one worker labels in one go and that share one file.

    Attributes:
        name: made of the items, so that a shard that is done twice is written once.
        items: in their order.
    """

    name: str
    items: tuple[Item, ...]


def make_shards(items: Iterable[Item], size: int) -> Iterator[Shard]:
    """Yield the items in shards of at most `size`; a stretch of a video is a shard of its own, for it is long work."""
    waiting: list[Item] = []
    for item in items:
        if item.start is not None:
            yield _shard((item,))
            continue
        waiting.append(item)
        if len(waiting) == size:
            yield _shard(tuple(waiting))
            waiting = []
    if waiting:
        yield _shard(tuple(waiting))


def split_shard(shard: Shard) -> list[Shard]:
    """Return one shard an item, to find out which of them ends its worker."""
    return [_shard((item,)) for item in shard.items]


def _shard(items: tuple[Item, ...]) -> Shard:
    text = json.dumps([item.key for item in items])
    return Shard(hashlib.sha256(text.encode("utf-8", "surrogateescape")).hexdigest()[:16], items)
