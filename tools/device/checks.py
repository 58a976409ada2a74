"""What the device test checks. Each check raises `CheckError`, or returns what it found in a sentence."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path
from statistics import median

import numpy as np

from tools.device.budget import Counts
from tools.device.devices import BUILD, PI4, PI32, ROOT, Device, run_python
from tools.device.setup import (
    DEBIAN_PIP,
    FILES,
    VENV32,
    WHEEL_SITE,
    install_as_documented,
    pip32,
    site_aarch64,
    site_here,
    site_tools,
)

RUNTIME_TESTS = (
    "modelfile/test_archive.py",
    "runtime/test_preprocess.py",
    "stream/test_smoothing.py",
    "stream/test_tracker.py",
    "runtime/test_interpreter.py",
    "modelfile/test_model_file.py",
    "runtime/test_classifier.py",
    "runtime/test_faces.py",
)
"""In this order: tflite-runtime, once loaded on 32 bit, lets the processor take numbers below 1e-308 for 0, and
from then on Hypothesis refuses to make floats. So the tests that draw floats run before those that load models."""
SHARED = "runtime/test_classifier.py::test_shared_by_threads"
LEFT_OUT = {
    PI4.key: [SHARED],
    PI32.key: [
        SHARED,
        "runtime/test_faces.py::test_face_square_is_a_square_of_the_picture",
        "runtime/test_faces.py::test_any_array_is_analysed_or_refused",
    ],
}
"""Device -> tests that would say nothing there, or cannot run. Threads see each other's writes in x86's strict
order in the emulator, not in Arm's, and eight of them take minutes. The other two draw floats amid models."""
FACES = {"float32": 6, "float16": 6, "int8": 60}
"""Faces that each recipe's model sees: the emulator computes floats in software, which takes it long."""
FLOAT_TOLERANCE = 1e-5
"""Sums of products come out of the kernels in another order."""
STEPS = {"ai-edge-litert": 1, "tflite-runtime": 12}
"""By how many of its 256 steps an int8 output may differ from x86's. XNNPACK computes the same integers
everywhere (now and then a score is rounded the other way at the end); the kernels built into tflite-runtime,
which takes no int8 model to XNNPACK, round otherwise on Arm."""
CHANGED = {"ai-edge-litert": 0.01, "tflite-runtime": 0.5}
"""The share of int8 outputs that may differ at all."""

Outputs = dict[str, "np.ndarray"]


class CheckError(Exception):
    """A check that did not pass, with what is to be read about it."""


