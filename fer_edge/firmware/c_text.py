"""Text and numbers as C, whatever they hold: labels come from a file, and may be anybody's."""

from __future__ import annotations

from collections.abc import Iterable

NUMBERS_PER_LINE = 24


def as_string(text: str) -> str:
    """Return a C string literal; anything but plain ASCII becomes the octal numbers of its UTF-8 bytes."""
    return '"' + "".join(_as_character(byte) for byte in text.encode("utf-8", "replace")) + '"'


def _as_character(byte: int) -> str:
    plain = 0x20 <= byte < 0x7F and byte not in b'"\\?'  # ?? would begin a trigraph
    return chr(byte) if plain else f"\\{byte:03o}"


def as_comment(text: str) -> str:
    """Return text that cannot end a comment, nor go on behind the end of its line."""
    printable = "".join(character if 0x20 <= ord(character) < 0x7F else "?" for character in text)
    return printable.replace("*/", "* /").replace("/*", "/ *").replace("??/", "?? /").replace("\\", "/")


def as_rows(numbers: Iterable[int]) -> str:
    """Return the numbers of an array, some on each line."""
    words = [f"{number}," for number in numbers]
    lines = (words[start : start + NUMBERS_PER_LINE] for start in range(0, len(words), NUMBERS_PER_LINE))
    return "\n".join("    " + " ".join(line) for line in lines)
