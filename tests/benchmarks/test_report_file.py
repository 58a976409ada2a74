"""The JSON of a bench: the published schema, the way there and back, and every kind of damage."""

import contextlib
import copy
import dataclasses
import json
import random
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT
from hypothesis import given, settings
from hypothesis import strategies as st
from jsonschema import Draft202012Validator
from reports import make_report, without_labels

from fer_edge.benchmarks.report_file import ReportError, dump_report, read_report
from fer_edge.benchmarks.results import Caution
from fer_edge.errors import FerEdgeError

SCHEMA = ROOT / "fer_edge/benchmarks/bench-schema.json"


def validate(content: Any) -> None:
    Draft202012Validator(json.loads(SCHEMA.read_text())).validate(content)


def test_schema_is_what_the_classes_say() -> None:
    from tools.generate.bench_schema import make_schema

    assert SCHEMA.read_text() == make_schema(), "run: python -m tools.generate.bench_schema"
    Draft202012Validator.check_schema(json.loads(SCHEMA.read_text()))


@pytest.mark.parametrize("report", [make_report(), without_labels(make_report())], ids=["labelled", "unlabelled"])
def test_there_and_back(report, tmp_path: Path) -> None:
    text = dump_report(report)
    validate(json.loads(text))
    path = tmp_path / "report.json"
    path.write_text(text)
    assert read_report(path) == report
    assert max(map(len, text.splitlines())) > 100, "raw samples stand on one line"


def test_layout_version_2_is_read(tmp_path: Path) -> None:
    content = json.loads(dump_report(make_report()))
    content["format_version"] = 2
    del content["settings"]["processes"]
    content["models"][0]["operator_times_ms"] = None
    path = tmp_path / "old.json"
    path.write_text(json.dumps(content))
    assert read_report(path).settings.processes == 1


def test_schema_refuses_what_it_does_not_know() -> None:
    content = json.loads(dump_report(make_report()))
    content["models"][0]["secret"] = 1
    with pytest.raises(Exception, match="secret"):
        validate(content)


def test_published_example_holds(tmp_path: Path) -> None:
    example = ROOT / "docs/examples/bench.json"
    validate(json.loads(example.read_text()))
    report = read_report(example)
    assert report.settings.quick
    assert all(len(series.rounds_ms) == report.settings.rounds for model in report.models for series in model.latency)


def change(path: str, value: Any):
    """Return a function that sets the value at a place such as "models.0.id"."""

    def apply(content: dict) -> None:
        *parents, last = [int(part) if part.isdigit() else part for part in path.split(".")]
        place: Any = content
        for part in parents:
            place = place[part]
        if value is ...:
            del place[last]
        else:
            place[last] = value

    return apply


DAMAGE = {
    "other format": (change("format", "pyperf"), "is not a bench report"),
    "no format": (change("format", ...), "is not a bench report"),
    "version 1": (change("format_version", 1), "version 1; this fer-edge reads version 2 and 3. Bench again"),
    "version 4": (change("format_version", 4), "version 4; this fer-edge reads version 2 and 3. Update fer-edge"),
    "version in words": (change("format_version", "two"), 'version "two"'),
    "missing key": (change("models.1.cost.macs", ...), "'models[1].cost.macs' is missing"),
    "text for number": (
        change("models.0.latency.2.rounds_ms.3.4", "fast"),
        'rounds_ms[3][4]\' is "fast", expected a number',
    ),
    "truth for number": (change("models.0.file_bytes", True), "'models[0].file_bytes' is true"),
    "number for list": (change("labels", 7), "'labels' is 7, expected a list"),
    "list for object": (change("settings", []), "'settings' is [], expected an object"),
    "no models": (change("models", []), "'models' is empty"),
    "one id twice": (change("models.1.id", "tiny:float32"), "names one twice"),
    "no such baseline": (change("models.1.baseline", "tiny:int4"), "is not among the models"),
    "no start": (change("models.0.starts", []), "no start"),
    "empty round": (change("models.0.latency.0.rounds_ms.0", []), "without samples"),
    "no round": (change("models.0.latency.0.rounds_ms", []), "without rounds"),
    "negative time": (change("models.0.latency.0.rounds_ms.0.0", -1.0), "not above 0"),
    "answers cut off": (change("models.0.answers.predicted", "012"), "do not fit 280 images"),
    "answers in words": (change("models.0.answers.correct", "x" * 280), "do not fit 280 images"),
    "confusion cut off": (change("models.0.accuracy.confusion", [[1]]), "not 7 x 7"),
    "class missing": (change("models.0.accuracy.per_class.happy", ...), "that are not the labels"),
    "no process": (change("settings.processes", 0), "'settings.processes' is 0"),
    "more processes than rounds": (change("settings.processes", 99), "'settings.processes' is 99"),
    "start in no time": (change("models.0.starts.0.first_result_ms", 0), "not above 0"),
    "file without bytes": (change("models.0.file_bytes", 0), "not above 0"),
    "half a character": (change("host.versions.numpy", "\ud800"), "'host.versions.numpy' is"),
    "half a character in a key": (change("host.versions.\ud800", 1), "'a key of host.versions' is"),
    "endless heat": (change("course.temperature_max_c", 10**400), "'course.temperature_max_c' is"),
    "no number": (change("models.0.accuracy.top1", float("nan")), "'models[0].accuracy.top1' is NaN"),
    "more than all": (change("models.0.accuracy.top1", 1.5), "'models[0].accuracy.top1' is 1.5, expected from 0 to 1"),
    "time too short": (change("models.0.latency.0.rounds_ms.0.0", 5e-324), "rounds_ms[0][0]' is 5e-324, expected"),
    "time too long": (change("models.0.latency.0.summary_ms.p50", 1e14), "summary_ms.p50' is 1"),
    "ratio of nothing": (change("ratios.0.value", 0), "'ratios[0].value' is 0"),
    "no throughput": (change("models.1.throughput", []), "other thread counts"),
    "no thread count": (change("settings.threads", []), "'settings.threads' is empty"),
}


