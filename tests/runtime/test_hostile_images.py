"""Image files of every kind and in every state: the right pixels or an ImageError, decided before decoding."""

import contextlib
import io
import json
import struct
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import encode
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image, ImageOps

from fer_edge.errors import ImageError
from fer_edge.runtime import preprocess
from fer_edge.runtime.image_header import image_size
from fer_edge.runtime.preprocess import decode_grey, read_picture
from tools.fuzz.variants import SUFFIXES, VARIANTS, every_kind, pillow

WORKERS = Path(__file__).parent.parent.parent / "tools/fuzz"


@pytest.fixture(scope="module")
def photo(portrait: np.ndarray) -> Image.Image:
    """A photograph, taller than it is wide."""
    return Image.fromarray(np.ascontiguousarray(portrait[40:200, 160:280, ::-1]))


def bgr(image: Image.Image) -> np.ndarray:
    return np.asarray(image.convert("RGB"))[..., ::-1]


def read(data: bytes, tmp_path: Path, name: str = "picture.png") -> np.ndarray:
    (tmp_path / name).write_bytes(data)
    return read_picture(tmp_path / name)


@pytest.fixture
def no_decoding(monkeypatch: pytest.MonkeyPatch) -> None:
    def refuse(*_: object) -> None:
        raise AssertionError("OpenCV was asked to decode")

    monkeypatch.setattr(cv2, "imdecode", refuse)


@given(suffix=st.sampled_from(SUFFIXES), height=st.integers(1, 400), width=st.integers(1, 400))
@settings(deadline=None, max_examples=60)
def test_the_header_tells_the_size(suffix: str, height: int, width: int) -> None:
    assert image_size(encode(np.zeros((height, width, 3), np.uint8), suffix)) == (width, height)


@pytest.mark.parametrize("variant", VARIANTS.values(), ids=VARIANTS)
def test_variants_of_the_formats(variant: Callable[[Image.Image], bytes], photo: Image.Image, tmp_path: Path) -> None:
    data = variant(photo)
    assert image_size(data) == photo.size
    expected = bgr(Image.open(io.BytesIO(data)))  # of an animation Pillow, too, gives the first frame
    if data.startswith(b"MM"):  # 16 bits
        expected = np.repeat((np.asarray(Image.open(io.BytesIO(data))) >> 8).astype(np.uint8)[..., np.newaxis], 3, 2)
    difference = np.abs(read(data, tmp_path).astype(int) - expected)
    assert difference.mean() < 2  # two JPEG or WebP decoders round differently


def test_old_and_upside_down_bitmaps(photo: Image.Image, tmp_path: Path) -> None:
    rows = bgr(photo)
    pixels = rows.tobytes()  # 120 pixels a row: 360 bytes, which need no padding
    height, width = rows.shape[:2]
    from_the_top = struct.pack("<2sIHHI", b"BM", 54 + len(pixels), 0, 0, 54)
    from_the_top += struct.pack("<IiiHHIIiiII", 40, width, -height, 1, 24, 0, len(pixels), 0, 0, 0, 0) + pixels
    np.testing.assert_array_equal(read(from_the_top, tmp_path), rows)
    old = struct.pack("<2sIHHI", b"BM", 26 + len(pixels), 0, 0, 26) + struct.pack("<IHHHH", 12, width, height, 1, 24)
    np.testing.assert_array_equal(read(old + rows[::-1].tobytes(), tmp_path), rows)


def test_of_two_widths_the_first_counts(photo: Image.Image, tmp_path: Path) -> None:
    data = bytearray(pillow(photo.convert("L"), "TIFF"))
    (start,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, start)
    struct.pack_into("<HHII", data, start + 2 + 12 * (count - 1), 256, 4, 1, 9)
    assert image_size(bytes(data)) == photo.size
    assert read(bytes(data), tmp_path).shape[:2] == photo.size[::-1]


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize("kind", ["JPEG", "PNG", "WEBP", "TIFF"])
def test_photographs_are_turned_upright(kind: str, orientation: int, photo: Image.Image, tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"lossless": True} if kind == "WEBP" else {}
    data = pillow(photo, kind, exif=exif.tobytes(), **options)
    upright = ImageOps.exif_transpose(Image.open(io.BytesIO(data)))
    picture = read(data, tmp_path)
    assert picture.shape[:2] == upright.size[::-1]
    assert np.abs(picture.astype(int) - bgr(upright)).mean() < 2
    assert decode_grey(data).shape == picture.shape[:2]


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3, 4])
def test_sixteen_bits_keep_their_upper_eight(suffix: str, channels: int, tmp_path: Path) -> None:
    deep = np.random.default_rng(1).integers(0, 65536, (20, 30, channels), dtype=np.uint16)
    picture = read(encode(deep, suffix), tmp_path)
    assert picture.dtype == np.uint8
    # OpenCV's decoders shift or scale; the two differ by one level.
    assert np.abs(picture.astype(int) - (deep[..., :3] >> 8)).max() <= 1


def test_print_colours(photo: Image.Image, tmp_path: Path) -> None:
    for kind in ("JPEG", "TIFF"):
        assert np.abs(read(pillow(photo.convert("CMYK"), kind), tmp_path).astype(int) - bgr(photo)).mean() < 4


