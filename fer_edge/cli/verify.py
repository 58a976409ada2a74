"""`fer-edge verify`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.options import FILE, examples
from fer_edge.cli.shared import read_model_bytes
from fer_edge.output import console


@click.command(epilog=examples("fer-edge verify model.int8.tflite --verify-key public.pem"))
@click.argument("model")
@click.option("--verify-key", type=FILE, metavar="PUB.pem", help="Require a signature of this key.")
def command(model: str, verify_key: Path | None) -> None:
    """Check that no byte of a model has changed.

    Its graph is checked too. Exit code 1 if anything is wrong.

    MODEL is a .tflite file or a bundled name.
    """
    from fer_edge.graph.check import check_structure
    from fer_edge.modelfile.seal import check_file
    from fer_edge.modelfile.signing import check_signature, signer

    path, content = read_model_bytes(model)
    file = check_file(content, str(path))
    check_structure(file.flatbuffer, str(path))
    if verify_key is not None:
        check_signature(file, verify_key, str(path))
        seal = f"signed with {verify_key}"
    elif (claimed := signer(file)) is not None:
        seal = f"signature of key {claimed[:16]} not checked, pass --verify-key"
    else:
        seal = "not signed"
    about = f"{file.metadata.name} {file.metadata.recipe}"
    console.print_line(f"{path} is intact: {about}, SHA-256 {file.metadata.content['flatbuffer_sha256']}, {seal}")
