"""Which operators a delegate takes off the interpreter's own kernels."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from fer_edge.errors import ModelError
from fer_edge.graph.cost import ModelCost
from fer_edge.runtime.interpreter import import_interpreter, load_interpreter, package_version
from fer_edge.runtime.quiet import silenced


@dataclass(frozen=True)
class Delegation:
    """What an interpreter's delegate (XNNPACK, where nobody chose another) runs of a model.

    Attributes:
        interpreter: package and version.
        operators: the positions of the operators that the delegate takes.
    """

    interpreter: str
    operators: frozenset[int]


def read_delegation(flatbuffer: bytes, cost: ModelCost) -> Delegation | None:
    """Return what the installed interpreter delegates, or None when that is unknown.

    It cannot where no interpreter is installed or loads the model, or where it keeps the list of its
    operators to itself or lists others than the file has.
    """
    try:
        package, _ = import_interpreter()
        with silenced():
            interpreter = load_interpreter(flatbuffer, threads=1)
    except ModelError:
        return None
    list_operators = getattr(interpreter, "_get_ops_details", None)  # not a promised interface
    if list_operators is None:
        return None
    rows = list_operators()
    if [row["op_name"] for row in rows[: len(cost.operators)]] != [operator.name for operator in cost.operators]:
        return None
    delegated = _find_delegated(rows)
    return Delegation(f"{package} {package_version(package)}", delegated)


def _find_delegated(rows: list[dict[str, Any]]) -> frozenset[int]:
    """Return the operators between the inputs and the outputs of the delegates' own rows."""
    producers = {
        int(tensor): row for row in rows if row["op_name"] != "DELEGATE" for tensor in row["outputs"] if tensor >= 0
    }
    delegated = set()
    for delegate in rows:
        if delegate["op_name"] != "DELEGATE":
            continue
        given = {int(tensor) for tensor in delegate["inputs"]}
        wanted = [int(tensor) for tensor in delegate["outputs"]]
        while wanted:
            tensor = wanted.pop()
            row = producers.get(tensor)
            if tensor in given or row is None or row["index"] in delegated:
                continue
            delegated.add(int(row["index"]))
            wanted.extend(int(source) for source in row["inputs"])
    return frozenset(delegated)
