/* Convolution. */

struct convolution {
    const int8_t *weights;      /* [outputs][kernel height][kernel width][channels] */
    const int32_t *bias;        /* [outputs] */
    const int32_t *multipliers; /* [outputs], each with its shift: from sums to steps of the output */
    const int8_t *shifts;
    struct window window;
    int16_t outputs;
    int16_t zero_in, zero_out;
    int16_t low, high; /* the activation: what the output is clamped to */
};

/* Round the sum of one output to a step of the output's scale. */
static int8_t finish(const struct convolution *layer, int output, int32_t sum)
{
    const int32_t scaled = rescale(sum + layer->bias[output], layer->multipliers[output], layer->shifts[output]);
    return clamp(scaled + layer->zero_out, layer->low, layer->high);
}

/* `patches` is scratch for two windows of the input. The output may lie over pixels that no later window reads. */
static void convolve(const struct convolution *layer, const int8_t *input, int8_t *output, int16_t *patches)
{
    const struct window *window = &layer->window;
    const int count = window->kernel_height * window->kernel_width * window->channels;
    const int pixels = window->out_height * window->out_width;
    for (int pixel = 0; pixel < pixels; pixel += 2) {
        const int other = pixel + 1 < pixels ? pixel + 1 : pixel; /* a last one without a partner is computed twice */
        int8_t *const here = output + pixel * layer->outputs;
        int8_t *const there = output + other * layer->outputs;
        gather(window, input, pixel, layer->zero_in, patches);
        gather(window, input, other, layer->zero_in, patches + count);
#if FER_EDGE_SMLAD
        interleave(patches, count);
        interleave(patches + count, count);
#endif
        for (int v = 0; v < layer->outputs; v += 2) {
            const int w = v + 1 < layer->outputs ? v + 1 : v;
            int32_t sums[4];
            dot(patches, patches + count, layer->weights + v * count, layer->weights + w * count, count, sums);
            for (int i = 0; i < 4; i++) {
                int8_t *const target = i < 2 ? here : there;
                const int out = i % 2 == 0 ? v : w;
                target[out] = finish(layer, out, sums[i]);
            }
        }
    }
}
