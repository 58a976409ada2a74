"""Results are written whole or not at all."""

import errno
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from fer_edge import files
from fer_edge.errors import OutputError
from fer_edge.files import (
    human_bytes,
    replacing,
    require_free,
    require_writable_folder,
    write_all,
    write_bytes,
    write_text,
)


def test_writes_into_a_new_folder(tmp_path: Path) -> None:
    path = tmp_path / "new" / "deep" / "model.tflite"
    write_bytes(path, b"content")
    assert path.read_bytes() == b"content"
    assert [file.name for file in path.parent.iterdir()] == ["model.tflite"]


def test_replaces_what_was_there(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    write_text(path, "old")
    write_text(path, "é")
    assert path.read_text("utf-8") == "é"


def test_file_mode_follows_the_umask(tmp_path: Path) -> None:
    before = os.umask(0o027)
    try:
        write_bytes(tmp_path / "file", b"")
        after = os.umask(0o027)
    finally:
        os.umask(before)
    assert (tmp_path / "file").stat().st_mode & 0o777 == 0o640
    assert after == 0o027  # reading the umask must not change it


def test_disk_full_leaves_the_old_file_and_nothing_else(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "model.tflite"
    path.write_bytes(b"old")

    def full(self: Path, data: bytes) -> int:
        with self.open("wb") as file:
            file.write(data[: len(data) // 2])
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OutputError, match=r"model\.tflite: no space left"):
        write_bytes(path, b"new content")
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, ValueError])
def test_interruption_leaves_the_old_file_and_nothing_else(tmp_path: Path, interruption: type[BaseException]) -> None:
    path = tmp_path / "model.keras"
    path.write_bytes(b"old")
    with pytest.raises(interruption), replacing(path) as temporary:  # noqa: PT012
        assert temporary.suffix == ".keras"  # Keras goes by it
        temporary.write_bytes(b"half")
        raise interruption
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_folder_below_a_regular_file_is_unwritable(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(OutputError, match="Cannot write"):
        write_bytes(tmp_path / "file" / "model.tflite", b"")
    with pytest.raises(OutputError, match="Cannot write to the folder"):
        require_writable_folder(tmp_path / "file")
    with pytest.raises(OutputError, match="Cannot write to the folder"):
        require_writable_folder(tmp_path / "file" / "below")


def test_target_that_is_a_folder(tmp_path: Path) -> None:
    (tmp_path / "out").mkdir()
    with pytest.raises(OutputError, match="is a folder"):
        write_bytes(tmp_path / "out", b"")
    assert [file.name for file in tmp_path.iterdir()] == ["out"]


def test_check_for_a_writable_folder_makes_nothing(tmp_path: Path) -> None:
    require_writable_folder(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == []


def test_folder_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("os.access", lambda path, mode: False)  # root may write anywhere
    with pytest.raises(OutputError, match="permission denied"):
        require_writable_folder(tmp_path / "a")


def test_existing_file_needs_force(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    require_free(path, force=False)
    path.touch()
    with pytest.raises(OutputError, match="--force"):
        require_free(path, force=False)
    require_free(path, force=True)


@pytest.mark.skipif(os.name == "nt", reason="modes and links are POSIX's")
def test_a_replaced_file_keeps_its_mode(tmp_path: Path) -> None:
    path = tmp_path / "secret.json"
    path.touch()
    path.chmod(0o600)
    write_bytes(path, b"new")
    assert path.stat().st_mode & 0o777 == 0o600


@pytest.mark.skipif(os.name == "nt", reason="modes and links are POSIX's")
def test_a_link_goes_on_to_point_to_the_file(tmp_path: Path) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "model.tflite").write_bytes(b"old")
    link = tmp_path / "link.tflite"
    link.symlink_to(folder / "model.tflite")
    write_bytes(link, b"new")
    assert link.is_symlink()
    assert (folder / "model.tflite").read_bytes() == b"new"
    assert [file.name for file in folder.iterdir()] == ["model.tflite"]
    dangling = tmp_path / "dangling"
    dangling.symlink_to(folder / "later")
    write_bytes(dangling, b"x", force=False)
    assert (folder / "later").read_bytes() == b"x"


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_special_files_are_never_replaced(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    for write in (lambda: write_bytes(pipe, b""), lambda: require_free(pipe, force=True)):
        with pytest.raises(OutputError, match="pipe: not a regular file"):
            write()
    assert pipe.is_fifo()
    with pytest.raises(OutputError, match="not a regular file"):
        write_bytes(Path(os.devnull), b"")
    loop = tmp_path / "loop"
    loop.symlink_to(loop)
    with pytest.raises(OutputError, match="Cannot write"):
        write_bytes(loop, b"")


def test_file_and_folder_are_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    synchronised = []
    real = os.fsync

    def note(handle: int) -> None:
        synchronised.append(os.fstat(handle).st_ino)
        real(handle)

    monkeypatch.setattr("os.fsync", note)
    write_bytes(tmp_path / "file", b"x")
    assert synchronised == [(tmp_path / "file").stat().st_ino, tmp_path.stat().st_ino][: len(synchronised)]
    assert len(synchronised) == (1 if os.name == "nt" else 2)


def test_sizes_are_in_thousands_of_bytes() -> None:
    assert human_bytes(1_234_567) == "1,234.6 kB"


def test_files_that_belong_together_are_all_written_or_none(tmp_path: Path) -> None:
    pair = {tmp_path / "model.c": "source", tmp_path / "model.h": b"header"}
    write_all(pair, force=False)
    assert [path.read_text() for path in pair] == ["source", "header"]
    other = {tmp_path / "new.c": "source", tmp_path / "model.h": "another"}
    with pytest.raises(OutputError, match=r"model\.h already exists"):
        write_all(other, force=False)
    (tmp_path / "folder.h").mkdir()
    with pytest.raises(OutputError, match=r"folder\.h: is a folder"):
        write_all({tmp_path / "new.c": "source", tmp_path / "folder.h": ""}, force=True)
    assert sorted(file.name for file in tmp_path.iterdir()) == ["folder.h", "model.c", "model.h"]
    assert (tmp_path / "model.h").read_text() == "header"


def test_ctrl_c_between_two_files_that_belong_together_waits_for_the_second(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    replace, pair = os.replace, {tmp_path / "model.c": "source", tmp_path / "model.h": "header"}

    def interrupted(source: Path, target: Path) -> None:
        replace(source, target)
        signal.raise_signal(signal.SIGINT)

    monkeypatch.setattr(files.os, "replace", interrupted)
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    try:
        with pytest.raises(KeyboardInterrupt):
            write_all(pair, force=False)
    finally:
        signal.signal(signal.SIGINT, before)
    assert {path: path.read_text() for path in tmp_path.iterdir()} == pair


WRITER = """
import sys, time
from pathlib import Path
from fer_edge.files import replacing
with replacing(Path(sys.argv[1])) as temporary:
    print(temporary, flush=True)
    time.sleep(60)
"""


@pytest.mark.skipif(os.name == "nt", reason="Windows has no such locks")
def test_what_a_killed_process_left_goes_and_what_another_writes_stays(tmp_path: Path) -> None:
    command = [sys.executable, "-c", WRITER, str(tmp_path / "model.keras")]
    writers = [subprocess.Popen(command, stdout=subprocess.PIPE, text=True) for _ in range(2)]
    try:
        killed, writing = (Path(writer.stdout.readline().strip()) for writer in writers)
        writers[0].kill()
        writers[0].wait()
        mine = tmp_path / ".notes.unfinished"  # the user's own
        mine.touch()
        assert killed.exists()
        assert killed.name.startswith(".model.unfinished-")
        write_bytes(tmp_path / "other", b"")
        assert {writing, mine, tmp_path / "other"} == set(tmp_path.iterdir())
    finally:
        for writer in writers:
            writer.kill()
            writer.communicate()


def test_names_as_long_as_they_may_be(tmp_path: Path) -> None:
    path = tmp_path / f"{'é' * 125}.json"
    write_bytes(path, b"")
    assert list(tmp_path.iterdir()) == [path]
