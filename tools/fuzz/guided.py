"""Fuzzes every reader of strangers' files, guided by coverage: ``make fuzz SECONDS=120``.

    python -m tools.fuzz.guided [--seconds 120] [--only READER] [--seed 1]

Atheris grows inputs that reach new lines of a reader, from whole files as seeds. Each reader runs in a process of its
own for its share of the time. Anything but an answer or a `FerEdgeError` is a fault, and so are a hang of a minute
and 1 GB of memory; the input that shows it stays in build/fuzz/READER. What a reader has covered is kept there, too,
and the next run goes on from it.
"""

from __future__ import annotations

import argparse
import re
import subprocess
import sys
from collections.abc import Callable
from contextlib import suppress
from importlib.util import find_spec
from pathlib import Path

from fer_edge.errors import FerEdgeError

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/fuzz"
HANG_SECONDS, MEMORY_MB, LONGEST = 60, 1_024, 40_000

Target = Callable[[bytes], object]


def fuzz_model(data: bytes) -> object:
    """Read a .tflite file, its metadata and its graph, as loading does before the interpreter sees it."""
    from fer_edge.graph.check import check_structure
    from fer_edge.graph.cost import analyse_cost
    from fer_edge.modelfile.metadata import read_model

    check_structure(data)
    analyse_cost(data)
    return read_model(data, name="it")


def fuzz_picture(data: bytes) -> object:
    """Read the size in a picture's header."""
    from fer_edge.runtime.image_header import has_sixteen_bits, image_size

    return image_size(data), has_sixteen_bits(data)


def fuzz_table(data: bytes) -> object:
    """Read FER2013 as a CSV."""
    from fer_edge.data.pixel_table import read_table
    from fer_edge.types import SPLITS

    return read_table(data.decode("utf-8", "replace").splitlines(), "it", set(SPLITS))


def fuzz_archive(data: bytes) -> object:
    """Read FER2013 in an archive."""
    from fer_edge.data.fer2013 import scan_data

    return scan_data(_as_file(data, "it.zip"))


def fuzz_votes(data: bytes) -> object:
    """Read FER+ votes."""
    from fer_edge.data.votes import read_votes

    return read_votes(_as_file(data, "it.csv"))


def fuzz_recipe(data: bytes) -> object:
    """Read a training recipe."""
    from fer_edge.toml import parse_toml
    from fer_edge.train.config import config_from

    return config_from(parse_toml(data.decode("utf-8", "replace"), "it"), "it")


def fuzz_labels(data: bytes) -> object:
    """Read labels in every form."""
    from fer_edge.emotions import parse_labels

    return parse_labels(data.decode("utf-8", "replace"))


def fuzz_report(data: bytes) -> object:
    """Read a bench report and draw it."""
    from fer_edge.benchmarks.html.page import render_page
    from fer_edge.benchmarks.report_file import read_report

    return render_page([("it", read_report(_as_file(data, "it.json")))])


def fuzz_keras(data: bytes) -> object:
    """Look at a Keras file before Keras does."""
    from fer_edge.kerasfile.look import look_at

    return look_at(_as_file(data, "it.keras"))


TARGETS: dict[str, tuple[Target, tuple[str, ...]]] = {
    "model": (fuzz_model, ("tests/fixtures/*.tflite", "tests/fixtures/foreign/*.tflite")),
    "picture": (fuzz_picture, ("docs/images/*.png", "fer_edge/assets/*.jpg")),
    "table": (fuzz_table, ()),
    "archive": (fuzz_archive, ()),
    "votes": (fuzz_votes, ()),
    "recipe": (fuzz_recipe, ("fer_edge/train/recipes/*.toml",)),
    "labels": (fuzz_labels, ()),
    "report": (fuzz_report, ("docs/examples/bench.json",)),
    "keras": (fuzz_keras, ()),
}
"""Reader -> what is called, and the files to start from; short ones are in `WRITTEN`."""

