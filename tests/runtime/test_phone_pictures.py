"""Pictures of phones are read where a decoder is installed, and named as what they are where none is."""

import io
import sys

import numpy as np
import pytest

from fer_edge.errors import ImageError
from fer_edge.runtime.phone_pictures import phone_format
from fer_edge.runtime.preprocess import decode_grey, decode_picture

HEIC_HEAD = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic"


def encode(kind: str) -> bytes:
    image = pytest.importorskip("PIL.Image")
    if kind == "HEIF":
        pytest.importorskip("pillow_heif").register_heif_opener()
    pixels = np.zeros((64, 96, 3), np.uint8)
    pixels[:, :48, 0] = 220  # the left half is red
    file = io.BytesIO()
    try:
        image.fromarray(pixels).save(file, format=kind, quality=95)
    except (KeyError, OSError) as error:
        pytest.skip(f"this Pillow writes no {kind}: {error}")
    return file.getvalue()


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_it_is_read_as_bgr(kind: str) -> None:
    data = encode(kind)
    assert phone_format(data) == ("AVIF" if kind == "AVIF" else "HEIC")
    picture = decode_picture(data)
    assert picture.shape == (64, 96, 3)
    assert picture[32, 20].tolist() == pytest.approx([0, 0, 220], abs=12)
    assert decode_grey(data).shape == (64, 96)


@pytest.mark.parametrize("kind", ["HEIF", "AVIF"])
def test_damage_is_an_image_error(kind: str) -> None:
    data = encode(kind)
    for cut in (40, len(data) // 2):
        with pytest.raises(ImageError):
            decode_picture(data[:cut])


def test_without_a_decoder_it_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    with pytest.raises(ImageError, match=r"HEIC, as phones take them.*pip install"):
        decode_picture(HEIC_HEAD + bytes(100))