def test_the_content_counts_not_the_name(photo: Image.Image, tmp_path: Path) -> None:
    assert read(pillow(photo, "JPEG"), tmp_path, "picture.gif").shape == (160, 120, 3)
    with pytest.raises(ImageError, match=r"letter\.jpg: Expected a PNG, JPEG"):
        read(b"Dear camera,\n" * 50, tmp_path, "letter.jpg")


@pytest.mark.usefixtures("no_decoding")
@pytest.mark.parametrize("suffix", SUFFIXES)
def test_too_many_pixels_are_not_decoded(suffix: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setattr(preprocess, "MAX_PIXELS", 999)
    with pytest.raises(ImageError, match=r"big.*at most 0 megapixels, got 50x20"):
        read(encode(np.zeros((20, 50, 3), np.uint8), suffix), tmp_path, "big" + suffix)
    with pytest.raises(AssertionError, match="asked to decode"):
        decode_grey(encode(np.zeros((20, 49, 3), np.uint8), suffix))


@pytest.mark.usefixtures("no_decoding")
def test_hundred_megapixels_and_bombs(tmp_path: Path) -> None:
    """The limit is fer-edge's own: that of OpenCV, which was loaded long ago, cannot be set any more."""
    photo = encode(np.zeros((10_000, 10_000), np.uint8), ".jpg")
    with pytest.raises(ImageError, match="at most 50 megapixels, got 10000x10000"):
        read(photo, tmp_path, "photo.jpg")
    bomb = bytearray(encode(np.zeros((1, 1), np.uint8)))
    struct.pack_into(">II", bomb, 16, 2**31 - 1, 2**31 - 1)
    with pytest.raises(ImageError, match="at most 50 megapixels, got 2147483647x2147483647"):
        decode_grey(bytes(bomb))


def test_endless_file_is_not_read_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(preprocess, "MAX_BYTES", 1000)
    with pytest.raises(ImageError, match="/dev/zero: Expected an image file of at most"):
        read_picture(Path("/dev/zero"))


HEADERS = {
    "PNG": b"\x89PNG\r\n\x1a\n",
    "PNG without width": b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR" + bytes(8),
    "JPEG": b"\xff\xd8",
    "JPEG without frame": b"\xff\xd8\xff\xe0\0\x10JFIF\0\x01\x01\0\0\x01\0\x01\0\0\xff\xd9",
    "JPEG of padding": b"\xff\xd8" + b"\xff" * 1000,
    "JPEG of empty segments": b"\xff\xd8" + b"\xff\xe0\0\0" * 1000,
    "WebP": b"RIFF\x10\0\0\0WEBP",
    "a sound": b"RIFF\x24\0\0\0WAVEfmt " + bytes(40),
    "BMP": b"BM",
    "GIF": b"GIF89a",
    "TIFF": b"II*\0",
    "TIFF without tags": b"II*\0\x08\0\0\0\0\0" + bytes(20),
    "TIFF that points beyond its end": b"MM\0*\xff\xff\xff\xff",
}


@pytest.mark.usefixtures("no_decoding")
def test_png_chunk_that_claims_gigabytes() -> None:
    data = bytearray(encode(np.zeros((20, 30), np.uint8)))
    struct.pack_into(">I", data, data.index(b"IDAT") - 4, 2**31 - 1)
    with pytest.raises(ImageError, match="a part is missing"):
        decode_grey(bytes(data))


@pytest.mark.usefixtures("no_decoding")
@pytest.mark.parametrize("data", HEADERS.values(), ids=HEADERS)
def test_headers_without_a_size(data: bytes) -> None:
    with pytest.raises(ImageError, match="its header "):
        decode_grey(data)


@given(mark=st.sampled_from(sorted({data[:8] for data in HEADERS.values()})), rest=st.binary(max_size=200))
@settings(deadline=None)
def test_any_header_is_a_size_or_an_error_of_ours(mark: bytes, rest: bytes) -> None:
    with contextlib.suppress(ImageError):
        width, height = image_size(mark + rest)
        assert width >= 1
        assert height >= 1


def test_a_header_that_opencv_reads_otherwise_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("fer_edge.runtime.image_header.image_size", lambda _: (30, 21))
    with pytest.raises(ImageError, match="damaged"):
        decode_grey(encode(np.zeros((20, 30), np.uint8)))


def test_damaged_files_are_refused_or_keep_their_form(photo: Image.Image, tmp_path: Path) -> None:
    """Bit flips, cuts, zeroed and misplaced pieces, changed headers, in a process of its own."""
    files = [tmp_path / f"kind{index}" for index in range(len(SUFFIXES) + len(VARIANTS))]
    for path, content in zip(files, every_kind(photo.resize((60, 80))).values(), strict=True):
        path.write_bytes(content)
    script = WORKERS / "images.py"
    command = [sys.executable, "-X", "faulthandler", str(script), "100", "3", *map(str, files)]
    done = subprocess.run(command, capture_output=True, text=True, check=False, timeout=300)
    lines = done.stdout.splitlines()
    assert done.returncode == 0, f"{lines[-1:]}: {done.stderr[-2000:]}"
    report = json.loads(lines[-1])
    assert report["peak_mb"] < 400  # NumPy and OpenCV take some 100
    outcomes = report["outcomes"]
    assert sum(sum(counts.values()) for counts in outcomes.values()) == 100 * len(files)
    assert {outcome for counts in outcomes.values() for outcome in counts} == {"refused", "a picture"}
    assert all(counts["refused"] >= 20 for counts in outcomes.values())  # a fifth of them are cut off
