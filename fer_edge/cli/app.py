"""The typer application that the commands join."""

from __future__ import annotations

from typing import Annotated

import typer

from fer_edge import __version__

app = typer.Typer(
    name="fer-edge",
    help="Facial emotion recognition for small computers: train, convert, run, bench.",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
)


@app.callback(invoke_without_command=True)
def root(version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False) -> None:
    """Facial emotion recognition for small computers: train, convert, run, bench."""
    if version:
        print(f"fer-edge {__version__}")
        raise typer.Exit
