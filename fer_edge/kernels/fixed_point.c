/* Fixed-point arithmetic, rounded bit for bit as TensorFlow Lite's reference kernels round. */

/* What C99 leaves open and this code relies on; today's compilers for 32 bits and more all agree. */
typedef char fe_shifts_keep_the_sign[(-1 >> 1) == -1 ? 1 : -1];
typedef char fe_int_has_32_bits[sizeof(int) >= 4 ? 1 : -1];

/* Divide by 2^exponent, halves away from zero. `exponent` is 0..31. */
static int32_t divide_by_power(int32_t value, int exponent)
{
    const int32_t mask = (int32_t)((UINT32_C(1) << exponent) - 1u);
    const int32_t threshold = (mask >> 1) + (value < 0 ? 1 : 0);
    return (value >> exponent) + ((value & mask) > threshold ? 1 : 0);
}

/* The upper half of 2 * a * b, halves up: the product of two numbers that count in steps of 2^-31. */
static int32_t multiply_high(int32_t a, int32_t b)
{
    return (int32_t)(((int64_t)a * b + (INT64_C(1) << 30)) >> 31);
}

/* Multiply by multiplier * 2^(shift - 31). */
static int32_t rescale(int32_t value, int32_t multiplier, int shift)
{
    if (shift > 0) {
        return multiply_high((int32_t)((uint32_t)value << shift), multiplier);
    }
    return divide_by_power(multiply_high(value, multiplier), -shift);
}

static int8_t clamp(int32_t value, int32_t low, int32_t high)
{
    return (int8_t)(value < low ? low : value > high ? high : value);
}
