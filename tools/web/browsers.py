"""The browsers that the page is tested in, from Debian, and from npm what drives them and checks types."""

from __future__ import annotations

import json
import os
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).parents[2]
BUILD = ROOT / "build/web-test"
MODULES = {"puppeteer-core": "24.43.1", "typescript": "5.9.3"}
"""What npm installs. Puppeteer 24 is the last series that runs on Node 20."""


@dataclass(frozen=True)
class Browser:
    """A browser: as people, the driver and Debian call it."""

    title: str
    kind: str
    package: str


BROWSERS = (Browser("Chromium", "chrome", "chromium"), Browser("Firefox", "firefox", "firefox-esr"))


def missing_tools() -> list[str]:
    """Return what this machine lacks, in words; empty if everything is there or can be installed."""
    missing = [program for program in ("node", "npm") if shutil.which(program) is None]
    if packages := missing_packages():
        if shutil.which("apt-get") is None:
            missing += packages
        elif os.geteuid() != 0:
            missing.append(f"root, or 'apt-get install {' '.join(packages)}'")
    return missing


def missing_packages() -> list[str]:
    """Return the Debian packages of the browsers that are not installed."""
    return [browser.package for browser in BROWSERS if shutil.which(browser.package) is None]


def set_up() -> None:
    """Install the browsers and npm's modules; skipped where it was done before.

    Raises:
        subprocess.CalledProcessError: apt-get or npm failed.
    """
    BUILD.mkdir(parents=True, exist_ok=True)
    if packages := missing_packages():
        environment = os.environ | {"DEBIAN_FRONTEND": "noninteractive"}
        for command in (["update"], ["install", "--yes", "--no-install-recommends", *packages]):
            subprocess.run(["apt-get", "-qq", *command], env=environment, check=True, stdout=subprocess.DEVNULL)  # noqa: S607
    if {name: installed_version(name) for name in MODULES} != MODULES:
        quiet = ("--no-audit", "--no-fund", "--no-save", "--silent", "--prefix", str(BUILD))
        wanted = [f"{name}@{version}" for name, version in MODULES.items()]
        subprocess.run(["npm", "install", *quiet, *wanted], check=True)  # noqa: S607


def installed_version(module: str) -> str | None:
    """Return the version of one of npm's modules that was installed before."""
    manifest = BUILD / "node_modules" / module / "package.json"
    return str(json.loads(manifest.read_text())["version"]) if manifest.exists() else None
