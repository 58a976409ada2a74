"""Text of strangers: names of files, labels and models may hold anything."""

from __future__ import annotations


def printable(text: str) -> str:
    """Return a text on one line, without what would steer a terminal or cannot be encoded.

    Control characters, lone surrogates and what turns the direction of writing become "?".
    """
    return "".join(character if character.isprintable() else "?" for character in text)


def printable_lines(text: str) -> str:
    """Like `printable`, but line breaks stay."""
    return "\n".join(map(printable, text.split("\n")))
