"""`fer-edge bench` and `demo`: the options."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from fer_edge.cli.app import app
from fer_edge.cli.options import DataOption, ForceOption


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
