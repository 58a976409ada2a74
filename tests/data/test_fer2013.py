"""FER2013 in its three forms, and every way in which a copy can be wrong."""

import tracemalloc
import zipfile
from pathlib import Path

import numpy as np
import pytest
from helpers import encode, folder_edition, labelled_faces, random_faces, write_csv, write_files

from fer_edge.data.fer2013 import (
    find_data,
    find_duplicates,
    read_public_faces,
    read_split,
    read_splits,
    require_data,
    scan_data,
    seen_in,
)
from fer_edge.errors import DataError
from fer_edge.types import LABELS, LabelledImages

SPACED_HEADER = ("emotion", " Usage", " pixels")


@pytest.fixture(scope="module")
def splits() -> dict[str, LabelledImages]:
    return {
        name: labelled_faces(count, split=name, seed=count)
        for name, count in (("train", 21), ("public", 14), ("private", 7))
    }


def zip_folder(folder: Path, path: Path, root: str = "") -> Path:
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for file in sorted(folder.rglob("*.*")):
            archive.write(file, f"{root}{file.relative_to(folder)}")
    return path


def make_copy(form: str, splits: dict[str, LabelledImages], tmp_path: Path) -> Path:
    if form == "csv":
        return write_csv(tmp_path / "fer2013.csv", splits)
    if form == "csv with spaces":
        return write_csv(tmp_path / "icml_face_data.csv", splits, SPACED_HEADER)
    if form == "csv from a spreadsheet":
        path = write_csv(tmp_path / "fer2013.csv", splits)
        path.write_bytes(b"\xef\xbb\xbf" + path.read_bytes())
        return path
    folder = write_files(tmp_path / "fer2013", folder_edition(splits))
    if form == "folder":
        return folder
    return zip_folder(folder, tmp_path / "fer2013.zip", "archive/FER-2013/" if form == "nested zip" else "")


@pytest.mark.parametrize("form", ["folder", "zip", "nested zip", "csv", "csv with spaces", "csv from a spreadsheet"])
def test_every_form_gives_the_same_images(form: str, splits: dict[str, LabelledImages], tmp_path: Path) -> None:
    found = read_splits(make_copy(form, splits, tmp_path))
    assert list(found) == ["train", "public", "private"]
    for name, expected in splits.items():
        got = {image.tobytes(): label for image, label in zip(found[name].images, found[name].labels, strict=True)}
        wanted = {image.tobytes(): label for image, label in zip(expected.images, expected.labels, strict=True)}
        assert got == wanted
        assert found[name].split == name
        assert len(found[name].names) == len(expected)


def test_csv_numbers_are_the_challenges_not_ours(tmp_path: Path) -> None:
    pixels = " ".join(["7"] * 48 * 48)
    rows = "".join(f"{number},{pixels},Training\n" for number in range(7))
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n" + rows)
    names = [LABELS[label] for label in read_splits(path)["train"].labels]
    assert names == ["angry", "disgust", "fear", "happy", "sad", "surprise", "neutral"]


def test_order_and_hash_do_not_depend_on_the_file_system(splits: dict[str, LabelledImages], tmp_path: Path) -> None:
    files = folder_edition(splits)
    first = read_splits(write_files(tmp_path / "a", files))
    second = read_splits(write_files(tmp_path / "b", dict(reversed(files.items()))))
    assert first["train"].names == second["train"].names == tuple(sorted(first["train"].names))
    assert first["train"].sha256() == second["train"].sha256()


def test_prefix_of_a_test_file_tells_its_split(tmp_path: Path) -> None:
    names = ["train/sad/PublicTest_1.png", "test/sad/PublicTest_1.png", "test/sad/PrivateTest_1.png", "test/sad/x.png"]
    found = read_splits(write_files(tmp_path, {name: encode(random_faces(1)[0]) for name in names}))
    assert {split: data.names[0] for split, data in found.items()} == dict(
        zip(("train", "public", "private", "test"), names, strict=True)
    )


def test_only_the_wanted_splits_are_read(splits: dict[str, LabelledImages], tmp_path: Path) -> None:
    for form in ("folder", "csv"):
        assert list(read_splits(make_copy(form, splits, tmp_path), "public")) == ["public"]


@pytest.mark.parametrize("form", ["folder", "zip", "csv"])
def test_one_split_is_read_and_no_other(form: str, splits: dict[str, LabelledImages], tmp_path: Path) -> None:
    path = make_copy(form, splits, tmp_path)
    whole = read_splits(path)
    for asked, expected in ((None, "public"), ("train", "train"), ("private", "private")):
        steps: list[int] = []
        found = read_split(path, asked, progress=lambda done, total, steps=steps: steps.append(total))
        assert found.split == expected
        assert found.sha256() == whole[expected].sha256()
        assert set(steps) <= {len(whole[expected])}
    with pytest.raises(DataError, match=r"split '?test"):
        read_split(path, "test")


