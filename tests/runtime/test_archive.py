"""Our reader of one ZIP member agrees with the standard library's, and refuses what is damaged."""

import io
import zipfile

import pytest

from fer_edge.runtime.archive import ArchiveError, read_member

PREFIX = b"a FlatBuffer of some length"
TEXT = b"what the model says of itself" * 20


def archive(packing: int = zipfile.ZIP_STORED, comment: bytes = b"", others: int = 0) -> bytes:
    file = io.BytesIO(PREFIX)
    file.seek(0, io.SEEK_END)
    with zipfile.ZipFile(file, "a", packing) as target:
        for index in range(others):
            target.writestr(f"other{index}.txt", "x" * index)
        target.writestr("facts.json", TEXT)
        target.comment = comment
    return file.getvalue()


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
@pytest.mark.parametrize("comment", [b"", b"PK\x05 a comment"])
@pytest.mark.parametrize("others", [0, 3])
def test_reads_what_zipfile_writes(packing: int, comment: bytes, others: int) -> None:
    data = archive(packing, comment, others)
    assert read_member(data, "facts.json", 10_000) == TEXT


@pytest.mark.parametrize("packing", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_packers_are_refused(packing: int) -> None:
    with pytest.raises(ArchiveError, match="method"):
        read_member(archive(packing), "facts.json", 10_000)


def test_missing_member_and_no_archive() -> None:
    with pytest.raises(ArchiveError, match=r"no member other\.json"):
        read_member(archive(), "other.json", 10_000)
    for data in (b"", PREFIX, archive()[:-30]):
        with pytest.raises(ArchiveError, match="no archive"):
            read_member(data, "facts.json", 10_000)


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_larger_than_the_limit_is_not_unpacked(packing: int) -> None:
    with pytest.raises(ArchiveError, match="more than"):
        read_member(archive(packing), "facts.json", len(TEXT) - 1)


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_every_flipped_bit_is_refused_or_harmless(packing: int) -> None:
    data = archive(packing)
    refused = 0
    for position in range(len(PREFIX), len(data)):
        for bit in range(8):
            damaged = bytearray(data)
            damaged[position] ^= 1 << bit
            try:
                assert read_member(bytes(damaged), "facts.json", 10_000) == TEXT
            except ArchiveError:
                refused += 1
    assert refused > 4 * (len(data) - len(PREFIX)) // 2
