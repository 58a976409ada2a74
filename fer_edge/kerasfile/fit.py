"""FER2013's 48x48 grey faces for networks of other inputs, and a user's pictures for any network."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import numpy.typing as npt

from fer_edge.errors import DataError
from fer_edge.files import require_open_folder
from fer_edge.runtime.image_header import PICTURE_SUFFIXES
from fer_edge.runtime.preprocess import read_picture, to_grey
from fer_edge.types import FACE_SIZE

Shape = tuple[int, int, int]
"""Height, width and channels: 1 grey, 3 RGB."""


def fit_faces(faces: npt.NDArray[np.uint8], shape: Shape) -> npt.NDArray[np.uint8]:
    """Return grey faces (N x 48 x 48 x 1) as a network of that input wants them; fitting images as they are.

    They are stretched where it is not square; a network for colours gets three equal channels.
    """
    height, width, channels = shape
    if faces.shape[1:] == shape:
        return faces
    if faces.shape[1:3] != (height, width):
        shrinks = height <= FACE_SIZE and width <= FACE_SIZE
        resized = [_resize(face, shape, shrinks=shrinks) for face in faces]
        faces = np.stack(resized).reshape(len(faces), height, width, 1)
    return np.repeat(faces, 3, axis=3) if channels == 3 else faces


def read_pictures(
    folder: Path, shape: Shape, *, progress: Callable[[int, int], None] | None = None
) -> npt.NDArray[np.uint8]:
    """Return all pictures of a folder (uint8, N x height x width x channels), in the order of their names.

    Each is stretched to the shape; colours are in the order RGB. Pictures that are equal pixel by
    pixel come once, so that none can be calibrated on and compared on.

    Raises:
        DataError: the folder is missing, or holds no picture.
        ImageError: one of them is damaged.
    """
    if not folder.is_dir():
        raise DataError(f"{folder}: no such folder.")
    require_open_folder(folder)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in PICTURE_SUFFIXES)
    if not paths:
        raise DataError(f"{folder} contains no pictures ({', '.join(sorted(PICTURE_SUFFIXES))}).")
    found: dict[bytes, npt.NDArray[np.uint8]] = {}
    for number, path in enumerate(paths, start=1):
        picture = _fit_picture(path, shape)
        found.setdefault(hashlib.sha256(picture.tobytes()).digest(), picture)
        if progress:
            progress(number, len(paths))
    return np.stack(list(found.values()))


def _fit_picture(path: Path, shape: Shape) -> npt.NDArray[np.uint8]:
    picture = read_picture(path)
    pixels = to_grey(picture) if shape[2] == 1 else picture[..., ::-1]
    shrinks = pixels.shape[0] >= shape[0] and pixels.shape[1] >= shape[1]
    return _resize(np.ascontiguousarray(pixels), shape, shrinks=shrinks).reshape(shape)


def _resize(pixels: npt.NDArray[np.uint8], shape: Shape, *, shrinks: bool) -> npt.NDArray[np.uint8]:
    # As the runtime does it: LINEAR_EXACT is bit-identical on x86 and Arm, LINEAR is not.
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT
    return cv2.resize(pixels, (shape[1], shape[0]), interpolation=method).astype(np.uint8, copy=False)
