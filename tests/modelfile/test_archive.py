"""Our reader of one ZIP member agrees with the standard library's, and refuses what is damaged."""

import io
import zipfile

import pytest

from fer_edge.modelfile.archive import ArchiveError, read_member

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


@pytest.mark.parametrize("packing", [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED])
def test_a_member_of_just_the_limit_is_read(packing: int) -> None:
    assert read_member(archive(packing), "facts.json", len(TEXT)) == TEXT


def test_the_end_is_looked_for_as_far_back_as_a_comment_may_reach() -> None:
    data = archive(comment=b"." * 65_535)
    assert read_member(data, "facts.json", 10_000) == TEXT
    with pytest.raises(ArchiveError, match=r"^no archive$"):
        read_member(data + b".", "facts.json", 10_000)


def test_the_last_end_counts() -> None:
    """A FlatBuffer may happen to hold the mark of an end."""
    file = io.BytesIO(b"PK\x05\x06" * 9)
    with zipfile.ZipFile(file, "a") as target:
        target.writestr("facts.json", TEXT)
    assert read_member(file.getvalue(), "facts.json", 10_000) == TEXT


def test_an_archive_without_members_and_nothing_before_it() -> None:
    with pytest.raises(ArchiveError, match=r"^no member facts\.json$"):
        read_member(b"PK\x05\x06" + bytes(18), "facts.json", 10_000)


def test_fields_of_other_programs_are_stepped_over() -> None:
    file = io.BytesIO()
    with zipfile.ZipFile(file, "w") as target:
        info = zipfile.ZipInfo("facts.json")
        info.extra, info.comment = b"\x99\x99\x03\x00abc", b"a comment of the member"
        target.writestr("other.json", b"first")
        target.writestr(info, TEXT)
        target.writestr("last.json", b"last")
    data = file.getvalue()
    assert read_member(data, "facts.json", 10_000) == TEXT
    assert read_member(data, "last.json", 10_000) == b"last"


LOCAL, CENTRAL = b"PK\x03\x04", b"PK\x01\x02"


@pytest.mark.parametrize(
    ("mark", "offset", "byte", "reason"),
    [
        (LOCAL, 0, b"Q", "no local header"),
        (LOCAL, 30, b"F", "no local header"),  # the name there is not that of the central directory
        (LOCAL, 40, b"W", "the checksum does not match"),
        (CENTRAL, 0, b"Q", "no central directory"),
        (CENTRAL, 8, b"\x01", "encrypted"),
        (CENTRAL, 10, b"\x07", "packed by method 7"),
    ],
)
def test_each_damage_has_its_reason(mark: bytes, offset: int, byte: bytes, reason: str) -> None:
    """Offsets as in PKWARE's APPNOTE, 4.3.7 and 4.3.12."""
    data = bytearray(archive())
    place = data.index(mark) + offset
    data[place : place + 1] = byte
    with pytest.raises(ArchiveError, match=f"^{reason}$"):
        read_member(bytes(data), "facts.json", 10_000)


def test_packed_bytes_that_do_not_unpack() -> None:
    data = bytearray(archive(zipfile.ZIP_DEFLATED))
    place = data.index(LOCAL) + 30 + len("facts.json")
    data[place : place + 8] = b"\xff" * 8
    with pytest.raises(ArchiveError, match=r"^damaged: Error -3"):
        read_member(bytes(data), "facts.json", 10_000)
