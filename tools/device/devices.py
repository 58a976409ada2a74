"""The emulated computers, and how a Python program is started on one."""

from __future__ import annotations

import os
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build" / "device"
"""Holds whatever the device test fetches and makes; `make clean` removes it."""

EMULATOR = BUILD / "debian-amd64"
COUNTER = BUILD / "counter.so"


@dataclass(frozen=True)
class Device:
    """A Raspberry Pi as the emulator shows it to a program.

    Attributes:
        key: its name in files and options.
        title: its name in tables.
        debian: the architecture of its Debian packages.
        emulator: QEMU's program for it.
        core: QEMU's name of its processor; never "max", which is like no Raspberry Pi.
        part: the processor's part number in /proc/cpuinfo, by which XNNPACK chooses its kernels.
        features: the processor's abilities there.
        board: what /proc/device-tree/model says.
        interpreter: the package that runs models on it.
    """

    key: str
    title: str
    debian: str
    emulator: str
    core: str
    part: str
    features: str
    board: str
    interpreter: str

    @property
    def root(self) -> Path:
        """The folder that the emulated programs take for /, where it has the file that they ask for."""
        return BUILD / self.key

    @property
    def cpuinfo(self) -> str:
        """The content of /proc/cpuinfo. ai-edge-litert crashes in the emulator when it reads the host's."""
        core = (
            "processor\t: {}\nBogoMIPS\t: 108.00\nFeatures\t: {}\nCPU implementer\t: 0x41\nCPU architecture: {}\n"
            "CPU variant\t: 0x0\nCPU part\t: {}\nCPU revision\t: 3\n\n"
        )
        architecture = 8 if self.debian == "arm64" else 7
        cores = "".join(core.format(number, self.features, architecture, self.part) for number in range(4))
        return f"{cores}Model\t\t: {self.board}\n"


PI4 = Device(
    key="pi4",
    title="Pi 4 (A72)",
    debian="arm64",
    emulator="qemu-aarch64",
    core="cortex-a72",
    part="0xd08",
    features="fp asimd evtstrm crc32 cpuid",
    board="Raspberry Pi 4 Model B Rev 1.4",
    interpreter="ai-edge-litert",
)
PI5 = Device(
    key="pi5",
    title="Pi 5 (A76)",
    debian="arm64",
    emulator="qemu-aarch64",
    core="cortex-a76",
    part="0xd0b",
    features="fp asimd evtstrm aes pmull sha1 sha2 crc32 atomics fphp asimdhp cpuid asimdrdm lrcpc dcpop asimddp",
    board="Raspberry Pi 5 Model B Rev 1.0",
    interpreter="ai-edge-litert",
)
PI32 = Device(
    key="pi32",
    title="Pi 2, 32-bit (A7)",
    debian="armhf",
    emulator="qemu-arm",
    core="cortex-a7",
    part="0xc07",
    features="half thumb fastmult vfp edsp neon vfpv3 tls vfpv4 idiva idivt vfpd32 lpae evtstrm",
    board="Raspberry Pi 2 Model B Rev 1.1",
    interpreter="tflite-runtime",
)
DEVICES = (PI4, PI5, PI32)


def run_python(
    device: Device,
    *arguments: object,
    python: Path | None = None,
    path: tuple[Path, ...] = (),
    count: bool = False,
    **variables: str,
) -> subprocess.CompletedProcess[str]:
    """Run the device's Python 3.11; neither its exit code nor its output is judged.

    Programs that it starts itself are not emulated, so it can start none.

    Args:
        device: where.
        arguments: of Python.
        python: what Python takes for its own file, such as that of a virtual environment.
        path: folders for PYTHONPATH.
        count: let the counter of executed instructions report on stderr.
        variables: of the environment.
    """
    libraries = [EMULATOR / "usr/lib/x86_64-linux-gnu", EMULATOR / "lib/x86_64-linux-gnu"]
    program = device.root / "usr/bin/python3.11"
    command = [
        *(EMULATOR / "lib64/ld-linux-x86-64.so.2", "--library-path", ":".join(map(str, libraries))),
        *(EMULATOR / "usr/bin" / device.emulator, "-cpu", device.core, "-L", device.root),
        *(["-plugin", COUNTER] if count else []),
        *("-0", python or program, program, *arguments),
    ]
    # No PYTHON... either: a Python that may not keep its bytecode compiles its library anew at every start.
    ours = ("FER_EDGE", "OPENBLAS", "PYTHON")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(ours)}
    environment |= {"PYTHONPATH": ":".join(map(str, path)), "PYTHONNOUSERSITE": "1"} | variables
    return subprocess.run([*map(str, command)], cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
