"""The order of a bench: every variant has its turn in every round, so that drift hits all alike."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

import numpy as np

from fer_edge.benchmarks.results import Series, Settings, WarmUp
from fer_edge.benchmarks.session import Session
from fer_edge.benchmarks.statistics import summarise

MIN_SAMPLES, MIN_SECONDS = 1024, 10.0
QUICK_SAMPLES, QUICK_SECONDS = 200, 0.2
ROUNDS, QUICK_ROUNDS = 20, 8
QUICK_TURN_SECONDS = 0.1
"""A quick run does not wait for more samples of a slow task than fit into this."""

Notify = Callable[[str], None]


def choose_settings(*, quick: bool, seed: int, threads: list[int]) -> Settings:
    """Return how much to measure: for publication, or for a first look."""
    if quick:
        return Settings(True, seed, threads, QUICK_ROUNDS, QUICK_SAMPLES, QUICK_SECONDS)
    return Settings(False, seed, threads, ROUNDS, MIN_SAMPLES, MIN_SECONDS)


@dataclass
class Timing:
    """One task of one model, as its rounds come in."""

    model: str
    session: Session
    task: str
    threads: int
    warm_up: WarmUp | None = None
    rounds_ms: list[list[float]] = field(default_factory=list)

    def as_series(self) -> Series:
        """Return the finished series."""
        assert self.warm_up is not None
        return Series(self.task, self.threads, self.warm_up, summarise(self.rounds_ms), self.rounds_ms)


def run_rounds(
    timings: list[Timing], settings: Settings, *, notify: Notify, between: Callable[[], None], weight: float = 1.0
) -> None:
    """Warm every timing up, then let all have their turn, round after round.

    Args:
        timings: what to time; their rounds are filled in.
        settings: how much.
        notify: called with a line before the warm-up and before every round.
        between: called after every turn, to look at the machine.
        weight: of the time and samples that the settings ask for; below 1 for side figures.
    """
    samples = max(1, int(np.ceil(weight * settings.min_samples / settings.rounds)))
    seconds = weight * settings.min_seconds / settings.rounds
    notify("warming up")
    block, limit = (0.02, 0.3) if settings.quick else (0.1, 5.0)
    for timing in timings:
        request = {"task": timing.task, "threads": timing.threads, "block_seconds": block, "max_seconds": limit}
        timing.warm_up = WarmUp(**timing.session.ask("warm_up", **request))
    for number, turns in enumerate(_shuffled(timings, settings)):
        notify(f"round {number + 1} of {settings.rounds}")
        for timing in turns:
            request = {"task": timing.task, "threads": timing.threads, "samples": samples, "seconds": seconds}
            request["at_most"] = weight * QUICK_TURN_SECONDS if settings.quick else None
            timing.rounds_ms.append(timing.session.ask("time", **request)["samples_ms"])
            between()


def _shuffled(timings: list[Timing], settings: Settings) -> Iterator[list[Timing]]:
    """Yield the timings in another order for each round: task by task, the models shuffled within.

    A task's turns stand side by side, so that the pairs that a ratio compares are close in time; the
    shuffle keeps one model from always running after the same other.
    """
    rng = np.random.default_rng(settings.seed)
    groups: dict[tuple[str, int], list[Timing]] = {}
    for timing in timings:
        groups.setdefault((timing.task, timing.threads), []).append(timing)
    for _ in range(settings.rounds):
        yield [group[index] for group in groups.values() for index in rng.permutation(len(group))]
