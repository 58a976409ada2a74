"""The check of sdist and wheel against what git tracks."""

import io
import tarfile
import zipfile
from pathlib import Path

from conftest import ROOT

from fer_edge import __version__
from tools.release import check_dist

TRACKED = {"README.md", "fer_edge/__init__.py", "tests/test_files.py", ".gitignore", "runs/a/checkpoint.npz"}


def write_sdist(folder: Path, names: list[str]) -> Path:
    sdist = folder / "fer_edge-1.tar.gz"
    with tarfile.open(sdist, "w:gz") as archive:
        for name in names:
            archive.addfile(tarfile.TarInfo(f"fer_edge-1/{name}"), io.BytesIO())
    return sdist


def write_wheel(folder: Path, contents: dict[str, bytes]) -> Path:
    wheel = folder / "fer_edge-1-py3-none-any.whl"
    with zipfile.ZipFile(wheel, "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return wheel


def test_a_whole_sdist_passes(tmp_path: Path) -> None:
    sdist = write_sdist(tmp_path, ["README.md", "fer_edge/__init__.py", "tests/test_files.py", "PKG-INFO"])
    assert check_dist.check_sdist(sdist, TRACKED) == []


def test_a_missing_test_and_a_stray_file_are_named(tmp_path: Path) -> None:
    sdist = write_sdist(tmp_path, ["README.md", "fer_edge/__init__.py", "notes.txt"])
    assert check_dist.check_sdist(sdist, TRACKED) == [
        f"{sdist.name} lacks tests/test_files.py",
        f"{sdist.name} holds notes.txt",
    ]


def test_a_wheel_must_hold_the_package_and_nothing_else(tmp_path: Path) -> None:
    own = (ROOT / "fer_edge/__init__.py").read_bytes()
    record = "fer_edge-1.dist-info/RECORD"
    whole = write_wheel(tmp_path, {"fer_edge/__init__.py": own, record: b""})
    assert check_dist.check_wheel(whole, TRACKED) == []
    wrong = write_wheel(tmp_path, {"fer_edge/__init__.py": own + b"#", "tests/test_files.py": b""})
    assert check_dist.check_wheel(wrong, TRACKED) == [
        f"{wrong.name} holds tests/test_files.py",
        f"{wrong.name} holds another fer_edge/__init__.py",
    ]
    assert check_dist.check_wheel(write_wheel(tmp_path, {}), TRACKED) == [
        "fer_edge-1-py3-none-any.whl lacks fer_edge/__init__.py"
    ]


def test_the_citation_names_this_version() -> None:
    assert f"\nversion: {__version__}\n" in (ROOT / "CITATION.cff").read_text("utf-8")
