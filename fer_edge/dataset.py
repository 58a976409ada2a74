"""FER2013 in the three forms in which people hold it, read into `LabelledImages`.

1. the Kaggle folder edition (``train/<label>/*.png``, ``test/<label>/*.png``),
2. the same as a ``.zip``, left unopened,
3. the challenge's ``fer2013.csv``.
"""

from __future__ import annotations

import csv
import hashlib
import os
import sys
import zipfile
import zlib
from collections import defaultdict
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError, ImageError
from fer_edge.runtime.preprocess import decode_grey, to_face
from fer_edge.types import FACE_SIZE, LABELS, SPLITS, LabelledImages

DATA_VARIABLE = "FER_EDGE_DATA"
PUBLIC_FACES = "lfw_subset"
"""Given in place of a path, it stands for the faces that scikit-image ships."""

HOW_TO_GET = (
    "Get it from https://www.kaggle.com/datasets/msambare/fer2013 and pass the .zip, its folder "
    f"or fer2013.csv with --data PATH, or set {DATA_VARIABLE}, or put it into {{cache}}."
)

# The order of the integers in the challenge's CSV. It is *not* alphabetical: neutral comes last.
# Mixing it up with `LABELS` costs about 25 points of accuracy, unnoticed until evaluation.
CSV_LABELS = ("angry", "disgust", "fear", "happy", "sad", "surprise", "neutral")
CSV_SPLITS = {"Training": "train", "PublicTest": "public", "PrivateTest": "private"}
# RuntimeError: an encrypted member, or one compressed in a way that Python does not know.
ZIP_DAMAGE = (zipfile.BadZipFile, zlib.error, EOFError, RuntimeError)
LITTER = {"thumbs.db", "desktop.ini"}  # what Windows leaves in folders of images
IMAGE_SUFFIXES = {".png", ".jpg", ".jpeg", ".bmp"}

Progress = Callable[[int, int], None]


@dataclass(frozen=True)
class Scan:
    """Everything found at a path: the usable images, and by name what is not usable."""

    splits: dict[str, LabelledImages]
    unreadable: list[str] = field(default_factory=list)
    wrong_size: list[str] = field(default_factory=list)


def cache_folder() -> Path:
    """Return the user's cache folder for fer-edge; it need not exist."""
    if "XDG_CACHE_HOME" in os.environ:
        return Path(os.environ["XDG_CACHE_HOME"]) / "fer-edge"
    base = "Library/Caches" if sys.platform == "darwin" else ".cache"
    return Path.home() / base / "fer-edge"


def find_data(given: Path | None) -> Path | None:
    """Return where FER2013 lies: `given`, else $FER_EDGE_DATA, else the cache folder, else None.

    A path that was named but does not exist is an error, never a reason to look further.
    """
    variable = os.environ.get(DATA_VARIABLE)
    named = given or (Path(variable) if variable else None)
    if named is not None:
        if not named.exists():
            origin = "--data" if given else DATA_VARIABLE
            raise DataError(f"{origin} names {named}, which does not exist. {how_to_get()}")
        return named
    candidates = [cache_folder() / name for name in ("fer2013.zip", "fer2013.csv", "fer2013")]
    return next((path for path in candidates if path.exists()), None)


def require_data(given: Path | None) -> Path:
    """Like `find_data`, but FER2013 must be there.

    Raises:
        DataError: it is nowhere; the message says how to get it.
    """
    path = find_data(given)
    if path is None:
        raise DataError(f"FER2013 was not found. {how_to_get()}")
    return path


def how_to_get() -> str:
    """Return one sentence that tells a user how to get FER2013 and where to put it."""
    return HOW_TO_GET.format(cache=cache_folder())


def read_splits(path: Path, *splits: str, progress: Progress | None = None) -> dict[str, LabelledImages]:
    """Read the named splits (all when none is named) of the FER2013 copy at `path`.

    Returns:
        split name -> images, in a fixed order (sorted by file name, or as the CSV has them).

    Raises:
        DataError: a wanted split is missing or empty, or any of its files is damaged.
    """
    scan = scan_data(path, *splits, progress=progress)
    damaged = scan.unreadable + scan.wrong_size
    if damaged:
        raise DataError(
            f"{path} holds {len(damaged)} file(s) that are not {FACE_SIZE}x{FACE_SIZE} images, "
            f"first {damaged[0]}. 'fer-edge data {path}' lists them; repair or remove them."
        )
    missing = [name for name in splits if name not in scan.splits]
    if missing:
        raise DataError(f"{path} has no images of split '{missing[0]}'; it has: {', '.join(scan.splits)}.")
    return scan.splits


