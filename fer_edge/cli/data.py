"""`fer-edge data`."""

from __future__ import annotations

from pathlib import Path

import click

from fer_edge.cli.options import FILE, class_options, examples, json_option, read_classes
from fer_edge.errors import DataError
from fer_edge.output import console


@click.command(epilog=examples("fer-edge data fer2013.zip", "fer-edge data mine --map grumpy=angry --leave-out bored"))
@click.argument("path", type=FILE)
@class_options
@json_option
def command(path: Path, as_json: bool) -> None:
    """Show what a copy of FER2013 contains and what is wrong with it.

    PATH is a folder, an archive, a .csv or a .parquet file.
    """
    from fer_edge.data.fer2013 import scan_data
    from fer_edge.output import tables

    with console.progress_bar("reading") as progress:
        scan = scan_data(path, progress=progress, known=read_classes())
    if as_json:
        console.print_json(tables.scan_as_json(scan))
    else:
        tables.print_scan(scan)
    if not scan.splits:
        raise DataError(f"{path}: not one of its {len(scan.unreadable):,} images can be used.")
