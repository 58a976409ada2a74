/* Dense layer. TensorFlow Lite rounds here once, and in convolutions twice: see rescale_once. */

struct dense {
    const int8_t *weights;      /* [outputs][inputs] */
    const int32_t *bias;        /* [outputs] */
    const int32_t *multipliers; /* [outputs], each with its shift: from sums to steps of the output */
    const int8_t *shifts;
    int16_t inputs, outputs;
    int16_t zero_in, zero_out;
    int16_t low, high; /* the activation: what the output is clamped to */
};

/* Multiply by multiplier * 2^(shift - 31) and round, halves up. `shift` is -31..30. */
static int32_t rescale_once(int32_t value, int32_t multiplier, int shift)
{
    return (int32_t)(((int64_t)value * multiplier + (INT64_C(1) << (30 - shift))) >> (31 - shift));
}

static void connect(const struct dense *layer, const int8_t *input, int8_t *output)
{
    const int8_t *weight = layer->weights;
    for (int out = 0; out < layer->outputs; out++) {
        int32_t sum = layer->bias[out];
        for (int in = 0; in < layer->inputs; in++) {
            sum += (input[in] - layer->zero_in) * *weight++;
        }
        sum = rescale_once(sum, layer->multipliers[out], layer->shifts[out]) + layer->zero_out;
        output[out] = clamp(sum, layer->low, layer->high);
    }
}
