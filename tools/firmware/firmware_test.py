"""Runs the generated C on emulated microcontrollers: ``make firmware-test``.

    python -m tools.firmware.firmware_test [--record] [--required]

Debian's compilers make images for Cortex-M0+, M3, M4, M7 and RISC-V; QEMU runs them. Scores must be those of the
reference kernels, bit for bit, and sizes, stack and executed instructions must keep to a stored budget. Nothing is
shown about time: an instruction is neither a cycle nor a millisecond.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import asdict
from pathlib import Path

import numpy as np

from fer_edge.firmware.selftest import selftest_face
from fer_edge.firmware.source import CSource, SelfTest, write_c
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model
from fer_edge.runtime.preprocess import to_face
from fer_edge.runtime.reference import ask_reference
from tools.firmware.measure import PICTURE, Measurement, TargetError, measure
from tools.firmware.targets import TARGETS, Target
from tools.firmware.toolchain import BUILD, compiler_versions, missing_tools, set_up
from tools.options import read_options, skip

FILE = Path(__file__).with_name("budget.json")
TOLERANCE = 0.01
MODELS = {"edge_cnn_s": 12, "edge_cnn_m": 3, "edge_cnn_xs": 12}
"""Network -> how many faces each target scores; the larger one takes an emulated Cortex-M0+ seconds a face."""


class Case:
    """A network: its C, the faces that it is asked about, and what it must answer."""

    def __init__(self, name: str, faces: int) -> None:
        file = read_model(find_model(name))
        rng = np.random.default_rng(0)
        face = selftest_face()
        noise = rng.integers(0, 256, (faces - 3, 48, 48), dtype=np.uint8)
        self.faces = np.concatenate([face[None], np.full((1, 48, 48), 255, np.uint8), np.zeros_like(face[None]), noise])
        self.expected = ask_reference(file.flatbuffer, self.faces[..., None])
        self.c: CSource = write_c(file, selftest=SelfTest(face, self.expected[0]))
        self.picture = rng.integers(0, 256, PICTURE, dtype=np.uint8)


def main() -> int:
    """Set up, run, compare, print; the exit code is 1 if anything is not as it should be."""
    options = read_options(__doc__, record="store what was measured as the new budget")
    if missing := missing_tools():
        return skip("firmware test", missing, required=options.required)
    start = time.monotonic()
    set_up()
    print(f"set-up ({time.monotonic() - start:.0f} s)", flush=True)
    shutil.rmtree(BUILD / "run", ignore_errors=True)
    cases = {name: Case(name, faces) for name, faces in MODELS.items()}
    jobs = [(name, target) for name in MODELS for target in TARGETS]
    with ThreadPoolExecutor(2) as pool:
        found = list(pool.map(lambda job: check(job[1], job[0], cases[job[0]]), jobs))
    measured: dict[str, dict[str, Measurement]] = {name: {} for name in MODELS}
    complaints = [complaint for complaint, _ in found if complaint]
    for (name, target), (_, measurement) in zip(jobs, found, strict=True):
        if measurement:
            measured[name][target.key] = measurement
    print_table(measured)
    versions = compiler_versions()
    if options.record and not complaints:
        content = {name: {key: asdict(one) for key, one in row.items()} for name, row in measured.items()}
        FILE.write_text(json.dumps({"compilers": versions, "models": content}, indent=2) + "\n")
        print(f"recorded in {FILE}")
    else:
        complaints += over_budget(measured, versions)
    print("\n".join(f"FAILED  {complaint}" for complaint in complaints) or f"passed: {len(jobs)} images")
    return 1 if complaints else 0


def check(target: Target, name: str, case: Case) -> tuple[str, Measurement | None]:
    """Run a network on a target; return a complaint, or an empty text, and what was measured."""
    start = time.monotonic()
    try:
        run = measure(target, case.c, case.faces, case.picture, BUILD / "run" / f"{name}-{target.key}")
    except TargetError as error:
        return f"{name} on {target.title}: {error}", None
    wrong = int((run.scores != case.expected).any(axis=1).sum())
    print(f"{name} on {target.title} ({time.monotonic() - start:.0f} s): {len(case.faces)} faces", flush=True)
    if wrong:
        return f"{name} on {target.title}: {wrong} of {len(case.faces)} faces have other scores", run.measurement
    if not np.array_equal(run.cropped, to_face(case.picture)[..., 0]):
        return f"{name} on {target.title}: the crop has other pixels", run.measurement
    return "", run.measurement


def over_budget(measured: dict[str, dict[str, Measurement]], versions: dict[str, str]) -> list[str]:
    """Return a sentence for each figure that left its budget, up or down.

    Fewer fail, too: a budget that is not brought down would hide the next rise.
    """
    stored = json.loads(FILE.read_text())
    if stored["compilers"] != versions:
        print(f"The budget holds for {stored['compilers']}, not for {versions}: not compared.")
        return []
    again = "If that is meant to be: make firmware-test RECORD=1"
    return [
        f"{name} on {key}: {figure} {value:,}, budget {stored['models'][name][key][figure]:,}. {again}"
        for name, row in measured.items()
        for key, measurement in row.items()
        for figure, value in asdict(measurement).items()
        if abs(value - stored["models"][name][key][figure]) > TOLERANCE * stored["models"][name][key][figure]
    ]


def print_table(measured: dict[str, dict[str, Measurement]]) -> None:
    """Print a line per network and target."""
    print(f"\n{'':<12}{'':<20}{'code':>8}{'crop':>8}{'constants':>12}{'arena':>9}{'stack':>8}{'instructions':>15}")
    for name, row in measured.items():
        for target in TARGETS:
            one = row.get(target.key)
            if one:
                print(
                    f"{name:<12}{target.title:<20}{one.code:>8,}{one.crop:>8,}{one.constants:>12,}{one.arena:>9,}{one.stack:>8,}"
                    f"{one.instructions:>15,}"
                )
    print()


if __name__ == "__main__":
    sys.exit(main())
