"""Pictures that are not read, or not as they are, are named for what they are."""

from __future__ import annotations

import os
from pathlib import Path

import numpy as np
import pytest
from helpers import encode

from fer_edge.cli.predict_sources import find_pictures
from fer_edge.errors import ImageError
from fer_edge.runtime.preprocess import decode_grey, decode_picture, read_picture

FORMATS = {
    "HEIC": b"\0\0\0\x18ftypheic",
    "AVIF": b"\0\0\0\x1cftypavif",
    "JPEG 2000": b"\0\0\0\x0cjP  \r\n\x87\n",
    "JPEG XL": b"\xff\x0a\x00",
}


@pytest.mark.parametrize("name", FORMATS)
def test_formats_of_phones_are_named(name: str) -> None:
    with pytest.raises(ImageError, match=name):
        decode_picture(FORMATS[name] + bytes(50))


def test_a_video_is_no_heic() -> None:
    with pytest.raises(ImageError, match="not an image"):
        decode_picture(b"\0\0\0\x18ftypmp42" + bytes(50))


@pytest.mark.parametrize("suffix", [".png", ".tiff"])
@pytest.mark.parametrize("channels", [1, 3])
def test_twelve_bits_in_sixteen_are_refused(suffix: str, channels: int) -> None:
    shape = (50, 50, channels)[: 3 if channels > 1 else 2]
    dark = np.full(shape, 4095, np.uint16)
    for decode in (decode_picture, decode_grey):
        with pytest.raises(ImageError, match="multiply its values by 16"):
            decode(encode(dark, suffix))
        assert decode(encode(dark * 16, suffix)).min() == 255
        assert decode(encode((dark // 16).astype(np.uint8), suffix)).min() == 255
        decode(encode(np.zeros(shape, np.uint8), suffix))  # black in eight bits is what it is


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no named pipes here")
def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.png")
    with pytest.raises(ImageError, match="is a pipe"):
        read_picture(tmp_path / "pipe.png")
    (tmp_path / "face.png").write_bytes(encode(np.zeros((60, 60, 3), np.uint8)))
    assert [item.file_name for item in find_pictures([str(tmp_path)])] == ["face.png"]


def test_what_a_folder_leaves_out_is_said(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "face.png").write_bytes(encode(np.zeros((60, 60, 3), np.uint8)))
    (tmp_path / "scan.jp2").write_bytes(FORMATS["JPEG 2000"])
    assert len(find_pictures([str(tmp_path)])) == 1
    assert "scan.jp2" in capsys.readouterr().err


@pytest.mark.skipif(os.name != "posix", reason="names are text there")
def test_a_name_that_is_no_text(tmp_path: Path) -> None:
    path = os.path.join(os.fsencode(tmp_path), b"photo\xff.png")
    with open(path, "wb") as file:
        file.write(encode(np.full((60, 60, 3), 7, np.uint8)))
    (item,) = find_pictures([str(tmp_path)])
    assert item.read().shape == (60, 60, 3)
