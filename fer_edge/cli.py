"""The command line: parse, call, print. Heavy imports stay inside the commands."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from fer_edge import __version__
from fer_edge.cli_options import DataOption, DetectorOption, ForceOption, JsonOption
from fer_edge.errors import FerEdgeError

app = typer.Typer(
    name="fer-edge",
    help="Facial emotion recognition for small computers: train, convert, run, bench.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


def main() -> None:
    """Run the command line; errors that a user can act on become one sentence and exit code 1."""
    # OpenCV reads its limit when it is loaded. Larger pictures are bombs or panoramas, and their
    # pixels would not fit a small computer's memory.
    os.environ.setdefault("OPENCV_IO_MAX_IMAGE_PIXELS", "50000000")
    os.environ.setdefault("OPENCV_LOG_LEVEL", "OFF")  # a damaged picture becomes our one sentence
    try:
        app(standalone_mode=True)
    except FerEdgeError as error:
        from fer_edge.console import print_error

        print_error(str(error))
        sys.exit(1)
    except KeyboardInterrupt:
        print("Interrupted.", file=sys.stderr)
        sys.exit(130)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Facial emotion recognition for small computers: train, convert, run, bench."""
    if version:
        print(f"fer-edge {__version__}")
        raise typer.Exit


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
def predict(
    images: Annotated[list[Path], typer.Argument(help="Pictures.")],
    model: Annotated[str, typer.Option(help="A .tflite file or a bundled name.")] = "edge_cnn_s",
    cropped: Annotated[
        bool, typer.Option("--cropped", help="Each picture is one face already: look for none.")
    ] = False,
    detector: DetectorOption = None,
    out: Annotated[
        Path | None,
        typer.Option(
            help="Write the picture with boxes and labels to this file, or with several pictures into this folder."
        ),
    ] = None,
    force: ForceOption = False,
    as_json: JsonOption = False,
) -> None:
    """Find the faces in pictures and tell the emotion that each shows."""
    from fer_edge.commands.predict import predict as run

    run(images, model=model, cropped=cropped, detector=detector, out=out, force=force, as_json=as_json)


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


@app.command()
def watch(
    source: Annotated[
        str, typer.Argument(help="A camera number such as 0, an address such as rtsp://..., or a video file.")
    ],
    model: Annotated[str, typer.Option(help="A .tflite file or a bundled name.")] = "edge_cnn_s",
    detector: DetectorOption = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print one JSON object per event and line.")] = False,
    record: Annotated[
        Path | None, typer.Option(help="Write a CSV file with a row per face and frame, as the watch goes on.")
    ] = None,
    preview: Annotated[bool, typer.Option("--preview", help="Serve a page with the annotated picture.")] = False,
    preview_host: Annotated[
        str, typer.Option(help="Where the page is served; others than this computer see it only if you say so.")
    ] = "127.0.0.1",
    preview_port: Annotated[int, typer.Option(help="0 for any free port.")] = 8080,
    force: ForceOption = False,
) -> None:
    """Follow the faces of a camera or video; print a line whenever an emotion changes, until Ctrl-C."""
    from fer_edge.commands.watch import watch as run

    preview_at = (preview_host, preview_port) if preview else None
    run(source, model=model, detector=detector, as_json=as_json, record=record, force=force, preview_at=preview_at)


@app.command()
def bench(
    models: Annotated[list[str], typer.Argument(help=".tflite files or bundled names.")],
    baseline: Annotated[
        str | None, typer.Option(help="What to compare with; default: the first float32 file, else the first.")
    ] = None,
    data: DataOption = None,
    split: Annotated[str | None, typer.Option(help="Default: public, else test, else private.")] = None,
    threads: Annotated[str, typer.Option(help="Thread counts, such as 1,2.")] = "1",
    samples: Annotated[int, typer.Option(help="Timed runs per model and thread count, at least 200.")] = 1000,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write the report with raw samples to this file.")
    ] = None,
    force: ForceOption = False,
) -> None:
    """Measure accuracy, drop, latency and memory on this device."""
    from fer_edge.commands.bench import bench as run

    run(
        models,
        baseline=baseline,
        data=data,
        split=split,
        threads=threads,
        samples=samples,
        json_file=json_file,
        force=force,
    )


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


@app.command()
def demo(
    model: Annotated[Path, typer.Argument(help="A .keras file.")] = Path("models/edge_cnn_s.keras"),
    data: DataOption = None,
    out: Annotated[Path, typer.Option(help="Where the models and the report go; replaced each time.")] = Path(
        "build/demo"
    ),
) -> None:
    """Convert the bundled model and bench the variants: what 'make demo' runs."""
    from fer_edge.commands.demo import demo as run

    run(model, data, out)
