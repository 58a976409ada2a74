"""Any picture -> 48x48 grey uint8: the only copy of this logic in fer-edge.

OpenCV is imported where a picture has to be converted or resized, so that an app that already
holds 48x48 crops never pays for it.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from typing import Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ImageError
from fer_edge.types import FACE_SIZE

Grey = npt.NDArray[np.uint8]
Picture = npt.NDArray[np.uint8]

_UINT8 = np.dtype(np.uint8)  # comparing with it is seven times as fast as with np.uint8

MAX_PIXELS = 50_000_000
"""Of an image file, width times height: 150 MB decoded, which a small computer can still spare."""

MAX_BYTES = 8 * MAX_PIXELS
"""Of an image file: four channels of 16 bits a pixel, not compressed."""


def to_face(image: npt.NDArray[Any], size: int = FACE_SIZE) -> Grey:
    """Return `image` as the model wants it: size x size x 1, uint8, raw grey pixels.

    Args:
        image: uint8, H x W or H x W x 1 (grey), H x W x 3 (BGR, OpenCV's order) or
            H x W x 4 (BGRA). A view of the input is returned when nothing has to change.
        size: the edge length in pixels.

    Raises:
        ImageError: another dtype or shape, or an empty array.
    """
    grey = to_grey(image)
    if grey.shape != (size, size):
        import cv2

        # AREA averages when shrinking. LINEAR_EXACT is bit-identical on x86 and Arm; LINEAR is not.
        shrinks = grey.shape[0] >= size and grey.shape[1] >= size
        method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT
        grey = cv2.resize(grey, (size, size), interpolation=method).astype(np.uint8, copy=False)
    return grey.reshape(size, size, 1)


def to_faces(images: npt.NDArray[Any] | Iterable[npt.NDArray[Any]]) -> Iterator[Grey]:
    """Yield what `to_face` makes of each image; crops of 48x48 grey pixels in one array are checked all at once.

    Raises:
        ImageError: nothing to go through; while yielding, what `to_face` raises.
    """
    if isinstance(images, np.ndarray) and images.dtype == _UINT8 and images.shape[1:] in _CROPS:
        return iter(np.asarray(images).reshape(len(images), FACE_SIZE, FACE_SIZE, 1))
    try:
        return map(to_face, images)
    except TypeError as error:  # also an array without axes, which only iterating tells
        raise ImageError(f"Expected several pictures, got {type(images).__name__}.") from error


_CROPS = ((FACE_SIZE, FACE_SIZE), (FACE_SIZE, FACE_SIZE, 1))


def to_grey(image: npt.NDArray[Any]) -> Grey:
    """Return `image` as H x W uint8 grey; see `to_face` for what is accepted."""
    channels = channels_of(image)
    if channels == 1:
        # asarray, because a subclass such as np.matrix refuses every other shape; it copies nothing.
        return np.asarray(image).reshape(image.shape[:2])
    import cv2

    code = cv2.COLOR_BGR2GRAY if channels == 3 else cv2.COLOR_BGRA2GRAY
    return cv2.cvtColor(image, code).astype(np.uint8, copy=False)


def to_bgr(image: npt.NDArray[Any]) -> Picture:
    """Return `image` as H x W x 3 uint8 BGR; see `to_face` for what is accepted."""
    channels = channels_of(image)
    if channels == 3:
        return image
    import cv2

    code = cv2.COLOR_GRAY2BGR if channels == 1 else cv2.COLOR_BGRA2BGR
    return cv2.cvtColor(image, code).astype(np.uint8, copy=False)


def channels_of(image: npt.NDArray[Any]) -> int:
    """Return how many channels a picture has: 1 (grey), 3 (BGR) or 4 (BGRA).

    Raises:
        ImageError: not a picture; see `to_face` for what is accepted.
    """
    if not isinstance(image, np.ndarray):
        raise ImageError(f"Expected a NumPy array of pixels, got {type(image).__name__}.")
    if image.dtype != _UINT8:
        raise ImageError(
            f"Expected uint8 pixels 0..255, got {image.dtype}. Scale to 0..255 and convert with .astype('uint8')."
        )
    channels = image.shape[2] if image.ndim == 3 else 1
    if image.ndim not in (2, 3) or channels not in (1, 3, 4):
        raise ImageError(f"Expected a grey (H, W) or BGR (H, W, 3) picture, got shape {image.shape}.")
    if image.size == 0:
        raise ImageError(f"Expected a picture with pixels, got an empty array of shape {image.shape}.")
    return channels


def decode_grey(data: bytes) -> Grey:
    """Return the H x W uint8 grey pixels of an encoded image.

    Raises:
        ImageError: see `read_picture`.
    """
    return _decode(data, grey=True)


def decode_picture(data: bytes) -> Picture:
    """Return an encoded image, such as the body of a request, as `read_picture` returns a file.

    Raises:
        ImageError: see `read_picture`.
    """
    return _decode(data, grey=False)


def read_picture(path: str | os.PathLike[str]) -> Picture:
    """Return the picture at `path` as H x W x 3 uint8 BGR, turned upright by its EXIF tag.

    Of an animation it is the first frame; 16-bit pictures lose their lower eight bits.

    Raises:
        ImageError: the file is missing, unreadable, damaged, of a format other than PNG, JPEG, WebP,
            BMP, GIF and TIFF, or declares more than `MAX_PIXELS`, which is checked before decoding.
    """
    try:
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)  # a device such as /dev/zero never ends
    except OSError as error:
        raise ImageError(f"Expected a picture at {path}: {error.strerror}.") from error
    try:
        return decode_picture(data)
    except ImageError as error:
        raise ImageError(f"{path}: {error}") from error


def encode_picture(picture: Picture, suffix: str) -> bytes:
    """Return a BGR picture encoded for a file suffix such as ".png" or ".jpg".

    Raises:
        ImageError: OpenCV cannot write that format.
    """
    import cv2

    try:
        done, encoded = cv2.imencode(suffix, picture)
    except cv2.error:
        done = False
    if not done:
        raise ImageError(f"Expected an output file named .png or .jpg, got '{suffix or 'no suffix'}'.")
    return bytes(encoded)


def _decode(data: bytes, *, grey: bool) -> Picture:
    import cv2

    from fer_edge.runtime.image_header import FORMATS, image_size

    if not data:
        raise ImageError("Expected an image file, got an empty one.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"Expected an image file of at most {MAX_BYTES // 10**6} MB, got more.")
    width, height = image_size(data)
    if width * height > MAX_PIXELS:
        raise ImageError(
            f"Expected at most {MAX_PIXELS // 10**6} megapixels, got {width}x{height}. Scale the picture down first."
        )
    flag = cv2.IMREAD_GRAYSCALE if grey else cv2.IMREAD_COLOR
    try:
        pixels = cv2.imdecode(np.frombuffer(data, np.uint8), flag)
    except cv2.error:
        pixels = None
    # EXIF may have swapped the sides; any other difference would be a header that was misread here.
    if pixels is None or sorted(pixels.shape[:2]) != sorted((width, height)):
        raise ImageError(f"Expected a {FORMATS} image that OpenCV reads; this file is damaged.")
    return pixels.astype(np.uint8, copy=False)
