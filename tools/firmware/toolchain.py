"""The compilers and emulators of Debian: those installed here, else unpacked into build/ without root."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from pathlib import Path

from tools.device.debian import KEYRING, unpack_packages

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/firmware"
UNPACKED = BUILD / "debian-amd64"
PACKAGES = ("gcc-arm-none-eabi", "gcc-riscv64-unknown-elf", "qemu-system-arm", "qemu-system-misc")
PROGRAMS = ("arm-none-eabi-gcc", "riscv64-unknown-elf-gcc", "qemu-system-arm", "qemu-system-riscv32")
COMPILER_LIBRARIES = ("libisl", "libmpc", "libmpfr", "libgmp", "libzstd")
"""What a compiler loads besides glibc, of which the host's must do: its programs start each other."""


def missing_tools() -> list[str]:
    """Return what this machine lacks, in words; empty if the programs are there or can be unpacked."""
    if all(map(shutil.which, PROGRAMS)):
        return []
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return [f"Linux on x86-64 (this is {platform.system()} on {platform.machine()})"]
    missing = [program for program in ("apt-get", "dpkg-deb", "tar") if shutil.which(program) is None]
    return missing if KEYRING.exists() else [*missing, f"Debian's keys at {KEYRING}"]


def set_up() -> None:
    """Unpack what is not installed; skipped if it was done before."""
    BUILD.mkdir(parents=True, exist_ok=True)
    if all(map(shutil.which, PROGRAMS)):
        return
    unpack_packages("amd64", PACKAGES, UNPACKED)
    libraries = BUILD / "libraries"
    libraries.mkdir(exist_ok=True)
    for library in (UNPACKED / "usr/lib/x86_64-linux-gnu").glob("*.so*"):
        link = libraries / library.name
        if library.name.startswith(COMPILER_LIBRARIES) and not link.exists():
            link.symlink_to(library)


def run(program: str, *arguments: object, folder: Path, timeout: int = 600) -> subprocess.CompletedProcess[str]:
    """Run one of `PROGRAMS`, or another of the same packages, in a folder; nothing of it is judged."""
    command: list[object] = [program]
    environment = dict(os.environ)
    if not all(map(shutil.which, PROGRAMS)):
        command = [UNPACKED / "usr/bin" / program]
        environment["LD_LIBRARY_PATH"] = str(BUILD / "libraries")
        if program.startswith("qemu"):  # one program with many libraries: its own loader finds them
            paths = [UNPACKED / "usr/lib/x86_64-linux-gnu", UNPACKED / "lib/x86_64-linux-gnu"]
            loader = UNPACKED / "lib64/ld-linux-x86-64.so.2"
            command = [loader, "--library-path", ":".join(map(str, paths)), *command, "-L", UNPACKED / "usr/share/qemu"]
    return subprocess.run(
        [*map(str, command), *map(str, arguments)],
        cwd=folder, env=environment, capture_output=True, text=True, check=False, timeout=timeout,
        stdin=subprocess.DEVNULL,
    )  # fmt: skip


def compiler_versions() -> dict[str, str]:
    """Return the compilers' versions, for which instructions and sizes hold."""
    return {
        program: run(program, "-dumpfullversion", folder=BUILD).stdout.strip()
        for program in PROGRAMS
        if program.endswith("gcc")
    }
