"""`fer-edge completion`."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from fer_edge.cli.options import examples

VARIABLE = "_FER_EDGE_COMPLETE"
"""With it in the environment, the program answers the shell instead of running; click derives it from the name."""


@click.command(
    epilog=examples(
        "fer-edge completion bash >> ~/.bashrc",
        "fer-edge completion zsh >> ~/.zshrc",
        "fer-edge completion fish > ~/.config/fish/completions/fer-edge.fish",
    )
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
def command(shell: str) -> None:
    """Print a script with which a shell completes commands."""
    from fer_edge.cli.app import app

    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(app, {}, "fer-edge", VARIABLE).source())
