"""How fast `fer-edge label` is, beside a loop written by hand, and what more machines would bring.

    python -m tools.scale.throughput [--pictures 400] [--rounds 3] [--ray] [--write]

Labels copies of one public photograph (640 pixels wide, one face) locally with one and two workers, on Ray with one and
two nodes of one core each on this machine, and by a hand-written `multiprocessing` loop that does the same work without
resumption, failures or Parquet. The variants take turns, so that what slows the machine down slows all of them. With
--write the table and the prediction go to docs/scale.md.
"""

from __future__ import annotations

import argparse
import json
import multiprocessing
import resource
import shutil
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

import cv2

from fer_edge.benchmarks.host import describe_host as host_facts
from fer_edge.labelling.items import Shard
from fer_edge.labelling.labeller import Labelled, Settings
from fer_edge.labelling.local import label_local
from fer_edge.labelling.on_ray import label_on_ray
from fer_edge.labelling.whole import label_sources
from fer_edge.runtime import EmotionClassifier, FaceAnalyzer, read_picture
from fer_edge.types import LABELS
from tools.pages.markdown import describe_host, markdown_table, replace_section

ROOT = Path(__file__).parents[2]
PAGE = ROOT / "docs/scale.md"
SETTINGS = Settings("edge_cnn_s", "0" * 64, "auto", None, 2.0, "measured")
NODES = (1, 10, 100, 1000)
CORES_A_NODE = 8
PICTURE_MB = 0.1
STORAGE_MB_S = 1000
"""The prediction assumes such pictures, and such a storage that all nodes read from: about ten gigabits a second."""


@dataclass(frozen=True)
class Rate:
    """What was measured of one variant.

    Attributes:
        name: of the variant.
        workers: that shared the work.
        seconds: median of the rounds, start of the workers included.
        start_seconds: of it, until the first shard was done.
        items: in each round.
    """

    name: str
    workers: int
    seconds: float
    start_seconds: float
    items: int

    @property
    def steady_rate(self) -> float:
        """Items a second once the workers are up."""
        return self.items / max(1e-9, self.seconds - self.start_seconds)


def main() -> int:
    """Measure, print, and write the page if asked to."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--pictures", type=int, default=400)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--ray", action="store_true", help="measure Ray as well: one and two nodes on this machine")
    parser.add_argument("--write", action="store_true", help="write docs/scale.md")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        pictures = copy_photograph(Path(folder) / "pictures", options.pictures)
        rates = measure(pictures, Path(folder), options.rounds, options.ray)
    table = rate_table(rates)
    print(table)
    print(json.dumps([rate.__dict__ for rate in rates], indent=1))
    if options.write:
        replace_section(
            PAGE, "throughput", f"{describe_host(host_facts())}\n\n{table}\n\n{prediction(rates, pictures)}"
        )
    return 0


def copy_photograph(folder: Path, count: int) -> Path:
    """Write `count` copies of the astronaut's portrait, 640 pixels wide, and return their folder."""
    picture = cv2.imread(str(ROOT / "docs/images/astronaut.jpg"))
    height = round(picture.shape[0] * 640 / picture.shape[1])
    _, data = cv2.imencode(".jpg", cv2.resize(picture, (640, height)))
    folder.mkdir()
    for number in range(count):
        (folder / f"{number:06}.jpg").write_bytes(data.tobytes())
    return folder


def measure(pictures: Path, scratch: Path, rounds: int, with_ray: bool) -> list[Rate]:
    """Return what each variant took, in turn."""
    items = len(list(pictures.iterdir()))
    variants: list[tuple[str, int, Callable[[], tuple[float, float]]]] = []
    for workers in (1, 2):
        variants.append(("hand-written loop", workers, partial(by_hand, pictures, workers)))
        engine = partial(label_local, settings=SETTINGS, workers=workers)
        variants.append(("label, local", workers, partial(labelled, pictures, scratch, engine, workers)))
        if with_ray:
            variants.append(("label, Ray nodes", workers, partial(on_cluster, pictures, scratch, workers)))
    taken: dict[tuple[str, int], list[tuple[float, float]]] = {}
    for _ in range(rounds):
        for name, workers, run in variants:
            taken.setdefault((name, workers), []).append(run())
            print(f"{name}, {workers}: {taken[name, workers][-1][0]:.1f} s", file=sys.stderr)
    return [
        Rate(name, workers, median(a for a, _ in times), median(b for _, b in times), items)
        for (name, workers), times in taken.items()
    ]


