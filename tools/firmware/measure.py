"""Compiles the generated C for a target, runs it in the emulator, and reads what it took and what it answered."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from fer_edge.firmware.source import CSource
from tools.firmware.targets import Target
from tools.firmware.toolchain import run

HARNESS = Path(__file__).with_name("harness")
STRICT = (
    *("-std=c99", "-pedantic", "-Wall", "-Wextra", "-Wconversion", "-Wshadow", "-Wcast-align", "-Wundef", "-Werror"),
)
OPTIMISED = ("-O2", "-ffreestanding", "-ffunction-sections", "-fdata-sections")
PICTURE = (90, 70)
"""Height and width of the picture that the harness crops: neither a multiple of a face's."""


class TargetError(Exception):
    """A compiler or the emulator failed; the message is what it said."""


@dataclass(frozen=True)
class Measurement:
    """What a network takes on a target.

    Attributes:
        code: bytes of instructions, with what they need of the compiler's library.
        crop: bytes of instructions that cropping a picture adds.
        constants: bytes of weights and tables, without the face of the self-test.
        arena: bytes of working memory.
        stack: bytes of stack that a call takes.
        instructions: that scoring one face executes.
    """

    code: int
    crop: int
    constants: int
    arena: int
    stack: int
    instructions: int


@dataclass(frozen=True)
class Run:
    """A measurement, and the answers: scores N x classes, and the face that was cropped from the picture."""

    measurement: Measurement
    scores: np.ndarray
    cropped: np.ndarray


def measure(target: Target, c: CSource, faces: np.ndarray, picture: np.ndarray, folder: Path) -> Run:
    """Compile and run on a target.

    Args:
        target: where.
        c: the generated C, with its self-test.
        faces: uint8, N x 48 x 48; the first is the one that is measured.
        picture: uint8, of the size `PICTURE`.
        folder: a new one, to work in.

    Raises:
        TargetError: the C does not compile without a warning, or the program fails.
    """
    folder.mkdir(parents=True)
    (folder / "fer_edge.h").write_text(c.header)
    (folder / "fer_edge.c").write_text(c.source)
    (folder / "faces.bin").write_bytes(faces.tobytes())
    (folder / "picture.bin").write_bytes(picture.tobytes())
    _build(target, folder)
    said = _emulate(target, folder)
    sections = _sections(target, folder, "fer_edge.o")
    with_crop, without = (_code(target, folder, main) for main in ("main", "main_without_crop"))
    measured = Measurement(
        code=without,
        crop=with_crop - without,
        constants=_total(sections, ".rodata") - faces[0].size - len(said.scores[0]),
        arena=_total(sections, ".bss"),
        stack=said.numbers["STACK"],
        instructions=said.numbers["INSTRUCTIONS"],
    )
    return Run(measured, said.scores, said.cropped)


def _code(target: Target, folder: Path, main: str) -> int:
    """Return the bytes of instructions in an image that are not the harness'."""
    constants = _total(_sections(target, folder, "fer_edge.o"), ".rodata")
    harness = sum(
        _total(_sections(target, folder, f"{name}.o"), prefix)
        for name in (main, "memory", target.start)
        for prefix in (".text", ".rodata", ".vectors")
    )
    return _total(_sections(target, folder, f"{main}.elf"), ".text") - harness - constants


@dataclass(frozen=True)
class _Said:
    numbers: dict[str, int]
    scores: np.ndarray
    cropped: np.ndarray


def _build(target: Target, folder: Path) -> None:
    """Compile and link two images, main.elf and one that does not crop."""
    options = (*target.options, *OPTIMISED)
    _require(run(target.compiler, *options, *STRICT, "-c", "fer_edge.c", folder=folder))
    for name in ("memory", target.start):
        _require(run(target.compiler, *options, "-c", HARNESS / f"{name}.c", folder=folder))
    for main, crops in (("main", 1), ("main_without_crop", 0)):
        compile_main = ("-I.", f"-DCROPS={crops}", "-c", HARNESS / "main.c", "-o", f"{main}.o")
        _require(run(target.compiler, *options, *compile_main, folder=folder))
        objects = (f"{main}.o", "memory.o", f"{target.start}.o", "fer_edge.o")
        link = ("-nostdlib", "-Wl,--gc-sections", "-T", HARNESS / f"{target.start}.ld", *objects, "-lgcc")
        _require(run(target.compiler, *options, *link, "-o", f"{main}.elf", folder=folder))


def _emulate(target: Target, folder: Path) -> _Said:
    program, *board = target.emulator
    quiet = ("-nographic", "-monitor", "none", "-serial", "none")
    counting = ("-icount", "shift=0", "-semihosting-config", "enable=on,target=native")
    done = run(program, *board, *quiet, *counting, "-kernel", "main.elf", folder=folder)
    lines = [line.split() for line in (done.stdout + done.stderr).splitlines()]
    numbers = {line[0]: int(line[1]) for line in lines if len(line) == 2 and line[1].isdigit()}
    if done.returncode or numbers.get("SELFTEST") != 0 or "STACK" not in numbers:
        raise TargetError(f"exit code {done.returncode}: {done.stdout}{done.stderr}")
    scores = np.fromfile(folder / "scores.bin", np.uint8)
    count = (folder / "faces.bin").stat().st_size // 48**2
    cropped = np.fromfile(folder / "cropped.bin", np.uint8).reshape(48, 48)
    return _Said(numbers, scores.reshape(count, -1), cropped)


def _sections(target: Target, folder: Path, file: str) -> dict[str, int]:
    """Return section -> bytes of an object or image."""
    said = _require(run(target.compiler.replace("gcc", "size"), "-A", file, folder=folder))
    rows = (line.split() for line in said.splitlines())
    found: dict[str, int] = {}
    for row in rows:
        if len(row) == 3 and row[1].isdigit():
            found[row[0]] = found.get(row[0], 0) + int(row[1])
    return found


def _total(sections: dict[str, int], prefix: str) -> int:
    small = prefix.replace(".", ".s", 1)  # RISC-V keeps small data apart
    return sum(size for name, size in sections.items() if name.startswith((prefix, small)))


def _require(done: subprocess.CompletedProcess[str]) -> str:
    if done.returncode:
        raise TargetError(done.stderr or done.stdout)
    return str(done.stdout)
