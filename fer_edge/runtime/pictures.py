"""Whatever an app holds of a picture -> pixels."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ImageError
from fer_edge.runtime.preprocess import Picture, channels_of, decode_picture, read_picture

if TYPE_CHECKING:
    from PIL.Image import Image

    PictureSource = str | os.PathLike[str] | bytes | npt.NDArray[Any] | Image
"""A path, an encoded picture, pixels, or an image of Pillow."""


def to_picture(source: PictureSource, *, rgb: bool = False) -> Picture:
    """Return a picture as uint8 pixels: grey (H x W), BGR (H x W x 3) or BGRA (H x W x 4).

    Args:
        source: a path; the bytes of an encoded picture; an array, which is taken for BGR or BGRA; or an image of
            Pillow, which knows its own order of colours and is turned upright by its EXIF tag, as files are.
        rgb: the array is RGB or RGBA, as imageio, Matplotlib and scikit-image give it.

    Raises:
        ImageError: the file or the bytes cannot be read as a picture, or the array is not one.
    """
    if isinstance(source, np.ndarray):
        channels = channels_of(source)
        if not rgb or channels == 1:
            return source
        return np.ascontiguousarray(source[..., [2, 1, 0, 3][:channels]])
    if isinstance(source, bytes | bytearray | memoryview):
        return decode_picture(bytes(source))
    if isinstance(source, str | os.PathLike):
        return read_picture(source)
    if (pillow := sys.modules.get("PIL.Image")) and isinstance(source, pillow.Image):
        return _from_pillow(source)
    raise ImageError(f"Expected a path, bytes, a NumPy array or an image of Pillow, got {type(source).__name__}.")


def _from_pillow(image: Image) -> Picture:
    from PIL import ImageOps

    try:
        upright = ImageOps.exif_transpose(image)
        if upright.mode in {"1", "L", "LA"}:
            return np.asarray(upright.convert("L"))
        return np.ascontiguousarray(np.asarray(upright.convert("RGB"))[..., ::-1])
    except (OSError, ValueError, SyntaxError) as error:  # Pillow decodes only now; SyntaxError: a broken PNG
        raise ImageError(f"Pillow cannot read this image: {str(error).rstrip('.')}.") from error
