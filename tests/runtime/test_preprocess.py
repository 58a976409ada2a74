"""Any picture becomes a 48x48 grey face, or an ImageError that says what was expected."""

import contextlib
import struct
from pathlib import Path

import cv2
import numpy as np
import pytest
from helpers import encode
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from fer_edge.errors import FerEdgeError, ImageError
from fer_edge.runtime import preprocess
from fer_edge.runtime.preprocess import (
    decode_grey,
    decode_picture,
    encode_picture,
    read_picture,
    to_bgr,
    to_face,
    to_faces,
)

RNG = np.random.default_rng(4)


def random_picture(*shape: int) -> np.ndarray:
    return RNG.integers(0, 256, shape, dtype=np.uint8)


@pytest.mark.parametrize("shape", [(48, 48), (48, 48, 1)])
def test_a_crop_of_the_right_size_is_not_copied(shape: tuple[int, ...]) -> None:
    crop = random_picture(*shape)
    face = to_face(crop)
    assert np.shares_memory(face, crop)
    np.testing.assert_array_equal(face[..., 0], crop.reshape(48, 48))


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
@pytest.mark.parametrize("size", [(1, 1), (48, 48), (47, 49), (48, 1), (2, 300), (400, 300), (1, 40_000)])
def test_any_size_and_colour_order(size: tuple[int, int], channels: int | None) -> None:
    face = to_face(random_picture(*size, *([channels] if channels else [])))
    assert (face.shape, face.dtype) == ((48, 48, 1), np.uint8)


@given(
    colour=st.tuples(*[st.integers(0, 255)] * 3),
    height=st.integers(1, 130),
    width=st.integers(1, 130),
    alpha=st.booleans(),
)
@settings(deadline=None)
def test_a_plain_colour_stays_plain(colour: tuple[int, int, int], height: int, width: int, alpha: bool) -> None:
    """The grey of BT.601, whatever the size: it tells BGR from RGB and grows no dark rims."""
    blue, green, red = colour
    pixels = (*colour, 7) if alpha else colour
    face = to_face(np.full((height, width, len(pixels)), pixels, np.uint8))
    assert np.ptp(face) == 0
    # One level of tolerance: OpenCV rounds its weights to fixed point.
    assert abs(int(face[0, 0, 0]) - (0.114 * blue + 0.587 * green + 0.299 * red)) <= 1


@pytest.mark.parametrize("shape", [(5, 48, 48), (5, 48, 48, 1)])
def test_an_array_of_crops_is_handed_on_as_it_is(shape: tuple[int, ...]) -> None:
    crops = random_picture(*shape)
    faces = list(to_faces(crops))
    assert all(face.shape == (48, 48, 1) and np.shares_memory(face, crops) for face in faces)
    np.testing.assert_array_equal(np.stack(faces), crops.reshape(5, 48, 48, 1))


@pytest.mark.parametrize("shape", [(3, 60, 70), (3, 48, 48, 3), (3, 48, 49), (3, 24, 96, 1), (3, 20, 30, 4)])
def test_an_array_of_other_pictures_is_prepared_one_by_one(shape: tuple[int, ...]) -> None:
    pictures = random_picture(*shape)
    for face, picture in zip(to_faces(pictures), pictures, strict=True):
        np.testing.assert_array_equal(face, to_face(picture))


@pytest.mark.parametrize("dtype", [np.float32, np.int8, np.uint16, bool])
@pytest.mark.parametrize("shape", [(2, 48, 48), (2, 48, 48, 1), (2, 60, 60)])
def test_crops_of_another_dtype_are_refused(shape: tuple[int, ...], dtype: type) -> None:
    with pytest.raises(ImageError, match="Expected uint8 pixels"):
        list(to_faces(np.zeros(shape, dtype)))


@pytest.mark.parametrize("shape", [(1, 1, 48, 48), (2, 5, 48, 48, 1), (2, 3, 4, 5, 6)])
def test_an_array_with_other_axes_is_no_batch(shape: tuple[int, ...]) -> None:
    with pytest.raises(ImageError, match="got shape"):
        list(to_faces(np.zeros(shape, np.uint8)))


