"""Keras networks where other commands take .tflite files: their float32 file stands for them."""

import json
from pathlib import Path

import pytest
from click.testing import CliRunner

from fer_edge.cli.bench import _convert_keras
from fer_edge.cli.inspect import command as inspect
from fer_edge.data.fer2013 import PUBLIC_FACES
from fer_edge.errors import ModelError
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.foreign import Statement


def test_inspect_shows_the_float32_file_of_a_keras_network(model_files: dict[str, Path]) -> None:
    done = CliRunner().invoke(inspect, [str(model_files["keras"]), "--json"])
    assert done.exit_code == 0, done.output
    content = json.loads(done.stdout)
    assert content["file"] == "tiny.float32.tflite"
    twin = json.loads(CliRunner().invoke(inspect, [str(model_files["float32"]), "--json"]).stdout)
    assert (content["macs"], content["outputs"][0]["shape"]) == (twin["macs"], twin["outputs"][0]["shape"])


def test_inspect_shows_a_tflite_file_as_it_is(model_files: dict[str, Path]) -> None:
    done = CliRunner().invoke(inspect, [str(model_files["int8"]), "--input-range", "0,1"])
    assert isinstance(done.exception, ModelError)
    assert "is no Keras network" in str(done.exception)


def test_bench_takes_keras_networks_of_one_name(model_files: dict[str, Path], tmp_path: Path) -> None:
    twins = [tmp_path / "a/net.keras", tmp_path / "b/net.keras"]
    for twin in twins:
        twin.parent.mkdir()
        twin.write_bytes(model_files["keras"].read_bytes())
    models = [str(twins[0]), str(model_files["int8"]), str(twins[1])]
    first, same, second = _convert_keras(models, None, Statement(), PUBLIC_FACES, tmp_path / "made")
    assert same == str(model_files["int8"])
    assert first != second
    assert read_model(first).metadata.labels == read_model(second).metadata.labels


def test_what_is_no_keras_network_is_refused(tmp_path: Path) -> None:
    (tmp_path / "letter.keras").write_text("Dear network,")
    with pytest.raises(ModelError, match=r"letter\.keras"):
        _convert_keras([str(tmp_path / "letter.keras")], None, Statement(), PUBLIC_FACES, tmp_path / "made")
