"""Real factors as integers, rounded bit for bit as TensorFlow Lite rounds them.

The formulas are those of `tensorflow/lite/kernels/internal/quantization_util.cc` and of gemmlowp's
`fixedpoint/fixedpoint.h`, from which the exponential comes.
"""

from __future__ import annotations

import math

Factor = tuple[int, int]
"""(multiplier, shift), which stand for multiplier * 2 ** (shift - 31)."""

ONE = 1 << 31


def as_factor(real: float) -> Factor:
    """Return a factor of 0 or more as 31 bits and a power of two; what is below 2 ** -32 becomes 0.

    Raises:
        ValueError: it is negative, not finite, or 2 ** 30 or more.
    """
    if not 0 <= real < 1 << 30:
        raise ValueError(f"a factor of {real}")
    fraction, shift = math.frexp(real)
    multiplier = math.floor(fraction * ONE + 0.5)
    if multiplier == ONE:
        multiplier, shift = multiplier // 2, shift + 1
    return (multiplier, shift) if shift >= -31 else (0, 0)


def mean_factor(real: float, count: int) -> Factor:
    """Return the factor from a sum of `count` values to their mean, times `real`."""
    multiplier, shift = as_factor(real)
    spread = min(count.bit_length() - 1, 31 + shift)
    return (multiplier << spread) // count, shift - spread


def exponentials(scale: float) -> list[int]:
    """Return e ** (-scale * step) for steps 0, 1, ... up to 255, in steps of 2 ** -31.

    The list ends where the reference kernel takes the exponential for 0.
    """
    multiplier, shift = as_factor(min(scale * (1 << 26), ONE - 1.0))
    steps = min(255, (31 << 26) >> max(shift, 0))
    return [_exponential(_multiply_high(-step << shift, multiplier)) for step in range(steps + 1)]


def _exponential(x: int) -> int:
    """Return e ** x for x <= 0 in steps of 2 ** -26, by a series about -1/8 and a product for each bit above 1/4."""
    if x == 0:
        return ONE - 1
    quarter = 1 << 24
    rest = (x & (quarter - 1)) - quarter
    result = _series(rest << 5)
    for bit, factor in enumerate((1672461947, 1302514674, 790015084, 290630308, 39332535, 720401, 242)):
        if (rest - x) & (quarter << bit):
            result = _multiply_high(result, factor)
    return result


def _series(x: int) -> int:
    """Return e ** x for -1/4 <= x < 0, both in steps of 2 ** -31."""
    from_middle = x + (1 << 28)
    square = _multiply_high(from_middle, from_middle)
    cube, fourth = _multiply_high(square, from_middle), _multiply_high(square, square)
    sixths = _multiply_high(_divide_by_power(fourth, 2) + cube, 715827883)
    middle = 1895147668  # e ** (-1 / 8)
    return middle + _multiply_high(middle, from_middle + _divide_by_power(sixths + square, 1))


def _multiply_high(a: int, b: int) -> int:
    return (a * b + (1 << 30)) >> 31


def _divide_by_power(value: int, exponent: int) -> int:
    """Divide by 2 ** exponent, halves away from zero."""
    half = 1 << (exponent - 1)
    return (value + half) >> exponent if value >= 0 else -((-value + half) >> exponent)
