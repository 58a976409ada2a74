"""A file that would end the interpreter is refused before it; each case is one field of a sound file, changed."""

import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from fer_edge.errors import ModelError
from fer_edge.graph.check import check_structure
from fer_edge.graph.operators import NAMES
from fer_edge.graph.table import Table
from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime.bundled import bundled_names, find_model

FIXTURE = Path(__file__).parents[1] / "fixtures/tiny.int8.tflite"


class Editor:
    """Finds fields by their number in TFLite's schema, and overwrites them in place."""

    def __init__(self, flatbuffer: bytes) -> None:
        self.data = bytearray(flatbuffer)
        self.model = Table(flatbuffer, struct.unpack_from("<I", flatbuffer)[0])
        self.graph = self.model.tables(2)[0]

    def tensor(self, number: int) -> Table:
        return self.graph.tables(0)[number]

    def operator(self, number: int) -> Table:
        return self.graph.tables(3)[number]

    def put(self, table: Table, field: int, format_: str, value: float) -> None:
        struct.pack_into(f"<{format_}", self.data, table._find(field), value)

    def put_in(self, table: Table, field: int, format_: str, value: float, index: int = 0) -> None:
        start, count = table.vector(field, struct.calcsize(format_))
        assert index < count
        struct.pack_into(f"<{format_}", self.data, start + index * struct.calcsize(format_), value)

    def put_code(self, number: int, code: int) -> None:
        """Give an entry of the operator codes another code, in its older field too."""
        entry = self.model.tables(1)[number]
        self.put(entry, 0, "b", min(code, 127))
        self.put(entry, 3, "i", code)

    def put_count(self, table: Table, field: int, count: int) -> None:
        start, _ = table.vector(field, 1)
        struct.pack_into("<I", self.data, start - 4, count)


def quantisation(edit: Editor, number: int) -> Table:
    table = edit.tensor(number).table(4)
    assert table is not None
    return table


def activation(edit: Editor) -> int:
    """Return a computed int8 tensor: what the first operator writes."""
    return edit.operator(0).numbers(1 + 1, "i")[0]


CASES: dict[str, tuple[Callable[[Editor], None], str]] = {
    "rank 100": (lambda e: e.put_count(e.tensor(0), 0, 100), "damaged"),
    "negative size": (lambda e: e.put_in(e.tensor(0), 0, "i", -5, 1), "impossible shape"),
    "size 0": (lambda e: e.put_in(e.tensor(0), 0, "i", 0, 1), "impossible shape"),
    "huge size": (lambda e: e.put_in(e.tensor(0), 0, "i", 2**31 - 1, 1), "elements, at most"),
    "no such dtype": (lambda e: e.put(e.tensor(0), 1, "B", 99), "damaged"),
    "no such buffer": (lambda e: e.put(e.tensor(3), 2, "I", 5000), "damaged"),
    "scale NaN": (lambda e: e.put_in(quantisation(e, activation(e)), 2, "f", float("nan")), "not a positive number"),
    "scale 0": (lambda e: e.put_in(quantisation(e, activation(e)), 2, "f", 0.0), "not a positive number"),
    "scale -1": (lambda e: e.put_in(quantisation(e, activation(e)), 2, "f", -1.0), "not a positive number"),
    "scale infinite": (lambda e: e.put_in(quantisation(e, activation(e)), 2, "f", float("inf")), "not a positive"),
    "scale 1e-45": (lambda e: e.put_in(quantisation(e, activation(e)), 2, "f", 1e-45), "not a positive number"),
    "scale 1e-16": (lambda e: e.put_in(quantisation(e, activation(e)), 2, "f", 1e-16), "too far apart"),
    "zero point 300": (lambda e: e.put_in(quantisation(e, activation(e)), 3, "q", 300), "zero point"),
    "output -1": (lambda e: e.put_in(e.graph, 2, "i", -1), "no output"),
    "output 5000": (lambda e: e.put_in(e.graph, 2, "i", 5000), "damaged"),
    "input -1": (lambda e: e.put_in(e.graph, 1, "i", -1), "no input"),
    "an operator's output -1": (lambda e: e.put_in(e.operator(1), 2, "i", -1), "has no output"),
    "an operator's input -1": (lambda e: e.put_in(e.operator(1), 1, "i", -1), "lacks an input"),
    "operator code 126": (lambda e: e.put_code(0, 126), "expected|turns|inputs"),
    "a delegate": (lambda e: e.put_code(0, NAMES.index("DELEGATE")), "no operator"),
    "operator code 9999": (lambda e: e.put_code(0, 9999), "no operator"),
    "no operator code": (lambda e: e.put(e.operator(1), 0, "I", 200), "damaged"),
    "no operators": (lambda e: e.put_count(e.graph, 3, 0), "damaged"),
    "no graph": (lambda e: e.put_count(e.model, 2, 0), "damaged"),
    "a name that is not UTF-8": (lambda e: e.put_in(e.tensor(0), 3, "B", 0xFF), "damaged"),
    "a million tensors": (lambda e: e.put_count(e.graph, 0, 1_000_000), "damaged"),
}


