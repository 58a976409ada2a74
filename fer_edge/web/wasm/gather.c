/* kernels/gather.c by rows: what lies side by side in the input is copied at once. */

/* The columns of a window that lie inside the picture, counted from its own left. */
static int first_inside(int left)
{
    return left < 0 ? -left : 0;
}

static int end_inside(int left, int kernel_width, int in_width)
{
    const int end = in_width - left;
    return end < kernel_width ? end : kernel_width;
}

static void widen(const int8_t *from, int count, int zero, int16_t *to)
{
    const v128_t zeros = wasm_i16x8_splat((int16_t)zero);
    int i = 0;
    for (; i + 8 <= count; i += 8) {
        wasm_v128_store(to + i, wasm_i16x8_sub(wasm_i16x8_load8x8(from + i), zeros));
    }
    for (; i < count; i++) {
        to[i] = (int16_t)(from[i] - zero);
    }
}

static void gather(const struct window *window, const int8_t *input, int pixel, int zero, int16_t *patch)
{
    const int channels = window->channels, width = window->kernel_width * channels;
    const int top = pixel / window->out_width * window->stride_y - window->pad_top;
    const int left = pixel % window->out_width * window->stride_x - window->pad_left;
    const int first = first_inside(left), end = end_inside(left, window->kernel_width, window->in_width);
    for (int row = top; row < top + window->kernel_height; row++, patch += width) {
        const int inside = row >= 0 && row < window->in_height && first < end;
        if (!inside || end - first < window->kernel_width) {
            __builtin_memset(patch, 0, (unsigned long)width * sizeof *patch);
        }
        if (inside) {
            const int8_t *from = input + (row * window->in_width + left + first) * channels;
            widen(from, (end - first) * channels, zero, patch + first * channels);
        }
    }
}