def scan_data(path: Path, *splits: str, progress: Progress | None = None) -> Scan:
    """Read what is readable at `path` and list what is not.

    Raises:
        DataError: the path is missing, of no known form, empty, or has an unknown class.
    """
    unknown = set(splits) - set(SPLITS)
    if unknown:
        raise DataError(f"Expected a split of {', '.join(SPLITS)}, got '{sorted(unknown)[0]}'.")
    wanted = set(splits or SPLITS)
    if not path.exists():
        raise DataError(f"{path} does not exist. {how_to_get()}")
    if path.is_dir():
        scan = _scan_files(path, wanted, progress)
    elif path.suffix.lower() == ".csv":
        try:
            scan = _scan_csv(path, wanted)
        except (OSError, csv.Error) as error:
            raise DataError(f"{path} cannot be read as a CSV: {error}.") from error
    elif zipfile.is_zipfile(path):
        scan = _scan_zip(path, wanted, progress)
    else:
        raise DataError(f"Expected a folder, a .zip or fer2013.csv, got {path} (damaged, or another format).")
    if not scan.splits and not scan.unreadable and not scan.wrong_size:
        raise DataError(
            f"{path} holds no FER2013 image of split {' or '.join(sorted(wanted))}: expected "
            "train/<label>/*.png and test/<label>/*.png, or a CSV with emotion, pixels, Usage."
        )
    return scan


def find_duplicates(splits: dict[str, LabelledImages]) -> list[list[tuple[str, int]]]:
    """Return the groups of pixel-identical images as lists of (split, index)."""
    groups: dict[bytes, list[tuple[str, int]]] = defaultdict(list)
    for split, data in splits.items():
        for index, image in enumerate(data.images):
            groups[hashlib.sha256(image.tobytes()).digest()].append((split, index))
    return [group for group in groups.values() if len(group) > 1]


def seen_in(images: LabelledImages, others: LabelledImages) -> np.ndarray:
    """Return a bool array (N,): which of `images` stand pixel-identically among `others`."""
    known = {image.tobytes() for image in others.images}
    return np.array([image.tobytes() in known for image in images.images], dtype=bool)


def read_public_faces() -> npt.NDArray[np.uint8]:
    """Return 100 small public faces (uint8, 100 x 48 x 48 x 1), without emotion labels.

    scikit-image ships them as `lfw_subset`, from Labeled Faces in the Wild (25 x 25 pixels). Good
    enough to find the ranges of activations or to compare two models, never to measure accuracy.

    Raises:
        DataError: scikit-image is not installed.
    """
    try:
        from skimage.data import lfw_subset
    except ImportError as error:
        raise DataError(f"'{PUBLIC_FACES}' needs scikit-image: run \"pip install 'fer-edge[train]'\".") from error
    faces = (lfw_subset()[:100] * 255).round().astype(np.uint8)  # the other 100 are not faces
    return np.stack([to_face(face) for face in faces])


@dataclass(frozen=True)
class _Entry:
    """One image file of the folder edition, not yet read."""

    name: str
    split: str
    label: int


def _scan_zip(path: Path, wanted: set[str], progress: Progress | None) -> Scan:
    try:
        archive = zipfile.ZipFile(path)
    except ZIP_DAMAGE as error:
        raise DataError(f"{path} is a damaged .zip: {error}. Download it again.") from error
    with archive:
        entries = _list_entries(archive.namelist(), wanted, path)
        return _read_entries(entries, archive.read, progress)


def _scan_files(path: Path, wanted: set[str], progress: Progress | None) -> Scan:
    names = (file.relative_to(path).as_posix() for file in path.rglob("*") if file.is_file())
    entries = _list_entries(names, wanted, path)
    return _read_entries(entries, lambda name: (path / name).read_bytes(), progress)


