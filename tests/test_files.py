"""Results are written whole or not at all."""

import errno
import os
from pathlib import Path

import pytest

from fer_edge.errors import OutputError
from fer_edge.files import human_bytes, replacing, require_free, require_writable_folder, write_bytes, write_text


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
    with pytest.raises(OutputError, match=r"model\.tflite: No space left"):
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
    with pytest.raises(OutputError, match="directory"):
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


def test_sizes_are_in_thousands_of_bytes() -> None:
    assert human_bytes(1_234_567) == "1,234.6 kB"
