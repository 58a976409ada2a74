"""`fer-edge models`, the list of recipes, and `fer-edge completion`."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from conftest import ROOT

from fer_edge.runtime.bundled import bundled_names
from fer_edge.train.config import recipe_names


def test_every_bundled_model_with_its_figures(run_cli) -> None:
    done = run_cli("models", "--json")
    assert (done.returncode, done.stderr) == (0, "")
    models = json.loads(done.stdout)
    assert [model["name"] for model in models] == bundled_names()
    for model in models:
        path = ROOT / "fer_edge/assets" / f"{model['name'].replace(':', '.')}.tflite"
        assert model["bytes"] == path.stat().st_size
        assert 0.6 < model["accuracy"] < 0.8
        assert 0 < model["predict_ms"] < 1000
        assert 5e6 < model["macs"] < 1e8


def test_table_fits_80_columns(run_cli) -> None:
    lines = run_cli("models").stdout.splitlines()
    assert len(lines) == 1 + len(bundled_names())
    assert max(map(len, lines)) <= 80


def test_train_without_arguments_lists_the_recipes(run_cli) -> None:
    done = run_cli("train")
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert [line.split()[0] for line in lines] == recipe_names()
    assert all(len(line.split()) >= 4 and len(line) <= 80 for line in lines)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_prints_a_script(shell: str, run_cli) -> None:
    done = run_cli("completion", shell)
    assert done.returncode == 0, done.stderr
    assert f"_FER_EDGE_COMPLETE={shell}_complete" in done.stdout


@pytest.mark.skipif(shutil.which("bash") is None, reason="bash is not installed")
@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("fer-edge pre", {"predict"}),
        ("fer-edge predict --mod", {"--model"}),
        ("fer-edge predict --model edge_cnn_s", {"edge_cnn_s", "edge_cnn_s:int8", "edge_cnn_s:float16"}),
        ("fer-edge completion z", {"zsh"}),
    ],
)
def test_bash_completes(words: str, expected: set[str], tmp_path: Path) -> None:
    """In a real bash: the script is loaded, and its function is called as pressing Tab does."""
    program = tmp_path / "fer-edge"
    program.write_text(f'#!/bin/sh\nexec {sys.executable} -m fer_edge "$@"\n')
    program.chmod(0o755)
    script = (
        "source <(fer-edge completion bash); COMP_WORDS=($1); COMP_CWORD=$((${#COMP_WORDS[@]} - 1)); "
        '_fer_edge_completion fer-edge; printf "%s\\n" "${COMPREPLY[@]}"'
    )
    environment = {"PATH": f"{tmp_path}:{os.environ['PATH']}", "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        ["bash", "-c", script, "bash", words], env=environment, capture_output=True, text=True, check=False
    )
    assert set(done.stdout.split()) == expected, done.stderr