@pytest.mark.parametrize(("damage", "reason"), DAMAGE.values(), ids=DAMAGE)
def test_damage_is_named(damage, reason: str, tmp_path: Path) -> None:
    content = json.loads(dump_report(make_report()))
    damage(content)
    path = tmp_path / "report.json"
    path.write_text(json.dumps(content))
    with pytest.raises(ReportError) as caught:
        read_report(path)
    assert reason in str(caught.value)
    assert "report.json" in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize("text", ["", "{", "[" * 100_000, "null", "[]", "\x00\xff", '{"format": "fer-edge-bench"}'])
def test_no_report_at_all(text: str, tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(ReportError, match=r"report\.json"):
        read_report(path)


def test_missing_file_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path, tmp_path / "nowhere.json"):
        with pytest.raises(ReportError, match=r": (no such file|is a folder)"):
            read_report(path)


WHOLE = json.loads(dump_report(make_report()))


def places(value: Any, path: tuple = ()) -> list[tuple]:
    children = value.items() if isinstance(value, dict) else enumerate(value[:2]) if isinstance(value, list) else ()
    return [path] * bool(path) + [place for key, child in children for place in places(child, (*path, key))]


def at(content: Any, place: tuple) -> Any:
    for key in place:
        content = content[key]
    return content


@settings(max_examples=150, deadline=None)
@given(place=st.sampled_from(places(WHOLE)), value=st.sampled_from([None, -1, 0, 1e308, "", "x", [], {}, True, [[]]]))
def test_any_one_wrong_value_is_refused_or_drawn(place: tuple, value: Any, tmp_path_factory) -> None:
    """Nothing but `ReportError` comes out, whatever stands in the file."""
    from fer_edge.benchmarks.html.page import render_page

    content = copy.deepcopy(WHOLE)
    inner = content
    for key in place[:-1]:
        inner = inner[key]
    inner[place[-1]] = value
    path = tmp_path_factory.getbasetemp() / "mutant.json"
    path.write_text(json.dumps(content))
    try:
        report = read_report(path)
    except ReportError:
        return
    assert render_page([("mutant", report)])


NUMBERS = [-1, 0, 1, 1e-300, 5e-324, 1e-6, 0.5, 1e5, 1e13, 9e14, 1e308, float("nan"), float("inf"), 10**400]
TEXTS = ["", "x", "\ud800", ":", "<b>", "a\nb", "tiny:int8", "load", "drift"]


def test_values_of_the_right_type_are_refused_or_used() -> None:
    """As above, of numbers and texts that only their size or content betrays, in all that reads reports."""
    from fer_edge.benchmarks.advice import judge_times, recommend
    from fer_edge.benchmarks.compare import compare_reports
    from fer_edge.benchmarks.fleet import find_outliers, group_fleet, read_member
    from fer_edge.benchmarks.html.page import render_page

    rng, whole = random.Random(7), make_report()
    leaves = [place for place in places(WHOLE) if isinstance(at(WHOLE, place), int | float | str)]
    parts = [[place for place in leaves if place[0] == part] for part in WHOLE]  # else nearly all were of the models
    parts = [part for part in parts if part]
    used = 0
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "mutant.json"
        for _ in range(200):
            content = copy.deepcopy(WHOLE)
            for _ in range(rng.choice([1, 1, 2])):
                place = rng.choice(rng.choice(parts))
                at(content, place[:-1])[place[-1]] = rng.choice(TEXTS if isinstance(at(WHOLE, place), str) else NUMBERS)
            path.write_text(json.dumps(content))
            try:
                report = read_report(path)
            except ReportError:
                continue
            used += 1
            assert render_page([("mutant", report)]).encode()
            for pair in ((whole, report), (report, whole)):
                with contextlib.suppress(FerEdgeError):  # no variant in common
                    compare_reports(*pair)
            judge_times(report)
            recommend(report)
            members = [read_member(str(number), one) for number, one in enumerate([whole, whole, report])]
            assert all(find_outliers(group) is not None for group in group_fleet(members))
    assert 20 < used < 180


def test_empty_warning() -> None:
    from fer_edge.benchmarks.advice import judge_times

    report = dataclasses.replace(make_report(), warnings=[Caution("load", "", "", None)])
    assert judge_times(report).endswith("times are unreliable.")


def test_reading_needs_neither_jsonschema_nor_tensorflow(tmp_path: Path) -> None:
    path = tmp_path / "report.json"
    path.write_text(dump_report(make_report()))
    program = (
        "import sys; from pathlib import Path\n"
        "from fer_edge.benchmarks.report_file import read_report\n"
        "from fer_edge.benchmarks.html.page import render_page\n"
        f"render_page([('a', read_report(Path({str(path)!r})))])\n"
        "heavy = {'jsonschema', 'tensorflow', 'matplotlib', 'skimage', 'sklearn'} & set(sys.modules)\n"
        "assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", program], check=True)