@pytest.mark.parametrize("form", ["folder", "zip", "csv"])
def test_the_next_split_stands_in_for_a_missing_one(form: str, splits, tmp_path: Path) -> None:
    fewer = {name: splits[name] for name in ("train", "private")}
    assert read_split(make_copy(form, fewer, tmp_path)).split == "private"
    (tmp_path / "other").mkdir()
    with pytest.raises(DataError, match=r"no (FER2013 )?image"):
        read_split(make_copy(form, {"train": splits["train"]}, tmp_path / "other"))


def test_a_damaged_row_of_another_split_does_not_disturb(splits: dict[str, LabelledImages], tmp_path: Path) -> None:
    path = make_copy("csv", splits, tmp_path)
    with path.open("a") as file:
        file.write("3,1 2 3,Training\n")
    assert read_split(path).split == "public"
    with pytest.raises(DataError, match="1 unreadable image"):
        read_split(path, "train")


@pytest.mark.parametrize("splits_asked", [("test",), ("train", "test")])
def test_missing_split(splits_asked: tuple[str, ...], splits: dict[str, LabelledImages], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"split '?test"):
        read_splits(write_files(tmp_path, folder_edition(splits)), *splits_asked)


def test_unknown_split(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="'validation'"):
        scan_data(tmp_path, "validation")


def test_case_and_clutter_do_not_matter(tmp_path: Path) -> None:
    face = encode(random_faces(1)[0])
    names = ["Train/Happy/a.PNG", "__MACOSX/train/happy/a.png", "train/happy/.DS_Store", "README.md"]
    found = read_splits(write_files(tmp_path, dict.fromkeys(names, face)))
    assert {name: data.names for name, data in found.items()} == {"train": ("Train/Happy/a.PNG",)}


BAD_FILES = {
    "truncated PNG": encode(random_faces(1)[0])[:1200],
    "truncated JPEG": encode(random_faces(1)[0], ".jpg")[:1200],
    "zero bytes": b"",
    "text": b"not an image",
}


@pytest.mark.parametrize("content", BAD_FILES.values(), ids=BAD_FILES)
@pytest.mark.parametrize("form", ["folder", "zip"])
def test_unreadable_image_is_listed_by_name(form: str, content: bytes, tmp_path: Path) -> None:
    files = {"train/sad/good.png": encode(random_faces(1)[0]), "train/sad/bad.png": content}
    path = write_files(tmp_path / "copy", files)
    if form == "zip":
        path = zip_folder(path, tmp_path / "copy.zip")
    scan = scan_data(path)
    assert scan.unreadable == ["train/sad/bad.png"]
    assert scan.splits["train"].names == ("train/sad/good.png",)
    with pytest.raises(DataError, match=r"train/sad/bad\.png"):
        read_splits(path)


def test_wrong_size_is_listed_with_its_size(tmp_path: Path) -> None:
    write_files(tmp_path, {"train/sad/wide.png": encode(np.zeros((48, 50), np.uint8))})
    assert scan_data(tmp_path).wrong_size == ["train/sad/wide.png (50x48)"]
    said: list[str] = []
    assert read_splits(tmp_path, notify=said.append)["train"].images.shape == (1, 48, 48, 1)
    assert said == ["1 images are not 48x48 and were resized."]


def test_unknown_class_folder(tmp_path: Path) -> None:
    write_files(tmp_path, {"train/bored/a.png": encode(random_faces(1)[0])})
    with pytest.raises(DataError, match="unknown class folder 'bored'"):
        scan_data(tmp_path)


def test_empty_folder_and_missing_path(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="contains no FER2013 image"):
        scan_data(tmp_path)
    with pytest.raises(DataError, match=r"nowhere does not exist.*kaggle"):
        scan_data(tmp_path / "nowhere")


def test_zip_that_is_none(tmp_path: Path) -> None:
    (tmp_path / "fer2013.zip").write_bytes(b"<html>please log in</html>")
    with pytest.raises(DataError, match=r"Expected a folder, a \.zip"):
        scan_data(tmp_path / "fer2013.zip")


