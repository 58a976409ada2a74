"""Environments of their own under build/peers: what one installation command brings, and nothing else.

An environment that is complete is kept: a second run fetches nothing.
"""

from __future__ import annotations

import shutil
import subprocess
import sys
from abc import ABC, abstractmethod
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/peers"
WORKERS = Path(__file__).parent


class PeerError(Exception):
    """A peer that cannot be installed, does not start or stops answering; the message is one line."""


@dataclass(frozen=True)
class Environment(ABC):
    """One environment.

    Attributes:
        name: its folder under build/peers.
        packages: what is asked of the package manager; their dependencies come along.
    """

    name: str
    packages: tuple[str, ...]

    @property
    def folder(self) -> Path:
        """Where it is."""
        return BUILD / self.name

    @property
    @abstractmethod
    def worker(self) -> tuple[str, ...]:
        """The command that starts a worker in it."""

    @abstractmethod
    def _fetch(self) -> list[str]:
        """Prepare the empty folder; return the command that installs the packages into it."""

    def install(self) -> None:
        """Install it, unless these very packages are there.

        Raises:
            PeerError: it cannot be.
        """
        complete = self.folder.with_suffix(".complete")
        if complete.is_file() and complete.read_text() == self._wanted():
            return
        print(f"installing {', '.join(self.packages)}", file=sys.stderr, flush=True)
        complete.unlink(missing_ok=True)
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True)
        log = self.folder.with_suffix(".log")
        with log.open("w") as output:
            try:
                command = self._fetch()
                subprocess.run(command, cwd=ROOT, stdout=output, stderr=subprocess.STDOUT, check=True)
            except (OSError, subprocess.SubprocessError) as error:
                raise PeerError(f"cannot be installed here: {last_line(log) or error}") from error
        complete.write_text(self._wanted())

    def size_mb(self) -> float:
        """Return what the environment takes on the disk, without the interpreter of its language."""
        files = (path.lstat() for path in self.folder.rglob("*"))
        return sum(file.st_blocks for file in files) * 512 / 1e6

    def _wanted(self) -> str:
        return "\n".join(self.packages)


class PythonEnvironment(Environment):
    """A virtual environment, without the pip that fills it."""

    @property
    def worker(self) -> tuple[str, ...]:
        """The environment's Python and worker.py."""
        return (str(self.folder / "bin/python"), str(WORKERS / "worker.py"))

    def _fetch(self) -> list[str]:
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", str(self.folder)], check=True)
        target = str(self.folder / "bin/python")
        return [sys.executable, "-m", "pip", "--python", target, "install", "--no-cache-dir", *self.packages]


class NodeEnvironment(Environment):
    """A folder with node_modules."""

    @property
    def worker(self) -> tuple[str, ...]:
        """Node.js and worker.mjs, told where node_modules is."""
        return ("node", str(WORKERS / "worker.mjs"), str(self.folder))

    def _fetch(self) -> list[str]:
        return ["npm", "install", "--no-audit", "--no-fund", "--prefix", str(self.folder), *self.packages]


def last_line(log: Path) -> str:
    """Return the last line of a log that is not blank, which for Python and pip names the error."""
    lines = [line.strip() for line in log.read_text(errors="replace").splitlines() if line.strip()]
    return lines[-1] if lines else ""