def labelled(
    pictures: Path, scratch: Path, engine: Callable[[Sequence[Shard]], Iterator[Labelled]], workers: int
) -> tuple[float, float]:
    """Return the seconds that labelling takes, and those until the first shard is done."""
    first: list[float] = []
    start = time.perf_counter()

    def notify(done: int, _: int) -> None:
        if done and not first:
            first.append(time.perf_counter() - start)

    out = scratch / "out"
    shutil.rmtree(out, ignore_errors=True)
    label_sources([str(pictures)], out, SETTINGS, LABELS, engine, workers=4 * workers, notify=notify)
    return time.perf_counter() - start, first[0]


def on_cluster(pictures: Path, scratch: Path, nodes: int) -> tuple[float, float]:
    """Start a cluster of nodes with one core each on this machine, label there, and end it."""
    import ray
    from ray.cluster_utils import Cluster

    store = 100_000_000
    cluster = Cluster(initialize_head=True, head_node_args={"num_cpus": 1, "object_store_memory": store})
    for _ in range(nodes - 1):
        cluster.add_node(num_cpus=1, object_store_memory=store)
    ray.init(address=cluster.address, log_to_driver=False, logging_level="ERROR")
    try:
        engine = partial(label_on_ray, settings=SETTINGS, workers=nodes, address=None)
        return labelled(pictures, scratch, engine, nodes)
    finally:
        ray.shutdown()
        cluster.shutdown()


def by_hand(pictures: Path, workers: int) -> tuple[float, float]:
    """Return the seconds of the loop that a user would write, and those until its first answer."""
    start = time.perf_counter()
    paths = sorted(pictures.iterdir())
    first = 0.0
    with multiprocessing.get_context("spawn").Pool(workers, _start) as pool:
        for _ in pool.imap_unordered(_label, paths, chunksize=16):
            first = first or time.perf_counter() - start
    return time.perf_counter() - start, first


def _start() -> None:
    global _analyzer  # noqa: PLW0603 -- as everyone writes it
    cv2.setNumThreads(1)
    _analyzer = FaceAnalyzer(EmotionClassifier())


def _label(path: Path) -> list[str]:
    return [face.prediction.label for face in _analyzer.analyze(read_picture(path))]


def rate_table(rates: Sequence[Rate]) -> str:
    """Return the measured rates as Markdown, with the ratio to the hand-written loop of as many workers."""
    by_workers = {rate.workers: rate.steady_rate for rate in rates if rate.name.startswith("hand")}
    header = ["variant", "workers", "seconds", "until the first", "items a second, then", "beside the loop"]
    rows = [
        [
            rate.name,
            str(rate.workers),
            f"{rate.seconds:.1f}",
            f"{rate.start_seconds:.1f}",
            f"{rate.steady_rate:.1f}",
            f"{rate.steady_rate / by_workers[rate.workers]:.2f}",
        ]
        for rate in rates
    ]
    return markdown_table(header, rows)


def prediction(rates: Sequence[Rate]) -> str:
    """Return a table of what more nodes would bring, from the measured rate of one worker and the storage's limit."""
    name = "label, Ray nodes" if any(rate.name == "label, Ray nodes" for rate in rates) else "label, local"
    one, two = (next(rate for rate in rates if rate.name == name and rate.workers == n) for n in (1, 2))
    efficiency = two.steady_rate / (2 * one.steady_rate)
    limit = STORAGE_MB_S / PICTURE_MB
    rows = []
    for nodes in NODES:
        rate = min(one.steady_rate * CORES_A_NODE * nodes * efficiency, limit)
        minutes = f"{1e6 / rate / 60:,.1f} min"
        rows.append([f"{nodes:,}", f"{rate:,.0f}", minutes, "storage" if rate == limit else "cores"])
    header = ["nodes", "items a second", "a million pictures", "limited by"]
    memory = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1000
    return (
        f"One core labels {one.steady_rate:.1f} items a second; two give {2 * efficiency:.2f} times that here, and a "
        f"worker takes {memory:.0f} MB. With {CORES_A_NODE} such cores a node, pictures of {1000 * PICTURE_MB:.0f} kB "
        f"and {STORAGE_MB_S:,} MB/s of shared storage, computed:\n\n{markdown_table(header, rows)}"
    )


if __name__ == "__main__":
    sys.exit(main())
