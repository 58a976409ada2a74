"""The whole labelling: find items, leave out what is done, label the rest, write shard by shard."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from fer_edge.labelling.items import Item, Shard, make_shards
from fer_edge.labelling.labeller import Labelled, Settings
from fer_edge.labelling.parquet import ResultFolder
from fer_edge.labelling.sources import find_items

SHARD_SIZE = 256
"""Pictures a shard at most: some ten seconds of work, and a million pictures make 4,000 files."""

Engine = Callable[[Sequence[Shard]], Iterator[Labelled]]
"""Labels shards and yields what comes of them in any order: one machine, or a cluster."""

Notify = Callable[[int, int], None]
"""Called with (items done, items to do)."""


@dataclass(frozen=True)
class Summary:
    """What a call did.

    Attributes:
        items: that the sources name.
        done_before: of them, by earlier calls.
        labelled: of them, now.
        failed: of them, in all calls, by now.
        faces: rows with a face that this call wrote.
        seconds: that this call took.
    """

    items: int
    done_before: int
    labelled: int
    failed: int
    faces: int
    seconds: float


def label_sources(
    sources: Iterable[str],
    folder: Path,
    settings: Settings,
    labels: Sequence[str],
    engine: Engine,
    *,
    retry_failures: bool = False,
    workers: int = 1,
    notify: Notify = lambda *_: None,
) -> Summary:
    """Label what the sources name into `folder`, and only what is missing there.

    Args:
        sources: see `find_items`.
        folder: the results; see `ResultFolder`.
        settings: what the rows depend on.
        labels: of the model, in the order of its outputs.
        engine: does the work.
        retry_failures: try again what failed in an earlier call.
        workers: that share the work: few pictures are cut into smaller shards, so that each worker gets some.
        notify: is told of the progress.

    Raises:
        ImageError: nothing to label.
        OutputError: the folder holds other results, or cannot be written.
    """
    started = time.monotonic()
    results = ResultFolder(folder)
    items, unreadable = find_items(sources)
    results.claim(settings)
    rows, failures = results.done()
    known = rows if retry_failures else rows | failures.keys()
    missing = [item for item in items if item.key not in known]
    size = min(SHARD_SIZE, max(1, -(-len(missing) // (4 * workers))))
    shards = list(make_shards(missing, size))
    labelled = faces = 0
    notify(0, len(missing))
    for part in engine(shards) if shards else ():
        results.write(part, labels)
        labelled += len(part.items)
        faces += sum(row["face"] is not None for row in part.rows)
        notify(labelled, len(missing))
    _, failures = results.done()
    results.write_failures(_failures(failures, unreadable))
    return Summary(
        items=len(items) + len(unreadable),
        done_before=len(items) - len(missing),
        labelled=labelled,
        failed=len(failures) + len(unreadable),
        faces=faces,
        seconds=time.monotonic() - started,
    )


def _failures(
    failures: dict[tuple[str, float | None], str], unreadable: Iterable[tuple[Item, str]]
) -> Iterator[tuple[str, float | None, str]]:
    for (source, start), reason in failures.items():
        yield source, start, reason
    for item, reason in unreadable:
        yield item.source, None, reason