class Checks:
    """The checks, sharing what the runs of the models left.

    Args:
        pins: interpreter package -> version under test.
    """

    def __init__(self, pins: dict[str, str]) -> None:
        self._pins = pins
        self._outputs: dict[str, Outputs] = {}
        self.counts: Counts = {}

    def pip_resolves_for_aarch64(self) -> str:
        """The wheels that pip chose for our wheel on aarch64 are all there, and fit a Pi's Python."""
        done = run_python(PI4, "-m", "pip", "check", path=(DEBIAN_PIP, *self._site(PI4)))
        return require(done)

    def pip_installs_as_documented(self) -> str:
        """docs/embedding.md, section Raspberry Pi, 32 bit: every package that fer-edge needs is there."""
        install_as_documented()
        return require(pip32("check"))

    def runtime_tests(self, device: Device) -> str:
        """Run the runtime's tests on a device."""
        tests = [ROOT / "tests" / name for name in RUNTIME_TESTS]
        options = (
            *("--noconftest", "-p", "device_fixtures", "-p", "no:cacheprovider"),
            *("-W", "ignore::pytest.PytestWarning"),
            *(f"--deselect=tests/{test}" for test in LEFT_OUT[device.key]),
        )
        folders = (site_tools(), ROOT / "tests", ROOT / "tests/device")
        done = self._run(device, "-P", "-m", "pytest", *options, *tests, path=folders)
        return require(done)

    def run_models(self, device: Device) -> str:
        """Run every model on a device, count its instructions, and keep its outputs."""
        outputs = BUILD / f"outputs-{device.key}.npz"
        done = self._run(device, "-P", *self._program(outputs), count=True)
        require(done)
        self._outputs[device.key] = dict(np.load(outputs))
        for model, counts in executed_instructions(done.stderr).items():
            self.counts.setdefault(model, {})[device.key] = round(median(counts))
        return f"{len(self._outputs[device.key])} models"

    def run_models_here(self, interpreter: str) -> str:
        """Run every model on this machine, with the very version of an interpreter that the devices have."""
        outputs = BUILD / f"outputs-here-{interpreter}.npz"
        environment = {name: value for name, value in os.environ.items() if not name.startswith("FER_EDGE")}
        environment["PYTHONPATH"] = f"{site_here(interpreter, self._pins)}:{WHEEL_SITE}"
        environment["FER_EDGE_INTERPRETER"] = interpreter.replace("-", "_")
        command = [sys.executable, "-P", *map(str, self._program(outputs))]
        require(subprocess.run(command, env=environment, capture_output=True, text=True, check=False))
        self._outputs[interpreter] = dict(np.load(outputs))
        return f"{interpreter} {self._pins[interpreter]}"

    def same_outputs(self, device: Device) -> str:
        """A device answers as this machine does: floats within `FLOAT_TOLERANCE`, int8 within `STEPS`."""
        ours, theirs = self._kept(device.interpreter), self._kept(device.key)
        found = []
        for model, outputs in theirs.items():
            integer = outputs.dtype == np.uint8
            differences = np.abs(outputs.astype(np.float64) - ours[model])
            largest, share = differences.max(), np.mean(differences > 0)
            words = f"{largest:.0f} steps in {share:.1%} of outputs" if integer else f"{largest:.0e}"
            found.append(f"{model.removesuffix('.tflite')} {words if largest else 'identical'}")
            allowed = STEPS[device.interpreter] if integer else FLOAT_TOLERANCE
            if largest > allowed or (integer and share > CHANGED[device.interpreter]):
                raise CheckError(f"{model} differs too much: {words}")
        return ", ".join(found)

    def identical_outputs(self, one: Device, other: Device) -> str:
        """Two devices with the same interpreter give the same int8 outputs, bit for bit."""
        ours, theirs = self._kept(one.key), self._kept(other.key)
        models = [model for model, outputs in ours.items() if outputs.dtype == np.uint8]
        for model in models:
            if not np.array_equal(ours[model], theirs[model]):
                raise CheckError(f"{model}: outputs differ")
        if not models:
            raise CheckError("expected int8 models, got none")
        return ", ".join(models)

    def _kept(self, name: str) -> Outputs:
        if name not in self._outputs:
            raise CheckError(f"the models did not run on {name}")
        return self._outputs[name]

    def _program(self, outputs: Path) -> list[object]:
        models = sorted((FILES / "models").glob("*.tflite"))
        wishes = [f"{model}={FACES[model.name.split('.')[-2]]}" for model in models]
        return [Path(__file__).with_name("on_device.py"), FILES / "public_faces.npy", outputs, *wishes]

    def _site(self, device: Device) -> tuple[Path, ...]:
        return () if device is PI32 else (WHEEL_SITE, site_aarch64(self._pins))

    def _run(
        self, device: Device, *arguments: object, path: tuple[Path, ...] = (), count: bool = False
    ) -> subprocess.CompletedProcess[str]:
        return run_python(
            device, *arguments, path=(*self._site(device), *path), count=count,
            python=VENV32 / "bin/python" if device is PI32 else None,
            FER_EDGE_DEVICE_FILES=str(FILES),
        )  # fmt: skip


def executed_instructions(stderr: str) -> Counts:
    """Return model file -> executed instructions of each inference, from what on_device.py and the counter wrote."""
    marks: dict[str, list[int]] = {}
    for name, total in re.findall(r"^(?:MODEL (.+)|EXECUTED (\d+))$", stderr, re.MULTILINE):
        if name:
            current = marks.setdefault(name, [])
        else:
            current.append(int(total))
    return {
        name: [end - start for start, end in zip(totals[::2], totals[1::2], strict=True)]
        for name, totals in marks.items()
    }


def require(done: subprocess.CompletedProcess[str]) -> str:
    """Return the last line that a program printed, or raise `CheckError` with all that it said."""
    if done.returncode:
        raise CheckError(f"exit code {done.returncode}\n{done.stdout[-6000:]}\n{done.stderr[-6000:]}")
    return (done.stdout.strip().splitlines() or [""])[-1]
