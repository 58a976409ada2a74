"""How the device itself is: its temperature, and what throttles it. What cannot be read is None, never guessed."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

# Bits of the Raspberry Pi firmware's "throttled" word (raspberrypi.com, vcgencmd get_throttled).
THROTTLE_BITS = {
    0: "under-voltage now",
    1: "clock capped now",
    2: "throttled now",
    3: "soft temperature limit now",
    16: "under-voltage since boot",
    17: "clock capped since boot",
    18: "throttled since boot",
    19: "soft temperature limit since boot",
}


def temperature_c() -> float | None:
    """Return the temperature of the first thermal zone, the processor on a Raspberry Pi."""
    text = read_text(Path("/sys/class/thermal/thermal_zone0/temp"))
    return round(int(text) / 1000, 1) if text and text.lstrip("-").isdigit() else None


def throttling() -> list[str] | None:
    """Return what the Raspberry Pi firmware reports (empty: nothing), or None elsewhere."""
    answer = run("vcgencmd", "get_throttled")
    word = (
        answer.partition("=")[2] if answer else read_text(Path("/sys/devices/platform/soc/soc:firmware/get_throttled"))
    )
    try:
        flags = int(word or "", 16)
    except ValueError:
        return None
    return [meaning for bit, meaning in THROTTLE_BITS.items() if flags >> bit & 1]


def read_text(path: Path) -> str | None:
    """Return a small file of the system; None where it is missing or empty."""
    try:
        return path.read_text(errors="replace").strip("\0 \n") or None
    except OSError:
        return None


def run(*command: str) -> str | None:
    """Return what a command of the system prints; None where it is missing, fails or hangs."""
    if shutil.which(command[0]) is None:
        return None
    try:
        return subprocess.run(command, capture_output=True, text=True, timeout=5, check=True).stdout.strip() or None
    except (OSError, subprocess.SubprocessError):
        return None
