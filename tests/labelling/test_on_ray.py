"""The same rows come from Ray as from this machine, also when actors are killed."""

import os
import signal
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
psutil = pytest.importorskip("psutil", reason="finds the actors")


@pytest.fixture(scope="module", autouse=True)
def cluster() -> Iterator[None]:
    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100_000_000)
    yield
    ray.shutdown()


def actors() -> list[int]:
    """Return the processes of our actors."""
    children = psutil.Process().children(recursive=True)
    return [child.pid for child in children if "_Actor" in " ".join(child.cmdline())]


@pytest.mark.slow
def test_killed_actors_lose_nothing_and_repeat_nothing(photos: Path, tmp_path: Path) -> None:
    for number in range(60):
        (photos / f"many{number:02}.png").write_bytes((photos / "b.png").read_bytes())
    killed = 0

    def engine(shards: Sequence[Shard]) -> Iterator[Labelled]:
        nonlocal killed
        for labelled in label_on_ray(shards, SETTINGS, 2, None):
            yield labelled
            if killed < 2 and (found := actors()):
                os.kill(found[0], signal.SIGKILL)
                killed += 1

    label_sources([str(photos)], tmp_path / "ray", SETTINGS, LABELS, engine, workers=8)
    label_sources([str(photos)], tmp_path / "calm", SETTINGS, LABELS, in_process)
    assert killed == 2
    assert sorted(read(tmp_path / "ray"), key=repr) == sorted(read(tmp_path / "calm"), key=repr)
