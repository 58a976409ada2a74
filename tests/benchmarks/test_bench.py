"""The report of one benchmark: who is compared with whom, on what, and what was measured."""

import hashlib
import json
import shutil
from pathlib import Path

import numpy as np
import pytest
from jsonschema import Draft202012Validator
from reports import make_series
from sklearn import metrics as reference

from fer_edge import __version__
from fer_edge.benchmarks import bench
from fer_edge.benchmarks.accuracy import agreement, measure_accuracy, predict_probabilities, predict_together
from fer_edge.benchmarks.bench import run_bench
from fer_edge.benchmarks.report_file import dump_report
from fer_edge.benchmarks.results import TASKS, Settings, Start
from fer_edge.benchmarks.timing import Times
from fer_edge.benchmarks.variants import plan_variants
from fer_edge.errors import ModelError
from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.runtime import EmotionClassifier
from fer_edge.types import LABELS, LabelledImages

TINY = Settings(quick=True, seed=0, threads=[1], rounds=4, min_samples=12, min_seconds=0.004)


@pytest.fixture(scope="module")
def labelled(faces: np.ndarray) -> LabelledImages:
    labels = np.arange(len(faces), dtype=np.int64) % 7
    return LabelledImages(faces, labels, "public", tuple(f"{index}.png" for index in range(len(faces))))


