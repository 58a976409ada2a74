"""Classes that are called something else: --map and --leave-out, in every form of the data."""

from pathlib import Path

import numpy as np
import pytest
from helpers import encode, random_faces, write_files

from fer_edge.data.class_names import ClassNames
from fer_edge.data.fer2013 import read_split, scan_data
from fer_edge.errors import DataError
from fer_edge.types import LABELS

FACES = random_faces(3)
SAID = ClassNames({"grumpy": "angry", "9": "happy"}, frozenset({"bored"}))


def as_folders(folder: Path) -> Path:
    names = dict(zip(("Grumpy", "happiness", "bored"), FACES, strict=True))
    return write_files(folder, {f"train/{name}/a.png": encode(face) for name, face in names.items()})


def as_csv(folder: Path) -> Path:
    rows = [
        f"{name},{' '.join(map(str, face.ravel()))},Training"
        for name, face in zip(("Grumpy", "9", "bored"), FACES, strict=True)
    ]
    path = folder / "mine.csv"
    path.write_text("\n".join(["emotion,pixels,Usage", *rows]))
    return path


def as_parquet(folder: Path) -> Path:
    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    rows = {"image": [{"bytes": encode(face), "path": None} for face in FACES], "label": ["Grumpy", "9", "bored"]}
    path = folder / "train-0.parquet"
    parquet.write_table(pyarrow.table(rows), path)
    return path


@pytest.mark.parametrize("make", [as_folders, as_csv, as_parquet])
def test_classes_mean_what_the_user_says(make, tmp_path: Path) -> None:
    path = make(tmp_path)
    scan = scan_data(path, known=SAID)
    images = scan.splits["train"]
    read = {LABELS[label]: image for image, label in zip(images.images, images.labels, strict=True)}
    assert set(read) == {"angry", "happy"}
    np.testing.assert_array_equal(read["angry"], FACES[0])
    np.testing.assert_array_equal(read["happy"], FACES[1])
    assert not scan.unreadable
    assert "1 images of 'bored' are left out." in scan.notes


def test_numbered_folders_in_another_order(tmp_path: Path) -> None:
    write_files(tmp_path, {f"test/{number}/a.png": encode(FACES[0]) for number in (0, 9)})
    with pytest.raises(DataError, match="--map 3=happy"):
        scan_data(tmp_path)
    found = read_split(tmp_path, known=ClassNames({"0": "sad", "9": "fear"}))
    assert found.labels.tolist() == [LABELS.index("sad"), LABELS.index("fear")]


def test_unknown_class_names_the_options_that_settle_it(run_cli, tmp_path: Path) -> None:
    as_folders(tmp_path / "mine")
    refused = run_cli("data", "mine")
    assert refused.returncode == 1
    assert "--map Grumpy=EMOTION" in " ".join(refused.stderr.split())
    assert "--leave-out Grumpy" in " ".join(refused.stderr.split())
    done = run_cli("data", "mine", "--map", "grumpy=Anger", "--leave-out", "BORED")
    assert done.returncode == 0, done.stderr
    assert "1 images of 'bored' are left out." in done.stdout
    assert run_cli("data", "mine", "--map", "grumpy=bold").returncode == 2


def test_options_reach_what_reads_the_data(run_cli, tmp_path: Path) -> None:
    as_folders(tmp_path / "mine")
    done = run_cli("evaluate", "edge_cnn_s", "--data", "mine", "--split", "train", "--map", "grumpy=angry")
    assert "--leave-out bored" in " ".join(done.stderr.split())
    done = run_cli(
        "evaluate", "edge_cnn_s", "--data", "mine", "--split", "train", "--map=grumpy=angry", "--leave-out=bored"
    )
    assert done.returncode == 0, done.stderr
    assert "2 images of split 'train'" in done.stdout