def _list_entries(names: Iterator[str] | list[str], wanted: set[str], source: Path) -> list[_Entry]:
    """Return the images of the wanted splits among file names ``.../{train,test}/<label>/<file>``."""
    entries = []
    for name in sorted(names):
        parts = PurePosixPath(name).parts
        if name.endswith("/") or len(parts) < 3 or "__MACOSX" in parts:
            continue
        if parts[-1].startswith(".") or parts[-1].lower() in LITTER:
            continue
        folder, label, file = parts[-3:]
        if folder.lower() not in ("train", "test"):
            continue
        if label.lower() not in LABELS:
            raise DataError(
                f"{source} has an unknown class folder '{folder}/{label}': expected one of {', '.join(LABELS)}."
            )
        split = _split_of(folder.lower(), file)
        if split in wanted:
            entries.append(_Entry(name, split, LABELS.index(label.lower())))
    return entries


def _split_of(folder: str, file: str) -> str:
    """Return the split of a file; the Kaggle edition keeps it in the prefix of test file names."""
    if folder == "train":
        return "train"
    return CSV_SPLITS.get(file.partition("_")[0], "test")


def _read_entries(entries: list[_Entry], read: Callable[[str], bytes], progress: Progress | None) -> Scan:
    """Decode every entry into one array per split, allocated once: 32,000 images take 75 MB."""
    unreadable: list[str] = []
    wrong_size: list[str] = []
    pixels = np.empty((len(entries), FACE_SIZE, FACE_SIZE, 1), np.uint8)
    kept: dict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        image = _decode(entry.name, read)
        if image is None:
            unreadable.append(entry.name)
        elif image.shape != (FACE_SIZE, FACE_SIZE):
            wrong_size.append(f"{entry.name} ({image.shape[1]}x{image.shape[0]})")
        else:
            pixels[index, :, :, 0] = image
            kept[entry.split].append(index)
        if progress and (index % 256 == 0 or index + 1 == len(entries)):
            progress(index + 1, len(entries))
    splits = {
        split: LabelledImages(
            images=pixels[kept[split]],
            labels=np.array([entries[i].label for i in kept[split]], np.int64),
            split=split,
            names=tuple(entries[i].name for i in kept[split]),
        )
        for split in SPLITS
        if kept[split]
    }
    return Scan(splits, unreadable, wrong_size)


def _decode(name: str, read: Callable[[str], bytes]) -> np.ndarray | None:
    """Return the grey image (H x W uint8), or None when the file is damaged or no image."""
    if PurePosixPath(name).suffix.lower() not in IMAGE_SUFFIXES:
        return None
    try:
        return decode_grey(read(name))
    except (OSError, *ZIP_DAMAGE, ImageError):
        return None


def _scan_csv(path: Path, wanted: set[str]) -> Scan:
    unreadable: list[str] = []
    images: dict[str, list[np.ndarray]] = defaultdict(list)
    labels: dict[str, list[int]] = defaultdict(list)
    names: dict[str, list[str]] = defaultdict(list)
    # Some editions write the header as "emotion, Usage, pixels", with spaces; spreadsheets add a BOM.
    with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
        reader = csv.DictReader(file, skipinitialspace=True)
        missing = {"emotion", "pixels", "Usage"} - set(reader.fieldnames or ())
        if missing:
            raise DataError(f"Expected the columns emotion, pixels, Usage in {path}, missing: {sorted(missing)[0]}.")
        for number, row in enumerate(reader, start=2):
            split = CSV_SPLITS.get((row["Usage"] or "").strip())
            name = f"{path.name}:{number}"
            face = _parse_pixels(row["pixels"])
            label = _parse_emotion(row["emotion"])
            if split is None or label is None or face is None:
                unreadable.append(name)
            elif split in wanted:
                images[split].append(face)
                labels[split].append(label)
                names[split].append(name)
    splits = {
        split: LabelledImages(np.stack(images[split]), np.array(labels[split], np.int64), split, tuple(names[split]))
        for split in SPLITS
        if images[split]
    }
    return Scan(splits, unreadable)


def _parse_emotion(text: str | None) -> int | None:
    """Return the index in `LABELS` of the challenge's class number, or None."""
    if text is None or text.strip() not in {"0", "1", "2", "3", "4", "5", "6"}:
        return None
    return LABELS.index(CSV_LABELS[int(text)])


def _parse_pixels(text: str | None) -> np.ndarray | None:
    """Return the 48 x 48 x 1 uint8 image of a row of numbers, or None when it is not one."""
    try:
        values = np.array((text or "").split(), dtype=np.int64)
    except (ValueError, OverflowError):
        return None
    if values.size != FACE_SIZE**2 or values.min() < 0 or values.max() > 255:
        return None
    return values.astype(np.uint8).reshape(FACE_SIZE, FACE_SIZE, 1)
