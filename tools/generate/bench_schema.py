"""Write fer_edge/benchmarks/bench-schema.json from the classes in fer_edge/benchmarks/results.py.

    python -m tools.generate.bench_schema

Their docstrings become the descriptions. A test fails when the file is not what this program writes.
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import types
import typing
from dataclasses import is_dataclass
from pathlib import Path
from typing import Any

from fer_edge.benchmarks.results import FORMAT, FORMAT_VERSION, BenchReport
from fer_edge.decode import field_types

TARGET = Path(__file__).parents[2] / "fer_edge/benchmarks/bench-schema.json"
PLAIN = {float: "number", int: "integer", str: "string", bool: "boolean"}


def main() -> int:
    """Write the file."""
    TARGET.write_text(make_schema(), "utf-8")
    print(f"Wrote {TARGET}")
    return 0


def make_schema() -> str:
    """Return the schema as text."""
    definitions: dict[str, Any] = {}
    root = describe(BenchReport, definitions)
    report = definitions.pop(root["$ref"].rpartition("/")[2])
    head = {"format": {"const": FORMAT}, "format_version": {"const": FORMAT_VERSION}}
    report["properties"] = head | report["properties"]
    report["required"] = [*head, *report["required"]]
    content = {
        "$schema": "https://json-schema.org/draft/2020-12/schema",
        "title": f"fer-edge bench report, layout version {FORMAT_VERSION}",
        **report,
        "$defs": dict(sorted(definitions.items())),
    }
    return json.dumps(content, indent=1) + "\n"


def describe(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a field's type; classes go into `definitions`."""
    origin, arguments = typing.get_origin(kind), typing.get_args(kind)
    if kind is Any:
        return {}
    if origin is types.UnionType:
        return {"anyOf": [describe(arguments[0], definitions), {"type": "null"}]}
    if origin is list:
        return {"type": "array", "items": describe(arguments[0], definitions)}
    if origin is dict:
        return {"type": "object", "additionalProperties": describe(arguments[1], definitions)}
    if is_dataclass(kind):
        if kind.__name__ not in definitions:
            definitions[kind.__name__] = describe_class(kind, definitions)
        return {"$ref": f"#/$defs/{kind.__name__}"}
    return {"type": PLAIN[kind]}


def describe_class(kind: Any, definitions: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of a class: exactly its fields, described as its docstring does."""
    text = inspect.getdoc(kind) or ""
    summary, _, attributes = text.partition("Attributes:")
    meanings = dict(re.findall(r"^ {4}(\w+): ((?:.|\n {8})+)", attributes, re.MULTILINE))
    properties = {}
    for name, field_type in field_types(kind).items():
        properties[name] = describe(field_type, definitions)
        if name in meanings:
            properties[name]["description"] = " ".join(meanings[name].split())
    return {
        "description": " ".join(summary.split()),
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


if __name__ == "__main__":
    sys.exit(main())
