"""Any picture -> the uint8 pixels that a model wants, mostly 48x48 grey: the only copy of this logic in fer-edge.

OpenCV is imported where a picture has to be converted or resized, so that an app that already
holds 48x48 crops never pays for it.
"""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Iterable, Iterator
from typing import Any, TypeVar

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ImageError, os_reason
from fer_edge.types import FACE_SIZE

Grey = npt.NDArray[np.uint8]
Picture = npt.NDArray[np.uint8]
Fitted = TypeVar("Fitted")

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
        grey = resize(grey, size, size)
    return grey.reshape(size, size, 1)


def fit_picture(image: npt.NDArray[Any], height: int, width: int, colour: str) -> Picture:
    """Return `image` as height x width x channels, uint8, raw pixels; stretched where the proportions differ.

    Args:
        image: see `to_face` for what is accepted.
        height: in pixels.
        width: in pixels.
        colour: "grey" for one channel; "rgb" or "bgr" for three, which are equal if the picture is grey.

    Raises:
        ImageError: another dtype or shape, or an empty array.
    """
    # Converted to one channel before it is resized, and to three after: there are fewer pixels to resize.
    pixels = to_grey(image) if colour == "grey" or channels_of(image) == 1 else to_bgr(image)
    if pixels.shape[:2] != (height, width):
        pixels = resize(pixels, height, width)
    if colour == "grey":
        return pixels.reshape(height, width, 1)
    if pixels.ndim == 2:
        return np.repeat(pixels[..., np.newaxis], 3, axis=2)
    return np.ascontiguousarray(pixels[..., ::-1]) if colour == "rgb" else pixels


def resize(pixels: Picture, height: int, width: int) -> Picture:
    """Return uint8 pixels, H x W or H x W x 3, resized alike on every machine."""
    import cv2

    # AREA averages when shrinking. LINEAR_EXACT is bit-identical on x86 and Arm; LINEAR is not.
    shrinks = pixels.shape[0] >= height and pixels.shape[1] >= width
    method = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR_EXACT
    return cv2.resize(pixels, (width, height), interpolation=method).astype(np.uint8, copy=False)


def to_faces(images: npt.NDArray[Any] | Iterable[npt.NDArray[Any]]) -> Iterator[Grey]:
    """Yield what `to_face` makes of each image; crops of 48x48 grey pixels in one array are checked all at once.

    Raises:
        ImageError: nothing to go through; while yielding, what `to_face` raises.
    """
    if isinstance(images, np.ndarray) and images.dtype == _UINT8 and images.shape[1:] in _CROPS:
        return iter(np.asarray(images).reshape(len(images), FACE_SIZE, FACE_SIZE, 1))
    return each(to_face, images)


def each(fit: Callable[[npt.NDArray[Any]], Fitted], images: Iterable[npt.NDArray[Any]]) -> Iterator[Fitted]:
    """Yield `fit` of each image.

    Raises:
        ImageError: nothing to go through; while yielding, what `fit` raises.
    """
    try:
        return map(fit, images)
    except TypeError as error:  # also an array without axes: only iterating shows it
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

    Of an animation it is the first frame; 16-bit pictures lose their lower eight bits, and are refused if
    nothing would be left.

    Raises:
        ImageError: the file is missing, a pipe, unreadable, damaged, of a format other than PNG, JPEG, WebP,
            BMP, GIF and TIFF, or declares more than `MAX_PIXELS`, which is checked before decoding.
    """
    try:
        if stat.S_ISFIFO(os.stat(path).st_mode):
            raise ImageError(f"{path} is a pipe, which may never end: give it as stdin.")
        with open(path, "rb") as file:
            data = file.read(MAX_BYTES + 1)  # a device such as /dev/zero never ends
    except OSError as error:
        raise ImageError(f"{path}: {os_reason(error)}.") from error
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

    from fer_edge.runtime.image_header import FORMATS, has_sixteen_bits, image_size
    from fer_edge.runtime.phone_pictures import decode_phone_picture, phone_format

    if not data:
        raise ImageError("Expected an image file, got an empty one.")
    if len(data) > MAX_BYTES:
        raise ImageError(f"Expected an image file of at most {MAX_BYTES // 10**6} MB, got more.")
    if phone_format(data):
        picture = decode_phone_picture(data, most_pixels=MAX_PIXELS)
        return to_grey(picture) if grey else picture
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
    if has_sixteen_bits(data) and pixels.max() <= 16:  # 4095 of 65535, in eight bits and rounded
        raise ImageError(
            "Its channels have 16 bits, of which at most the lower 12 are used, so it would read as black: "
            "multiply its values by 16 first."
        )
    return pixels.astype(np.uint8, copy=False)
