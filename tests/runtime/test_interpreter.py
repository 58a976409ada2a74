"""Which interpreter is taken, and what is said when none is there."""

import importlib
from pathlib import Path
from types import ModuleType

import pytest

from fer_edge.errors import ModelError
from fer_edge.modelfile.metadata import read_model
from fer_edge.runtime.interpreter import INTERPRETERS, import_interpreter, load_interpreter

FIXTURE = Path(__file__).parents[1] / "fixtures/tiny.int8.tflite"


@pytest.fixture
def installed(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """The packages that import; empty at first. Those asked for land in `asked`."""
    packages: set[str] = set()
    monkeypatch.delenv("FER_EDGE_INTERPRETER", raising=False)

    def import_module(name: str) -> ModuleType:
        if name.partition(".")[0] in packages:
            return ModuleType(name)
        raise ImportError(f"no {name} here")

    monkeypatch.setattr(importlib, "import_module", import_module)
    return packages


def test_first_that_is_there_is_taken(installed: set[str]) -> None:
    for package in ("tensorflow", "tflite_runtime", "ai_edge_litert"):
        installed.add(package)
        assert import_interpreter()[0] == package


def test_none_is_there(installed: set[str]) -> None:
    with pytest.raises(ModelError) as error:
        import_interpreter()
    for module in INTERPRETERS.values():
        assert f"no {module} here" in str(error.value)
    assert "pip install ai-edge-litert" in str(error.value)


def test_forced_one_is_the_only_one_asked(installed: set[str], monkeypatch: pytest.MonkeyPatch) -> None:
    installed |= {"ai_edge_litert", "tensorflow"}
    monkeypatch.setenv("FER_EDGE_INTERPRETER", "tensorflow")
    assert import_interpreter()[0] == "tensorflow"
    monkeypatch.setenv("FER_EDGE_INTERPRETER", "tflite_runtime")
    with pytest.raises(ModelError, match="tflite_runtime: no"):
        import_interpreter()


def test_what_is_damaged_is_refused_in_one_line(model_files: dict[str, Path]) -> None:
    flatbuffer = bytearray(read_model(model_files["float32"]).flatbuffer)
    flatbuffer[100:] = bytes(len(flatbuffer) - 100)
    with pytest.raises(ModelError, match="damaged") as error:
        load_interpreter(bytes(flatbuffer), threads=1)
    assert "\n" not in str(error.value)


def test_fault_of_the_first_run_is_found_at_loading(monkeypatch: pytest.MonkeyPatch) -> None:
    class Interpreter:
        def __init__(self, model_content: bytes, num_threads: int) -> None:
            self.ready = False

        def allocate_tensors(self) -> None:
            self.ready = True

        def invoke(self) -> None:
            assert self.ready
            raise RuntimeError("Input tensor 4 lacks data\nNode 3 failed")

    module = ModuleType("interpreter")
    module.Interpreter = Interpreter  # type: ignore[attr-defined]
    monkeypatch.setattr("fer_edge.runtime.interpreter.import_interpreter", lambda: ("tflite_runtime", module))
    with pytest.raises(ModelError, match=r"cannot run the model: Input tensor 4 lacks data Node 3 failed$"):
        load_interpreter(read_model(FIXTURE).flatbuffer, threads=1)
