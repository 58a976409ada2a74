/* Pooling: the largest or the average value of each channel in a window; the scale stays the same. */

struct pooling {
    struct window window;
    int16_t low, high; /* the activation: what the output is clamped to */
};

/* Halves away from zero; `count` is positive. */
static int32_t divide(int32_t sum, int32_t count)
{
    return (sum > 0 ? sum + count / 2 : sum - count / 2) / count;
}

/* Padding does not take part. The output may lie over pixels that no later window reads. */
static void pool(const struct pooling *layer, int averages, const int8_t *input, int8_t *output)
{
    const struct window *window = &layer->window;
    for (int y = 0; y < window->out_height; y++) {
        const int top = y * window->stride_y - window->pad_top;
        const int first_row = top > 0 ? top : 0;
        const int end_row = top + window->kernel_height < window->in_height ? top + window->kernel_height
                                                                            : window->in_height;
        for (int x = 0; x < window->out_width; x++) {
            const int left = x * window->stride_x - window->pad_left;
            const int first = left > 0 ? left : 0;
            const int end = left + window->kernel_width < window->in_width ? left + window->kernel_width
                                                                           : window->in_width;
            for (int c = 0; c < window->channels; c++) {
                int32_t sum = 0;
                int32_t most = -128;
                for (int row = first_row; row < end_row; row++) {
                    for (int column = first; column < end; column++) {
                        const int8_t value = input[(row * window->in_width + column) * window->channels + c];
                        sum += value;
                        most = value > most ? value : most;
                    }
                }
                const int32_t average = divide(sum, (end_row - first_row) * (end - first));
                *output++ = clamp(averages ? average : most, layer->low, layer->high);
            }
        }
    }
}
