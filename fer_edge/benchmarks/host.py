"""What the device is. A fact that cannot be read is absent, never guessed."""

from __future__ import annotations

import os
import platform
import re
from pathlib import Path
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.modelfile.provenance import versions
from fer_edge.runtime.interpreter import import_interpreter, package_version
from fer_edge.vitals import read_text, run, temperature_c, throttling

PACKAGES = ("numpy", "ai-edge-litert", "tflite-runtime", "opencv-python-headless")


def describe_host() -> dict[str, Any]:
    """Return the facts of this machine that can be read, as plain JSON values."""
    facts = {
        "cpu": cpu_model(),
        "architecture": platform.machine(),
        "cores": os.cpu_count(),
        "usable_cores": _usable_cores(),
        "governor": read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_governor")),
        "clock_mhz": clock_mhz(),
        "memory_mb": _memory_mb(),
        "swap_used_mb": _swap_used_mb(),
        "os": _operating_system(),
        "kernel": platform.release(),
        "libc": " ".join(platform.libc_ver()).strip() or None,
        "board": board_model(),
        "revision": _revision(),
        "throttling": throttling(),
        "temperature_c": temperature_c(),
        "load_1min": load_1min(),
        "interpreter": _interpreter(),
        "versions": versions(*PACKAGES),
    }
    return {name: value for name, value in facts.items() if value is not None}


def cpu_model() -> str | None:
    """Return the processor's name as the system gives it."""
    if platform.system() == "Darwin":
        return run("sysctl", "-n", "machdep.cpu.brand_string")
    text = read_text(Path("/proc/cpuinfo")) or ""
    for key in ("model name", "Model", "Hardware"):
        found = re.search(rf"^{key}\s*:\s*(.+)$", text, re.MULTILINE)
        if found:
            return found[1].strip()
    return None


def board_model() -> str | None:
    """Return the board's name, such as "Raspberry Pi 4 Model B Rev 1.4"."""
    return read_text(Path("/proc/device-tree/model"))


def _usable_cores() -> int | None:
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else None


def clock_mhz() -> float | None:
    """Return the present clock of the first core."""
    khz = read_text(Path("/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq"))
    if khz and khz.isdigit():  # some drivers answer "<unknown>"
        return round(int(khz) / 1000, 1)
    found = re.search(r"^cpu MHz\s*:\s*([\d.]+)$", read_text(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return round(float(found[1]), 1) if found else None


def _memory_mb() -> int | None:
    try:
        return round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e6)
    except (ValueError, OSError, AttributeError):
        return None


def load_1min() -> float | None:
    """Return how many processes wanted a core, on average of the last minute."""
    return round(os.getloadavg()[0], 2) if hasattr(os, "getloadavg") else None


def swapped_pages() -> int | None:
    """Return how many pages went to or came from swap since boot."""
    found = re.findall(r"^pswp(?:in|out) (\d+)$", read_text(Path("/proc/vmstat")) or "", re.MULTILINE)
    return sum(map(int, found)) if found else None


def cpu_ticks() -> tuple[int, int] | None:
    """Return (ticks that a hypervisor gave to others, all ticks) since boot, summed over the cores."""
    found = re.search(r"^cpu\s+([\d ]+)$", read_text(Path("/proc/stat")) or "", re.MULTILINE)
    ticks = [int(number) for number in found[1].split()] if found else []
    return (ticks[7], sum(ticks[:8])) if len(ticks) >= 8 else None


def _swap_used_mb() -> int | None:
    sizes = dict(re.findall(r"^(Swap\w+):\s+(\d+) kB$", read_text(Path("/proc/meminfo")) or "", re.MULTILINE))
    if not {"SwapTotal", "SwapFree"} <= sizes.keys():
        return None
    return round((int(sizes["SwapTotal"]) - int(sizes["SwapFree"])) * 1024 / 1e6)


def _revision() -> str | None:
    """Return the Raspberry Pi's revision code, such as "c03114"."""
    found = re.search(r"^Revision\s*:\s*(\w+)$", read_text(Path("/proc/cpuinfo")) or "", re.MULTILINE)
    return found[1] if found else None


def _interpreter() -> str | None:
    """Return package and version of the interpreter in use."""
    try:
        package, _ = import_interpreter()
    except ModelError:
        return None
    return f"{package} {package_version(package)}"


def _operating_system() -> str:
    try:
        return platform.freedesktop_os_release()["PRETTY_NAME"]
    except (OSError, KeyError):
        return platform.platform(terse=True)
