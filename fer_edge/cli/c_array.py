"""`fer-edge c-array`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.options import FILE, examples, force_option
from fer_edge.cli.shared import read_model_bytes
from fer_edge.errors import OutputError
from fer_edge.files import require_free, write_all
from fer_edge.output import console


@click.command(epilog=examples("fer-edge c-array edge_cnn_s --out firmware/face.c"))
@click.argument("model")
@click.option(
    "--out", type=FILE, required=True, metavar="MODEL.c", help="The source to write; the header goes beside it."
)
@force_option
def command(model: str, out: Path, force: bool) -> None:
    """Write a model as a C array and header, for firmware.

    Beside it go what TensorFlow Lite for Microcontrollers needs and a program that tests it.

    MODEL is an int8 .tflite file or a bundled name.
    """
    if out.suffix not in {".c", ".cc", ".cpp", ".h"}:
        raise OutputError(f"Expected a name such as model.c to write to, got {out}.")
    source = out.with_suffix(".c") if out.suffix == ".h" else out
    targets = array_targets(source)
    for target in targets:
        require_free(target, force=force)
    path, content = read_model_bytes(model)
    write_all(dict(zip(targets, make_array(content, str(path), source), strict=True)), force=force)
    for target in targets:
        console.print_line(f"Wrote {target}")


def array_targets(source: Path) -> tuple[Path, ...]:
    """Return the paths of the array, its header, and the two files for TensorFlow Lite for Microcontrollers."""
    kit = (source.with_name(f"{source.stem}{ending}") for ending in ("_tflm.h", "_main.cc"))
    return (source, source.with_suffix(".h"), *kit)


def make_array(content: bytes, path: str, source: Path) -> tuple[str, ...]:
    """Return the texts of `array_targets` for a model file's bytes.

    Raises:
        ModelError: the model is damaged, altered, not of fer-edge, or no microcontroller's runtime takes it.
    """
    from fer_edge.cli.c import make_selftest
    from fer_edge.firmware.tflm import check_runs, write_kit
    from fer_edge.modelfile.c_array import array_symbol, to_c_array
    from fer_edge.modelfile.seal import check_file

    file = check_file(content, path)
    check_runs(file)
    array = to_c_array(file, source.stem)
    kit = write_kit(file, source.stem, array_symbol(source.stem), make_selftest(file))
    return (array.source, array.header, *kit.values())
