"""Train trials on a Ray cluster: a task each, which Ray places, and starts again when its machine dies."""

from __future__ import annotations

from collections.abc import Generator, Sequence

from fer_edge.errors import FerEdgeError
from fer_edge.experiments.trial_run import Training, Trial, train_trial
from fer_edge.labelling.on_ray import connect, require_ray


def train_on_cluster(
    trials: Sequence[Trial], training: Training, address: str | None, cores: int
) -> Generator[tuple[Trial, str | None], None, None]:
    """Yield each trial when it ends. One that is started again goes on from its last whole epoch.

    Args:
        trials: their folders must lie where every node finds them.
        training: the data, too.
        address: see `connect`.
        cores: that a trial occupies.

    Raises:
        FerEdgeError: Ray is not installed, the cluster cannot be reached, or no node has so many cores.
    """
    require_ray()
    import ray

    connect(ray, address)
    most = max((int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]), default=0)
    if cores > most:
        raise FerEdgeError(f"No node of the Ray cluster has {cores} cores, the largest has {most}: choose --cores.")
    task = ray.remote(train_trial).options(num_cpus=cores, max_retries=3)
    waiting = {task.remote(trial.run, training): trial for trial in trials}
    while waiting:
        (done, *_), _ = ray.wait(list(waiting), num_returns=1)
        try:
            failure = ray.get(done)
        except ray.exceptions.RayError as error:
            failure = f"Ray gave it up: {type(error).__name__}."
        yield waiting.pop(done), failure
