"""Train trials on this machine: so many processes at a time."""

from __future__ import annotations

import subprocess
import threading
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed

from fer_edge.experiments.trial_run import Training, Trial, train_trial


def train_side_by_side(
    trials: Sequence[Trial], training: Training, workers: int
) -> Generator[tuple[Trial, str | None], None, None]:
    """Yield each trial when it ends; if the caller stops, the processes are asked to end, and keep their epochs."""
    processes: list[subprocess.Popen[bytes]] = []
    stopped = threading.Event()

    def started(process: subprocess.Popen[bytes]) -> None:
        processes.append(process)
        if stopped.is_set():
            process.terminate()

    pool = ThreadPoolExecutor(workers)
    running = {pool.submit(train_trial, trial.run, training, started): trial for trial in trials}
    try:
        for future in as_completed(running):
            yield running[future], future.result()
    finally:
        stopped.set()
        pool.shutdown(wait=False, cancel_futures=True)
        for process in processes:
            process.terminate()  # nothing, where it has ended
        pool.shutdown()
