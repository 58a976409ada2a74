"""HEIC and AVIF, as phones take them: read by Pillow where it can, else named as what they are."""

from __future__ import annotations

import io

import numpy as np
import numpy.typing as npt

from fer_edge.errors import ImageError, install_hint

_BRANDS = {
    **dict.fromkeys((b"avif", b"avis"), "AVIF"),
    **dict.fromkeys((b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1"), "HEIC"),
}


def phone_format(data: bytes) -> str:
    """Return "HEIC" or "AVIF" by the first bytes; empty for anything else."""
    return _BRANDS.get(data[8:12], "") if data[4:8] == b"ftyp" else ""


def decode_phone_picture(data: bytes, *, most_pixels: int) -> npt.NDArray[np.uint8]:
    """Return a HEIC or AVIF picture as H x W x 3 uint8 BGR, turned upright.

    Raises:
        ImageError: no decoder is installed, or the picture is damaged or larger than `most_pixels`.
    """
    kind = phone_format(data)
    try:
        from PIL import Image, ImageOps

        if kind == "HEIC":
            from pillow_heif import register_heif_opener

            register_heif_opener()
    except ImportError as error:
        raise ImageError(
            f"This is a picture in {kind}, as phones take them, which needs a decoder: {install_hint('heif')}; or "
            "save it as JPEG."
        ) from error
    try:
        with Image.open(io.BytesIO(data)) as image:
            if image.width * image.height > most_pixels:
                raise ImageError(
                    f"Expected at most {most_pixels // 10**6} megapixels, got {image.width}x{image.height}. Scale the "
                    "picture down first."
                )
            upright = ImageOps.exif_transpose(image).convert("RGB")
            return np.ascontiguousarray(np.asarray(upright)[..., ::-1])
    except ImageError:
        raise
    except Exception as error:  # Pillow's readers raise many kinds for damaged data
        raise ImageError(f"The {kind} picture is damaged, or its kind is not known to the decoder.") from error
