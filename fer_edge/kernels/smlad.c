/* Cortex-M4, M7, M33 and larger: two products in one instruction. Compile with -DFER_EDGE_SMLAD=1. */
#ifndef FER_EDGE_SMLAD
#define FER_EDGE_SMLAD 0
#endif
#if FER_EDGE_SMLAD
#include <arm_acle.h>

static uint32_t load_word(const void *from)
{
    uint32_t word;
    __builtin_memcpy(&word, from, sizeof word); /* one instruction, aligned or not */
    return word;
}

/* Bytes 0 and 2 of four, and bytes 1 and 3, each widened to 16 bits. */
static uint32_t even_bytes(const int8_t *from)
{
    return (uint32_t)__sxtb16((int8x4_t)load_word(from));
}

static uint32_t odd_bytes(const int8_t *from)
{
    const uint32_t word = load_word(from);
    return (uint32_t)__sxtb16((int8x4_t)(word >> 8 | word << 24));
}

/* Add the products of four pixels, which `gather` left in the order 0, 2, 1, 3, with four weights. */
static int32_t multiply_pairs(const int16_t *pixels, uint32_t even, uint32_t odd, int32_t sum)
{
    sum = __smlad((int16x2_t)load_word(pixels), (int16x2_t)even, sum);
    return __smlad((int16x2_t)load_word(pixels + 2), (int16x2_t)odd, sum);
}

/* Bring each four pixels of a window into the order 0, 2, 1, 3. */
static void interleave(int16_t *patch, int count)
{
    for (; count >= 4; count -= 4, patch += 4) {
        const int16_t second = patch[1];
        patch[1] = patch[2];
        patch[2] = second;
    }
}
#endif
