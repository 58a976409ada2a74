"""`fer-edge c`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import FILE, examples, force_option
from fer_edge.cli.shared import read_model_bytes
from fer_edge.files import require_free, require_writable_folder, write_all
from fer_edge.output import console

if TYPE_CHECKING:
    from fer_edge.firmware.source import CSource, SelfTest
    from fer_edge.modelfile.metadata import ModelFile


@click.command(epilog=examples("fer-edge c edge_cnn_s --out firmware/"))
@click.argument("model")
@click.option("--out", "-o", type=FILE, required=True, metavar="DIR", help="The folder to write to.")
@click.option(
    "--name",
    default="fer_edge",
    help="What the two files and the C functions begin with; two models need two names.",
)
@click.option("--board", metavar="BOARD", help="Refuse a model that does not fit this board, such as rp2040.")
@force_option
def command(model: str, out: Path, name: str, board: str | None, force: bool) -> None:
    """Write a model as C99 for microcontrollers, without a library.

    MODEL is an int8 .tflite file or a bundled name.
    """
    from fer_edge.firmware.boards import check_fit, find_board
    from fer_edge.firmware.source import check_name

    check_name(name)
    chosen = find_board(board) if board else None
    targets = c_targets(out, name)
    require_writable_folder(out)
    for target in targets:
        require_free(target, force=force)
    path, content = read_model_bytes(model)
    c = make_c(content, str(path), name)
    fit = check_fit(path.stem, chosen, constants=c.constant_bytes, arena=c.arena_bytes) if chosen else ""
    write_all(dict(zip(targets, (c.source, c.header), strict=True)), force=force)
    for target in targets:
        console.print_line(f"Wrote {target}")
    console.print_note(f"{c.constant_bytes:,} bytes of constants and {c.arena_bytes:,} bytes of working memory. {fit}")


def c_targets(folder: Path, name: str) -> tuple[Path, Path]:
    """Return the paths of the C file and of its header."""
    return folder / f"{name}.c", folder / f"{name}.h"


def make_c(content: bytes, path: str, name: str) -> CSource:
    """Return the C of a model file's bytes, with a self-test.

    Raises:
        ModelError: the model is damaged, altered, not of fer-edge, or has something that the C kernels lack.
        OutputError: C cannot have such a name.
    """
    from fer_edge.firmware.network import read_network
    from fer_edge.firmware.source import write_c
    from fer_edge.modelfile.seal import check_file

    file = check_file(content, path)
    read_network(file.flatbuffer, path)  # refuses what an interpreter need not see
    return write_c(file, name, selftest=make_selftest(file))


def make_selftest(file: ModelFile) -> SelfTest:
    """Return a face, and the scores that the reference kernels give it."""
    from fer_edge.firmware.selftest import selftest_face
    from fer_edge.firmware.source import SelfTest
    from fer_edge.runtime.quiet import silenced
    from fer_edge.runtime.reference import ask_reference

    face = selftest_face()
    with silenced():
        return SelfTest(face, ask_reference(file.flatbuffer, face[None, ..., None])[0])
