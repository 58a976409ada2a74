"""`fer-edge c-array`."""

from __future__ import annotations

from pathlib import Path

from fer_edge import console
from fer_edge.commands.shared import read_model_bytes
from fer_edge.errors import OutputError
from fer_edge.files import require_free, write_text


def c_array(model: str, *, out: Path, force: bool) -> None:
    """Write a model as a C array and its header.

    Raises:
        ModelError: the model is damaged, altered, or not of fer-edge.
        OutputError: a target exists, cannot be written, or is no .c file.
    """
    from fer_edge.convert.c_array import to_c_array
    from fer_edge.convert.metadata import check_file

    if out.suffix not in {".c", ".cc", ".cpp", ".h"}:
        raise OutputError(f"Expected a name such as model.c to write to, got {out}.")
    source = out.with_suffix(".c") if out.suffix == ".h" else out
    header = out.with_suffix(".h")
    for target in (source, header):
        require_free(target, force=force)
    path, content = read_model_bytes(model)
    array = to_c_array(check_file(content, str(path)), out.stem)
    write_text(header, array.header)
    write_text(source, array.source)
    console.print_line(f"Wrote {source} and {header}")
