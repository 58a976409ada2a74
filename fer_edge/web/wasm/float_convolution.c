/* Convolution in float32; a dense layer is one whose window is its whole input. */

struct float_convolution {
    const float *weights; /* [outputs][kernel height][kernel width][channels] */
    const float *bias;    /* [outputs] */
    struct window window;
    int outputs;
    float low, high; /* the activation: what the output is clamped to */
};

static float add_float_lanes(v128_t sums)
{
    return (wasm_f32x4_extract_lane(sums, 0) + wasm_f32x4_extract_lane(sums, 2))
           + (wasm_f32x4_extract_lane(sums, 1) + wasm_f32x4_extract_lane(sums, 3));
}

/* Sum the products of two windows, `a` and `b`, with two rows of weights: each value is loaded once for two products. */
static void dot_floats(const float *a, const float *b, const float *v, const float *w, int count, float sums[4])
{
    v128_t av = wasm_f32x4_const_splat(0.0f), aw = av, bv = av, bw = av;
    int i = 0;
    for (; i + 4 <= count; i += 4) {
        const v128_t a4 = wasm_v128_load(a + i), b4 = wasm_v128_load(b + i);
        const v128_t v4 = wasm_v128_load(v + i), w4 = wasm_v128_load(w + i);
        av = wasm_f32x4_add(av, wasm_f32x4_mul(a4, v4));
        aw = wasm_f32x4_add(aw, wasm_f32x4_mul(a4, w4));
        bv = wasm_f32x4_add(bv, wasm_f32x4_mul(b4, v4));
        bw = wasm_f32x4_add(bw, wasm_f32x4_mul(b4, w4));
    }
    sums[0] = add_float_lanes(av);
    sums[1] = add_float_lanes(aw);
    sums[2] = add_float_lanes(bv);
    sums[3] = add_float_lanes(bw);
    for (; i < count; i++) {
        sums[0] += a[i] * v[i];
        sums[1] += a[i] * w[i];
        sums[2] += b[i] * v[i];
        sums[3] += b[i] * w[i];
    }
}

/* `patches` is scratch for two windows of the input. */
static void convolve_floats(const struct float_convolution *layer, const float *input, float *output, float *patches)
{
    const struct window *window = &layer->window;
    const int count = window->kernel_height * window->kernel_width * window->channels;
    const int pixels = window->out_height * window->out_width;
    for (int pixel = 0; pixel < pixels; pixel += 2) {
        const int other = pixel + 1 < pixels ? pixel + 1 : pixel; /* a last one without a partner is computed twice */
        const float *a = gather_floats(window, input, pixel, patches);
        const float *b = gather_floats(window, input, other, patches + count);
        for (int v = 0; v < layer->outputs; v += 2) {
            const int w = v + 1 < layer->outputs ? v + 1 : v;
            float sums[4];
            dot_floats(a, b, layer->weights + v * count, layer->weights + w * count, count, sums);
            for (int i = 0; i < 4; i++) {
                const int out = i % 2 == 0 ? v : w;
                output[(i < 2 ? pixel : other) * layer->outputs + out] =
                    clamp_float(sums[i] + layer->bias[out], layer->low, layer->high);
            }
        }
    }
}
