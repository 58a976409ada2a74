/* Depthwise convolution: each input channel has `multiplier` kernels of its own. */

struct depthwise {
    const int8_t *weights;      /* [kernel height][kernel width][channels * multiplier] */
    const int32_t *bias;        /* [channels * multiplier] */
    const int32_t *multipliers; /* the same, each with its shift: from sums to steps of the output */
    const int8_t *shifts;
    struct window window;
    int16_t multiplier;
    int16_t zero_in, zero_out;
    int16_t low, high; /* the activation: what the output is clamped to */
};

/* `patch` is scratch for one window of the input. The output may lie over pixels that no later window reads. */
static void convolve_depthwise(const struct depthwise *layer, const int8_t *input, int8_t *output, int16_t *patch)
{
    const struct window *window = &layer->window;
    const int outputs = window->channels * layer->multiplier;
    const int taps = window->kernel_height * window->kernel_width;
    for (int pixel = 0; pixel < window->out_height * window->out_width; pixel++) {
        gather(window, input, pixel, layer->zero_in, patch);
        for (int out = 0; out < outputs; out++) {
            const int16_t *value = patch + out / layer->multiplier;
            const int8_t *weight = layer->weights + out;
            int32_t sum = layer->bias[out];
            for (int tap = 0; tap < taps; tap++) {
                sum += *value * *weight;
                value += window->channels;
                weight += outputs;
            }
            sum = rescale(sum, layer->multipliers[out], layer->shifts[out]) + layer->zero_out;
            *output++ = clamp(sum, layer->low, layer->high);
        }
    }
}
