"""`fer-edge bench`, `report`, `compare` and `demo`: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.app import app
from fer_edge.cli.options import DataOption, ForceOption, JsonOption


@app.command()
def bench(
    models: Annotated[list[str], typer.Argument(help=".tflite files or bundled names.")],
    baseline: Annotated[
        str | None,
        typer.Option(help="What to compare with; default: the float32 file of the same network, else the first."),
    ] = None,
    data: DataOption = None,
    split: Annotated[str | None, typer.Option(help="Default: public, else test, else private.")] = None,
    threads: Annotated[str, typer.Option(help="Thread counts, such as 1,2.")] = "1",
    quick: Annotated[bool, typer.Option("--quick", help="Seconds instead of minutes; not for publication.")] = False,
    seed: Annotated[int, typer.Option(help="Of crops, order of the variants and bootstrap.")] = 0,
    json_file: Annotated[
        Path | None, typer.Option("--json", help="Write all figures and raw samples to this file.")
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
        quick=quick,
        seed=seed,
        json_file=json_file,
        force=force,
    )


@app.command()
def report(
    results: Annotated[list[Path], typer.Argument(help="What 'fer-edge bench --json' wrote, of one or more devices.")],
    out: Annotated[Path, typer.Option("--out", "-o", metavar="FILE.html", help="The page to write.")] = Path(
        "report.html"
    ),
    force: ForceOption = False,
) -> None:
    """Draw bench results as one HTML page that needs no network."""
    from fer_edge.commands.report import report as run

    run(results, out=out, force=force)


@app.command()
def compare(
    before: Annotated[Path, typer.Argument(help="What 'fer-edge bench --json' wrote.")],
    after: Annotated[Path, typer.Argument(help="The same, later or elsewhere.")],
    fail_on: Annotated[
        list[str] | None,
        typer.Option(
            metavar="KIND=LIMIT",
            help="Exit code 2 if anything is significantly worse by more: accuracy=0.5 (points), latency=5, start=10, "
            "memory=10, size=10 (per cent); repeatable.",
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """Tell what got significantly better or worse between two benches."""
    from fer_edge.commands.compare import compare as run

    if not run(before, after, fail_on=fail_on or [], as_json=as_json):
        raise typer.Exit(2)


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
