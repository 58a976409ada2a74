"""Width and height of an image file, read from its header before anything is decoded.

A few bytes can declare a picture that fills all memory. OpenCV has a limit, but one per process, read
from the environment when the library is loaded: an app that imported OpenCV first could not be
protected. So the size is read here, and only the formats that are read here go on to OpenCV.
"""

from __future__ import annotations

import struct

from fer_edge.errors import ImageError

FORMATS = "PNG, JPEG, WebP, BMP, GIF or TIFF"

PICTURE_SUFFIXES = {".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif", ".tif", ".tiff", ".heic", ".heif", ".avif"}
"""Which files of a folder are pictures, in lower case; only the content shows what a file really is."""

UNREAD_SUFFIXES = {".jp2", ".j2k", ".jxl"}
"""Which files of a folder are pictures that are not read, in lower case."""

Size = tuple[int, int]


def image_size(data: bytes) -> Size:
    """Return (width, height) in pixels as the header declares them.

    Raises:
        ImageError: none of `FORMATS`, or a header that is cut off or without a size; of a PNG, a chunk
            that is cut off; of a JPEG, no end.
    """
    reader = next((read for mark, read in _READERS.items() if data.startswith(mark)), None)
    if reader is None:
        if kind := _unread_format(data):
            raise ImageError(f"{kind} pictures are not read: convert it to {FORMATS} first.")
        raise ImageError(f"Expected a {FORMATS} image; this file is damaged or not an image.")
    try:
        width, height = reader(data)
    except (struct.error, IndexError, KeyError, ValueError, OverflowError) as error:  # overflow: see archive.py
        raise ImageError("The image is damaged or truncated: its header has no size, or a part is missing.") from error
    if width < 1 or height < 1:
        raise ImageError(f"The image is damaged: its header states a size of {width}x{height} pixels.")
    return width, height


def has_sixteen_bits(data: bytes) -> bool:
    """Return whether the header of a PNG or TIFF declares 16 bits a channel."""
    if data.startswith(b"\x89PNG"):
        return data[24:25] == b"\x10"
    if not data.startswith((b"II*\0", b"MM\0*")):
        return False
    try:
        return _tiff_tag(data, 258) == 16
    except (struct.error, KeyError):  # one bit where the tag is missing
        return False


def _unread_format(data: bytes) -> str | None:
    """Return the name of a picture format that phones and cameras write, and that is not read here."""
    if data[4:8] == b"ftyp":  # ISO 14496-12; the brand says which
        return {b"avif": "AVIF", b"avis": "AVIF"}.get(data[8:12]) or ("HEIC" if data[8:12] in _HEIC_BRANDS else None)
    return next((name for mark, name in _UNREAD.items() if data.startswith(mark)), None)


_HEIC_BRANDS = (b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"mif1", b"msf1")
_UNREAD = {
    b"\0\0\0\x0cjP  ": "JPEG 2000",
    b"\xff\x4f\xff\x51": "JPEG 2000",
    b"\0\0\0\x0cJXL ": "JPEG XL",
    b"\xff\x0a": "JPEG XL",
}


def _png(data: bytes) -> Size:
    """The chunk IHDR comes first.

    OpenCV makes room for a chunk before it reads it, however long it says it is: up to 2 GB for a changed
    bit. So all chunks are checked to lie in the file.
    """
    at = 8
    while data[at + 4 : at + 8] != b"IEND":
        at += 12 + struct.unpack_from(">I", data, at)[0]  # length, kind, content, checksum
    width, height = struct.unpack_from(">II", data, 16)
    return width, height


def _jpeg(data: bytes) -> Size:
    """The first start-of-frame segment; a thumbnail lies inside another segment and is stepped over.

    OpenCV 4.6, Raspberry Pi OS's, fills up with grey what is cut off. So the mark of the end has to follow.
    """
    at = 2
    while True:
        at = data.index(0xFF, at)  # decoders, too, skip what stands between segments
        marker = data[at + 1]
        if marker in _START_OF_FRAME:
            height, width = struct.unpack_from(">HH", data, at + 5)
            data.rindex(b"\xff\xd9", at)
            return width, height
        if marker == 0xFF:  # padding
            at += 1
        elif marker in _WITHOUT_LENGTH:
            at += 2
        else:
            at += 2 + struct.unpack_from(">H", data, at + 2)[0]


_START_OF_FRAME = frozenset(range(0xC0, 0xD0)) - {0xC4, 0xC8, 0xCC}  # those are tables
_WITHOUT_LENGTH = frozenset([0x00, 0x01, *range(0xD0, 0xDA)])


def _webp(data: bytes) -> Size:
    """The first chunk: a canvas (VP8X), a lossless (VP8L) or a lossy picture (VP8)."""
    kind = data[8:16]
    if kind == b"WEBPVP8X":
        return int.from_bytes(data[24:27], "little") + 1, int.from_bytes(data[27:30], "little") + 1
    if kind == b"WEBPVP8L":
        (bits,) = struct.unpack_from("<I", data, 21)
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"WEBPVP8 ":
        width, height = struct.unpack_from("<HH", data, 26)
        return width & 0x3FFF, height & 0x3FFF
    raise ValueError("no WebP")


def _bmp(data: bytes) -> Size:
    """OS/2's header has 12 bytes and short numbers; a negative height means rows from the top."""
    short = struct.unpack_from("<I", data, 14)[0] == 12
    width, height = struct.unpack_from("<HH" if short else "<ii", data, 18)
    return width, abs(height)


def _gif(data: bytes) -> Size:
    """The canvas, which no frame may exceed."""
    width, height = struct.unpack_from("<HH", data, 6)
    return width, height


def _tiff(data: bytes) -> Size:
    """Two tags of the first directory."""
    return _tiff_tag(data, 256), _tiff_tag(data, 257)


def _tiff_tag(data: bytes, wanted: int) -> int:
    """Return a tag of the first directory, of several values the first; if it stands there twice the first one counts.

    Raises:
        KeyError: it is not there, or no whole number.
        struct.error: the file ends before.
    """
    order = "<" if data.startswith(b"II") else ">"
    (start,) = struct.unpack_from(order + "I", data, 4)
    (count,) = struct.unpack_from(order + "H", data, start)
    for place in range(start + 2, start + 2 + 12 * count, 12):
        tag, kind, values = struct.unpack_from(order + "HHI", data, place)
        if tag == wanted:
            number, width = {3: ("H", 2), 4: ("I", 4)}[kind]
            at = place + 8
            if values * width > 4:  # then there stands where they are
                (at,) = struct.unpack_from(order + "I", data, at)
            value: int = struct.unpack_from(order + number, data, at)[0]
            return value
    raise KeyError(wanted)


_READERS = {
    b"\x89PNG\r\n\x1a\n": _png,
    b"\xff\xd8": _jpeg,
    b"RIFF": _webp,
    b"BM": _bmp,
    b"GIF8": _gif,
    b"II*\0": _tiff,
    b"MM\0*": _tiff,
}
