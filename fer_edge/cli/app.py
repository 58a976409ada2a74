"""The command line: a group that loads a command's file when that command is asked for."""

from __future__ import annotations

from importlib import import_module

import click

from fer_edge import __version__

COMMANDS = (
    "demo",
    "predict",
    "watch",
    "models",
    "label",
    "inspect",
    "verify",
    "sign",
    "c-array",
    "c",
    "web",
    "data",
    "train",
    "experiments",
    "evaluate",
    "convert",
    "describe",
    "bench",
    "report",
    "compare",
    "completion",
)
"""In the order of --help. Each is `command` in the file of its name, with "_" for "-"."""


class CommandFiles(click.Group):
    """Finds each command in its own file.

    --help loads them all for their first sentence, so the top of a command's file imports nothing that costs
    time: no NumPy, no rich (a test holds to it).
    """

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names of all commands."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Return a command, or None where there is none of this name."""
        if cmd_name not in COMMANDS:
            return None
        command: click.Command = import_module(f"fer_edge.cli.{cmd_name.replace('-', '_')}").command
        command.name = cmd_name
        return command


@click.group(
    name="fer-edge",
    cls=CommandFiles,
    context_settings={"help_option_names": ["-h", "--help"], "show_default": True, "max_content_width": 100},
)
@click.version_option(__version__, message="fer-edge %(version)s", help="Print the version and exit.")
def app() -> None:
    """Facial emotion recognition for small computers: train, convert, run, bench."""
