"""HDF5 files that fill the memory, reach for other files, or hang HDF5 are refused in a sentence, without harm."""

import json
import struct
import sys
import time
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

h5py = pytest.importorskip("h5py")

from fer_edge.errors import ModelError  # noqa: E402
from fer_edge.kerasfile import hdf5, look  # noqa: E402
from fer_edge.kerasfile.look import look_at  # noqa: E402

DESCRIPTION = json.dumps({"class_name": "Sequential", "config": {}})
MUCH = 10**9
PACKED = {"dtype": "f4", "compression": "gzip"}


def write(path: Path, fill: Callable[["h5py.Group"], object]) -> Path:
    """Write a file like those of Keras, with something of one's own in it."""
    with h5py.File(path, "w") as file:
        file.attrs["model_config"] = DESCRIPTION
        fill(file.create_group("model_weights"))
    return path


def overfull(group: "h5py.Group") -> None:
    """Write an array of 4 kB of which the only piece unpacks to 20 MB."""
    array = group.create_dataset("kernel", (1000,), chunks=(1000,), **PACKED)
    array.id.write_direct_chunk((0,), zlib.compress(bytes(20_000_000)))


def virtual(group: "h5py.Group") -> None:
    layout = h5py.VirtualLayout((10,), "f4")
    layout[:] = h5py.VirtualSource("other.h5", "kernel", (10,))
    group.create_virtual_dataset("kernel", layout)


HOSTILE: dict[str, tuple[Callable[["h5py.Group"], object], str]] = {
    "a large shape": (lambda group: group.create_dataset("kernel", (MUCH,), "f4"), "unpacks to 4,000,000,000 bytes"),
    "a large shape in pieces": (
        lambda group: group.create_dataset("kernel", (MUCH,), chunks=(1000,), **PACKED),
        "unpacks to 4,000,000,000 bytes",
    ),
    "a large piece": (
        lambda group: group.create_dataset("kernel", (9,), maxshape=(None,), chunks=(MUCH,), **PACKED),
        "unpacks to 4,000,000,000 bytes",
    ),
    "many arrays": (
        lambda group: [group.create_dataset(f"kernel{number}", (800_000,), "f4") for number in range(4)],
        r"unpacks to 3,200,000 bytes",
    ),
    "an overfull piece": (overfull, "unpacks to more than its shape tells"),
    "another packing": (
        lambda group: group.create_dataset("kernel", data=np.zeros(9), compression="lzf"),
        "another way than with gzip",
    ),
    "a link": (lambda group: group.__setitem__("kernel", h5py.SoftLink("/model_weights")), "is a link"),
    "a link to a file": (lambda group: group.__setitem__("kernel", h5py.ExternalLink("/etc/x", "/")), "is a link"),
    "another file's bytes": (
        lambda group: group.create_dataset("kernel", (9,), "f4", external=[("/etc/passwd", 0, 36)]),
        "lies in another file",
    ),
    "another file's array": (virtual, "lies in another file"),
    "texts": (lambda group: group.create_dataset("kernel", data=["a"] * 9), "something else than numbers"),
    "a compound": (
        lambda group: group.create_dataset("kernel", data=np.zeros(9, [("a", "f4"), ("b", "f4", (1000,))])),
        "something else than numbers",
    ),
    "nothing": (lambda group: group.__setitem__("kernel", h5py.Empty("f4")), "something else than numbers"),
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_parts_are_refused(name: str, tmp_path: Path) -> None:
    fill, said = HOSTILE[name]
    path = write(tmp_path / "model.h5", fill)
    with pytest.raises(ModelError, match=rf"model\.h5: its part .*{said}.*Save it again") as caught:
        look_at(path)
    assert "\n" not in str(caught.value)


def test_hostile_weights_in_a_keras_file_are_refused(tmp_path: Path) -> None:
    weights = write(tmp_path / "weights.h5", overfull)
    path = tmp_path / "model.keras"
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("config.json", DESCRIPTION)
        archive.write(weights, "model.weights.h5")
    with pytest.raises(ModelError, match=r"model\.keras: its part .*unpacks to more"):
        look_at(path)


def test_a_cycle_ends(tmp_path: Path) -> None:
    path = write(tmp_path / "model.h5", lambda group: group.__setitem__("self", group))
    assert look_at(path).kind == "h5"


def test_too_many_parts_are_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(hdf5, "MAX_PARTS", 20)
    path = write(tmp_path / "model.h5", lambda group: group.create_group("/".join("abcdefghijklmnopqrstu")))
    with h5py.File(path) as file, pytest.raises(ModelError, match="it has more than 20 parts"):
        hdf5.check_parts(file, path.stat().st_size)


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells how much memory to add to")
def test_one_text_that_counts_many_times_is_refused(tmp_path: Path) -> None:
    texts = ["x" * 1_000_000] + ["y"] * 3_000
    path = write(tmp_path / "model.h5", lambda group: group.attrs.__setitem__("layer_names", texts))
    content = path.read_bytes()
    start = content.index(struct.pack("<I", 1_000_000))  # a length, then where in the file: 16 bytes for each text
    path.write_bytes(content[:start] + content[start : start + 16] * 3_001 + content[start + 16 * 3_001 :])
    with pytest.raises(ModelError, match=r"cut off or damaged|takes more memory"):
        look_at(path)


def test_what_hangs_hdf5_is_called_damaged(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = write(tmp_path / "model.h5", lambda group: group.attrs.__setitem__("layer_names", ["a", "b"]))
    content = path.read_bytes()
    one = struct.pack("<Q8s", 1, b"a")  # in the heap of texts, the length before each
    path.write_bytes(content.replace(one, struct.pack("<Q8s", 0, b"a")))
    monkeypatch.setattr(look, "LOOK_SECONDS", 3.0)
    began = time.monotonic()
    with pytest.raises(ModelError, match=r"model\.h5: an \.h5 file that is cut off or damaged"):
        look_at(path)
    assert time.monotonic() - began < 30


def test_packed_weights_are_read(tmp_path: Path) -> None:
    def fill(group: "h5py.Group") -> None:
        values = np.random.default_rng(0).random((300, 70))
        group.create_dataset("kernel", data=values, chunks=(64, 64), shuffle=True, fletcher32=True, **PACKED)
        group.create_dataset("none", (0, 3), "f4")
        group["steps"] = np.int64(3)

    assert look_at(write(tmp_path / "model.h5", fill)).kind == "h5"
