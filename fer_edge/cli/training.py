"""`fer-edge data`, `train` and `evaluate`: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.app import app
from fer_edge.cli.options import DataOption, ForceOption, JsonOption


@app.command()
def data(
    path: Annotated[Path, typer.Argument(help="FER2013 as a folder, .zip or .csv.")], as_json: JsonOption = False
) -> None:
    """Show what a copy of FER2013 holds, and what is wrong with it."""
    from fer_edge import console, tables
    from fer_edge.dataset import scan_data

    with console.progress_bar("reading") as progress:
        scan = scan_data(path, progress=progress)
    if as_json:
        console.print_json(tables.scan_as_json(scan))
    else:
        tables.print_scan(scan)


@app.command()
def train(
    recipe: Annotated[
        str | None, typer.Argument(help="A shipped recipe (edge_cnn_s, seed_cnn) or a .toml file.")
    ] = None,
    data: DataOption = None,
    out: Annotated[Path | None, typer.Option(help="The run folder to make; default runs/RECIPE.")] = None,
    resume: Annotated[Path | None, typer.Option(help="A run folder to go on with.")] = None,
    votes: Annotated[
        Path | None, typer.Option(help="FER+ votes as CSV, for recipes with labels = ferplus or blend.")
    ] = None,
    time_budget: Annotated[
        str | None,
        typer.Option(help="Such as 150m: plan the epochs to fit; with --resume, extend a finished run by a cycle."),
    ] = None,
    epochs: Annotated[int | None, typer.Option(help="Override the recipe.")] = None,
    batch_size: Annotated[int | None, typer.Option(help="Override the recipe.")] = None,
    learning_rate: Annotated[float | None, typer.Option(help="Override the recipe.")] = None,
    seed: Annotated[int | None, typer.Option(help="Override the recipe.")] = None,
    override: Annotated[
        list[str] | None, typer.Option("--set", metavar="FIELD=VALUE", help="Override any field.")
    ] = None,
) -> None:
    """Train a network on FER2013; a run that was interrupted goes on with --resume."""
    from fer_edge.commands.train import train as run

    named = {"epochs": epochs, "batch_size": batch_size, "learning_rate": learning_rate, "seed": seed}
    given = {name: value for name, value in named.items() if value is not None}
    run(
        recipe,
        data=data,
        votes=votes,
        out=out,
        resume=resume,
        time_budget=time_budget,
        named=given,
        overrides=override or [],
    )


@app.command()
def evaluate(
    model: Annotated[str, typer.Argument(help="A .keras or .tflite file, or a bundled name such as edge_cnn_s.")],
    data: DataOption = None,
    split: Annotated[str | None, typer.Option(help="train, public, private or test; default: public.")] = None,
    votes: Annotated[Path | None, typer.Option(help="FER+ votes as CSV, for a second opinion on the labels.")] = None,
    out: Annotated[
        Path | None,
        typer.Option(help="Write confusion matrix, reliability diagram and worst mistakes as PNG into this folder."),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Measure how good a model's answers are; a .tflite file needs no TensorFlow."""
    from fer_edge.commands.evaluate import evaluate as run

    run(model, data=data, split=split, votes=votes, out=out, force=force, as_json=as_json)
