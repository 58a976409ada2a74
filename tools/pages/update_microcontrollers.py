"""Write the figures into docs/microcontrollers.md and docs/raspberry-pi.md.

    python -m tools.pages.update_microcontrollers

Reads what `make firmware-test RECORD=1`, `make device-test RECORD=1` and `python -m tools.firmware.exactness` stored;
measures nothing itself.
"""

from __future__ import annotations

import json
import sys
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.firmware.boards import BOARDS, CODE_BYTES, check_fit
from fer_edge.firmware.footprint import Footprint, find_footprint
from fer_edge.firmware.tflm import TESTED_ARENAS
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import find_model
from tools.device import budget as device_budget
from tools.device.devices import DEVICES
from tools.firmware import firmware_test
from tools.firmware.targets import TARGETS
from tools.pages.markdown import markdown_table, replace_section

PI_PAGE = firmware_test.FILE.parents[2] / "docs/raspberry-pi.md"
PAGE = firmware_test.FILE.parents[2] / "docs/microcontrollers.md"
EXACTNESS = firmware_test.FILE.with_name("exactness.json")
MODELS = ("edge_cnn_s", "edge_cnn_m", "edge_cnn_xs")


def main() -> int:
    """Update all sections of the page."""
    budget = json.loads(firmware_test.FILE.read_text())
    footprints = {name: find_footprint(read_model(find_model(name)).flatbuffer) for name in MODELS}
    replace_section(PAGE, "targets", targets_section(budget))
    replace_section(PAGE, "boards", boards_section(footprints))
    replace_section(PAGE, "exactness", exactness_section(json.loads(EXACTNESS.read_text())))
    replace_section(PAGE, "tflm", tflm_section(footprints))
    replace_section(PI_PAGE, "int8", int8_section(device_budget.read()["instructions"]))
    return 0


def targets_section(budget: dict[str, Any]) -> str:
    """Return sizes and instructions, a line per network and processor."""
    rows = []
    for name in MODELS:
        for target in TARGETS:
            one = budget["models"][name][target.key]
            sizes = [f"{one[figure]:,}" for figure in ("code", "crop", "constants", "arena", "stack")]
            rows.append([f"`{name}`", target.title, *sizes, f"{one['instructions'] / 1e6:.1f}"])
    header = ["network", "processor", "code", "crop", "constants", "arena", "stack", "million instructions"]
    compilers = ", ".join(f"{name} {version}" for name, version in budget["compilers"].items())
    return (
        markdown_table(header, rows)
        + f"\n\nBytes, with `-O2` ({compilers}); one face. *Crop* is what `fer_edge_crop` adds, most of it the "
        "compiler's floating point for processors without any; a program that never calls it has none of it. An "
        "instruction is neither a cycle nor a millisecond: the emulator counts, it does not time. Written by "
        "`make firmware-test RECORD=1`."
    )


def boards_section(footprints: dict[str, Footprint]) -> str:
    """Return what share of each board a network takes."""
    rows = []
    for key, board in BOARDS.items():
        cells = []
        for found in footprints.values():
            try:
                check_fit("", board, constants=found.constant_bytes, arena=found.arena_bytes)
            except ModelError:
                cells.append("does not fit")
                continue
            flash, ram = (found.constant_bytes + CODE_BYTES) / board.flash, found.arena_bytes / board.ram
            cells.append(f"{flash:.0%} / {ram:.0%}")
        rows.append([f"`{key}`", board.title, board.processor, *cells])
    return (
        markdown_table(["`--board`", "board", "processor", *(f"`{name}`, flash / RAM" for name in footprints)], rows)
        + "\n\nComputed from the makers' figures with 20 kB for code; not tried on any board."
    )


def exactness_section(counted: dict[str, Any]) -> str:
    """Return how many scores of the generated C are those of other kernels."""
    titles = {"reference": "reference kernels", "tflm": "TFLM", "xnnpack": "XNNPACK"}
    rows = []
    for name in MODELS:
        for key, title in titles.items():
            one, faces = counted[name]["against"][key], counted[name]["faces"]
            scores = 7 * faces
            rows.append(
                [
                    f"`{name}`", title, f"{scores - one['scores_that_differ']:,} of {scores:,}",
                    f"{faces - one['faces_that_differ']:,} of {faces:,}", f"{one['largest']}",
                    f"{faces - one['other_emotion']:,}",
                ]
            )  # fmt: skip
    accuracies = "; ".join(
        f"`{name}` {100 * counted[name]['accuracy_c']:.2f} % as C, {100 * counted[name]['accuracy_xnnpack']:.2f} % on "
        f"XNNPACK ({counted[name]['faces']:,} faces)"
        for name in MODELS
    )
    header = ["network", "generated C against", "equal scores", "equal faces", "most, in 1/256", "same emotion"]
    return (
        markdown_table(header, rows)
        + f"\n\nFER2013, PublicTest. Accuracy: {accuracies}. TFLM rounds dense layers once more than TensorFlow Lite's "
        "reference kernels do; everything else is equal. Written from `python -m tools.firmware.exactness`."
    )


def tflm_section(footprints: dict[str, Footprint]) -> str:
    """Return TFLM's arena beside ours."""
    rows = [
        [f"`{name}`", f"{size:,}", f"{footprints[name].arena_bytes:,}", f"{footprints[name].arena_bytes / size:.2f}"]
        for (name, _), size in TESTED_ARENAS.items()
    ]
    return (
        markdown_table(["network", "smallest arena of TFLM", "arena of the generated C", "ratio"], rows)
        + "\n\nBytes. A layer of the generated C writes over the part of its input that it has read, and a network "
        "needs little more than two of its tensors at once."
    )


def int8_section(instructions: dict[str, dict[str, int]]) -> str:
    """Return how many instructions int8 saves on each Raspberry Pi."""
    rows = []
    for name in MODELS:
        cells = []
        for device in DEVICES:
            floats, int8 = (instructions[f"{name}.{recipe}.tflite"][device.key] for recipe in ("float32", "int8"))
            cells.append(f"{floats / 1e6:.1f} -> {int8 / 1e6:.1f} ({int8 / floats - 1:+.0%})")
        rows.append([f"`{name}`", *cells])
    return (
        markdown_table(["million instructions, float32 -> int8", *(device.title for device in DEVICES)], rows)
        + "\n\nOne face, one thread, counted in the emulator (`make device-test`). A Pi 5 has dot-product instructions "
        "for int8, a Pi 4 has none: there int8 saves memory more than time."
    )


if __name__ == "__main__":
    sys.exit(main())