@pytest.fixture
def no_timing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Stands in for the measuring processes where a test is not about time."""

    def measure(variants, settings, *, crops, notify, look, detector) -> Times:
        ids = [variant.id for variant in variants]
        return Times(
            starts={id_: [Start(1.0, 1.0, 2.0, 50.0)] for id_ in ids},
            latency={id_: [make_series(task, 1.0) for task in TASKS] for id_ in ids},
            throughput={id_: [] for id_ in ids},
            session_memory_mb=dict.fromkeys(ids, 60.0),
            products=[],
            scene=None,
        )

    monkeypatch.setattr(bench, "measure_times", measure)
    monkeypatch.setattr(bench, "describe_host", lambda: {"cpu": "test", "cores": 4})


def bench_of(models: list[Path], faces=None, *, baseline: Path | None = None, settings: Settings = TINY):
    return run_bench(
        models, baseline=baseline, faces=faces, faces_name="synthetic faces", settings=settings, notify=lambda _: None
    )


def test_real_report(model_files: dict[str, Path], labelled: LabelledImages) -> None:
    report = bench_of([model_files["int8"], model_files["float32"]], labelled)
    content = json.loads(dump_report(report))
    schema = Path(bench.__file__).parent / "bench-schema.json"
    Draft202012Validator(json.loads(schema.read_text())).validate(content)
    assert content["fer_edge_version"] == __version__
    assert content["images"]["sha256"] == labelled.sha256()
    assert (content["images"]["description"], content["images"]["count"]) == ("synthetic faces", len(labelled))
    assert content["host"]["versions"]["numpy"]
    assert content["host"]["interpreter"]
    assert [model["recipe"] for model in content["models"]] == ["float32", "int8"]
    for model, file in zip(content["models"], (model_files["float32"], model_files["int8"]), strict=True):
        data = file.read_bytes()
        assert (model["file_bytes"], model["sha256"]) == (len(data), hashlib.sha256(data).hexdigest())
        assert [(entry["task"], entry["threads"]) for entry in model["latency"]] == [(task, 1) for task in TASKS]
        for entry in model["latency"]:
            assert len(entry["rounds_ms"]) == TINY.rounds
            assert all(len(samples) >= 3 for samples in entry["rounds_ms"])
            assert entry["summary_ms"]["p50"] == pytest.approx(np.median(np.concatenate(entry["rounds_ms"])))
        assert model["cost"]["macs"] > 100_000
        assert model["peak_share"] > 0
        assert {entry["batch"] for entry in model["throughput"]} == {1, 8, 32}
        assert len(model["answers"]["predicted"]) == len(labelled)
    assert [model["calibration"] for model in content["models"]] == [None, "50 faces of synthetic"]
    assert {product["dtype"] for product in content["matrix_products"]} == {"float32", "int8"}
    assert [(ratio["model"], ratio["task"]) for ratio in content["ratios"]] == [
        (content["models"][1]["id"], task) for task in TASKS
    ]
    assert "quick" in {caution["code"] for caution in content["warnings"]}


@pytest.mark.usefixtures("no_timing")
def test_figures_agree_with_scikit_learn(model_files: dict[str, Path], labelled: LabelledImages) -> None:
    report = bench_of([model_files["float32"], model_files["int8"]], labelled)
    answers = [predict_probabilities(model_files[name], labelled.images).argmax(axis=1) for name in ("float32", "int8")]
    exact, small = report.models
    for result, predicted in zip(report.models, answers, strict=True):
        found = result.accuracy
        assert found.top1 == pytest.approx(reference.accuracy_score(labelled.labels, predicted))
        assert found.macro_f1 == pytest.approx(
            reference.f1_score(labelled.labels, predicted, labels=range(7), average="macro", zero_division=0)
        )
        assert found.interval.low <= found.top1 <= found.interval.high
        assert found.confusion == reference.confusion_matrix(labelled.labels, predicted, labels=range(7)).tolist()
        assert result.answers.predicted == "".join(map(str, predicted))
        assert result.answers.correct == "".join("01"[right] for right in (predicted == labelled.labels).astype(int))
    assert (exact.agreement, exact.accuracy.drop) == (None, None)
    assert small.agreement == pytest.approx((answers[0] == answers[1]).mean())
    drop = small.accuracy.drop
    assert drop.value == pytest.approx(exact.accuracy.top1 - small.accuracy.top1)
    assert drop.value == pytest.approx((drop.lost - drop.won) / len(labelled))
    assert 0 < drop.p_value <= 1


def test_choice_of_the_baseline(model_files: dict[str, Path], tmp_path: Path) -> None:
    float32, float16, int8 = (model_files[name] for name in ("float32", "float16", "int8"))

    def pairs(*models: Path, baseline: Path | None = None) -> dict[str, str | None]:
        return {variant.id.partition(":")[2]: variant.baseline for variant in plan_variants(list(models), baseline)}

    assert list(pairs(int8, float16, float32)) == ["float32", "int8", "float16"]
    assert pairs(int8, float32)["int8"].endswith(":float32")
    assert pairs(float16, int8) == {"float16": None, "int8": plan_variants([float16], None)[0].id}
    assert pairs(float32, baseline=int8) == {"int8": None, "float32": plan_variants([int8], None)[0].id}
    assert list(pairs(int8, int8)) == ["int8"]


def test_each_network_has_its_own_baseline(model_files: dict[str, Path], tmp_path: Path) -> None:
    others = []
    for recipe in ("int8", "float32"):
        file = read_model(model_files[recipe])
        others.append(tmp_path / f"other.{recipe}.tflite")
        others[-1].write_bytes(append_metadata(file.flatbuffer, file.metadata.content | {"name": "other"}))
    variants = plan_variants([model_files["float32"], model_files["int8"], *others, model_files["int8"]], None)
    name = variants[0].id.partition(":")[0]
    assert {variant.id: variant.baseline for variant in variants} == {
        f"{name}:float32": None,
        "other:float32": None,
        f"{name}:int8": f"{name}:float32",
        "other:int8": "other:float32",
    }
    twin = tmp_path / "twin.int8.tflite"
    twin.write_bytes(model_files["int8"].read_bytes())
    assert [v.id for v in plan_variants([model_files["int8"], twin], None)] == ["tiny:int8", "twin:int8"]
    (tmp_path / "b").mkdir()
    again = shutil.copy(twin, tmp_path / "b" / twin.name)
    assert [v.id for v in plan_variants([twin, Path(again)], None)] == ["twin:int8", "twin:int8#2"]


@pytest.mark.usefixtures("no_timing")
def test_without_labels_there_is_agreement_only(model_files: dict[str, Path], faces: np.ndarray) -> None:
    models = [model_files["float32"], model_files["float16"]]
    report = bench_of(models, faces)
    assert [result.accuracy for result in report.models] == [None, None]
    assert [result.agreement for result in report.models] == [None, 1.0]
    assert report.models[0].answers.correct is None
    assert (report.images.labelled, report.images.split) == (False, None)
    bare = bench_of(models)
    assert bare.images is None
    assert [result.answers for result in bare.models] == [None, None]


@pytest.mark.usefixtures("no_timing")
def test_what_could_not_be_measured_is_warned_of(model_files: dict[str, Path]) -> None:
    codes = [caution.code for caution in bench_of([model_files["int8"]]).warnings]
    assert {"no-opencv", "no-peak"} <= set(codes)
    assert bench_of([model_files["int8"]]).models[0].peak_share is None


@pytest.mark.parametrize("place", ["model", "baseline"])
def test_damaged_model_is_found_before_anything_is_measured(
    place: str, model_files: dict[str, Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "measure_times", lambda *_, **__: pytest.fail("measured before all was checked"))
    damaged = tmp_path / "half.tflite"
    damaged.write_bytes(model_files["int8"].read_bytes()[:5000])
    models = [model_files["float32"]] + ([damaged] if place == "model" else [])
    with pytest.raises(ModelError, match=r"half\.tflite"):
        bench_of(models, baseline=damaged if place == "baseline" else None)


def test_worse_candidate_has_a_positive_drop(labelled: LabelledImages) -> None:
    right = np.eye(7, dtype=np.float32)[labelled.labels]
    half = right.copy()
    half[::2] = np.roll(half[::2], 1, axis=1)
    drop = measure_accuracy(labelled, half, labelled.labels).drop
    assert (drop.value, drop.lost, drop.won) == (pytest.approx(0.5), len(labelled) // 2, 0)
    assert 0 < drop.interval.low < 0.5 < drop.interval.high
    assert drop.p_value == pytest.approx(2 / 2 ** (len(labelled) // 2))
    assert measure_accuracy(labelled, right, half.argmax(axis=1)).drop.value == pytest.approx(-0.5)
    assert agreement(half.argmax(axis=1), labelled.labels) == pytest.approx(0.5)


def test_one_pass_answers_as_each_alone(model_files: dict[str, Path], monkeypatch: pytest.MonkeyPatch, faces) -> None:
    from fer_edge.benchmarks import accuracy

    monkeypatch.setattr(accuracy, "CHUNK", 7)
    paths, steps = [model_files["float32"], model_files["int8"]], []
    together = predict_together(paths, faces, progress=lambda done, total: steps.append((done, total)))
    for path, answers in zip(paths, together, strict=True):
        np.testing.assert_array_equal(answers, predict_probabilities(path, faces))
    assert steps == [(7, 24), (14, 24), (21, 24), (24, 24)]


@pytest.fixture
def rotated(model_files: dict[str, Path], tmp_path: Path) -> Path:
    """The same network with its outputs named in another order: the k-th output is the label k + 2.

    A rotation, not a reversal: a reversal undoes itself, and hides who maps the wrong way round.
    """
    file = read_model(model_files["float32"])
    labels = [LABELS[(index + 2) % 7] for index in range(7)]
    path = tmp_path / "rotated.tflite"
    path.write_bytes(append_metadata(file.flatbuffer, file.metadata.content | {"labels": labels, "name": "rotated"}))
    return path


def test_probabilities_follow_our_order_of_labels(model_files: dict[str, Path], faces: np.ndarray, rotated) -> None:
    expected = np.empty((len(faces), 7), np.float32)
    expected[:, [2, 3, 4, 5, 6, 0, 1]] = predict_probabilities(model_files["float32"], faces)
    np.testing.assert_array_equal(predict_probabilities(rotated, faces), expected)


@pytest.mark.usefixtures("no_timing")
def test_accuracy_follows_the_models_own_order_of_labels(model_files: dict[str, Path], faces, rotated) -> None:
    """Labels that the rotated model answers rightly, all of them: any other reading of its order is wrong."""
    with EmotionClassifier(rotated) as classifier:
        labels = np.array([LABELS.index(classifier.predict(face).label) for face in faces], np.int64)
    assert len(set(labels)) > 1
    named = LabelledImages(faces, labels, "public", tuple(f"{index}.png" for index in range(len(faces))))
    (result,) = bench_of([rotated], named).models
    assert result.accuracy.top1 == 1
    assert result.answers.predicted == "".join(map(str, labels))
