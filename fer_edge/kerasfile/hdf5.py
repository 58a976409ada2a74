"""The parts of an HDF5 file, looked at before Keras reads them: no bombs, and nothing of other files.

    python -m fer_edge.kerasfile.hdf5 PATH [MEMBER OF A ZIP]

is a process of its own, since HDF5 crashes or hangs on some damaged files. Prints one line of JSON: what the file holds
at its top, or why it is refused.
"""

from __future__ import annotations

import io
import json
import math
import sys
import zipfile
import zlib
from contextlib import suppress
from pathlib import Path
from typing import Any

import h5py

from fer_edge.errors import ModelError
from fer_edge.kerasfile.look import MAX_CONFIG_BYTES
from fer_edge.text import printable
from fer_edge.unpacking import most_unpacked

MAX_PARTS = 50_000
"""Groups and arrays; ResNet-152 and its optimizer have about 5,000."""

SPARE_MEMORY = 256_000_000
"""Bytes, beside what the file may unpack to."""

_PACKERS = {h5py.h5z.FILTER_SHUFFLE, h5py.h5z.FILTER_DEFLATE, h5py.h5z.FILTER_FLETCHER32}
_CHECKSUM_BYTES = 4


def describe(file: h5py.File) -> dict[str, Any]:
    """Return the text that describes the network, if there is one, and the names of what the file holds at its top."""
    text = file.attrs.get("model_config")
    if isinstance(text, bytes):
        text = text.decode("utf-8", "replace")
    elif not isinstance(text, str | None):
        text = ""
    return {"text": text and text[: MAX_CONFIG_BYTES + 1], "groups": list(file), "attributes": list(file.attrs)}


def check_parts(file: h5py.File, size: int) -> None:
    """Refuse a file that holds what no network of Keras does, or that unpacks to more than a network needs.

    Everything in it is read, so that what HDF5 cannot bear shows here; no link is followed.

    Args:
        file: the file of weights, or of a whole network.
        size: how many bytes it has as it is stored.

    Raises:
        ModelError: a part is a link, lies in another file, holds no numbers, or is too large when it is unpacked.
    """
    left, parts, groups, seen = most_unpacked(size), 0, [file], set()
    while groups:
        group = groups.pop()
        place = h5py.h5o.get_info(group.id).addr
        if place in seen:
            continue
        seen.add(place)
        dict(group.attrs)
        for name in group:
            parts += 1
            if parts > MAX_PARTS:
                raise ModelError(f"it has more than {MAX_PARTS:,} parts, more than a network needs. {_REMEDY}")
            if not isinstance(group.get(name, getlink=True), h5py.HardLink):
                raise _refuse(name, "is a link to another place")
            part = group[name]
            if isinstance(part, h5py.Group):
                groups.append(part)
            elif isinstance(part, h5py.Dataset):
                left -= _check_array(part, left)
                part[()]


def _check_array(part: h5py.Dataset, most: int) -> int:
    """Return how many bytes reading an array takes, after checking that its packing keeps to that."""
    name = str(part.name)
    if part.external or part.is_virtual:
        raise _refuse(name, "lies in another file")
    if part.dtype.kind not in "biuf" or part.shape is None:
        raise _refuse(name, "holds something else than numbers")
    value_bytes = int(part.dtype.itemsize)
    chunk = math.prod(part.chunks or ()) * value_bytes
    unpacked: int = max(chunk, math.prod(part.shape) * value_bytes)
    if unpacked > most:
        raise _refuse(name, f"unpacks to {unpacked:,} bytes, more than a network of this size needs")
    recipe = part.id.get_create_plist()
    packers = [recipe.get_filter(index)[0] for index in range(recipe.get_nfilters())]
    if not set(packers) <= _PACKERS or len(set(packers)) < len(packers):
        raise _refuse(name, "is packed in another way than with gzip")
    if h5py.h5z.FILTER_DEFLATE in packers and _overflows(part, chunk + _CHECKSUM_BYTES):
        raise _refuse(name, "unpacks to more than its shape tells")
    return unpacked


def _overflows(part: h5py.Dataset, chunk: int) -> bool:
    """Return whether a piece of an array unpacks to more bytes than a piece has: HDF5 would unpack it to its end."""
    pieces: list[tuple[int, ...]] = []
    part.id.chunk_iter(lambda piece: pieces.append(piece.chunk_offset))
    for offset in pieces:
        skipped, packed = part.id.read_direct_chunk(offset)
        if not skipped and len(zlib.decompressobj().decompress(packed, chunk + 1)) > chunk:
            return True
    return False


_REMEDY = "Save it again with model.save('x.keras')."


def _refuse(name: str, what: str) -> ModelError:
    return ModelError(f"its part {printable(name[-100:])} {what}. {_REMEDY}")


def main(path: Path, member: str = "") -> None:
    """Print what the file, or the member of a ZIP, holds."""
    if member:
        with zipfile.ZipFile(path) as archive:
            source: Path | io.BytesIO = io.BytesIO(archive.read(member))
            size = archive.getinfo(member).file_size
    else:
        source, size = path, path.stat().st_size
    _bound_memory(size + most_unpacked(size) + SPARE_MEMORY)
    try:
        with h5py.File(source, "r") as file:
            check_parts(file, size)
            found = describe(file)
    except ModelError as error:
        found = {"refused": str(error)}
    except MemoryError:
        found = {"refused": f"reading it takes more memory than a network of its size needs. {_REMEDY}"}
    sys.stdout.write(json.dumps(found))


def _bound_memory(more: int) -> None:
    """Let this process take so many bytes more than it has, where the operating system can say so."""
    with suppress(ImportError, OSError, ValueError):  # not Linux, or a stricter limit holds already
        import resource

        taken = int(Path("/proc/self/statm").read_text("ascii").split()[0]) * resource.getpagesize()
        resource.setrlimit(resource.RLIMIT_AS, (taken + more, taken + more))


if __name__ == "__main__":
    main(Path(sys.argv[1]), *sys.argv[2:])
