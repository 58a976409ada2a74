"""Copies of FER2013 in the forms and under the names in which people hold them."""

import io
import tarfile
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import encode, labelled_faces, random_faces, write_csv, write_files

from fer_edge.data.fer2013 import read_split, read_splits, scan_data
from fer_edge.data.votes import read_votes, votes_of
from fer_edge.errors import DataError
from fer_edge.types import LABELS, LabelledImages

FACES = random_faces(14)
CHALLENGE = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
RAF = ("surprise", "fear", "disgust", "happy", "sad", "angry", "neutral")


def tree(*folders: str, classes: dict[str, str], suffix: str = ".png") -> dict[str, bytes]:
    """Return file name -> content: in each folder one image of each class, under the class's own name there."""
    return {
        f"{folder}/{name}/im{number}{suffix}".lstrip("/"): encode(FACES[LABELS.index(label)], suffix)
        for number, folder in enumerate(folders)
        for name, label in classes.items()
    }


def read_back(images: LabelledImages) -> bool:
    """Whether every image carries the label that it was written under."""
    return all(np.array_equal(image, FACES[label]) for image, label in zip(images.images, images.labels, strict=True))


SAME = {label: label for label in LABELS}


@pytest.mark.parametrize(
    ("folders", "splits"),
    [
        (("train", "test"), {"train", "test"}),
        (("images/train", "images/validation"), {"train", "test"}),
        (("train", "val", "test"), {"train", "public", "private"}),
        (("Training", "Testing"), {"train", "test"}),
        (("Training", "PublicTest", "PrivateTest"), {"train", "public", "private"}),
        (("fer/data/TRAIN", "fer/data/valid"), {"train", "test"}),
    ],
)
def test_splits_under_other_names(folders: tuple[str, ...], splits: set[str], tmp_path: Path) -> None:
    found = read_splits(write_files(tmp_path, tree(*folders, classes=SAME)))
    assert set(found) == splits
    assert all(len(images) == 7 and read_back(images) for images in found.values())


@pytest.mark.parametrize(
    "classes",
    [
        {str(number): label for number, label in enumerate(CHALLENGE)},
        {str(number): label for number, label in enumerate(RAF, start=1)},
        {label.upper(): label for label in LABELS},
        {"anger": "angry", "fearful": "fear", "happiness": "happy", "sadness": "sad", "surprised": "surprise"},
    ],
    ids=["0 to 6", "1 to 7", "capitals", "nouns"],
)
def test_classes_under_other_names(classes: dict[str, str], tmp_path: Path) -> None:
    found = read_splits(write_files(tmp_path, tree("train", "test", classes=classes)))
    assert read_back(found["train"])
    assert set(found["train"].labels) == {LABELS.index(label) for label in classes.values()}


def test_ck_without_splits_and_with_contempt(tmp_path: Path) -> None:
    write_files(tmp_path, tree("CK+48", classes={"anger": "angry", "happy": "happy"}))
    write_files(tmp_path, {"CK+48/contempt/a.png": encode(FACES[0])})
    scan = scan_data(tmp_path)
    assert set(scan.splits) == {"test"}
    assert len(scan.splits["test"]) == 2
    assert any("contempt" in note for note in scan.notes)
    assert any("no folders for splits" in note for note in scan.notes)


def test_what_is_ignored_is_said(tmp_path: Path) -> None:
    write_files(tmp_path, tree("train", "extra", classes=SAME))
    assert any("7 images in 'extra' are ignored" in note for note in scan_data(tmp_path).notes)


