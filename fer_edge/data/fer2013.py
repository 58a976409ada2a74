"""FER2013 in the forms in which people hold it, read into `LabelledImages`.

Images in folders (``train/<label>/*.png`` and what else people call those, see `folders`), the challenge's CSV
(`pixel_table`), and Parquet as data hubs hold it (`parquet_table`); each bare, or in an archive left unopened
(`containers`).
"""

from __future__ import annotations

import hashlib
import math
import os
import sys
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath

import numpy as np
import numpy.typing as npt

from fer_edge.data.class_names import EVERY_NAME, ClassNames
from fer_edge.data.containers import ARCHIVE_DAMAGE, Container, Read, open_container
from fer_edge.data.folders import Entry, list_entries
from fer_edge.data.parquet_table import read_parquet
from fer_edge.data.pixel_table import Table, bounded_lines, read_table
from fer_edge.emotions import CHALLENGE_ORDER
from fer_edge.errors import DataError, ImageError, install_hint
from fer_edge.runtime.image_header import image_size
from fer_edge.runtime.preprocess import decode_grey, to_face
from fer_edge.types import FACE_SIZE, SPLITS, LabelledImages

EVALUATION_SPLITS = ("public", "test", "private")
"""What may be measured on, the first that is there before the others."""

DATA_VARIABLE = "FER_EDGE_DATA"
TABLE_SUFFIXES = {".csv", ".parquet"}
PUBLIC_FACES = "lfw_subset"
"""Given in place of a path, it stands for the faces that scikit-image ships."""

HOW_TO_GET = (
    "Get it from https://www.kaggle.com/datasets/msambare/fer2013 and pass the .zip, its folder "
    f"or fer2013.csv with --data PATH, or set {DATA_VARIABLE}, or put it into {{cache}}."
)

CSV_LABELS = CHALLENGE_ORDER

MAX_IMAGE_BYTES = 1_000_000
"""Of a file that holds one face: a hundred times what it needs. An archive can promise far more."""

MAX_IMAGE_PIXELS = 4_000_000
"""Of a face in another size than 48 x 48."""

Progress = Callable[[int, int], None]
Notify = Callable[[str], None]


@dataclass(frozen=True)
class Scan:
    """Everything found at a path.

    Attributes:
        splits: the usable images.
        unreadable: names of those that are damaged.
        wrong_size: names of those that were resized to 48x48.
        notes: what was assumed, left out or ignored, in sentences.
    """

    splits: dict[str, LabelledImages]
    unreadable: list[str] = field(default_factory=list)
    wrong_size: list[str] = field(default_factory=list)
    notes: list[str] = field(default_factory=list)


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
    """Return one sentence on how to get FER2013 and where to put it."""
    return HOW_TO_GET.format(cache=cache_folder())


def read_splits(
    path: Path,
    *splits: str,
    any_of: bool = False,
    progress: Progress | None = None,
    notify: Notify = lambda note: None,
    known: ClassNames = EVERY_NAME,
) -> dict[str, LabelledImages]:
    """Read the named splits (all when none is named) of the FER2013 copy at `path`.

    Args:
        path: a folder, a .zip or a .csv.
        splits: their names.
        any_of: one of them is enough.
        progress: called with (files read, files).
        notify: called with what was assumed, left out or resized, in sentences.
        known: what classes are called.

    Returns:
        split name -> images, in a fixed order (sorted by file name, or as the CSV has them).

    Raises:
        DataError: a wanted split is missing or empty, or any of its files is damaged.
    """
    scan = scan_data(path, *splits, progress=progress, known=known)
    if scan.unreadable:
        raise DataError(
            f"{path} has {len(scan.unreadable)} unreadable image(s), first {scan.unreadable[0]}. 'fer-edge data "
            f"{path}' lists them; repair or remove them."
        )
    for note in scan.notes:
        notify(note)
    if scan.wrong_size:
        notify(f"{len(scan.wrong_size):,} images are not {FACE_SIZE}x{FACE_SIZE} and were resized.")
    missing = [name for name in splits if name not in scan.splits]
    if missing and not (any_of and scan.splits):
        raise DataError(f"{path} has no images of split '{missing[0]}'.")
    return scan.splits


def read_split(
    path: Path,
    split: str | None = None,
    *,
    progress: Progress | None = None,
    notify: Notify = lambda note: None,
    known: ClassNames = EVERY_NAME,
) -> LabelledImages:
    """Read one split and no other: the one named, else the first of `EVALUATION_SPLITS` that is there.

    Raises:
        DataError: there is no such split, or any of its files is damaged.
    """
    if split is not None:
        return read_splits(path, split, progress=progress, notify=notify, known=known)[split]
    splits = _first_to_measure_on(path, known)
    found = read_splits(path, *splits, any_of=True, progress=progress, notify=notify, known=known)
    return next(found[name] for name in EVALUATION_SPLITS if name in found)


