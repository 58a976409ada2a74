/* Copy the window of an output pixel into `patch`, zero point removed; outside the picture all is zero. */
static void gather(const struct window *window, const int8_t *input, int pixel, int zero, int16_t *patch)
{
    const int channels = window->channels;
    const int top = pixel / window->out_width * window->stride_y - window->pad_top;
    const int left = pixel % window->out_width * window->stride_x - window->pad_left;
    for (int row = top; row < top + window->kernel_height; row++) {
        for (int column = left; column < left + window->kernel_width; column++) {
            if (row < 0 || row >= window->in_height || column < 0 || column >= window->in_width) {
                for (int c = 0; c < channels; c++) {
                    *patch++ = 0;
                }
            } else {
                const int8_t *from = input + (row * window->in_width + column) * channels;
                for (int c = 0; c < channels; c++) {
                    *patch++ = (int16_t)(from[c] - zero);
                }
            }
        }
    }
}
