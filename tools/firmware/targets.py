"""The processors that the generated C is compiled for and run on, as QEMU emulates them."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Target:
    """A processor on an emulated board.

    Attributes:
        key: its name in files.
        title: its name in tables.
        compiler: the compiler's program.
        options: what the compiler must know of the processor.
        emulator: QEMU's program and its board.
        start: the harness' file with the start code, and the linker script of the same name.
    """

    key: str
    title: str
    compiler: str
    options: tuple[str, ...]
    emulator: tuple[str, ...]
    start: str


def _cortex(key: str, title: str, processor: str, board: str, *options: str) -> Target:
    flags = ("-mthumb", f"-mcpu={processor}", "-mfloat-abi=soft", *options)
    return Target(key, title, "arm-none-eabi-gcc", flags, ("qemu-system-arm", "-M", board), "arm")


TARGETS = (
    _cortex("m0plus", "Cortex-M0+", "cortex-m0plus", "mps2-an385"),  # on a Cortex-M3, which runs its instructions
    _cortex("m3", "Cortex-M3", "cortex-m3", "mps2-an385"),
    _cortex("m4", "Cortex-M4", "cortex-m4", "mps2-an386"),
    _cortex("m4_smlad", "Cortex-M4, SMLAD", "cortex-m4", "mps2-an386", "-DFER_EDGE_SMLAD=1"),
    _cortex("m7_smlad", "Cortex-M7, SMLAD", "cortex-m7", "mps2-an500", "-DFER_EDGE_SMLAD=1"),
    Target(
        "riscv32",
        "RISC-V rv32imac",
        "riscv64-unknown-elf-gcc",
        ("-march=rv32imac", "-mabi=ilp32", "-mcmodel=medany"),
        ("qemu-system-riscv32", "-M", "virt", "-bios", "none"),
        "riscv",
    ),
)
