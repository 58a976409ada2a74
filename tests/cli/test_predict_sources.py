"""What `fer-edge predict` reads: files, folders, patterns, stdin, and addresses that may do their worst."""

import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import numpy as np
import pytest
from helpers import PATIENCE, encode

from fer_edge.cli import predict_sources
from fer_edge.cli.predict_sources import find_pictures
from fer_edge.errors import ImageError

PICTURE = encode(np.full((60, 50, 3), 90, np.uint8))


asked_enough = threading.Event()


class Site(BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        if self.path == "/gone.png":
            self.send_error(404)
            return
        if self.path == "/file":
            self.send_response(302)
            self.send_header("Location", "file:///etc/hostname")
            self.end_headers()
            return
        self.send_response(200)
        self.end_headers()
        if self.path == "/face.png":
            self.wfile.write(PICTURE)
        if self.path == "/page.png":
            self.wfile.write(b"<html>no picture</html>")
        while self.path in {"/endless", "/drip"}:
            try:
                self.wfile.write(bytes(1_000_000) if self.path == "/endless" else b"x")
                self.wfile.flush()
                time.sleep(0 if self.path == "/endless" else 0.05)
            except OSError:
                return
        if self.path == "/silent":
            asked_enough.wait(10 * PATIENCE)

    def log_message(self, *arguments: object) -> None:
        pass


@pytest.fixture(scope="module")
def site() -> Iterator[str]:
    server = ThreadingHTTPServer(("127.0.0.1", 0), Site)
    server.daemon_threads = True
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"http://127.0.0.1:{server.server_address[1]}"
    asked_enough.set()
    server.shutdown()


def test_address(site: str) -> None:
    (item,) = find_pictures([f"{site}/face.png"])
    assert (item.name, item.file_name) == (f"{site}/face.png", "face.png")
    assert item.read().shape == (60, 50, 3)


@pytest.mark.parametrize(
    ("path", "reason"),
    [
        ("endless", "larger than 3 MB"),
        ("drip", "not complete after"),
        ("silent", "no answer within"),
        ("gone.png", "the server answered 404"),
        ("page.png", "not an image"),
        ("file", "file:///etc/hostname"),
    ],
)
def test_bad_answers_end_in_a_sentence(path: str, reason: str, site: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Were a limit missing, one of those that never end would hang."""
    monkeypatch.setattr(predict_sources, "MAX_DOWNLOAD_BYTES", 3_000_000)
    monkeypatch.setattr(predict_sources, "DOWNLOAD_SECONDS", 0.5 if path == "drip" else PATIENCE)
    monkeypatch.setattr(predict_sources, "SILENCE_SECONDS", 0.5 if path == "silent" else PATIENCE)
    with pytest.raises(ImageError, match=reason):
        find_pictures([f"{site}/{path}"])[0].read()


@pytest.mark.parametrize(
    "address", ["http://127.0.0.1:1/a.png", "http://", "http://no-such-host.invalid/a", "http://["]
)
def test_addresses_that_lead_nowhere(address: str) -> None:
    with pytest.raises(ImageError, match=r"^http://"):
        find_pictures([address])[0].read()


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    for name in (
        "b.png",
        "a.PNG",
        "in/c.png",
        "in/notes.txt",
        "in/.c.unfinished-0123abcd.png",
        "[odd].png",
        "clip.mp4",
    ):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(PICTURE)
    return tmp_path


@pytest.mark.parametrize(
    ("sources", "names"),
    [
        (["b.png"], ["b.png"]),
        (["in"], ["in/c.png"]),
        (["*.png"], ["[odd].png", "b.png"]),
        (["**/*.png"], ["[odd].png", "b.png", "in/c.png"]),
        (["[odd].png"], ["[odd].png"]),  # a name before it is a pattern
        (["b.png", "in", "-"], ["b.png", "in/c.png", "stdin"]),
    ],
)
def test_files_folders_and_patterns(sources: list[str], names: list[str], folder: Path) -> None:
    assert [item.name for item in find_pictures(sources)] == names


def test_folders_inside_folders(folder: Path, run_cli, portrait_file: Path) -> None:
    (folder / "above").mkdir()
    portrait_file.rename(folder / "above/portrait.png")
    assert [item.name for item in find_pictures(["."])] == ["[odd].png", "a.PNG", "b.png"]
    assert [item.file_name for item in find_pictures(["."], recursive=True)][-1] == "in/c.png"
    (folder / "over").mkdir()
    (folder / "above").rename(folder / "over/above")
    with pytest.raises(ImageError, match="--recursive"):
        find_pictures(["over"])
    done = run_cli("predict", "over", "--recursive", "--out", "seen")
    assert done.returncode == 0, done.stderr
    assert (folder / "seen/above/portrait.png").is_file()


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("*.gif", r"\*.gif: no file matches this pattern"),
        ("clip.mp4", "fer-edge watch clip.mp4 --csv faces.csv"),
        ("clip.*", "is a video"),
    ],
)
def test_what_names_no_picture_is_refused(source: str, reason: str, folder: Path) -> None:
    with pytest.raises(ImageError, match=reason):
        find_pictures([source])