@pytest.mark.parametrize("case", CASES)
def test_damage_is_named(case: str) -> None:
    change, words = CASES[case]
    edit = Editor(read_model(FIXTURE).flatbuffer)
    change(edit)
    with pytest.raises(ModelError, match=words) as caught:
        check_structure(bytes(edit.data), "strange.tflite")
    assert str(caught.value).startswith("strange.tflite")


def positions_of(edit: Editor) -> tuple[Table, Table, Table]:
    """Return the sparsity of the tensor that has one, and its segments and indices along the second dimension."""
    sparsity = next(found for table in edit.graph.tables(0) if (found := table.table(6)) is not None)
    compressed = sparsity.tables(2)[1]
    segments, indices = compressed.table(3), compressed.table(5)
    assert segments is not None
    assert indices is not None
    return sparsity, segments, indices


SPARSE_CASES: dict[str, Callable[[Editor], None]] = {
    "a position beyond its shape": lambda e: e.put_in(positions_of(e)[2], 0, "B", 8, 3),
    "segments that go backwards": lambda e: e.put_in(positions_of(e)[1], 0, "B", 9, 3),
    "segments that do not cover the positions": lambda e: e.put_count(positions_of(e)[1], 0, 16),
    "fewer positions than values": lambda e: e.put_count(positions_of(e)[2], 0, 15),
    "a dimension named twice": lambda e: e.put_in(positions_of(e)[0], 0, "i", 0, 1),
    "a dimension of another size": lambda e: e.put(positions_of(e)[0].tables(2)[0], 1, "i", 99),
    "a dimension that is missing": lambda e: e.put_count(positions_of(e)[0], 2, 1),
}


@pytest.mark.parametrize("case", SPARSE_CASES)
def test_sparse_weights_beyond_their_tensor_are_refused(case: str) -> None:
    edit = Editor(FIXTURE.with_name("sparse.tflite").read_bytes())
    SPARSE_CASES[case](edit)
    with pytest.raises(ModelError, match="damaged"):
        check_structure(bytes(edit.data))


def test_sparse_weights_are_counted() -> None:
    graph = check_structure(FIXTURE.with_name("sparse.tflite").read_bytes())
    (sparse,) = [tensor for tensor in graph.tensors if tensor.positions is not None]
    assert (sparse.shape, sparse.positions, sparse.stored_bytes) == ((16, 8), 16, 64)


@pytest.mark.parametrize("name", bundled_names())
def test_bundled_networks_are_sound(name: str) -> None:
    assert check_structure(read_model(find_model(name)).flatbuffer).graphs == 1


@pytest.mark.parametrize("path", sorted(FIXTURE.parent.rglob("*.tflite")), ids=lambda path: path.stem)
def test_other_networks_are_sound(path: Path) -> None:
    data = path.read_bytes()
    assert check_structure(data).operators


def test_the_runtime_and_verify_refuse_a_resealed_file(tmp_path: Path) -> None:
    """In a process of its own: without the check, this one ends it."""
    file = read_model(FIXTURE)
    edit = Editor(file.flatbuffer)
    edit.put_count(edit.tensor(0), 0, 100)
    strange = tmp_path / "strange.tflite"
    strange.write_bytes(append_metadata(bytes(edit.data), file.metadata.content))
    for command in (["verify", strange], ["inspect", strange]):
        done = subprocess.run([sys.executable, "-m", "fer_edge", *command], capture_output=True, text=True, check=False)
        assert done.returncode == 1
        assert "damaged" in done.stderr
        assert "Traceback" not in done.stderr
    program = f"from fer_edge.runtime import EmotionClassifier\nEmotionClassifier({str(strange)!r})"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert done.returncode == 1
    assert "ModelError" in done.stderr
