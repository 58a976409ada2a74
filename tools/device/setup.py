"""Everything that the device test runs on: the emulator, the devices' folders, the wheels, our own wheel."""

from __future__ import annotations

import platform
import shutil
import subprocess
import sys
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from hashlib import sha256
from pathlib import Path
from zipfile import ZipFile

from tools.device.debian import KEYRING, unpack_packages
from tools.device.devices import BUILD, COUNTER, DEVICES, PI32, ROOT, run_python

PROGRAMS = ("apt-get", "dpkg-deb", "gcc", "tar")
PACKAGES = {
    "armhf": ("python3", "python3-venv", "python3-numpy", "python3-opencv", "opencv-data"),  # docs/embedding.md
    "arm64": ("python3", "libstdc++6"),
    "amd64": ("qemu-user",),  # of bookworm: later ones speak another plugin API, qemu-user-static has no plugins
}
TEST_TOOLS = ("pytest", "hypothesis")
FILES = BUILD / "files"
"""What the devices cannot make themselves, made on this machine: see tests/device/prepare.py."""
WHEEL = BUILD / "wheel"
WHEEL_SITE = BUILD / "site-fer-edge"
VENV32 = BUILD / "venv-pi32"
DEBIAN_PIP = BUILD / "site-pip"

# glibc of bookworm is 2.36; wheels for older ones run there too.
AARCH64 = [f"manylinux_2_{minor}_aarch64" for minor in range(36, 16, -1)] + ["manylinux2014_aarch64"]


def missing_tools() -> list[str]:
    """Return what this machine lacks, in words; empty if the device test can run."""
    if (platform.system(), platform.machine()) != ("Linux", "x86_64"):
        return [f"Linux on x86-64 (this is {platform.system()} on {platform.machine()})"]
    missing = [program for program in PROGRAMS if shutil.which(program) is None]
    return missing if KEYRING.exists() else [*missing, f"Debian's keys at {KEYRING}"]


def set_up(pins: dict[str, str]) -> None:
    """Fetch and make whatever is not there yet.

    Args:
        pins: interpreter package -> the version that is tested.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    build_wheel()
    steps: list[Callable[[], None]] = [  # the longest first
        prepare_files,
        *(lambda a=a: unpack_packages(a, PACKAGES[a], BUILD / f"debian-{a}") for a in PACKAGES),
        lambda: install(site_aarch64(pins), [wheel_file()], pins, AARCH64),
        lambda: install(site_here("ai-edge-litert", pins), ["ai-edge-litert"], pins, no_deps=True),
        lambda: install(site_tools(), TEST_TOOLS, pins, ["any"]),  # the newest without binaries
        build_counter,
    ]
    if sys.version_info[:2] == (3, 11):  # tflite-runtime has no wheels for later ones
        steps.append(lambda: install(site_here("tflite-runtime", pins), ["tflite-runtime", "numpy<2"], pins))
    with ThreadPoolExecutor(3) as pool:
        for step in [pool.submit(step) for step in steps]:
            step.result()
    unpack_pip()
    for device in DEVICES:
        make_root(device.root, BUILD / f"debian-{device.debian}", device.cpuinfo, device.board)


def make_root(root: Path, debian: Path, cpuinfo: str, board: str) -> None:
    """Make the folder that a device's programs take for /."""
    shutil.rmtree(root, ignore_errors=True)
    (root / "proc/device-tree").mkdir(parents=True)
    (root / "proc/cpuinfo").write_text(cpuinfo)
    (root / "proc/device-tree/model").write_text(board + "\0")
    (root / "usr").symlink_to(debian / "usr")
    for name in ("lib", "bin", "sbin"):
        (root / name).symlink_to(f"usr/{name}")


def build_counter() -> None:
    """Compile the emulator's plugin."""
    source = Path(__file__).with_name("counter.c")
    subprocess.run(["gcc", "-O2", "-shared", "-fPIC", "-o", str(COUNTER), str(source)], check=True)  # noqa: S607


def build_wheel() -> None:
    """Build the wheel of this very source, and unpack it where the devices import it from."""
    leftovers = ROOT / "build/lib"  # of an earlier build: setuptools would pack modules that are gone
    for folder in (WHEEL, WHEEL_SITE, leftovers):
        shutil.rmtree(folder, ignore_errors=True)
    pip("wheel", "--no-deps", "--wheel-dir", str(WHEEL), str(ROOT))
    pip("install", "--no-deps", "--target", str(WHEEL_SITE), wheel_file())


