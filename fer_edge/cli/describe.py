"""`fer-edge describe`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

import click

from fer_edge.cli.options import FILE, data_option, examples, force_option, stating_options
from fer_edge.cli.shared import read_fer2013
from fer_edge.cli.stated import read_statement
from fer_edge.errors import ModelError
from fer_edge.files import require_free, write_bytes, write_text
from fer_edge.output import console

if TYPE_CHECKING:
    from fer_edge.runtime.foreign import Statement


@click.command(epilog=examples("fer-edge describe theirs.tflite --labels angry,happy,sad --input-range=-1,1"))
@click.argument("model", type=FILE)
@stating_options
@click.option("--guess", is_flag=True, help="Find out range and order of the emotions on faces of FER2013.")
@data_option
@click.option(
    "--out",
    type=FILE,
    metavar="FILE.tflite",
    help="Write a copy with the description inside; default: a file beside it.",
)
@force_option
def command(
    model: Path,
    labels: str | None,
    input_range: str | None,
    colour: str | None,
    guess: bool,
    data: str | None,
    out: Path | None,
    force: bool,
) -> None:
    """Note what a .tflite file of another maker expects.

    MODEL stays as it is. What is said of it goes into MODEL.json beside it, which every command finds, or with --out
    into a copy that needs no second file.
    """
    from fer_edge.modelfile.contract import read_contract
    from fer_edge.modelfile.metadata import SIDECAR_SUFFIX, read_file
    from fer_edge.modelfile.seal import append_metadata
    from fer_edge.runtime.foreign import bare_flatbuffer, describe_foreign, is_described, write_sidecar
    from fer_edge.runtime.quiet import silenced

    target = out or model.with_name(model.name + SIDECAR_SUFFIX)
    statement = read_statement(labels, input_range, colour)
    content = read_file(model)
    if is_described(content):
        raise ModelError(f"{model} says itself what it expects: 'fer-edge inspect' shows it.")
    require_free(target, force=force)
    if guess:
        statement = _guess(model, content, statement, data)
    with silenced():
        description = describe_foreign(content, str(model), statement)
    contract = read_contract(description)
    if out is None:
        write_text(target, write_sidecar(description, content), force=force)
    else:
        write_bytes(target, append_metadata(bare_flatbuffer(content), description), force=force)
    console.print_line(f"{model} takes {contract}; gives {description['output']['content']}:")
    console.print_line(f"  {', '.join(description['labels'])}")
    if contract.colour == "rgb" and colour is None:
        console.print_note("Three channels were taken for red first; --colour bgr says otherwise.")
    console.print_line(f"Wrote {target}")


def _guess(model: Path, content: bytes, statement: Statement, data: str | None) -> Statement:
    """Return the statement with what the answers to training faces tell, and say how sure that is."""
    from dataclasses import replace

    import numpy as np

    from fer_edge.kerasfile.guess import guess
    from fer_edge.runtime.foreign import guessable
    from fer_edge.runtime.quiet import silenced
    from fer_edge.types import LABELS

    with silenced():
        answer, shape, outputs = guessable(content, str(model))
    faces = read_fer2013(data)["train"]
    chosen = [np.flatnonzero(faces.labels == index)[:50] for index in range(len(LABELS))]
    found = guess(
        answer,
        shape,
        faces.take(np.concatenate(chosen)),
        outputs=outputs,
        labels=statement.labels,
        input_range=statement.input_range,
    )
    console.print_warning(found.reason)
    return replace(statement, labels=found.labels, input_range=found.input_range)
