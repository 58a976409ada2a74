"""The programs of docs/mobile.md state the contract that the bundled models have."""

import re
from pathlib import Path

import pytest

from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.bundled import bundled_names, find_model
from fer_edge.types import FACE_SIZE, LABELS

TEXT = (Path(__file__).parents[2] / "docs/mobile.md").read_text("utf-8")
PROGRAMS = dict(re.findall(r"```(kotlin|swift|ts|dart)\n((?:(?!```).)*?EmotionReader\b.*?)```", TEXT, re.DOTALL)[::-1])


@pytest.mark.parametrize("language", ["kotlin", "swift", "ts", "dart"])
def test_each_program_has_the_labels_in_order_and_the_size(language: str) -> None:
    program = PROGRAMS[language]
    stated = re.search(r"labels\b[^\n]*?[=(\[]+ ?((?:[\"']\w+[\"'](?:, )?)+)", program, re.IGNORECASE)
    assert stated is not None
    assert tuple(re.findall(r"\w+", stated.group(1))) == LABELS
    assert re.search(rf"\b_?side = {FACE_SIZE}\b", program, re.IGNORECASE)
    assert "edge_cnn_s.int8" in program or 'edge_cnn_s.int8.tflite"' in TEXT
    assert "0.299" in program


def test_the_contract_is_that_of_every_bundled_model() -> None:
    assert f"is {', '.join(LABELS)}." in TEXT
    for name in bundled_names():
        metadata = read_model(find_model(name)).metadata.content
        assert tuple(metadata["labels"]) == LABELS
        assert (metadata["input"]["shape"], metadata["input"]["dtype"]) == ([1, 48, 48, 1], "uint8")
        kind = "uint8" if name.endswith("int8") else "float32"
        assert (metadata["output"]["shape"], metadata["output"]["dtype"]) == ([1, 7], kind)
        assert metadata["output"]["scores"] == "probabilities"
