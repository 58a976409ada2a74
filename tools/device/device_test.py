"""Runs fer-edge on emulated Raspberry Pis: ``make device-test``.

    python -m tools.device.device_test [--record] [--required]

Real Arm wheels run in QEMU's user-mode emulation of a Pi 4, a Pi 5 and a 32-bit Pi. That shows that the
runtime installs, passes its tests, gives the answers of this machine, and how many instructions an
inference executes. It shows nothing about time: an instruction is neither a cycle nor a millisecond.
"""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from importlib import metadata

from tools.device import budget
from tools.device.checks import CheckError, Checks
from tools.device.devices import DEVICES, PI4, PI5, PI32, ROOT, Device
from tools.device.setup import missing_tools, set_up, site_here
from tools.options import read_options, skip
from tools.pages.markdown import markdown_table, replace_section

PAGE = ROOT / "docs/device-test.md"

Check = tuple[str, Callable[[], str]]
"""Its name, and what returns the finding or raises `CheckError`."""


def main() -> int:
    """Set up, check, print; the exit code is 1 if a check failed."""
    options = read_options(__doc__, record="store the counted instructions as the new budget")
    if missing := missing_tools():
        print("On Debian: apt-get install gcc dpkg apt tar")
        return skip("device test", missing, required=options.required)
    stored = budget.read()
    pins = installed_interpreters(stored["interpreters"]) if options.record else stored["interpreters"]
    step("set-up", lambda: set_up(pins) or "ready")
    checks = Checks(pins)
    with ThreadPoolExecutor(2) as pool:
        passed = [result for results in pool.map(steps, side_by_side(checks, pins)) for result in results]
    passed += steps(comparisons(checks, pins))
    print_counts(checks.counts, {} if options.record else stored["instructions"])
    if options.record and all(passed):
        budget.write(pins, checks.counts)
        replace_section(PAGE, "instructions", counts_section(checks.counts, pins))
        print(f"recorded in {budget.FILE} and {PAGE}")
    else:
        passed.append(step("instruction budget", lambda: within_budget(checks.counts, stored["instructions"])))
    print(f"{sum(passed)} passed, {len(passed) - sum(passed)} failed")
    return 0 if all(passed) else 1


def installed_interpreters(stored: dict[str, str]) -> dict[str, str]:
    """Return the stored versions, but this environment's of ai-edge-litert: the one that users get now."""
    return stored | {"ai-edge-litert": metadata.version("ai-edge-litert")}


def side_by_side(checks: Checks, pins: dict[str, str]) -> list[list[Check]]:
    """Return two lists of checks that run at the same time; the later ones of a list may need the earlier."""
    return [
        [
            ("pip install for aarch64", checks.pip_resolves_for_aarch64),
            on(PI4, "runtime tests", checks.runtime_tests),
            on(PI4, "models", checks.run_models),
            on(PI5, "models", checks.run_models),
        ],
        [
            ("pip install on 32-bit Raspberry Pi OS", checks.pip_installs_as_documented),
            on(PI32, "runtime tests", checks.runtime_tests),
            on(PI32, "models", checks.run_models),
            *((f"models, here, {name}", partial(checks.run_models_here, name)) for name in interpreters_here(pins)),
        ],
    ]


def comparisons(checks: Checks, pins: dict[str, str]) -> list[Check]:
    """Return the checks of what the models answered."""
    comparable = [device for device in DEVICES if device.interpreter in interpreters_here(pins)]
    return [
        ("same int8 answers, Pi 4 and Pi 5", lambda: checks.identical_outputs(PI4, PI5)),
        *(on(device, "same answers as here", checks.same_outputs) for device in comparable),
    ]


def on(device: Device, name: str, check: Callable[[Device], str]) -> Check:
    """Return a check of a device."""
    return f"{name}, {device.title}", lambda: check(device)


def interpreters_here(pins: dict[str, str]) -> list[str]:
    """Return the interpreters that this machine's Python can have, too."""
    return [package for package in pins if site_here(package, pins).exists()]


def steps(checks: list[Check]) -> list[bool]:
    """Run checks one after another; return which passed."""
    return [step(name, check) for name, check in checks]


def step(name: str, check: Callable[[], str]) -> bool:
    """Run one check and print a line; return whether it passed."""
    start = time.monotonic()
    try:
        found, passed = check(), True
    except CheckError as error:
        found, passed = str(error), False
    except subprocess.CalledProcessError as error:
        sys.exit(f"{name}: {error}\n{text(error.stdout)}\n{text(error.stderr)}")
    print(f"{'passed' if passed else 'FAILED'}  {name} ({time.monotonic() - start:.0f} s): {found}", flush=True)
    return passed


def text(output: bytes | str | None) -> str:
    """Return the end of what a program said."""
    return (output.decode(errors="replace") if isinstance(output, bytes) else output or "")[-4000:]


def within_budget(counts: budget.Counts, allowed: budget.Counts) -> str:
    """Compare the counts with the stored ones."""
    complaints = budget.compare(counts, allowed)
    if complaints:
        raise CheckError("; ".join(complaints) + ". If that is meant to be: make device-test RECORD=1")
    return f"all within {budget.TOLERANCE:.0%}"


def counts_section(counts: budget.Counts, pins: dict[str, str]) -> str:
    """Return the counts as the page's table."""
    rows = [
        [model.removesuffix(".tflite"), *(f"{row[device.key] / 1e6:.2f}" for device in DEVICES)]
        for model, row in counts.items()
    ]
    versions = " and ".join(f"{package} {version}" for package, version in pins.items())
    return (
        markdown_table(["million instructions", *(device.title for device in DEVICES)], rows)
        + f"\n\n{versions}, one thread. Written by `make device-test RECORD=1`."
    )


def print_counts(counts: budget.Counts, allowed: budget.Counts) -> None:
    """Print a table: a line per model, a column per device."""
    print("\nExecuted instructions of one inference, in millions (and against the budget)")
    print(f"{'model':<22}" + "".join(f"{device.title:>24}" for device in DEVICES))
    for model, row in counts.items():
        cells = []
        for device in DEVICES:
            count, expected = row.get(device.key), allowed.get(model, {}).get(device.key)
            against = f" ({count / expected - 1:+.2%})" if count and expected else ""
            cells.append(f"{count / 1e6:.3f}{against}" if count else "not counted")
        print(f"{model.removesuffix('.tflite'):<22}" + "".join(f"{cell:>24}" for cell in cells))
    print()


if __name__ == "__main__":
    sys.exit(main())
