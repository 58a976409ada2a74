/* From one scale and zero point to another, with or without a sign. */

struct quantization {
    int32_t count;
    int32_t multiplier;
    int8_t shift;
    int16_t zero_in, zero_out;
    uint8_t flip_in, flip_out; /* 0x80 where that side is uint8, else 0: it makes one of the other */
};

/* The output may lie over the input. */
static void quantize(const struct quantization *layer, const uint8_t *input, uint8_t *output)
{
    for (int32_t i = 0; i < layer->count; i++) {
        const int32_t value = (int8_t)(input[i] ^ layer->flip_in) - layer->zero_in;
        const int32_t scaled = rescale(value, layer->multiplier, layer->shift) + layer->zero_out;
        output[i] = (uint8_t)((uint8_t)clamp(scaled, -128, 127) ^ layer->flip_out);
    }
}