WRITTEN: dict[str, tuple[bytes, ...]] = {
    "table": (b"emotion,pixels,Usage\n3," + b" ".join([b"7"] * 64) + b",Training\n", b"Pixels;Emotion\n1 2;happy\n"),
    "votes": (b"file,anger,disgust,fear,happiness,neutral,sadness,surprise\na.png,1,0,0,8,1,0,0\n",),
    "labels": (b"angry,happy", b'["a", "b"]', b"{'a': 0, 'b': 1}", b"0 Angry\n1 Happy\n"),
    "keras": (b'PK\x03\x04config.json{"class_name": "Functional"}', b"\x89HDF\r\n\x1a\n"),
}


def main() -> int:
    """Fuzz every reader, or be the process that fuzzes one."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--seconds", type=int, default=120, help="for all readers together")
    parser.add_argument("--only", choices=TARGETS)
    parser.add_argument("--seed", type=int, default=1, help="another one tries other inputs")
    parser.add_argument("--inside", choices=TARGETS, help=argparse.SUPPRESS)
    options, rest = parser.parse_known_args()
    if options.inside:
        return fuzz(options.inside, rest)
    if find_spec("atheris") is None:
        print("Skipped: atheris is not installed, which has wheels for Linux and Python 3.11 to 3.13.")
        return 0
    names = [options.only] if options.only else list(TARGETS)
    seconds = max(1, options.seconds // len(names))
    faults = sum(not run(name, seconds, options.seed) for name in names)
    print(f"{len(names)} readers, {faults} with a fault" if faults else f"{len(names)} readers, no fault")
    return 1 if faults else 0


def run(name: str, seconds: int, seed: int) -> bool:
    """Fuzz one reader in a process of its own, print what came of it, and return whether it held."""
    corpus = BUILD / name
    corpus.mkdir(parents=True, exist_ok=True)
    plant_seeds(name, corpus)
    limits = [f"-max_total_time={seconds}", f"-seed={seed}", f"-timeout={HANG_SECONDS}", f"-rss_limit_mb={MEMORY_MB}"]
    command = [sys.executable, "-m", "tools.fuzz.guided", "--inside", name, str(corpus), *limits]
    done = subprocess.run(
        [*command, f"-max_len={LONGEST}", f"-artifact_prefix={corpus}/fault-", "-print_final_stats=1"],
        check=False,
        cwd=ROOT,
        capture_output=True,
        text=True,
        errors="replace",
    )
    tried = re.search(r"number_of_executed_units: (\d+)", done.stderr)
    held = done.returncode == 0
    print(f"{name:8}  {int(tried[1]) if tried else 0:>9,} inputs  {'held' if held else 'FAULT'}", flush=True)
    if not held:
        print("\n".join(done.stderr.splitlines()[-25:]), file=sys.stderr)
    return held


def plant_seeds(name: str, corpus: Path) -> None:
    """Put whole files into the folder from which a reader's inputs grow."""
    files = [file for pattern in TARGETS[name][1] for file in sorted(ROOT.glob(pattern))]
    contents = [file.read_bytes() for file in files if file.stat().st_size <= LONGEST]
    for number, content in enumerate([*contents, *WRITTEN.get(name, ())]):
        (corpus / f"seed-{number}").write_bytes(content)


def fuzz(name: str, arguments: list[str]) -> int:
    """Run one reader under Atheris; ends the process."""
    import atheris

    target, _ = TARGETS[name]
    with atheris.instrument_imports(include=["fer_edge"]):
        _load_readers()

    def one_input(data: bytes) -> None:
        with suppress(FerEdgeError):  # refused in a sentence: as it should be
            target(data)

    atheris.Setup([sys.argv[0], *arguments], one_input)
    atheris.Fuzz()
    return 0


def _load_readers() -> None:
    """Import what the targets import, while Atheris watches."""
    import fer_edge.benchmarks.html.page
    import fer_edge.benchmarks.report_file
    import fer_edge.data.fer2013
    import fer_edge.data.votes
    import fer_edge.graph.cost
    import fer_edge.kerasfile.look
    import fer_edge.modelfile.metadata
    import fer_edge.runtime.image_header
    import fer_edge.train.config  # noqa: F401


def _as_file(data: bytes, name: str) -> Path:
    path = BUILD / "inputs" / name
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(data)
    return path


if __name__ == "__main__":
    sys.exit(main())
