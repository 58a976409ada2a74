"""Every kind of image file that a user may have, made from one picture by Pillow or OpenCV."""

from __future__ import annotations

import io
from collections.abc import Callable

import cv2
import numpy as np
from PIL import Image

SUFFIXES = (".png", ".jpg", ".webp", ".bmp", ".gif", ".tiff")


def pillow(image: Image.Image, kind: str, **options: object) -> bytes:
    """Return an image encoded by Pillow."""
    file = io.BytesIO()
    image.save(file, kind, **options)
    return file.getvalue()


def _sixteen_bits(image: Image.Image) -> Image.Image:
    """Return the grey picture in the whole range of 16 bits, big-endian."""
    grey = np.asarray(image.convert("L")).astype(np.uint16) * 257
    return Image.frombytes("I;16B", image.size, grey.astype(">u2").tobytes())


VARIANTS: dict[str, Callable[[Image.Image], bytes]] = {
    "progressive JPEG": lambda image: pillow(image, "JPEG", progressive=True),
    "JPEG with a comment": lambda image: pillow(image, "JPEG", comment=b"\xff\xc0\x00\x11\x08\x00\x01\x00\x01"),
    "JPEG with padding": lambda image: pillow(image, "JPEG").replace(b"\xff\xdb", b"\xff\xff\xff\xdb", 1),
    "lossless WebP": lambda image: pillow(image, "WEBP", lossless=True),
    "animated WebP": lambda image: pillow(image, "WEBP", save_all=True, append_images=[image.rotate(90)]),
    "animated GIF": lambda image: pillow(image, "GIF", save_all=True, append_images=[image.rotate(90)]),
    "animated PNG": lambda image: pillow(image, "PNG", save_all=True, append_images=[image.rotate(90)]),
    "TIFF of two pages": lambda image: pillow(image, "TIFF", save_all=True, append_images=[image.rotate(90)]),
    "compressed TIFF": lambda image: pillow(image, "TIFF", compression="tiff_lzw"),
    "big-endian TIFF": lambda image: pillow(_sixteen_bits(image), "TIFF"),
    "palette PNG": lambda image: pillow(image.quantize(256), "PNG"),
    "palette BMP": lambda image: pillow(image.quantize(256), "BMP"),
}


def every_kind(image: Image.Image) -> dict[str, bytes]:
    """Return name -> content of a file of each format as OpenCV writes it, and of each variant."""
    pixels = np.ascontiguousarray(np.asarray(image.convert("RGB"))[..., ::-1])
    plain = {f"plain {suffix}": cv2.imencode(suffix, pixels)[1].tobytes() for suffix in SUFFIXES}
    return plain | {name: variant(image) for name, variant in VARIANTS.items()}
