"""Boards that people own, and whether a network fits: computed from their makers' figures, not tried."""

from __future__ import annotations

from dataclasses import dataclass

from fer_edge.errors import ModelError

CODE_BYTES = 20_000
"""Of the generated C at most: measured with the crop on a Cortex-M0+ (docs/microcontrollers.md), rounded up."""

KIB = 1024


@dataclass(frozen=True)
class Board:
    """A board.

    Attributes:
        title: as its maker calls it.
        processor: its core.
        flash: bytes that a program may fill.
        ram: bytes of static memory, of the largest part where it has several.
    """

    title: str
    processor: str
    flash: int
    ram: int


BOARDS = {
    "rp2040": Board("Raspberry Pi Pico (RP2040)", "Cortex-M0+", 2048 * KIB, 264 * KIB),
    "rp2350": Board("Raspberry Pi Pico 2 (RP2350)", "Cortex-M33", 4096 * KIB, 520 * KIB),
    "esp32s3": Board("ESP32-S3-DevKitC-1 (N8)", "Xtensa LX7", 8192 * KIB, 512 * KIB),
    "nrf52840": Board("nRF52840 DK", "Cortex-M4", 1024 * KIB, 256 * KIB),
    "nano33ble": Board("Arduino Nano 33 BLE", "Cortex-M4", 960 * KIB, 256 * KIB),
    "stm32h743": Board("NUCLEO-H743ZI2", "Cortex-M7", 2048 * KIB, 512 * KIB),
    "microbit2": Board("BBC micro:bit v2", "Cortex-M4", 512 * KIB, 128 * KIB),
}
"""By the name that `--board` takes. The Arduino's flash is what its boot loader leaves; the STM32's RAM is AXI SRAM."""


def find_board(name: str) -> Board:
    """Return a board by name.

    Raises:
        ModelError: there is none of this name.
    """
    if name not in BOARDS:
        raise ModelError(f"Expected a board among {', '.join(BOARDS)}, got '{name}'.")
    return BOARDS[name]


def check_fit(name: str, board: Board, *, constants: int, arena: int) -> str:
    """Return in a sentence what share of a board a network takes.

    Raises:
        ModelError: it takes more flash or RAM than there is.
    """
    flash = constants + CODE_BYTES
    for needed, there, kind in ((flash, board.flash, "flash"), (arena, board.ram, "RAM")):
        if needed > there:
            raise ModelError(
                f"{name} does not fit the {board.title}: it takes {needed / 1000:,.0f} kB of {kind}, and the board has "
                f"{there / 1000:,.0f} kB. Choose a smaller network or another board ({', '.join(BOARDS)})."
            )
    return (
        f"On the {board.title} it takes {flash / board.flash:.0%} of the flash and {arena / board.ram:.0%} of the RAM "
        "(computed, not tried)"
    )
