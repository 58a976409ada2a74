"""The command line as a user meets it: each command in a process of its own."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import encode, folder_edition, labelled_faces, random_faces, write_files

from fer_edge import __version__
from fer_edge.modelfile.metadata import read_model
from fer_edge.modelfile.seal import append_metadata
from fer_edge.types import LABELS

Run = Callable[..., object]


@pytest.fixture
def small_fer2013(tmp_path: Path) -> Path:
    splits = {name: labelled_faces(21, split=name, seed=seed) for seed, name in enumerate(("train", "public"))}
    splits["public"].images[0] = splits["train"].images[5]
    return write_files(tmp_path / "fer2013", folder_edition(splits))


@pytest.fixture
def workshop(
    tmp_path: Path,
    portrait: np.ndarray,
    model_files: dict[str, Path],
    foreign_flatbuffers: dict[str, bytes],
    small_fer2013: Path,
) -> Path:
    """A folder with good and bad inputs under plain names."""
    face = encode(random_faces(1)[0])
    model = model_files["int8"].read_bytes()
    content = read_model(model).metadata.content
    files = {
        "portrait.png": encode(portrait),
        "face.png": face,
        "cut.png": encode(portrait)[:50_000],
        "text.png": b"not a picture",
        "nothing.png": b"",
        "pixel.png": encode(np.full((1, 1, 3), 90, np.uint8)),
        "model.tflite": model,
        "half.tflite": model[: len(model) // 2],
        "other.tflite": append_metadata(foreign_flatbuffers["64x64"], content),
        "damaged.keras": model_files["keras"].read_bytes()[:5000],
        "existing.png": face,
        "existing.json": b"{}",
        "old.json": b'{"format": "fer-edge-bench", "format_version": 1}',
        "file": b"a file, where a folder is wanted",
        "pensive/train/pensive/a.png": face,
        "broken/test/happy/PublicTest_1.png": face[:500],
        "test_only/test/happy/PublicTest_1.png": face,
        "fer2013.zip": b"no zip",
        "columns.csv": b"emotion,Usage\n",
    }
    write_files(tmp_path, files)
    (tmp_path / "empty").mkdir()
    shutil.copy(model_files["keras"], tmp_path / "model.keras")
    shutil.copy(model_files["float16"], tmp_path / "model.float16.tflite")
    return tmp_path


def contents(folder: Path) -> dict[str, bytes | None]:
    return {str(path): path.read_bytes() if path.is_file() else None for path in folder.rglob("*")}


# The command, and a part of the sentence that tells the user what to do about it.
BAD_INPUT = {
    "data: missing path": ("data nowhere", "nowhere does not exist"),
    "data: empty folder": ("data empty", "contains no FER2013 image"),
    "data: unknown class folder": ("data pensive", "class folder 'pensive'"),
    "data: no zip": ("data fer2013.zip", "Expected a folder, a .zip"),
    "data: CSV without a column": ("data columns.csv", "missing: pixels"),
    "predict: missing picture": ("predict nowhere.png", "nowhere.png: no such file"),
    "predict: folder without pictures": ("predict empty", "The folder empty contains no pictures"),
    "predict: truncated picture": ("predict cut.png", "cut.png"),
    "predict: no picture": ("predict text.png --cropped", "text.png"),
    "predict: zero bytes": ("predict nothing.png --cropped", "nothing.png"),
    "predict: 1x1 colour picture": ("predict pixel.png", "No face was found"),
    "predict: missing model": ("predict portrait.png --model nowhere.tflite", "nowhere.tflite"),
    "predict: model cut in half": ("predict portrait.png --model half.tflite", "half.tflite is truncated"),
    "predict: model of another shape": ("predict portrait.png --model other.tflite", "(1, 48, 48, 1)"),
    "predict: no model": ("predict portrait.png --model text.png", "text.png is not a TFLite model"),
    "predict: existing output": ("predict portrait.png --out existing.png", "--force"),
    "predict: unwritable output": ("predict portrait.png --out file/out.png", "Cannot write file/out.png"),
    "predict: no picture is sound": ("predict cut.png text.png --out marked", "2 of 2 pictures cannot be read"),
    "predict: unknown format": ("predict portrait.png --out out.txt", ".png or .jpg"),
    "bench: missing model": ("bench nowhere.tflite", "nowhere.tflite"),
    "bench: model cut in half": ("bench half.tflite", "half.tflite is truncated"),
    "bench: missing baseline": ("bench model.tflite --baseline nowhere.tflite", "nowhere.tflite"),
    "bench: no thread": ("bench model.tflite --threads 0", "thread counts such as 1,2"),
    "bench: report of a failed bench": ("bench half.tflite --json new/report.json --threads two", "got 'two'"),
    "bench: threads in words": ("bench model.tflite --threads two", "got 'two'"),
    "bench: existing report": ("bench model.tflite --json existing.json", "--force"),
    "bench: unwritable report": ("bench model.tflite --json file/report.json", "Cannot write file/report.json"),
    "bench: unknown split": ("bench model.tflite --data fer2013 --split holdout", "'holdout'|got holdout"),
    "report: missing result": ("report nowhere.json", "nowhere.json"),
    "report: no result": ("report existing.json", "existing.json is not a bench report"),
    "report: existing page": ("report existing.json --out existing.json", "--force"),
    "report: no JSON": ("report text.png --out r.html", "text.png is not JSON"),
    "compare: old layout": ("compare old.json old.json", "layout version 1"),
    "compare: unknown threshold": ("compare old.json old.json --fail-on speed=1", "such as latency=5"),
    "bench: damaged data": ("bench model.tflite --data broken", "test/happy/PublicTest_1.png"),
    "bench: missing data": ("bench model.tflite --data nowhere", "--data names nowhere"),
    "convert: missing model": ("convert nowhere.keras --to float32", "nowhere.keras"),
    "convert: unknown recipe": ("convert model.keras --to int4", "float32, float16, dynamic, int8"),
    "convert: existing output": ("convert model.keras --to float16", "--force"),
    "convert: a TFLite file": ("convert model.tflite", "a TFLite file already"),
    "convert: a folder": ("convert empty", "got another folder"),
    "convert: no data for int8": ("convert model.keras --to int8", "FER2013 was not found"),
    "convert: no training images": ("convert model.keras --to int8 --data test_only", "split 'train'"),
    "convert: too few images": ("convert model.keras --to int8 --data fer2013", "got 200"),
    "train: without data": ("train edge_cnn_s", "FER2013 was not found"),
    "train: unknown recipe": ("train mega_cnn --data fer2013", "got 'mega_cnn'"),
    "train: unknown field": ("train edge_cnn_s --data fer2013 --set colour=red", "'colour' is an unknown field"),
    "train: no assignment": ("train edge_cnn_s --data fer2013 --set epochs", "field=value"),
    "train: wrong type": ("train edge_cnn_s --data fer2013 --set epochs=many", "'epochs'"),
    "train: impossible value": ("train edge_cnn_s --data fer2013 --epochs 0", "expected from 1"),
    "train: no recipe": ("train --data fer2013", "a recipe to start or --resume"),
    "train: no training images": ("train edge_cnn_s --data test_only", "split 'train'"),
    "train: unwritable output": ("train edge_cnn_s --data fer2013 --out file/run", "file/run"),
    "train: no run to resume": ("train --resume empty --data fer2013", "empty"),
    "train: missing votes": ("train edge_cnn_s --data fer2013 --votes nowhere.csv", "nowhere.csv"),
    "evaluate: missing model": ("evaluate nowhere.tflite --data fer2013", "nowhere.tflite"),
    "evaluate: without data": ("evaluate edge_cnn_s", "FER2013 was not found"),
    # These two load TensorFlow, which takes seconds.
    "convert: damaged model": ("convert damaged.keras --to float32", "damaged.keras"),
    "convert: unwritable output": ("convert model.keras --to float32 --out file", "Cannot write to the folder file"),
}


@pytest.mark.parametrize(("command", "reason"), BAD_INPUT.values(), ids=BAD_INPUT)
def test_bad_input_is_one_sentence_and_nothing_is_written(
    command: str, reason: str, workshop: Path, run_cli: Run
) -> None:
    before = contents(workshop)
    done = run_cli(*command.split())
    errors = [line for line in done.stderr.splitlines() if line.startswith("Error:")]
    assert len(errors) == 1, done.stderr
    assert done.stderr.rstrip().endswith(errors[0])
    assert any(part in errors[0] for part in reason.split("|")), errors[0]
    assert done.returncode == 1
    assert "Traceback" not in done.stderr + done.stdout
    assert contents(workshop) == before


@pytest.mark.parametrize("command", ["--threads", "predict", "bench --seed many model.tflite", "fly"])
def test_misspelt_command_shows_its_usage(command: str, run_cli: Run) -> None:
    done = run_cli(*command.split())
    assert done.returncode == 2
    assert "Usage:" in done.stderr
    assert "Traceback" not in done.stderr


def test_version(run_cli: Run) -> None:
    assert run_cli("--version").stdout == f"fer-edge {__version__}\n"


def test_data_as_json(small_fer2013: Path, run_cli: Run) -> None:
    (small_fer2013 / "train" / "happy" / "cut.png").write_bytes(encode(random_faces(1)[0])[:900])
    done = run_cli("data", small_fer2013, "--json")
    assert done.returncode == 0
    content = json.loads(done.stdout)
    assert content["splits"]["train"] == {"images": 21, "classes": dict.fromkeys(LABELS, 3)}
    assert content["unreadable"] == ["train/happy/cut.png"]
    assert content["wrong_size"] == []
    assert content["duplicate_groups"] == 1
    ((first, second),) = content["duplicates_across_splits"]
    assert first.startswith("train/")
    assert second.startswith("test/")


def test_data_as_table(small_fer2013: Path, run_cli: Run) -> None:
    done = run_cli("data", small_fer2013)
    assert done.returncode == 0
    assert all(name in done.stdout for name in (*LABELS, "train", "public"))
    assert "pixel-identical images in all: 1" in done.stdout


def test_predict_as_json(portrait_file: Path, run_cli: Run) -> None:
    done = run_cli("predict", portrait_file, "--json")
    assert (done.returncode, done.stderr) == (0, "")  # not even the interpreter's own notice
    (answer,) = json.loads(done.stdout)
    assert answer["image"] == str(portrait_file)
    face = answer["faces"][0]
    assert face["label"] == "happy"
    assert face["score"] == face["probabilities"]["happy"] == max(face["probabilities"].values())
    assert set(face["probabilities"]) == set(LABELS)
    assert set(face["box"]) == {"x", "y", "width", "height"}


@pytest.mark.parametrize("closed", ["<&-", ">&-", "2>&-", "<&- >&- 2>&-"])
def test_predict_with_closed_streams(closed: str, portrait_file: Path) -> None:
    """A service may start programs without them."""
    command = f"{sys.executable} -m fer_edge predict {portrait_file} --out {portrait_file}.jpg {closed}"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr.removeprefix(f"Wrote {portrait_file}.jpg\n")) == (0, "")
    assert ("happy" in done.stdout) == (">&-" not in closed.replace("2>&-", ""))
    assert cv2.imread(f"{portrait_file}.jpg") is not None


def test_predict_cropped(run_cli: Run, tmp_path: Path) -> None:
    """A crop, however small, is a face if the user says so."""
    write_files(tmp_path, {"pixel.png": encode(np.full((1, 1, 3), 90, np.uint8))})
    done = run_cli("predict", "pixel.png", "--cropped", "--json")
    assert done.returncode == 0
    ((face,),) = (answer["faces"] for answer in json.loads(done.stdout))
    assert face["box"] == {"x": 0, "y": 0, "width": 1, "height": 1}


def test_predict_writes_an_annotated_copy(portrait_file: Path, portrait: np.ndarray, run_cli: Run) -> None:
    before = portrait_file.read_bytes()
    for force in ([], ["--force"]):
        assert run_cli("predict", portrait_file, "--out", "new/drawn.png", *force).returncode == 0
    drawn = cv2.imread(str(portrait_file.parent / "new" / "drawn.png"))
    assert drawn.shape == portrait.shape
    assert (drawn != portrait).any()
    assert portrait_file.read_bytes() == before


def test_predict_several_into_a_folder(portrait: np.ndarray, tmp_path: Path, run_cli: Run) -> None:
    write_files(tmp_path, {"a.png": encode(portrait), "b.jpg": encode(portrait, ".jpg")})
    done = run_cli("predict", "a.png", "b.jpg", "--out", "drawn")
    assert done.returncode == 0
    assert sorted(path.name for path in (tmp_path / "drawn").iterdir()) == ["a.png", "b.jpg"]


def test_predict_names_the_picture_that_a_decoder_complains_of(
    portrait: np.ndarray, tmp_path: Path, run_cli: Run
) -> None:
    """A JPEG has no checksum: one with odd bytes before its end is read, and libjpeg prints a line without a name."""
    jpeg, png = encode(portrait, ".jpg"), bytearray(encode(portrait))
    png[len(png) // 2] ^= 1  # PNG has one: this picture is refused
    write_files(tmp_path, {"odd.jpg": jpeg[:-2] + bytes(100) + jpeg[-2:], "flipped.png": bytes(png)})
    done = run_cli("predict", "odd.jpg", "flipped.png")
    first, second, _ = done.stderr.splitlines()
    assert first.startswith("Warning: odd.jpg: Corrupt JPEG data")
    assert second.startswith("Warning: flipped.png: Expected a PNG")


def test_predict_folder_leaves_out_what_is_no_picture(portrait: np.ndarray, tmp_path: Path, run_cli: Run) -> None:
    """One damaged picture of a thousand must not cost the answers for the others."""
    face, blank = encode(portrait), encode(np.full((60, 60), 90, np.uint8))
    write_files(tmp_path, {"in/b.PNG": face, "in/a.png": face[:500], "in/c.png": blank, "in/notes.txt": b"no picture"})
    done = run_cli("predict", "in", "--json", "--out", "drawn")
    assert done.returncode == 1
    warning, wrote, error = done.stderr.splitlines()
    assert wrote == "Wrote drawn/b.PNG"
    assert warning.startswith("Warning: in/a.png: ")
    assert error == "Error: 1 of 3 pictures cannot be read; see the warnings above."
    assert [(answer["image"], len(answer["faces"])) for answer in json.loads(done.stdout)] == [
        ("in/b.PNG", 1),
        ("in/c.png", 0),
    ]
    assert [path.name for path in (tmp_path / "drawn").iterdir()] == ["b.PNG"]


def test_bench_writes_its_report(small_fer2013: Path, model_files: dict[str, Path], run_cli: Run) -> None:
    models = [model_files["int8"], model_files["float32"]]
    done = run_cli("bench", *models, "--data", small_fer2013, "--quick", "--json", "out/report.json")
    assert done.returncode == 0, done.stderr
    assert "Deploy tiny:" in done.stdout
    assert "quick run: not for publication" in done.stdout
    report = json.loads((small_fer2013.parent / "out" / "report.json").read_text())
    assert [model["file"] for model in report["models"]] == ["tiny.float32.tflite", "tiny.int8.tflite"]
    assert report["models"][1]["baseline"] == report["models"][0]["id"]
    assert report["images"]["description"] == "FER2013 split 'public', 21 images"
    assert [len(model["answers"]["correct"]) for model in report["models"]] == [21, 21]

    done = run_cli("report", "out/report.json", "-o", "page.html")
    assert done.returncode == 0, done.stderr
    assert "Which variant?" in (small_fer2013.parent / "page.html").read_text()
    assert run_cli("report", "out/report.json", "-o", "page.html").returncode == 1, "never overwritten unasked"

    done = run_cli("compare", "out/report.json", "out/report.json", "--fail-on", "accuracy=0", "--json")
    assert done.returncode == 0, done.stderr
    assert {change["verdict"] for change in json.loads(done.stdout)["changes"]} <= {"same", "unclear"}
    assert json.loads(done.stdout)["passed"]
    assert done.stderr.endswith("Gate passed: nothing is significantly worse by more than accuracy 0 points.\n")
    (small_fer2013.parent / "slow.json").write_text(json.dumps(slower(report)))
    done = run_cli("compare", "out/report.json", "slow.json", "--fail-on", "latency=20")
    assert done.returncode == 2
    assert "more than the 20 that --fail-on allows" in done.stderr
    assert "worse" in done.stdout


def slower(report: dict) -> dict:
    """Return a report with thrice the times."""
    for series in (series for model in report["models"] for series in model["latency"]):
        series["rounds_ms"] = [[3 * sample for sample in samples] for samples in series["rounds_ms"]]
    return report


def test_bench_without_data_measures_latency(model_files: dict[str, Path], run_cli: Run) -> None:
    done = run_cli("bench", model_files["int8"], "--quick")
    assert done.returncode == 0
    assert "Warning: No accuracy: FER2013 was not found" in done.stderr
    assert "not measured" in done.stdout


def test_convert_as_json(small_fer2013: Path, model_files: dict[str, Path], tmp_path: Path, run_cli: Run) -> None:
    options = ["--data", small_fer2013, "--calibration-size", 14, "--out", "made", "--json"]
    done = run_cli("convert", model_files["keras"], "--to", "float32", "--to", "int8", *options)
    assert done.returncode == 0, done.stderr
    written = json.loads(done.stdout)
    assert [Path(entry["file"]).name for entry in written] == ["tiny.float32.tflite", "tiny.int8.tflite"]
    for entry in written:
        path = tmp_path / entry["file"]
        assert path.stat().st_size == entry["bytes"]
    calibration = read_model(path).metadata.content["calibration"]
    assert (calibration["source"], calibration["split"], calibration["count"]) == ("fer2013", "train", 14)
