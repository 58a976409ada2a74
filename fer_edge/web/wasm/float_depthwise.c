/* Depthwise convolution in float32, of one kernel for each channel. */

struct float_depthwise {
    const float *weights; /* [kernel height][kernel width][channels] */
    const float *bias;    /* [channels] */
    struct window window;
    float low, high; /* the activation: what the output is clamped to */
};

static void add_products(const float *value, const float *weight, int count, float *sums)
{
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const v128_t product4 = wasm_f32x4_mul(wasm_v128_load(value + i), wasm_v128_load(weight + i));
        wasm_v128_store(sums + i, wasm_f32x4_add(wasm_v128_load(sums + i), product4));
    }
    for (; i < count; i++) {
        sums[i] += value[i] * weight[i];
    }
}

static void convolve_depthwise_floats(const struct float_depthwise *layer, const float *input, float *output)
{
    const struct window *window = &layer->window;
    const int channels = window->channels;
    for (int pixel = 0; pixel < window->out_height * window->out_width; pixel++, output += channels) {
        const int top = pixel / window->out_width * window->stride_y - window->pad_top;
        const int left = pixel % window->out_width * window->stride_x - window->pad_left;
        for (int c = 0; c < channels; c++) {
            output[c] = layer->bias[c];
        }
        for (int y = 0; y < window->kernel_height; y++) {
            for (int x = 0; x < window->kernel_width; x++) {
                const int row = top + y, column = left + x;
                if (row >= 0 && row < window->in_height && column >= 0 && column < window->in_width) {
                    const float *value = input + (row * window->in_width + column) * channels;
                    const float *weight = layer->weights + (y * window->kernel_width + x) * channels;
                    add_products(value, weight, channels, output);
                }
            }
        }
        for (int c = 0; c < channels; c++) {
            output[c] = clamp_float(output[c], layer->low, layer->high);
        }
    }
}
