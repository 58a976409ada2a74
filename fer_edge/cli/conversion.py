"""`fer-edge convert` and what one does with model files: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.app import app
from fer_edge.cli.options import DataOption, ForceOption, JsonOption


@app.command()
def convert(
    model: Annotated[Path, typer.Argument(help="A .keras file, of fer-edge or any other, or an older .h5 file.")],
    to: Annotated[
        list[str] | None,
        typer.Option(
            "--to", help="float32, float16, dynamic, int8, or a recipe.toml; repeatable. Default: float16 and int8."
        ),
    ] = None,
    data: DataOption = None,
    images: Annotated[
        Path | None, typer.Option(metavar="FOLDER", help="Pictures to calibrate and verify on, instead of FER2013.")
    ] = None,
    out: Annotated[Path | None, typer.Option(help="The folder to write to; default: beside the model.")] = None,
    calibration_size: Annotated[int | None, typer.Option(help="Images for int8; default 200.")] = None,
    seed: Annotated[int | None, typer.Option(help="Of the calibration draw; default 0.")] = None,
    verification_size: Annotated[int | None, typer.Option(min=1, help="Verify on so many images at most.")] = None,
    labels: Annotated[
        str | None, typer.Option(metavar="A,B,...|FILE", help="A foreign network's classes, in order of its outputs.")
    ] = None,
    input_range: Annotated[
        str | None, typer.Option(metavar="BLACK,WHITE", help="What a foreign network takes for pixels, such as -1,1.")
    ] = None,
    max_drop: Annotated[
        float, typer.Option(help="Accuracy in points that a file may lose; more is a failure, exit code 2.")
    ] = 1.0,
    sign: Annotated[Path | None, typer.Option(metavar="KEY.pem", help="Sign the files with an Ed25519 key.")] = None,
    c_array: Annotated[bool, typer.Option("--c-array", help="Write C source and header beside each file.")] = False,
    sweep_calibration: Annotated[
        str | None, typer.Option(metavar="50,100,...", help="Write nothing; show how calibration images matter.")
    ] = None,
    seeds: Annotated[int, typer.Option(help="Draws of each size for --sweep-calibration.")] = 3,
    chart: Annotated[Path | None, typer.Option(metavar="FILE.svg", help="Draw the sweep; or .png.")] = None,
    debug: Annotated[
        bool, typer.Option("--debug", help="Write nothing; show which layers int8 harms, and what float ones cost.")
    ] = False,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Convert a Keras model to .tflite files, each verified against it on held-out images."""
    from fer_edge.commands.convert_inputs import InputOptions

    inputs = InputOptions(data, images, labels, input_range, verification_size)
    if sweep_calibration is not None:
        from fer_edge.commands.convert_sweep import sweep

        sweep(
            model,
            sizes=sweep_calibration,
            seeds=seeds,
            recipe_name=_one_recipe(to),
            seed=seed,
            inputs=inputs,
            chart=chart,
            force=force,
            as_json=as_json,
        )
        return
    if debug:
        from fer_edge.commands.convert_debug import debug as run_debug

        run_debug(
            model,
            recipe_name=_one_recipe(to),
            calibration_size=calibration_size,
            seed=seed,
            inputs=inputs,
            as_json=as_json,
        )
        return
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
        inputs=inputs,
        key=sign,
        c_array=c_array,
    )
    if not all(outcome.passed for outcome in outcomes):
        raise typer.Exit(2)


def _one_recipe(to: list[str] | None) -> str:
    """Return the recipe that a sweep or --debug is about: int8, or the one named."""
    if to is not None and len(to) > 1:
        raise typer.BadParameter("expected one recipe with --sweep-calibration or --debug", param_hint="--to")
    return to[0] if to else "int8"


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
