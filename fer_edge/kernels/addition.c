/* Addition of two tensors, each of its own scale. */

#define FE_ADDITION_BITS 20 /* precision in between: a difference of two int8 values stays below 2^29 */

struct addition {
    int32_t count;
    int32_t multiplier_a, multiplier_b, multiplier_out;
    int8_t shift_a, shift_b, shift_out;
    int16_t zero_a, zero_b, zero_out;
    int16_t low, high; /* the activation: what the output is clamped to */
};

/* The output may lie over either input. */
static void add(const struct addition *layer, const int8_t *a, const int8_t *b, int8_t *output)
{
    for (int32_t i = 0; i < layer->count; i++) {
        const int32_t fine_a = (a[i] - layer->zero_a) * (1 << FE_ADDITION_BITS);
        const int32_t fine_b = (b[i] - layer->zero_b) * (1 << FE_ADDITION_BITS);
        const int32_t sum = rescale(fine_a, layer->multiplier_a, layer->shift_a)
                            + rescale(fine_b, layer->multiplier_b, layer->shift_b);
        output[i] = clamp(rescale(sum, layer->multiplier_out, layer->shift_out) + layer->zero_out, layer->low,
                          layer->high);
    }
}
