"""`fer-edge convert` and what one does with model files: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.app import app
from fer_edge.cli.options import DataOption, ForceOption, JsonOption


@app.command()
def convert(
    model: Annotated[Path, typer.Argument(help="A .keras file.")],
    to: Annotated[
        list[str] | None, typer.Option("--to", help="float32, float16 or int8; repeatable. Default: float16 and int8.")
    ] = None,
    data: DataOption = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write to; default: beside the model.")] = None,
    calibration_size: Annotated[int | None, typer.Option(help="Training images for int8; default 200.")] = None,
    seed: Annotated[int, typer.Option(help="Of the calibration draw.")] = 0,
    max_drop: Annotated[
        float, typer.Option(help="Accuracy in points that a file may lose; more is a failure, exit code 2.")
    ] = 1.0,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Convert a Keras model to .tflite files, each verified against it on held-out images."""
    from fer_edge.commands.convert import convert as run

    outcomes = run(
        model,
        recipe_names=to or ["float16", "int8"],
        data=data,
        out=out,
        calibration_size=calibration_size,
        seed=seed,
        max_drop=max_drop,
        force=force,
        as_json=as_json,
    )
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(2)


@app.command()
def inspect(
    model: Annotated[str, typer.Argument(help="Any .tflite file, or a bundled name.")],
    chart: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the cost per operator; or .png.")] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Show what a model file holds and costs, operator by operator."""
    from fer_edge.commands.inspect import inspect as run

    run(model, chart=chart, force=force, as_json=as_json)


@app.command()
def verify(
    model: Annotated[str, typer.Argument(help="A .tflite file or a bundled name.")],
    verify_key: Annotated[Path | None, typer.Option(metavar="PUB.pem", help="Require a signature of this key.")] = None,
) -> None:
    """Check that not a byte of a model file was changed; exit code 1 if one was."""
    from fer_edge.commands.verify import verify as run

    run(model, key=verify_key)


@app.command()
def sign(
    model: Annotated[Path, typer.Argument(help="A .tflite file.")],
    key: Annotated[Path, typer.Option(metavar="KEY.pem", help="An Ed25519 private key.")],
    out: Annotated[Path | None, typer.Option(help="Write here; default: over the model, with --force.")] = None,
    force: ForceOption = False,
) -> None:
    """Sign a model file, for fleets that refuse foreign models."""
    from fer_edge.commands.verify import sign as run

    run(model, key=key, out=out, force=force)


@app.command()
def c_array(
    model: Annotated[str, typer.Argument(help="A .tflite file or a bundled name.")],
    out: Annotated[Path, typer.Option(metavar="MODEL.c", help="The source to write; the header goes beside it.")],
    force: ForceOption = False,
) -> None:
    """Write a model as a C array and header, for firmware."""
    from fer_edge.commands.c_array import c_array as run

    run(model, out=out, force=force)
