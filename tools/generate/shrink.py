"""Keep pictures and networks in fewer bytes: ``python -m tools.generate.shrink FILE...``.

A chart (.png) keeps its 16 most used colours, which the eye does not tell from all; a network (.keras) is packed,
without loss: Keras itself only stores. Each file is replaced.
"""

from __future__ import annotations

import io
import sys
import zipfile
from pathlib import Path

from PIL import Image

from fer_edge.files import write_bytes

COLOURS = 16


def main(files: list[Path]) -> int:
    """Shrink each file that becomes smaller by it."""
    for path in files:
        before = path.read_bytes()
        after = shrink_network(before) if path.suffix == ".keras" else shrink_chart(before)
        if len(after) < len(before):
            write_bytes(path, after, force=True)
        print(f"{path}: {len(before):,} -> {min(len(after), len(before)):,} bytes")
    return 0


def shrink_network(content: bytes) -> bytes:
    """Return the same .keras file, packed."""
    packed = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(content)) as source, zipfile.ZipFile(packed, "w") as target:
        for member in source.infolist():
            target.writestr(member, source.read(member), zipfile.ZIP_LZMA)
    return packed.getvalue()


def shrink_chart(content: bytes) -> bytes:
    """Return a .png with a palette."""
    packed = io.BytesIO()
    picture = Image.open(io.BytesIO(content)).convert("RGB")
    picture.quantize(COLOURS, method=Image.Quantize.MEDIANCUT, dither=Image.Dither.NONE).save(
        packed, "PNG", optimize=True
    )
    return packed.getvalue()


if __name__ == "__main__":
    sys.exit(main([Path(name) for name in sys.argv[1:]]))
