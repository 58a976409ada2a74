"""The decoder: every type it takes, and what it refuses with which words."""

import math
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any, Literal

import pytest

from fer_edge.decode import DecodeError, Range, decode
from fer_edge.errors import RecipeError
from fer_edge.toml import parse_override, read_toml


@dataclass(frozen=True)
class Inner:
    share: Annotated[float, Range(0, 1, below=True)]


@dataclass(frozen=True)
class Outer:
    count: int
    names: list[str] = field(default_factory=list)
    inner: Inner | None = None
    table: dict[str, Inner] = field(default_factory=dict)
    colour: Literal["red", "green"] = "red"
    anything: Any = None


def test_a_whole_object() -> None:
    value = {"count": 3, "names": "one", "inner": {"share": 0}, "table": {"a": {"share": 0.5}}, "colour": "green"}
    decoded = decode(value, Outer)
    assert decoded == Outer(3, ["one"], Inner(0.0), {"a": Inner(0.5)}, "green")
    assert type(decoded.inner.share) is float


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ([], "'' is [], expected an object"),
        ({}, "'count' is missing"),
        ({"count": True}, "'count' is true, expected a whole number"),
        ({"count": 1.0}, "'count' is 1.0, expected a whole number"),
        ({"count": 10**5000}, "'count' is too large, expected a whole number"),
        ({"count": 1, "names": [1]}, "'names[0]' is 1, expected a text"),
        ({"count": 1, "names": ["\ud800"]}, "expected a text"),
        ({"count": 1, "inner": {"share": 1}}, "'inner.share' is 1.0, expected from 0 to below 1"),
        ({"count": 1, "inner": {"share": math.nan}}, "'inner.share' is NaN, expected a number"),
        ({"count": 1, "inner": {"share": -math.inf}}, "expected a number"),
        ({"count": 1, "table": {"a\n": {}}}, "is missing"),
        ({"count": 1, "colour": "blue"}, "'colour' is \"blue\", expected red or green"),
        ({"count": 1, "colour": ["red"]}, "expected red or green"),
    ],
)
def test_what_is_refused(value: Any, reason: str) -> None:
    with pytest.raises(DecodeError) as caught:
        decode(value, Outer)
    assert reason in str(caught.value)


def test_unknown_keys_are_refused_only_where_asked() -> None:
    assert decode({"count": 1, "new": 2}, Outer) == Outer(1)
    with pytest.raises(DecodeError, match="'new' is an unknown field; expected one of count, names"):
        decode({"count": 1, "new": 2}, Outer, strict=True)
    with pytest.raises(DecodeError, match=r"'inner.x' is an unknown field"):
        decode({"count": 1, "inner": {"share": 0, "x": 1}}, Outer, strict=True)


@pytest.mark.parametrize(
    ("bounds", "text", "inside", "outside"),
    [
        (Range(1), "at least 1", [1, 1e14], [0.99, math.nan, math.inf]),
        (Range(0, above=True), "more than 0", [1e-9], [0, -1]),
        (Range(0, 1), "from 0 to 1", [0, 1], [-1e-9, 1.001]),
        (Range(0, 1, below=True), "from 0 to below 1", [0, 0.999], [1]),
        (Range(0, 1, above=True), "more than 0, up to 1", [1e-9, 1], [0]),
    ],
)
def test_ranges(bounds: Range, text: str, inside: list[float], outside: list[float]) -> None:
    assert str(bounds) == text
    assert all(bounds.holds(value) for value in inside)
    assert not any(bounds.holds(value) for value in outside)


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"epochs = \xff", "not encoded as UTF-8"),
        (b"epochs = " + b"9" * 5000, "not valid TOML"),
        (b"x = " + b"[" * 20_000 + b"]" * 20_000, "nest too deeply"),
        (b"epochs = [", "not valid TOML"),
        (b"#" * 2_000_000, "too large"),
    ],
)
def test_hostile_toml_is_a_sentence(tmp_path: Path, content: bytes, reason: str) -> None:
    path = tmp_path / "mine.toml"
    path.write_bytes(content)
    with pytest.raises(RecipeError, match=reason) as caught:
        read_toml(path)
    assert "mine.toml" in str(caught.value)
    assert len(str(caught.value)) < 300


def test_what_is_no_file_is_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(RecipeError, match="no such file"):
        read_toml(tmp_path / "mine.toml")
    with pytest.raises(RecipeError, match="not a regular file"):
        read_toml(tmp_path)


def test_hostile_overrides() -> None:
    assert parse_override("epochs=" + "9" * 5000) == ("epochs", "9" * 5000)
    with pytest.raises(RecipeError, match="nests too deeply"):
        parse_override("epochs=" + "[" * 20_000 + "]" * 20_000)
