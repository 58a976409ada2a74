"""Help of every command: its examples are real, its lines fit, and nobody has to know its types."""

import re
import shlex

import click
import pytest
from click.testing import CliRunner

from fer_edge.cli.app import COMMANDS, app

CONTEXT = click.Context(app, info_name="fer-edge")


def help_of(name: str) -> str:
    done = CliRunner().invoke(app, [name, "-h"], terminal_width=80)
    assert done.exit_code == 0
    return done.stdout


def test_no_summary_is_cut_short() -> None:
    text = app.get_help(click.Context(app, info_name="fer-edge", terminal_width=80))
    assert "..." not in text.split("Commands:")[1]
    assert [line.split()[0] for line in text.split("Commands:\n")[1].splitlines()] == list(COMMANDS)


@pytest.mark.parametrize("name", COMMANDS)
def test_help_fits_and_names_no_types_of_python(name: str) -> None:
    text = help_of(name)
    assert max(map(len, text.splitlines())) <= 80
    assert "-h, --help" in text
    assert "<bool>" not in text.lower()
    assert "BOOLEAN" not in text


@pytest.mark.parametrize("name", COMMANDS)
def test_examples_parse(name: str) -> None:
    examples = [line.strip() for line in help_of(name).split("Examples:\n")[1].splitlines()]
    assert examples
    for line in examples:
        program, called, *arguments = shlex.split(re.split(r" \||>", line)[0])
        assert (program, called) == ("fer-edge", name)
        command = app.get_command(CONTEXT, name)
        command.make_context(name, arguments, parent=CONTEXT)
