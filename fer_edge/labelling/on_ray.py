"""Label on a Ray cluster: Ray Data hands shards to actors, one a core, and starts those again that die."""

from __future__ import annotations

import importlib.util
import pickle
from collections.abc import Iterator, Sequence
from typing import Any

from fer_edge.errors import FerEdgeError
from fer_edge.labelling.items import Shard
from fer_edge.labelling.labeller import Labelled, Labeller, Settings


def require_ray() -> None:
    """Check that Ray is installed, before anything is written.

    Raises:
        FerEdgeError: it is not.
    """
    if importlib.util.find_spec("ray") is None:
        raise FerEdgeError("--on ray needs Ray: pip install '.[cluster]'.")


def label_on_ray(
    shards: Sequence[Shard], settings: Settings, workers: int | None, address: str | None
) -> Iterator[Labelled]:
    """Yield what comes of each shard, in the order in which they are done.

    Args:
        shards: the work.
        settings: the model must lie where every node finds it: a bundled name, or a path on a shared disk.
        workers: actors with a core each; None for as many as the cluster has cores.
        address: of a running cluster, such as "ray://HOST:10001"; None for the one that is named in the environment,
            else a new one on this machine.

    Raises:
        FerEdgeError: Ray is not installed, or the cluster cannot be reached.
    """
    require_ray()
    import ray
    import ray.data

    connect(ray, address)
    cores = max(1, int(ray.cluster_resources().get("CPU", 1)))
    ray.data.DataContext.get_current().enable_progress_bars = False  # ours shows items, not blocks
    blocks = ray.data.from_items([{"shard": pickle.dumps(shard)} for shard in shards], override_num_blocks=len(shards))
    answers = blocks.map_batches(
        _Actor,
        fn_constructor_args=(settings,),
        batch_size=1,
        concurrency=min(workers or cores, len(shards)),
        num_cpus=1,
    )
    for row in answers.iter_rows():
        yield pickle.loads(row["labelled"])  # noqa: S301 -- our own actors wrote it


class _Actor:
    """Loads the model once and labels one shard a call."""

    def __init__(self, settings: Settings) -> None:
        self._labeller = Labeller(settings)

    def __call__(self, batch: dict[str, Any]) -> dict[str, Any]:
        shards = [pickle.loads(shard) for shard in batch["shard"]]  # noqa: S301 -- our own driver wrote it
        return {"labelled": [pickle.dumps(self._labeller.label(shard)) for shard in shards]}


def connect(ray: Any, address: str | None) -> None:
    """Connect to the cluster at an address; without one to that of the environment, else a new one on this machine.

    Raises:
        FerEdgeError: it cannot be reached.
    """
    if ray.is_initialized():
        return
    try:
        ray.init(address=address, log_to_driver=False, logging_level="ERROR")
    except (ConnectionError, RuntimeError, ValueError) as error:
        raise FerEdgeError(f"Cannot reach the Ray cluster at {address or 'this machine'}: {error}") from error