@pytest.mark.parametrize(("nothing", "kind"), [(None, "NoneType"), (7, "int"), (np.zeros((), np.uint8), "ndarray")])
def test_what_holds_no_pictures_is_named(nothing: object, kind: str) -> None:
    with pytest.raises(ImageError, match=f"several pictures, got {kind}"):
        to_faces(nothing)


def test_several_pictures_of_any_kind_and_size() -> None:
    pictures = [random_picture(48, 48), random_picture(30, 40, 3), random_picture(100, 90, 1)]
    for several in (pictures, tuple(pictures), iter(pictures)):
        np.testing.assert_array_equal(list(to_faces(several)), [to_face(picture) for picture in pictures])
    assert list(to_faces([])) == []
    assert list(to_faces(np.zeros((0, 48, 48), np.uint8))) == []


def test_shrinking_averages() -> None:
    picture = random_picture(48 * 3, 48 * 3)
    expected = picture.reshape(48, 3, 48, 3).mean(axis=(1, 3))
    assert np.abs(to_face(picture)[..., 0] - expected).max() <= 0.5 + 1e-6  # rounding to whole levels


@pytest.mark.parametrize("shape", [(100, 20), (20, 100), (47, 60), (60, 47), (20, 20)])
def test_a_picture_smaller_in_one_direction_is_interpolated_bit_exactly(shape: tuple[int, int]) -> None:
    """OpenCV's exact linear interpolation gives the same pixels on x86 and on Arm; its faster ones do not."""
    picture = random_picture(*shape)
    exact, area = (cv2.resize(picture, (48, 48), interpolation=how) for how in (cv2.INTER_LINEAR_EXACT, cv2.INTER_AREA))
    assert not np.array_equal(exact, area)
    np.testing.assert_array_equal(to_face(picture)[..., 0], exact)


@pytest.mark.parametrize("axis", [0, 1])
def test_a_picture_larger_in_one_direction_alone_is_averaged(axis: int) -> None:
    picture = random_picture(*((96, 48) if axis == 0 else (48, 96)))
    expected = (
        (picture[::2].astype(float) + picture[1::2]) / 2
        if axis == 0
        else (picture[:, ::2].astype(float) + picture[:, 1::2]) / 2
    )
    assert np.abs(to_face(picture)[..., 0] - expected).max() <= 0.5 + 1e-6


VIEWS = {
    "mirrored": lambda a: a[:, ::-1],
    "upside down": lambda a: a[::-1],
    "every other pixel": lambda a: a[::2, ::2],
    "transposed": lambda a: a.swapaxes(0, 1),
    "a cut-out": lambda a: a[5:53, 7:55],
    "columns first": np.asfortranarray,
}


@pytest.mark.parametrize("view", VIEWS.values(), ids=VIEWS)
@pytest.mark.parametrize("shape", [(96, 96), (96, 96, 3), (120, 90, 4)])
def test_strides_do_not_matter(shape: tuple[int, ...], view) -> None:
    picture = view(random_picture(*shape))
    np.testing.assert_array_equal(to_face(picture), to_face(np.ascontiguousarray(picture)))


def test_channels_in_reverse_order() -> None:
    rgb = random_picture(60, 60, 3)
    np.testing.assert_array_equal(to_face(rgb[..., ::-1]), to_face(np.ascontiguousarray(rgb[..., ::-1])))


def test_read_only_and_broadcast_arrays() -> None:
    face = to_face(np.broadcast_to(np.uint8(9), (60, 70, 3)))
    assert (face == 9).all()


@pytest.mark.parametrize("shape", [(48, 48), (60, 70)])
@pytest.mark.parametrize("kind", [np.matrix, np.ma.MaskedArray, np.recarray])
def test_subclasses_of_arrays(kind: type, shape: tuple[int, int]) -> None:
    """A matrix refuses to have three axes, which once surfaced as an error of NumPy's."""
    picture = random_picture(*shape)
    face = to_face(picture.view(kind))
    assert type(face) is np.ndarray
    np.testing.assert_array_equal(face, to_face(picture))