def as_tar(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as archive:
        for name, content in files.items():
            member = tarfile.TarInfo(f"./{name}")
            member.size = len(content)
            archive.addfile(member, io.BytesIO(content))
    return file.getvalue()


def as_zip(files: dict[str, bytes]) -> bytes:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return file.getvalue()


def test_archives_of_every_kind(tmp_path: Path) -> None:
    files = tree("train", "test", classes=SAME)
    forms = {
        "a.zip": as_zip(files),
        "b.tar.gz": as_tar(files),
        "zip in zip.zip": as_zip({"fer2013.zip": as_zip(files)}),
        "tar in zip.zip": as_zip({"fer2013.tar.gz": as_tar(files), "README.txt": b"x"}),
    }
    for name, content in forms.items():
        path = tmp_path / name
        path.write_bytes(content)
        assert read_back(read_split(path)), name
        assert set(read_splits(path)) == {"train", "test"}, name


@pytest.mark.parametrize("suffix", [".webp", ".jpg", ".bmp"])
def test_other_pictures(suffix: str, tmp_path: Path) -> None:
    found = read_splits(write_files(tmp_path, tree("train", classes=SAME, suffix=suffix)))
    assert len(found["train"]) == 7


def test_csv_in_a_folder_and_in_an_archive(tmp_path: Path) -> None:
    splits = {"train": labelled_faces(14, split="train"), "public": labelled_faces(7, seed=1)}
    (tmp_path / "copy").mkdir()
    path = write_csv(tmp_path / "copy/fer2013.csv", splits)
    (tmp_path / "copy.tar.gz").write_bytes(as_tar({"fer2013/fer2013.csv": path.read_bytes()}))
    for form in ("copy", "copy.tar.gz"):
        found = read_splits(tmp_path / form)
        for name, images in splits.items():
            np.testing.assert_array_equal(found[name].images, images.images)
            np.testing.assert_array_equal(found[name].labels, images.labels)


def test_csv_of_other_tastes(tmp_path: Path) -> None:
    path = tmp_path / "mine.csv"
    pixels = " ".join(map(str, FACES[0].ravel()))
    small = " ".join(["7"] * 24 * 24)
    path.write_text(f"\ufeffPixels;Emotion\r\n{pixels};Happiness\r\n{small};0\r\n", encoding="utf-8")
    scan = scan_data(path)
    images = scan.splits["train"]
    assert images.labels.tolist() == [LABELS.index("happy"), LABELS.index("angry")]
    np.testing.assert_array_equal(images.images[0], FACES[0])
    assert scan.wrong_size == ["mine.csv:3 (24x24)"]
    assert any("no column Usage" in note for note in scan.notes)


def test_parquet_of_a_data_hub(tmp_path: Path) -> None:
    import json

    pyarrow = pytest.importorskip("pyarrow")
    parquet = pytest.importorskip("pyarrow.parquet")
    names = ["Sad", "Happy"]
    schema = {"info": {"features": {"label": {"names": names, "_type": "ClassLabel"}}}}
    rows = {"image": [{"bytes": encode(FACES[index]), "path": None} for index in range(2)], "label": [1, 0]}
    table = pyarrow.table(rows).replace_schema_metadata({"huggingface": json.dumps(schema)})
    parquet.write_table(table, tmp_path / "test-00000-of-00001.parquet")
    found = read_splits(tmp_path)["test"]
    assert found.labels.tolist() == [LABELS.index("happy"), LABELS.index("sad")]
    np.testing.assert_array_equal(found.images, FACES[:2])


def test_numbers_without_an_order_are_refused(tmp_path: Path) -> None:
    write_files(tmp_path, {f"train/{number}/a.png": encode(FACES[0]) for number in (3, 8)})
    with pytest.raises(DataError, match="0 to 6"):
        scan_data(tmp_path)


def test_votes_of_fer_plus_itself(tmp_path: Path) -> None:
    header = "Usage,Image name,neutral,happiness,surprise,sadness,anger,disgust,fear,contempt,unknown,NF"
    rows = ["Training,fer0000000.png,8,2,0,0,0,0,0,0,0,0", "Training,,0,0,0,0,0,0,0,0,0,10"]
    (tmp_path / "fer2013new.csv").write_text(
        "\n".join([header, *rows, "PublicTest,fer0000002.png,0,0,0,0,5,5,0,0,0,0"])
    )
    images = labelled_faces(3)
    names = tuple(f"fer2013.csv:{number}" for number in (2, 3, 4))
    named = LabelledImages(images.images, images.labels, "train", names)
    first, second, third = votes_of(named, read_votes(tmp_path / "fer2013new.csv"))
    assert first is not None
    assert third is not None
    assert second is None
    assert first[LABELS.index("neutral")] == pytest.approx(0.8)
    assert third[LABELS.index("angry")] == pytest.approx(0.5)
