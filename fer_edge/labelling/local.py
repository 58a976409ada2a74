"""Label on this machine: a process a core, each with its own model."""

from __future__ import annotations

import multiprocessing
from collections import Counter, deque
from collections.abc import Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ProcessPoolExecutor, wait
from concurrent.futures.process import BrokenProcessPool

from fer_edge.labelling.items import Shard, split_shard
from fer_edge.labelling.labeller import Labelled, Labeller, Settings
from fer_edge.runtime.quiet import silenced

ATTEMPTS = 3
"""So often is an item tried whose worker died; then it is a failure: it may be what ends the workers."""

AHEAD = 2
"""Shards a worker that are handed out, so that none waits, and few are lost with a pool."""

_labeller: Labeller | None = None


def label_local(shards: Sequence[Shard], settings: Settings, workers: int) -> Iterator[Labelled]:
    """Yield what comes of each shard, in the order in which they are done.

    A worker that dies takes only its pool with it: the shards in flight are tried again, one item at a time.
    """
    waiting = deque(shards)
    deaths: Counter[str] = Counter()
    while waiting:
        flying: dict[Future[Labelled], Shard] = {}
        # Not forked: a copy of a process with threads may hang, and OpenCV and the interpreter have threads.
        context = multiprocessing.get_context("spawn")
        pool = ProcessPoolExecutor(workers, mp_context=context, initializer=_start, initargs=(settings,))
        try:
            while waiting or flying:
                while waiting and len(flying) < AHEAD * workers:
                    flying[pool.submit(_label, waiting[0])] = waiting[0]  # stays in the queue if the pool is broken
                    waiting.popleft()
                done, _ = wait(flying, return_when=FIRST_COMPLETED)
                for future in done:
                    labelled = future.result()
                    del flying[future]
                    yield labelled
        except BrokenProcessPool:
            for labelled in _after_a_death(flying, waiting, deaths):
                yield labelled
        finally:
            pool.shutdown(wait=False, cancel_futures=True)


def _after_a_death(
    flying: dict[Future[Labelled], Shard], waiting: deque[Shard], deaths: Counter[str]
) -> Iterator[Labelled]:
    """Put the shards in flight back in the queue, in single items; yield those that were tried too often."""
    for future, shard in flying.items():
        if future.done() and future.exception() is None:
            yield future.result()
            continue
        deaths[shard.name] += 1
        if len(shard.items) > 1:
            waiting.extendleft(split_shard(shard))
        elif deaths[shard.name] < ATTEMPTS:
            waiting.appendleft(shard)
        else:
            reason = f"{shard.items[0].source}: the worker died {ATTEMPTS} times with it"
            yield Labelled(shard.name, shard.items, [], [(shard.items[0], reason)])


def _start(settings: Settings) -> None:
    """Load the model once, when a worker starts."""
    global _labeller  # noqa: PLW0603 -- a worker has no other place that outlives a call
    with silenced():  # the interpreter says on stderr that it is fast, once a worker
        _labeller = Labeller(settings)


def _label(shard: Shard) -> Labelled:
    assert _labeller is not None
    return _labeller.label(shard)
