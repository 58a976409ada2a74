"""Folders with the programs of Debian packages, of any architecture, made without installing anything."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

KEYRING = Path("/usr/share/keyrings/debian-archive-keyring.gpg")
SOURCES = Path("/etc/apt/sources.list.d/debian.sources")
RELEASE = "bookworm"
"""Raspberry Pi OS of the same name has these versions: Python 3.11, NumPy 1.24, OpenCV 4.6, glibc 2.36."""

UNUSED = ("doc", "man", "locale", "icons", "proj", "iso-codes", "xml", "X11", "fonts", "bash-completion")

CONFIGURATION = """\
APT::Architecture "{architecture}";
APT::Architectures {{ "{architecture}"; }};
APT::Sandbox::User "";
Dir::State::lists "{folder}/lists";
Dir::State::status "{folder}/status";
Dir::Cache "{folder}/cache";
Dir::Etc::sourcelist "{folder}/sources.list";
Dir::Etc::sourceparts "{folder}/parts";
Acquire::Languages "none";
Acquire::Retries "3";
"""


def unpack_packages(architecture: str, packages: tuple[str, ...], target: Path, release: str = RELEASE) -> None:
    """Make `target` a folder with these packages and all that they depend on; skipped if it is there.

    apt works on lists and a cache of its own, so this needs no root and leaves the system alone.

    Raises:
        subprocess.CalledProcessError: apt, dpkg-deb or tar failed.
    """
    if target.exists():
        return
    folder, unfinished = target.with_suffix(".apt"), target.with_suffix(".unfinished")
    for leftover in (folder, unfinished):
        shutil.rmtree(leftover, ignore_errors=True)
    download(architecture, packages, folder, release)
    for name in ("lib", "bin", "sbin"):  # the merged /usr, for packages that still ship /lib
        (unfinished / "usr" / name).mkdir(parents=True)
        (unfinished / name).symlink_to(f"usr/{name}")
    for archive in sorted((folder / "cache/archives").glob("*.deb")):
        unpack(archive, unfinished)
    choose_alternatives(unfinished)
    shutil.rmtree(folder)
    unfinished.rename(target)


def download(architecture: str, packages: tuple[str, ...], folder: Path, release: str) -> None:
    """Fetch the archives of `packages` and of all that they depend on into `folder`/cache/archives."""
    for name in ("lists/partial", "cache/archives/partial", "parts"):
        (folder / name).mkdir(parents=True)
    (folder / "status").touch()  # as if nothing were installed
    (folder / "sources.list").write_text(f"deb [signed-by={KEYRING}] {mirror()} {release} main\n")
    (folder / "apt.conf").write_text(CONFIGURATION.format(architecture=architecture, folder=folder))
    environment = {"APT_CONFIG": str(folder / "apt.conf"), "PATH": "/usr/bin:/bin:/usr/sbin:/sbin"}
    for command in (["update"], ["install", "--yes", "--no-install-recommends", "--download-only", *packages]):
        subprocess.run(["/usr/bin/apt-get", "-qq", *command], env=environment, check=True, capture_output=True)


def mirror() -> str:
    """Return the address that this machine takes its Debian packages from, or the usual one."""
    lines = SOURCES.read_text().splitlines() if SOURCES.exists() else []
    return next((line.split()[1] for line in lines if line.startswith("URIs:")), "http://deb.debian.org/debian")


def unpack(archive: Path, root: Path) -> None:
    """Unpack one package, but for what no program reads."""
    exclude = [f"--exclude=./usr/share/{name}" for name in UNUSED]
    command = ["/usr/bin/tar", "-x", "--keep-directory-symlink", "--no-same-owner", "-C", str(root), *exclude]
    with subprocess.Popen(["/usr/bin/dpkg-deb", "--fsys-tarfile", str(archive)], stdout=subprocess.PIPE) as reader:
        subprocess.run(command, stdin=reader.stdout, check=True)
    if reader.returncode:
        raise subprocess.CalledProcessError(reader.returncode, reader.args)


def choose_alternatives(root: Path) -> None:
    """Link BLAS and LAPACK to where the loader looks, as the packages' install scripts would."""
    for library in root.glob("usr/lib/*/*/lib*.so.3"):
        if library.parent.name in ("blas", "lapack"):
            (library.parent.parent / library.name).symlink_to(f"{library.parent.name}/{library.name}")
