"""A file that carries code is refused by its description, before Keras is even loaded."""

import base64
import json
import marshal
import zipfile
from pathlib import Path
from typing import Any

import h5py
import pytest

from fer_edge.errors import ModelError
from fer_edge.kerasfile.look import look_at


def attack(target: Path) -> str:
    """Return code, as Keras stores a lambda, that would write `target`."""
    code = compile(f"open({str(target)!r}, 'w').close()", "attack", "exec")
    return base64.b64encode(marshal.dumps(code)).decode()


def with_lambda_layer(code: str) -> dict[str, Any]:
    return {"class_name": "Lambda", "config": {"name": "innocent", "function": [code, None, None]}}


def with_lambda_activation(code: str) -> dict[str, Any]:
    hidden = {"class_name": "__lambda__", "config": {"value": [code, None, None]}}
    return {"class_name": "Dense", "config": {"name": "innocent", "units": 7, "activation": hidden}}


@pytest.mark.parametrize("layer", [with_lambda_layer, with_lambda_activation])
@pytest.mark.parametrize("suffix", [".h5", ".keras"])
def test_code_in_a_file_is_not_run(layer: Any, suffix: str, tmp_path: Path) -> None:
    target = tmp_path / "written"
    description = json.dumps({"class_name": "Sequential", "config": {"layers": [layer(attack(target))]}})
    path = tmp_path / f"evil{suffix}"
    if suffix == ".h5":
        with h5py.File(path, "w") as file:
            file.attrs["model_config"] = description
    else:
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr("config.json", description)
            archive.writestr("metadata.json", "{}")
    with pytest.raises(ModelError, match="Python code"):
        look_at(path)
    assert not target.exists()
