"""Measures fer-edge beside other packages, on the same images, in turns: ``make peers``.

    python -m tools.peers.measure [--data fer2013.zip] [--rounds 30]

Each peer runs in a process of its own (worker.py, worker.mjs), in an environment of its own under build/peers,
which the first run installs. A round times every peer in turn, so that a drift of the machine's speed hits all
alike. A peer that fails is listed as not measured, with its error. Writes docs/peers.md.
"""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from statistics import median
from textwrap import shorten

import numpy as np

from fer_edge.benchmarks.host import describe_host as host_facts
from fer_edge.cli.shared import read_fer2013
from fer_edge.errors import DataError
from fer_edge.evaluation.metrics import wilson_interval
from fer_edge.types import LabelledImages
from tools.pages.markdown import describe_host, markdown_table, replace_section
from tools.peers.contenders import all_peers
from tools.peers.environments import BUILD, ROOT, Environment, PeerError
from tools.peers.peer import Peer

STARTS = 3
SLOW_START_S = 5.0
"""Whoever takes longer is started twice only."""
CALLS, SLOW_CALLS = 50, 3
"""Timed calls of a peer in a round; the second is for those whose call takes over 10 ms."""


def main() -> None:
    """Install, measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="FER2013; default: as the command line finds it")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    try:
        splits = read_fer2013(options.data)
    except DataError as error:
        sys.exit(str(error))
    peers = all_peers(splits)
    prepare(peers)
    load = os.getloadavg()[0]
    try:
        measure_starts(peers)
        measure_times(peers, options.rounds)
        measure_accuracy(peers, splits["public"])
    finally:
        for peer in peers:
            peer.stop()
    for peer in peers:
        if peer.failure:
            print(f"{peer.name}: {peer.failure}", file=sys.stderr)
    how = (
        f"On {describe_host(host_facts())}, {options.rounds} rounds in turns. Load of the machine {load:.1f}: trust "
        "the ratios first."
    )
    replace_section(ROOT / "docs/peers.md", "peers", page(peers, how))


@contextmanager
def excusing(peer: Peer) -> Iterator[None]:
    """Let a peer's failure end its own measurement and nobody else's."""
    try:
        yield
    except Exception as error:  # whatever it is, the page names it
        peer.failure = shorten(str(error) or type(error).__name__, 300)
        peer.stop()


def healthy(peers: list[Peer]) -> list[Peer]:
    """Return those that have not failed so far."""
    return [peer for peer in peers if peer.failure is None]


def prepare(peers: list[Peer]) -> None:
    """Install the environments and build the files."""
    BUILD.mkdir(parents=True, exist_ok=True)
    failures: dict[Environment, str] = {}
    for environment in dict.fromkeys(peer.environment for peer in peers):
        try:
            environment.install()
        except PeerError as error:
            failures[environment] = str(error)
    sizes = {environment: environment.size_mb() for environment in {peer.environment for peer in peers}}
    for peer in peers:
        peer.installed_mb, peer.failure = sizes[peer.environment], failures.get(peer.environment)
    for peer in healthy(peers):
        with excusing(peer):
            if peer.build is not None:
                print(f"converting {peer.name}", file=sys.stderr, flush=True)
                peer.build()
            peer.file_bytes = sum(file.stat().st_size for file in peer.files)


def measure_starts(peers: list[Peer]) -> None:
    """Start each peer several times, keep the fastest, and leave the last one running."""
    for peer in healthy(peers):
        print(f"starting {peer.name}", file=sys.stderr, flush=True)
        with excusing(peer):
            peer.start()  # fills the disk cache, and does not count
            peer.stop()
            seconds = [peer.start()]
            while len(seconds) < (2 if min(seconds) > SLOW_START_S else STARTS):
                peer.stop()
                seconds.append(peer.start())
            peer.start_s = min(seconds)


def measure_times(peers: list[Peer], rounds: int) -> None:
    """Time the peers in turns, after one round of warm-up, and note their memory after it."""
    calls: dict[str, int] = {}
    for peer in healthy(peers):
        with excusing(peer):
            calls[peer.name] = SLOW_CALLS if median(peer.ask(f"time {SLOW_CALLS}")) > 10_000 else CALLS
    for turn in range(rounds + 1):
        for peer in healthy(peers):
            with excusing(peer):
                samples = peer.ask(f"time {calls[peer.name]}")
                if turn:
                    peer.rounds_us.append(samples)
    for peer in healthy(peers):
        with excusing(peer):
            peer.memory_mb = peer.peak_memory_mb()


def measure_accuracy(peers: list[Peer], images: LabelledImages) -> None:
    """Count the right answers of those that were trained."""
    file = BUILD / "public.npy"
    np.save(file, images.images)
    for peer in healthy(peers):
        if peer.untrained is None:
            print(f"classifying with {peer.name}", file=sys.stderr, flush=True)
            with excusing(peer):
                peer.right = (np.array(peer.ask(f"classify {file}")) == images.labels).tolist()


def page(peers: list[Peer], how: str) -> str:
    """Return the table, how it was measured, and what was not."""
    measured = healthy(peers)
    if not measured or measured[0] is not peers[0]:
        sys.exit(f"{peers[0].name}, to which all are compared, failed: {peers[0].failure}")
    header = ["network", "accuracy, % (95 %)", f"time / {peers[0].name}", "p50, ms", "file, kB"]
    table = markdown_table(
        [*header, "installed, MB", "first answer, s", "peak, MB"], [row(peer, peers[0]) for peer in measured]
    )
    missing = [f"- Not measured: {peer.name}: {peer.failure}" for peer in peers if peer.failure]
    return "\n\n".join([table, f"{how} Written by `make peers`.", *(["\n".join(missing)] if missing else [])])


def row(peer: Peer, reference: Peer) -> list[str]:
    """Return what the table says of one peer."""
    return [
        peer.name,
        peer.untrained or accuracy(peer.right),
        f"{peer.ratio_to(reference):.2f}",
        f"{peer.p50_us / 1000:.3f}",
        f"{peer.file_bytes / 1000:,.0f}",
        f"{peer.installed_mb:,.0f}",
        f"{peer.start_s:.2f}",
        f"{peer.memory_mb:.0f}",
    ]


def accuracy(right: list[bool]) -> str:
    """Return the share of right answers with its 95 % interval, in per cent."""
    interval = wilson_interval(sum(right), len(right))
    return f"{100 * sum(right) / len(right):.2f} ({interval.text('.1f', times=100)})"


if __name__ == "__main__":
    main()