@pytest.mark.parametrize("channels", [None, 1, 3, 4])
def test_to_bgr_keeps_the_colours(channels: int | None) -> None:
    picture = random_picture(20, 30, *([channels] if channels else []))
    expected = picture[..., :3] if channels in (3, 4) else np.repeat(picture.reshape(20, 30, 1), 3, axis=2)
    assert to_bgr(picture).dtype == np.uint8
    np.testing.assert_array_equal(to_bgr(picture), expected)
    np.testing.assert_array_equal(to_bgr(picture[::-1, ::2]), expected[::-1, ::2])


def test_to_bgr_hands_a_bgr_picture_on_as_it_is() -> None:
    picture = random_picture(20, 30, 3)
    assert to_bgr(picture) is picture


NOT_A_PICTURE = {
    "float": (np.full((48, 48), 0.5), "float64"),
    "NaN": (np.full((48, 48), np.nan, np.float32), "float32"),
    "int64": (np.zeros((48, 48), np.int64), "int64"),
    "bool": (np.zeros((48, 48), bool), "bool"),
    "object": (np.zeros((48, 48), object), "object"),
    "empty": (np.zeros((0, 48), np.uint8), "empty"),
    "no width": (np.zeros((48, 0, 3), np.uint8), "empty"),
    "a line": (np.zeros(48, np.uint8), "shape"),
    "a number": (np.uint8(3) * np.ones((), np.uint8), "shape|got uint8"),
    "a batch": (np.zeros((2, 48, 48, 1), np.uint8), "shape"),
    "2 channels": (np.zeros((48, 48, 2), np.uint8), "shape"),
    "channels first": (np.zeros((3, 48, 48), np.uint8), "shape"),
    "a list": ([[1, 2], [3, 4]], "list"),
    "nothing": (None, "NoneType"),
}


@pytest.mark.parametrize(("image", "reason"), NOT_A_PICTURE.values(), ids=NOT_A_PICTURE)
def test_what_is_no_picture_is_refused_with_a_reason(image, reason: str) -> None:
    with pytest.raises(ImageError, match=reason):
        to_face(image)


anything = arrays.arrays(
    dtype=st.one_of(st.just(np.dtype(np.uint8)), arrays.scalar_dtypes()),
    shape=arrays.array_shapes(min_dims=0, max_dims=4, min_side=0, max_side=60),
)


@given(anything)
@settings(deadline=None)
def test_any_array_is_a_face_or_an_error_of_ours(array: np.ndarray) -> None:
    before = array.copy()
    try:
        face = to_face(array)
    except FerEdgeError:
        return
    finally:
        np.testing.assert_array_equal(array, before)
    assert array.dtype == np.uint8
    assert (face.shape, face.dtype) == ((48, 48, 1), np.uint8)
    # Neither grey conversion nor resizing can leave the range of the input, but for rounding.
    colours = array[..., :3] if array.ndim == 3 else array
    assert int(colours.min()) - 1 <= face.min() <= face.max() <= int(colours.max()) + 1


def test_decode_grey_gives_the_very_pixels() -> None:
    picture = random_picture(30, 20)
    np.testing.assert_array_equal(decode_grey(encode(picture)), picture)


@pytest.mark.parametrize("suffix", [".png", ".jpg", ".bmp"])
@pytest.mark.parametrize("share", [0.0, 0.02, 0.5, 0.9])
def test_truncated_file_is_refused(suffix: str, share: float, tmp_path: Path) -> None:
    data = encode(random_picture(48, 48), suffix)
    cut = data[: int(len(data) * share)]
    with pytest.raises(ImageError):
        decode_grey(cut)
    (tmp_path / "cut.png").write_bytes(cut)
    with pytest.raises(ImageError, match=r"cut\.png"):
        read_picture(tmp_path / "cut.png")


@pytest.mark.parametrize("missing", [1, 2])
def test_jpeg_without_its_end_is_refused(missing: int) -> None:
    """By every OpenCV alike: this one would notice three bytes, and Raspberry Pi OS's none."""
    with pytest.raises(ImageError, match="truncated"):
        decode_grey(encode(random_picture(48, 48), ".jpg")[:-missing])


