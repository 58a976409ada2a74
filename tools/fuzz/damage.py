"""Ways in which a file gets damaged; each takes the bytes and a source of chance."""

import random
from collections.abc import Callable

Damage = Callable[[bytearray, random.Random], bytes]


def flip_bits(data: bytearray, rng: random.Random) -> bytes:
    """Flip a bit or a few, as a worn memory card does."""
    for _ in range(rng.choice((1, 1, 1, 2, 8))):
        data[rng.randrange(len(data))] ^= 1 << rng.randrange(8)
    return bytes(data)


def cut_off(data: bytearray, rng: random.Random) -> bytes:
    """Drop the end, as a broken download does."""
    return bytes(data[: rng.randrange(len(data))])


def zero_range(data: bytearray, rng: random.Random) -> bytes:
    """Fill a piece with zeros, as a file system does after a power cut."""
    start = rng.randrange(len(data))
    end = min(len(data), start + rng.randint(1, 4096))
    data[start:end] = bytes(end - start)
    return bytes(data)


def splice(data: bytearray, rng: random.Random) -> bytes:
    """Insert, overwrite or drop a piece, as a bad copy or a merged download does."""
    start, target = rng.randrange(len(data)), rng.randrange(len(data))
    piece = data[start : start + rng.randint(1, 5000)]
    insertion, replaced = rng.choice(((piece, 0), (piece, len(piece)), (b"", len(piece))))
    data[target : target + replaced] = insertion
    return bytes(data)


def change_header(data: bytearray, rng: random.Random) -> bytes:
    """Write an extreme number among the first bytes, where sizes and offsets stand."""
    at = rng.randrange(64)
    data[at : at + 4] = rng.choice((bytes(4), b"\xff" * 4, b"\xff\xff\xff\x7f", rng.randbytes(4)))
    return bytes(data)


ON_ANY_FILE: tuple[Damage, ...] = (flip_bits, cut_off, zero_range, splice, change_header)