def test_any_flipped_byte_in_a_zip_is_a_data_error_or_listed(tmp_path: Path) -> None:
    """Downloads get damaged; zlib and zipfile report that with half a dozen kinds of exceptions."""
    folder = write_files(tmp_path / "copy", {"train/happy/a.bmp": encode(random_faces(1)[0] // 32, ".bmp")})
    path = zip_folder(folder, tmp_path / "copy.zip")
    sound = path.read_bytes()
    seen = set()
    for position in range(len(sound)):
        path.write_bytes(sound[:position] + bytes([sound[position] ^ 0xFF]) + sound[position + 1 :])
        try:
            seen.add("listed" if scan_data(path).unreadable else "read")
        except DataError:
            seen.add("refused")
    assert {"listed", "refused"} <= seen


@pytest.mark.parametrize(
    ("header", "missing"),
    [("pixels,Usage", "emotion"), ("emotion,Usage", "pixels"), ("", "emotion")],
)
def test_csv_without_a_column(header: str, missing: str, tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_text(header + "\n0,1 2 3\n" if header else "")
    with pytest.raises(DataError, match=f"missing: {missing}"):
        scan_data(tmp_path / "fer2013.csv")


FACE = " ".join(["9"] * 48 * 48)
BAD_ROWS = {
    "too few pixels": f"0,{FACE[:-2]},Training",
    "too many pixels": f"0,{FACE} 9,Training",
    "pixel over 255": f"0,{FACE[:-1]}256,Training",
    "negative pixel": f"0,{FACE[:-1]}-1,Training",
    "pixel is a word": f"0,{FACE[:-1]}x,Training",
    "huge pixel": f"0,{FACE[:-1]}{10**30},Training",
    "no pixels": "0,,Training",
    "unknown class": f"7,{FACE},Training",
    "class is another word": f"bored,{FACE},Training",
    "unknown usage": f"0,{FACE},Holdout",
    "cut short": "0",
}


@pytest.mark.parametrize("row", BAD_ROWS.values(), ids=BAD_ROWS)
def test_bad_csv_row_is_listed_by_line(row: str, tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text(f"emotion,pixels,Usage\n3,{FACE},Training\n{row}\n")
    scan = scan_data(path)
    assert scan.unreadable == ["fer2013.csv:3"]
    assert len(scan.splits["train"]) == 1


def test_csv_field_of_endless_length(tmp_path: Path) -> None:
    (tmp_path / "fer2013.csv").write_text(f"emotion,pixels,Usage\n0,{'1 ' * 1_100_000},Training\n")
    with pytest.raises(DataError, match="cannot be read as a CSV"):
        scan_data(tmp_path / "fer2013.csv")


def test_duplicates_within_and_across_splits(splits: dict[str, LabelledImages]) -> None:
    train, public = (splits[name].take(np.arange(len(splits[name]))) for name in ("train", "public"))
    assert find_duplicates({"train": train, "public": public}) == []
    train.images[4] = train.images[2]
    public.images[1] = train.images[9]
    groups = find_duplicates({"train": train, "public": public})
    assert sorted(groups) == [[("train", 2), ("train", 4)], [("train", 9), ("public", 1)]]
    assert np.flatnonzero(seen_in(public, train)).tolist() == [1]


def test_data_is_sought_in_order(no_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert find_data(None) is None
    with pytest.raises(DataError, match=rf"kaggle.*--data.*FER_EDGE_DATA.*{no_data}"):
        require_data(None)
    no_data.mkdir(parents=True)
    for name in ("fer2013", "fer2013.csv", "fer2013.zip"):  # each is preferred to the former
        (no_data / name).touch()
        assert find_data(None) == no_data / name
    variable, given = tmp_path / "variable.zip", tmp_path / "given.zip"
    variable.touch()
    given.touch()
    monkeypatch.setenv("FER_EDGE_DATA", str(variable))
    assert require_data(None) == variable
    assert require_data(given) == given


def test_named_but_missing_never_falls_through(no_data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    no_data.mkdir(parents=True)
    (no_data / "fer2013.zip").touch()
    monkeypatch.setenv("FER_EDGE_DATA", str(tmp_path / "gone.zip"))
    with pytest.raises(DataError, match=r"FER_EDGE_DATA names .*gone\.zip"):
        find_data(None)
    monkeypatch.setenv("FER_EDGE_DATA", str(no_data / "fer2013.zip"))
    with pytest.raises(DataError, match=r"--data names .*typo\.zip"):
        find_data(tmp_path / "typo.zip")


def test_public_faces_are_ready_for_the_model() -> None:
    faces = read_public_faces()
    assert (faces.shape, faces.dtype) == ((100, 48, 48, 1), np.uint8)
    assert faces.std() > 20  # pixels 0..255, not 0..1


@pytest.mark.parametrize("form", ["folder", "zip"])
def test_a_file_too_large_for_a_face_is_not_read(form: str, tmp_path: Path) -> None:
    folder = tmp_path / "fer2013" / "train" / "happy"
    folder.mkdir(parents=True)
    (folder / "good.png").write_bytes(encode(np.zeros((48, 48), np.uint8)))
    (folder / "declared.png").write_bytes(encode(np.zeros((7000, 7000), np.uint8)))  # small, and millions of pixels
    with (folder / "bomb.png").open("wb") as file:
        file.write(encode(np.zeros((48, 48), np.uint8)))
        file.truncate(300_000_000)  # takes no disk; packs to a thousandth
    path = tmp_path / "fer2013"
    if form == "zip":
        path = zip_folder(path, tmp_path / "fer2013.zip")
    tracemalloc.start()
    scan = scan_data(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert len(scan.splits["train"]) == 1
    assert sorted(Path(name).name for name in scan.unreadable) == ["bomb.png", "declared.png"]
    assert peak < 20_000_000


def test_a_csv_of_one_endless_line_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "fer2013.csv"
    path.write_text("emotion,pixels,Usage\n3," + "7 " * 3_000_000)
    with pytest.raises(DataError, match="more than 4,000,000 characters"):
        scan_data(path)
