"""Options that several commands share."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

DataOption = Annotated[
    str | None,
    typer.Option(
        "--data",
        metavar="PATH",
        help="FER2013 as a folder, .zip or fer2013.csv; else $FER_EDGE_DATA, else the cache folder. "
        "'lfw_subset' stands for the unlabelled public faces of scikit-image.",
    ),
]
JsonOption = Annotated[bool, typer.Option("--json", help="Print JSON for programs.")]
DetectorOption = Annotated[
    Path | None,
    typer.Option(metavar="FILE.onnx", help="Find faces with this YuNet network; default: OpenCV's Haar cascade."),
]
ForceOption = Annotated[bool, typer.Option("--force", help="Replace files that already exist.")]
