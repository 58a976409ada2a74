"""A node that leaves the cluster takes its work with it, and the others do it."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest
from test_run import SETTINGS, in_process, read

from fer_edge.labelling.items import Shard
from fer_edge.labelling.labeller import Labelled
from fer_edge.labelling.on_ray import label_on_ray
from fer_edge.labelling.whole import label_sources
from fer_edge.types import LABELS

ray = pytest.importorskip("ray", reason="Ray comes with the extra [cluster]")
cluster_utils = pytest.importorskip("ray.cluster_utils")


@pytest.mark.slow
def test_a_node_that_leaves_loses_nothing_and_repeats_nothing(photos: Path, tmp_path: Path) -> None:
    for number in range(60):
        (photos / f"many{number:02}.png").write_bytes((photos / "b.png").read_bytes())
    memory = {"object_store_memory": 100_000_000}
    cluster = cluster_utils.Cluster(initialize_head=True, head_node_args={"num_cpus": 1, **memory})
    leaving = cluster.add_node(num_cpus=1, **memory)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    left = False

    def engine(shards: Sequence[Shard]) -> Iterator[Labelled]:
        nonlocal left
        for labelled in label_on_ray(shards, SETTINGS, 2, None):
            yield labelled
            if not left:
                cluster.remove_node(leaving, allow_graceful=False)
                left = True

    try:
        label_sources([str(photos)], tmp_path / "ray", SETTINGS, LABELS, engine, workers=8)
    finally:
        ray.shutdown()
        cluster.shutdown()
    label_sources([str(photos)], tmp_path / "calm", SETTINGS, LABELS, in_process)
    assert left
    assert sorted(read(tmp_path / "ray"), key=repr) == sorted(read(tmp_path / "calm"), key=repr)
