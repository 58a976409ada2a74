"""Check a built sdist and wheel against git: ``make dist``.

The sdist must hold every tracked file but those that only the repository needs, and nothing else; the wheel, every
tracked file of the package, byte for byte; and the sdist must build the same sdist again. So whoever has only the
sdist can run all tests and build the same wheel.
"""

from __future__ import annotations

import argparse
import fnmatch
import subprocess
import sys
import tarfile
import tempfile
import zipfile
from pathlib import Path

ROOT = Path(__file__).parents[2]
REPOSITORY_ONLY = (".*", "runs/*.npz", "runs/*.png")
"""Tracked, but no part of the sdist: hidden files, and the large files of training runs."""
MADE_BY_SETUPTOOLS = ("PKG-INFO", "setup.cfg", "fer_edge.egg-info/*")
PACKAGE = "fer_edge/"


def main() -> int:
    """Print what is missing or too much; return 1 if anything is."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path, help="Where `python -m build` put the sdist and the wheel.")
    folder = parser.parse_args().folder
    (sdist,), (wheel,) = folder.glob("*.tar.gz"), folder.glob("*.whl")
    tracked = tracked_files()
    faults = [*check_sdist(sdist, tracked), *check_wheel(wheel, tracked), *check_rebuild(sdist)]
    for fault in faults:
        print(fault, file=sys.stderr)
    if not faults:
        print(f"{sdist.name} ({megabytes(sdist)}) and {wheel.name} ({megabytes(wheel)}) hold what git tracks.")
    return bool(faults)


def tracked_files() -> set[str]:
    """Return the paths that git tracks and that exist."""
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, check=True, capture_output=True, text=True)  # noqa: S607
    return {name for name in listed.stdout.split("\0") if name and (ROOT / name).is_file()}


def check_sdist(sdist: Path, tracked: set[str]) -> list[str]:
    """Return what the sdist lacks, and what it holds beside the tracked files."""
    held = sdist_files(sdist)
    return [
        *(f"{sdist.name} lacks {name}" for name in sorted(tracked - held) if not matches(name, REPOSITORY_ONLY)),
        *(f"{sdist.name} holds {name}" for name in sorted(held - tracked) if not matches(name, MADE_BY_SETUPTOOLS)),
    ]


def check_wheel(wheel: Path, tracked: set[str]) -> list[str]:
    """Return the tracked files of the package that the wheel lacks or changes, and what else it holds."""
    package = {name for name in tracked if name.startswith(PACKAGE)}
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
        changed = [name for name in sorted(package & held) if archive.read(name) != (ROOT / name).read_bytes()]
    return [
        *(f"{wheel.name} lacks {name}" for name in sorted(package - held)),
        *(f"{wheel.name} holds {name}" for name in sorted(held - package)),
        *(f"{wheel.name} holds another {name}" for name in changed),
    ]


def check_rebuild(sdist: Path) -> list[str]:
    """Return how an sdist that is built from `sdist` alone differs from it."""
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with tarfile.open(sdist) as archive:
            archive.extractall(folder, filter="data")
        source = folder / sdist.name.removesuffix(".tar.gz")
        command = [sys.executable, "-m", "build", "--sdist", "--outdir", str(folder / "dist"), str(source)]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        again = sdist_files(folder / "dist" / sdist.name)
    return [f"{sdist.name}, built from itself, differs in {name}" for name in sorted(again ^ sdist_files(sdist))]


def sdist_files(sdist: Path) -> set[str]:
    """Return the paths of the files in an sdist, without its top folder."""
    with tarfile.open(sdist) as archive:
        return {member.name.partition("/")[2] for member in archive.getmembers() if member.isfile()}


def matches(name: str, patterns: tuple[str, ...]) -> bool:
    """Return whether any of the patterns fits the path; ``*`` matches slashes too."""
    return any(fnmatch.fnmatch(name, pattern) for pattern in patterns)


def megabytes(file: Path) -> str:
    """Return a file's size in words."""
    return f"{file.stat().st_size / 1e6:.1f} MB"


if __name__ == "__main__":
    sys.exit(main())