def wheel_file() -> str:
    """Return the wheel that `build_wheel` left."""
    return str(next(WHEEL.glob("*.whl")))


def prepare_files() -> None:
    """Let TensorFlow make the models and the other things that the devices' tests need."""
    shutil.rmtree(FILES, ignore_errors=True)
    FILES.mkdir()
    test = [sys.executable, "-m", "pytest", "-q", "-p", "no:cacheprovider", "tests/device/prepare.py"]
    command = ["env", "-u", "FER_EDGE_DATA", f"FER_EDGE_DEVICE_FILES={FILES}", *test]
    subprocess.run(command, cwd=ROOT, check=True, capture_output=True)


def unpack_pip() -> None:
    """Unpack the pip that Debian's `venv` would install, where its bytecode can be kept."""
    if not DEBIAN_PIP.exists():
        with ZipFile(next((BUILD / "debian-armhf/usr/share/python-wheels").glob("pip-*.whl"))) as wheel:
            wheel.extractall(DEBIAN_PIP)


def site_aarch64(pins: dict[str, str]) -> Path:
    """Return the folder of what our wheel needs on aarch64; another one when the needs change."""
    needs = (ROOT / "pyproject.toml").read_text() + repr(pins)
    return BUILD / f"site-aarch64-{sha256(needs.encode()).hexdigest()[:8]}"


def site_here(package: str, pins: dict[str, str]) -> Path:
    """Return the folder of an interpreter of this machine, to compare with."""
    return BUILD / f"site-here-{package}-{pins[package]}"


def site_tools() -> Path:
    """Return the folder of the test tools, which have no binaries."""
    return BUILD / "site-tools"


def install(
    site: Path, requirements: list[str] | tuple[str, ...], pins: dict[str, str], platforms: list[str] | None = None,
    *, no_deps: bool = False,
) -> None:  # fmt: skip
    """Let pip fill a folder, for this machine or for `platforms`; wheels only. Skipped if it is there."""
    if site.exists():
        return
    unfinished = site.with_name(f"{site.name}.unfinished")
    shutil.rmtree(unfinished, ignore_errors=True)
    constraints = unfinished.with_suffix(".constraints")
    constraints.write_text("".join(f"{package}=={version}\n" for package, version in pins.items()))
    options = [option for name in platforms or [] for option in ("--platform", name)]
    if platforms:
        options += ["--implementation", "cp", "--python-version", "3.11", "--abi", "cp311", "--abi", "abi3"]
        options += ["--abi", "none"]
    options += ["--no-deps"] if no_deps else []
    pip("install", "--only-binary=:all:", "--constraint", str(constraints), "--target", str(unfinished), *options,
        *requirements)  # fmt: skip
    constraints.unlink()
    unfinished.rename(site)


def pip(*arguments: str) -> None:
    """Run this machine's pip."""
    command = [sys.executable, "-m", "pip", "--quiet", "--disable-pip-version-check", *arguments]
    subprocess.run(command, check=True, capture_output=True)


def install_as_documented() -> str:
    """Install on 32-bit Raspberry Pi OS with the words of docs/embedding.md; return pip's last lines.

    Debian's own pip runs in the emulator. Two things differ from the words: pip was unpacked
    here, because `venv` would start a second program for that, and our wheel was built here,
    because building one starts programs too.
    """
    shutil.rmtree(VENV32, ignore_errors=True)
    venv = run_python(PI32, "-m", "venv", "--without-pip", "--system-site-packages", VENV32)
    said = [venv]
    for arguments in (["tflite-runtime", "click", "rich"], ["--no-deps", wheel_file()]):
        if not said[-1].returncode:
            said.append(pip32("install", "--no-compile", *arguments))
    if said[-1].returncode:
        raise subprocess.CalledProcessError(said[-1].returncode, "pip install", said[-1].stdout, said[-1].stderr)
    return said[-1].stdout


def pip32(*arguments: str) -> subprocess.CompletedProcess[str]:
    """Run Debian's pip of the 32-bit device, in its virtual environment."""
    return run_python(PI32, "-m", "pip", *arguments, python=VENV32 / "bin/python", path=(DEBIAN_PIP,))
