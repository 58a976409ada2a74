"""`fer-edge convert`: its options, once for its three forms."""

from __future__ import annotations

from typing import Any

import click
from click.exceptions import Exit

from fer_edge.cli.options import (
    FILE,
    architecture_option,
    data_option,
    examples,
    force_option,
    json_option,
    stating_options,
)


@click.command(
    epilog=examples(
        "fer-edge convert runs/mine/model.keras --to int8 --data fer2013.zip",
        "fer-edge convert other.h5 --labels angry,happy,sad --images photos/",
        "fer-edge convert model.keras --debug",
    )
)
@click.argument("model", type=FILE)
@click.option(
    "--to",
    multiple=True,
    metavar="RECIPE",
    help="float32, float16, dynamic, int8, c (int8 as C99 too), or a recipe.toml; repeatable. "
    "Default: float16, dynamic, int8.",
)
@data_option
@click.option("--images", type=FILE, metavar="FOLDER", help="Pictures to calibrate and compare on, instead of FER2013.")
@click.option("--out", type=FILE, metavar="FOLDER", help="The folder to write to; default: beside the model.")
@click.option("--calibration-size", type=int, help="Images for int8; default 200.")
@click.option("--seed", type=int, help="Of the calibration draw; default 0.")
@click.option(
    "--compare-size",
    "--verification-size",
    "fidelity_size",
    type=click.IntRange(min=1),
    metavar="INTEGER",
    help="Compare on at most this many images.",
)
@stating_options
@architecture_option
@click.option(
    "--max-drop",
    type=float,
    default=1.0,
    help="Points of accuracy that a file may lose; if it loses more, the exit code is 2.",
)
@click.option(
    "--min-agreement",
    type=click.FloatRange(0, 1),
    default=0.9,
    metavar="0..1",
    help="Without labels: the share of answers like Keras's that a file must give; less is a failure, exit code 2.",
)
@click.option("--sign", "key", type=FILE, metavar="KEY.pem", help="Sign the files with an Ed25519 key.")
@click.option("--c-array", is_flag=True, help="Write C source and header beside each file.")
@click.option(
    "--sweep-calibration",
    "sweep_sizes",
    metavar="50,100,...",
    help="Write nothing; show the effect of the calibration images.",
)
@click.option("--seeds", type=int, default=3, help="Draws of each size for --sweep-calibration.")
@click.option("--chart", type=FILE, metavar="FILE.svg", help="Draw the sweep; or .png.")
@click.option(
    "--debug", is_flag=True, help="Write nothing; show which layers suffer from int8, and what float layers cost."
)
@force_option
@json_option
def command(**options: Any) -> None:
    """Convert a Keras model to .tflite files.

    Each file is compared with the model, on images that did not calibrate it.

    MODEL is a .keras or .h5 file of any age, or the folder of a SavedModel.
    """
    from fer_edge.cli.convert_request import ConvertRequest

    request = ConvertRequest(**options)
    if request.sweep_sizes is not None:
        from fer_edge.cli.convert_sweep import sweep

        sweep(request)
    elif request.debug:
        from fer_edge.cli.convert_debug import debug

        debug(request)
    else:
        from fer_edge.cli.convert_files import convert_files

        if not all(outcome.passed for outcome in convert_files(request)):
            raise Exit(2)
