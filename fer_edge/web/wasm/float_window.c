/* The window of an output pixel: copied into `patch`, zero outside the picture; or where it lies, if that is one pixel. */
static const float *gather_floats(const struct window *window, const float *input, int pixel, float *patch)
{
    const int channels = window->channels, width = window->kernel_width * channels;
    const int top = pixel / window->out_width * window->stride_y - window->pad_top;
    const int left = pixel % window->out_width * window->stride_x - window->pad_left;
    const int first = first_inside(left), end = end_inside(left, window->kernel_width, window->in_width);
    if (window->kernel_width == 1 && window->kernel_height == 1) {
        return input + (top * window->in_width + left) * channels;
    }
    for (int row = top, at = 0; row < top + window->kernel_height; row++, at += width) {
        const int inside = row >= 0 && row < window->in_height && first < end;
        if (!inside || end - first < window->kernel_width) {
            __builtin_memset(patch + at, 0, (unsigned long)width * sizeof *patch);
        }
        if (inside) {
            __builtin_memcpy(patch + at + first * channels, input + (row * window->in_width + left + first) * channels,
                             (unsigned long)((end - first) * channels) * sizeof *patch);
        }
    }
    return patch;
}

static float clamp_float(float value, float low, float high)
{
    return value < low ? low : value > high ? high : value;
}