@pytest.mark.parametrize("data", [b"II*\0\xf0\xff\xff\xff", encode(np.zeros((9, 9), np.uint8))[:8] + b"\xff" * 8])
def test_offset_far_behind_the_end_is_refused(data: bytes) -> None:
    """On 32 bit it is more than an index may be. In a TIFF it leads to the tags, in a PNG to the next chunk."""
    with pytest.raises(ImageError, match="truncated"):
        decode_grey(data + bytes(100))


@given(st.binary(max_size=300))
def test_arbitrary_bytes_are_refused_or_a_picture(data: bytes) -> None:
    with contextlib.suppress(ImageError):
        assert decode_grey(data).ndim == 2


def test_bytes_up_to_the_limit_are_read(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    data = encode(random_picture(30, 20))
    path = tmp_path / "a.png"
    path.write_bytes(data)
    monkeypatch.setattr(preprocess, "MAX_BYTES", len(data))
    assert decode_grey(data).shape == (30, 20)
    assert read_picture(path).shape == (30, 20, 3)
    monkeypatch.setattr(preprocess, "MAX_BYTES", len(data) - 1)
    for read, source in ((decode_grey, data), (read_picture, path)):
        with pytest.raises(ImageError, match="at most 0 MB, got more"):
            read(source)
    monkeypatch.setattr(preprocess, "MAX_BYTES", 2_500_000)
    with pytest.raises(ImageError, match="at most 2 MB, got more"):
        decode_grey(data + bytes(2_500_000))


def test_pixels_up_to_the_limit_are_decoded(monkeypatch: pytest.MonkeyPatch) -> None:
    data = encode(random_picture(30, 20))
    monkeypatch.setattr(preprocess, "MAX_PIXELS", 600)
    assert decode_grey(data).shape == (30, 20)
    monkeypatch.setattr(preprocess, "MAX_PIXELS", 599)
    with pytest.raises(ImageError, match="at most 0 megapixels, got 20x30"):
        decode_grey(data)


def test_the_limit_is_told_in_megapixels() -> None:
    data = bytearray(encode(random_picture(30, 20)))
    data[16:24] = struct.pack(">II", 10_000, 5_001)  # in a PNG: width and height
    with pytest.raises(ImageError, match="at most 50 megapixels, got 10000x5001"):
        decode_grey(bytes(data))


def test_reasons_of_what_cannot_be_decoded() -> None:
    with pytest.raises(ImageError, match=r"^Expected an image file, got an empty one\.$"):
        decode_grey(b"")
    damaged = bytearray(encode(random_picture(30, 20)))
    damaged[60] ^= 255
    for decode in (decode_grey, decode_picture):
        with pytest.raises(ImageError, match="is damaged"):
            decode(bytes(damaged))


def test_missing_picture_and_folder(tmp_path: Path) -> None:
    for path in (tmp_path / "none.png", tmp_path):
        with pytest.raises(ImageError, match=r": (no such file|is a folder)"):
            read_picture(path)


@pytest.mark.parametrize("shape", [(20, 30), (20, 30, 3), (20, 30, 4)])
def test_read_picture_is_always_bgr(shape: tuple[int, ...], tmp_path: Path) -> None:
    picture = random_picture(*shape)
    (tmp_path / "a.png").write_bytes(encode(picture))
    read = read_picture(tmp_path / "a.png")
    assert (read.shape, read.dtype) == ((20, 30, 3), np.uint8)
    np.testing.assert_array_equal(read, np.dstack([picture] * 3) if picture.ndim == 2 else picture[..., :3])


def test_encoded_picture_comes_back() -> None:
    picture = random_picture(20, 30, 3)
    encoded = np.frombuffer(encode_picture(picture, ".png"), np.uint8)
    np.testing.assert_array_equal(cv2.imdecode(encoded, cv2.IMREAD_COLOR), picture)


@pytest.mark.parametrize(("suffix", "told"), [("", "no suffix"), (".txt", ".txt"), (".tflite", ".tflite")])
def test_unknown_format_is_refused(suffix: str, told: str) -> None:
    with pytest.raises(ImageError, match=rf"\.png or \.jpg, got '{told}'"):
        encode_picture(random_picture(5, 5, 3), suffix)
