"""A model as C source, for firmware that has no file system."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from fer_edge.modelfile.metadata import ModelFile

BYTES_PER_LINE = 16


@dataclass(frozen=True)
class CArray:
    """The two files: `header` declares what `source` defines."""

    header: str
    source: str


def to_c_array(file: ModelFile, stem: str) -> CArray:
    """Return C (and C++) source with the FlatBuffer of a model as an array.

    The metadata stays behind, to spare flash; labels and contract go into the header as comments.

    Args:
        file: what `read_model` or `check_file` returned.
        stem: name of both files without suffix; "face" gives face.h and the array g_face.
    """
    symbol = array_symbol(stem)
    return CArray(_header(file, symbol), _source(file, symbol, stem))


def array_symbol(stem: str) -> str:
    """Return the name of the array in files of this name."""
    return "g_" + re.sub(r"\W", "_", stem, flags=re.ASCII)


def _header(file: ModelFile, symbol: str) -> str:
    guard = f"{symbol.upper()}_H"
    lines = [
        "/*",
        *(f" * {line}".rstrip() for line in _describe(file)),
        " */",
        f"#ifndef {guard}",
        f"#define {guard}",
        "",
        "#ifdef __cplusplus",
        'extern "C" {',
        "#endif",
        "",
        "/* The FlatBuffer, aligned to 16 bytes as TensorFlow Lite for Microcontrollers wants it. */",
        f"extern const unsigned char {symbol}[];",
        f"extern const unsigned int {symbol}_len;",
        "",
        "#ifdef __cplusplus",
        "}",
        "#endif",
        "",
        f"#endif /* {guard} */",
    ]
    return "\n".join(lines) + "\n"


def _source(file: ModelFile, symbol: str, stem: str) -> str:
    """Return the definitions; the header that it includes also gives them their linkage in C++."""
    size = len(file.flatbuffer)
    lines = [
        f'#include "{stem}.h"',
        "",
        "#ifndef __cplusplus",
        "#include <stdalign.h>",
        "#endif",
        "",
        f"alignas(16) const unsigned char {symbol}[{size}] = {{",
        *_rows(file.flatbuffer),
        "};",
        f"const unsigned int {symbol}_len = {size};",
    ]
    return "\n".join(lines) + "\n"


def _rows(data: bytes) -> Iterator[str]:
    for start in range(0, len(data), BYTES_PER_LINE):
        yield "    " + " ".join(f"0x{byte:02x}," for byte in data[start : start + BYTES_PER_LINE])


def _describe(file: ModelFile) -> list[str]:
    """Return the lines of the comment."""
    content = file.metadata.content
    return [
        f"{_plain(file.metadata.name)}, {_plain(file.metadata.recipe)}; written by fer-edge.",
        "",
        f"Input:  {_contract(content.get('input'))}",
        f"Output: {_contract(content.get('output'))}",
        "Labels, in the order of the outputs:",
        *(f"  {index} {_plain(label)}" for index, label in enumerate(file.metadata.labels)),
        "",
        f"{len(file.flatbuffer)} bytes, SHA-256 {_plain(content['flatbuffer_sha256'])}",
    ]


def _contract(tensor: Any) -> str:
    """Return shape, dtype and meaning of an input or output on one line."""
    if not isinstance(tensor, dict):
        return "not described"
    shape = json.dumps(tensor.get("shape"))
    return _plain(f"{tensor.get('dtype')} {shape}, {tensor.get('content')}")


def _plain(text: str) -> str:
    """Return text that cannot end a comment: labels come from a file, and may be anybody's."""
    printable = "".join(character if character.isprintable() else " " for character in text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("??/", "?? /").replace("\\", "/")
