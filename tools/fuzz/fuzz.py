"""Damaged models, pictures and checkpoints, and odd arrays: each is refused in one sentence or answered rightly.

    python -m tools.fuzz.fuzz [--models 500] [--images 200] [--arrays 100000] [--checkpoints 2000] [--keras 150]
                              [--seed 1] [--json FILE]

Every bundled model is damaged so many times, and so is an image file and a Keras file of every kind. Each
campaign runs in a process of its own, which a crash or a hang ends with the number of the case. The tests do the
same with fewer cases. `make benchmark-runtime` writes the counts into docs/performance.md.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import sys
import tempfile
from collections import Counter
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from PIL import Image

from fer_edge.runtime.bundled import DEFAULT_MODEL, bundled_names, find_model
from tools.fuzz.variants import every_kind

ROOT = Path(__file__).parents[2]
WORKERS = Path(__file__).parent
TIMEOUT_SECONDS = 1_800
ALLOWED = {"refused", "same answers", "a picture"}


@dataclass(frozen=True)
class Campaign:
    """What came of damaged inputs of one sort.

    Attributes:
        name: what was damaged.
        outcomes: outcome -> count.
        failure: how the process ended, and with which case; empty if it did not crash or hang.
    """

    name: str
    outcomes: dict[str, int]
    failure: str = ""

    @property
    def kept(self) -> bool:
        """Whether every case was refused in a sentence or answered rightly."""
        return not self.failure and set(self.outcomes) <= ALLOWED


def main() -> int:
    """Run and print; the exit code is 1 if a case crashed, hung, or had a wrong answer."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--models", type=int, default=500, help="damaged copies of every bundled model")
    parser.add_argument("--images", type=int, default=200, help="damaged copies of every kind of image file")
    parser.add_argument("--arrays", type=int, default=100_000, help="arrays of any dtype, shape and layout")
    parser.add_argument("--checkpoints", type=int, default=2_000, help="damaged copies of a checkpoint")
    parser.add_argument("--keras", type=int, default=150, help="damaged copies of an .h5 and of a .keras file")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--json", type=Path, help="write the counts to this file")
    options = parser.parse_args()
    campaigns = [fuzz_model(name, options.models, options.seed) for name in bundled_names()]
    campaigns += [fuzz_images(options.images, options.seed), fuzz_arrays(options.arrays, options.seed)]
    counts_of_kinds = {"checkpoint": options.checkpoints, "h5": options.keras, "keras": options.keras}
    campaigns += [fuzz_stored(kind, count, options.seed) for kind, count in counts_of_kinds.items()]
    for campaign in campaigns:
        counts = ", ".join(f"{count:,} {outcome}" for outcome, count in sorted(campaign.outcomes.items()))
        print(f"{campaign.name}: {counts}{campaign.failure}{'' if campaign.kept else '  BROKEN'}")
    if options.json:
        options.json.parent.mkdir(parents=True, exist_ok=True)
        rows = [asdict(campaign) | {"kept": campaign.kept} for campaign in campaigns]
        options.json.write_text(json.dumps(rows, indent=2))
    return 0 if all(campaign.kept for campaign in campaigns) else 1


def fuzz_model(name: str, count: int, seed: int) -> Campaign:
    """Damage a bundled model; each copy is refused or answers as before."""
    report, failure = run_worker("models.py", str(find_model(name)), str(count), str(seed))
    return Campaign(f"model {name}", add_up(report.values()), failure)


def fuzz_images(count: int, seed: int) -> Campaign:
    """Damage a picture of every kind; each copy is refused or read with the size that its header tells."""
    with tempfile.TemporaryDirectory() as folder:
        picture = Image.open(ROOT / "docs/images/astronaut.jpg").crop((150, 40, 270, 200)).resize((60, 80))
        files = []
        for index, content in enumerate(every_kind(picture).values()):
            files.append(Path(folder) / f"kind{index}")
            files[-1].write_bytes(content)
        report, failure = run_worker("images.py", str(count), str(seed), *map(str, files))
    return Campaign(f"image files of {len(files)} kinds", add_up(report.get("outcomes", {}).values()), failure)


def fuzz_arrays(count: int, seed: int) -> Campaign:
    """Show the classifier arrays; each is refused, or answered like a tidy copy of it."""
    report, failure = run_worker("arrays.py", DEFAULT_MODEL, str(count), str(seed))
    return Campaign("arrays", report, failure)


def fuzz_stored(kind: str, count: int, seed: int) -> Campaign:
    """Damage a checkpoint, or a Keras file ("h5" or "keras"); each copy is refused or read."""
    report, failure = run_worker("stored.py", kind, str(count), str(seed))
    return Campaign({"checkpoint": "checkpoint .npz"}.get(kind, f"Keras file .{kind}"), report, failure)


def run_worker(script: str, *arguments: str) -> tuple[dict[str, Any], str]:
    """Return (the worker's report, ""), or ({}, how it ended)."""
    command = [sys.executable, "-X", "faulthandler", str(WORKERS / script), *arguments]
    try:
        done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=TIMEOUT_SECONDS)
    except subprocess.TimeoutExpired as error:
        said = (error.stdout or b"").decode(errors="replace").splitlines()
        return {}, f"hung after {TIMEOUT_SECONDS} s in {said[-1:]}"
    lines = done.stdout.splitlines()
    if done.returncode:
        return {}, f"ended with code {done.returncode} in {lines[-1:]}: {done.stderr[-500:]}"
    return dict(json.loads(lines[-1])), ""


def add_up(counts: Any) -> dict[str, int]:
    """Return the sum of several counts."""
    total: Counter[str] = Counter()
    for count in counts:
        total.update(count)
    return dict(total)


if __name__ == "__main__":
    sys.exit(main())
