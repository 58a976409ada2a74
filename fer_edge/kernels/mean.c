/* The mean of each channel over all pixels. */

struct mean {
    int32_t pixels;
    int16_t channels;
    int32_t multiplier; /* with its shift: from the sum over all pixels to steps of the output */
    int8_t shift;
    int16_t zero_in, zero_out;
};

static void average(const struct mean *layer, const int8_t *input, int8_t *output)
{
    for (int c = 0; c < layer->channels; c++) {
        int32_t sum = -layer->zero_in * layer->pixels;
        for (int32_t pixel = 0; pixel < layer->pixels; pixel++) {
            sum += input[pixel * layer->channels + c];
        }
        output[c] = clamp(rescale(sum, layer->multiplier, layer->shift) + layer->zero_out, -128, 127);
    }
}
