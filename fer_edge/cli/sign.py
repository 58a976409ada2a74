"""`fer-edge sign`."""

from __future__ import annotations

import time
from pathlib import Path

import click

from fer_edge.cli.options import FILE, examples, force_option
from fer_edge.cli.shared import read_model_bytes
from fer_edge.files import require_free, write_bytes
from fer_edge.output import console


@click.command(epilog=examples("fer-edge sign model.int8.tflite --key private.pem --force"))
@click.argument("model", type=FILE)
@click.option("--key", type=FILE, required=True, metavar="KEY.pem", help="An Ed25519 private key.")
@click.option("--out", type=FILE, help="Write here; default: over the model, with --force.")
@click.option(
    "--release",
    type=click.IntRange(min=0, max=2**53),
    metavar="N",
    help="Devices take no model with a lower number than theirs. [default: the time, in seconds since 1970]",
)
@force_option
def command(model: Path, key: Path, out: Path | None, release: int | None, force: bool) -> None:
    """Sign a model file, for fleets that reject other models.

    It is run once before, and its answer is signed with it: a device that answers otherwise refuses the model.

    MODEL is a .tflite file.
    """
    from fer_edge.modelfile.seal import check_file
    from fer_edge.modelfile.signing import read_private_key, sign_file
    from fer_edge.runtime import EmotionClassifier
    from fer_edge.runtime.quiet import silenced
    from fer_edge.runtime.trial import ENTRY, answer_selftest

    target = out or model
    path, content = read_model_bytes(str(model))
    require_free(target, force=force)
    read_private_key(key)
    check_file(content, str(path))
    with silenced(), EmotionClassifier(content) as classifier:
        answers = {ENTRY: {"scores": answer_selftest(classifier)}}
    number = int(time.time()) if release is None else release
    write_bytes(target, sign_file(content, key, str(path), release=number, more=answers))
    console.print_line(f"Signed {target}, release {number}")