def _first_to_measure_on(path: Path, known: ClassNames) -> tuple[str, ...]:
    """Return the split that a copy's file names show; every possible one if they show none."""
    if path.is_file() and path.suffix.lower() in TABLE_SUFFIXES:
        return EVALUATION_SPLITS
    with open_container(path) as container:
        there = {entry.split for entry in list_entries(container.names, path, known).entries}
    return next(((name,) for name in EVALUATION_SPLITS if name in there), EVALUATION_SPLITS)


def scan_data(path: Path, *splits: str, progress: Progress | None = None, known: ClassNames = EVERY_NAME) -> Scan:
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
    if path.is_file() and path.suffix.lower() == ".csv":
        scan = _scan_csv(path, wanted, known)
    elif path.is_file() and path.suffix.lower() == ".parquet":
        scan = _as_scan(read_parquet(path.read_bytes(), path.name, wanted, known))
    else:
        with open_container(path) as container:
            scan = _scan_container(container, path, wanted, progress, known)
    if not scan.splits and not scan.unreadable:
        raise DataError(
            f"{path} contains no FER2013 image of split {' or '.join(sorted(wanted))}. Expected "
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
        raise DataError(f"'{PUBLIC_FACES}' needs scikit-image: {install_hint('train')}.") from error
    faces = (lfw_subset()[:100] * 255).round().astype(np.uint8)  # the other 100 are not faces
    return np.stack([to_face(face) for face in faces])


def _scan_container(
    container: Container, path: Path, wanted: set[str], progress: Progress | None, known: ClassNames
) -> Scan:
    """Read images in folders, or else the tables among the files."""
    listing = list_entries(container.names, path, known)
    if listing.entries:
        entries = [entry for entry in listing.entries if entry.split in wanted]
        scan = _read_entries(entries, container.read, progress)
        return Scan(scan.splits, scan.unreadable, scan.wrong_size, listing.notes)
    tables = []
    for name in sorted(container.names):
        title, hidden = PurePosixPath(name).name, "__MACOSX" in name or PurePosixPath(name).name.startswith(".")
        if hidden:
            continue
        if name.lower().endswith(".csv"):
            text = container.read(name).decode("utf-8-sig", "replace")
            if "pixels" in text[:200].lower():
                tables.append(read_table(text.splitlines(), title, wanted, known))
        elif name.lower().endswith(".parquet"):
            tables.append(read_parquet(container.read(name), title, wanted, known))
    return _join([_as_scan(table) for table in tables])


def _scan_csv(path: Path, wanted: set[str], known: ClassNames) -> Scan:
    try:
        with path.open(newline="", encoding="utf-8-sig", errors="replace") as file:
            return _as_scan(read_table(bounded_lines(file, path.name), path.name, wanted, known))
    except OSError as error:
        raise DataError(f"{path} cannot be read as a CSV: {error}.") from error


def _as_scan(table: Table) -> Scan:
    return Scan(table.splits, table.unreadable, table.resized, table.notes)


def _join(scans: list[Scan]) -> Scan:
    """Return the images of several tables as one copy."""
    splits: dict[str, LabelledImages] = {}
    for split in SPLITS:
        parts = [scan.splits[split] for scan in scans if split in scan.splits]
        if parts:
            splits[split] = LabelledImages(
                np.concatenate([part.images for part in parts]),
                np.concatenate([part.labels for part in parts]),
                split,
                tuple(name for part in parts for name in part.names),
            )
    return Scan(
        splits,
        [name for scan in scans for name in scan.unreadable],
        [name for scan in scans for name in scan.wrong_size],
        [note for scan in scans for note in scan.notes],
    )


def _read_entries(entries: list[Entry], read: Read, progress: Progress | None) -> Scan:
    """Decode every entry into one array per split, allocated once: 32,000 images take 75 MB."""
    unreadable: list[str] = []
    wrong_size: list[str] = []
    pixels = np.empty((len(entries), FACE_SIZE, FACE_SIZE, 1), np.uint8)
    kept: dict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(entries):
        image = _decode(entry.name, read)
        if image is None:
            unreadable.append(entry.name)
        else:
            if image.shape != (FACE_SIZE, FACE_SIZE):
                wrong_size.append(f"{entry.name} ({image.shape[1]}x{image.shape[0]})")
            pixels[index] = to_face(image)
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


def _decode(name: str, read: Read) -> np.ndarray | None:
    """Return the grey image (H x W uint8), or None when the file is damaged, no image, or far more than one face."""
    try:
        data = read(name, MAX_IMAGE_BYTES + 1)
        if len(data) > MAX_IMAGE_BYTES or math.prod(image_size(data)) > MAX_IMAGE_PIXELS:
            return None  # not decoded: a few bytes can declare millions of pixels
        return decode_grey(data)
    except (OSError, *ARCHIVE_DAMAGE, ImageError):
        return None
