"""The order of a bench: every variant has its turn in every round, so that drift hits all alike."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from fer_edge.benchmarks.process import MeasuringProcess
from fer_edge.benchmarks.results import Series, Settings, WarmUp
from fer_edge.benchmarks.statistics import summarise

MIN_SAMPLES, MIN_SECONDS = 1024, 10.0
QUICK_SAMPLES, QUICK_SECONDS = 200, 0.2
ROUNDS, QUICK_ROUNDS = 20, 8
PROCESSES = 4
"""For each variant. Where a process lies in memory makes it faster or slower for all its life, so two programs can
be told apart only by several processes each (Kalibera and Jones 2013, "Rigorous benchmarking in reasonable time")."""
QUICK_TURN_SECONDS = 0.1
"""A quick run does not wait for more samples of a slow task than fit into this."""

Notify = Callable[[str], None]


def choose_settings(*, quick: bool, seed: int, threads: list[int]) -> Settings:
    """Return how much to measure: for publication, or for a first look."""
    if quick:
        return Settings(True, seed, threads, QUICK_ROUNDS, QUICK_SAMPLES, QUICK_SECONDS, PROCESSES)
    return Settings(False, seed, threads, ROUNDS, MIN_SAMPLES, MIN_SECONDS, PROCESSES)


@dataclass
class Timing:
    """One task of one model, as its rounds come in; `process` is the process that measures it now."""

    model: str
    task: str
    threads: int
    process: MeasuringProcess | None = None
    warm_ups: list[WarmUp] = field(default_factory=list)
    rounds_ms: list[list[float]] = field(default_factory=list)

    def as_series(self) -> Series:
        """Return the finished series."""
        warm_up = WarmUp(
            runs=sum(one.runs for one in self.warm_ups),
            seconds=round(sum(one.seconds for one in self.warm_ups), 3),
            stable=all(one.stable for one in self.warm_ups),
        )
        return Series(self.task, self.threads, warm_up, summarise(self.rounds_ms), self.rounds_ms)

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Ask the process about this task; see `MeasuringProcess.ask`."""
        assert self.process is not None
        return self.process.ask(do, task=self.task, threads=self.threads, **request)


def run_rounds(
    timings: list[Timing],
    settings: Settings,
    *,
    rounds: range,
    notify: Notify,
    between: Callable[[], None],
    weight: float = 1.0,
) -> None:
    """Warm every timing up, then let all have their turn, round after round.

    Args:
        timings: what to time; their rounds are filled in.
        settings: how much.
        rounds: which of the settings' rounds.
        notify: called with a line before the warm-up and before every round.
        between: called after every turn, to look at the machine.
        weight: of the time and samples that the settings ask for; below 1 for side figures.
    """
    samples = max(1, int(np.ceil(weight * settings.min_samples / settings.rounds)))
    seconds = weight * settings.min_seconds / settings.rounds
    notify("warming up")
    block, limit = (0.02, 0.3) if settings.quick else (0.1, 5.0)
    for timing in timings:
        timing.warm_ups.append(WarmUp(**timing.ask("warm_up", block_seconds=block, max_seconds=limit)))
    at_most = weight * QUICK_TURN_SECONDS if settings.quick else None
    for number in rounds:
        notify(f"round {number + 1} of {settings.rounds}")
        for timing in _shuffled(timings, settings.seed, number):
            samples_ms = timing.ask("time", samples=samples, seconds=seconds, at_most=at_most)["samples_ms"]
            timing.rounds_ms.append(samples_ms)
            between()


def _shuffled(timings: list[Timing], seed: int, number: int) -> list[Timing]:
    """Return the timings in another order for each round: task by task, the models shuffled within.

    A task's turns stand side by side, so that the pairs that a ratio compares are close in time; the
    shuffle keeps one model from always running after the same other.
    """
    rng = np.random.default_rng([seed, number])
    groups: dict[tuple[str, int], list[Timing]] = {}
    for timing in timings:
        groups.setdefault((timing.task, timing.threads), []).append(timing)
    return [group[index] for group in groups.values() for index in rng.permutation(len(group))]
