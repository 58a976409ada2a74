/* Softmax: from the classes' logits to probabilities in steps of 1/256, the lowest of which is -128. */

struct softmax {
    const int32_t *exponentials; /* e^-d for logits d steps below the largest one, in steps of 2^-31 */
    int16_t known;               /* how many of them; beyond, probabilities are zero */
    int16_t classes;
};

/* Return 1 / (1 + x) for 0 <= x < 1, both in steps of 2^-31, by three steps of Newton's method. */
static int32_t reciprocal_of_one_plus(int32_t x)
{
    const int32_t half = (int32_t)(((uint32_t)x + (UINT32_C(1) << 31)) >> 1); /* (1 + x) / 2 */
    int32_t guess = 1515870810 + multiply_high(half, -1010580540);            /* 48/17 - 32/17 (1 + x) / 2 */
    for (int step = 0; step < 3; step++) {
        const int32_t error = (1 << 29) - multiply_high(half, guess); /* the guess counts in steps of 2^-29 */
        guess += multiply_high(guess, error) * 4;
    }
    return guess > (1 << 30) - 1 ? INT32_MAX : guess * 2;
}

static void to_probabilities(const struct softmax *layer, const int8_t *input, int8_t *output)
{
    int most = -128;
    for (int c = 0; c < layer->classes; c++) {
        most = input[c] > most ? input[c] : most;
    }
    int32_t sum = 0; /* in steps of 2^-19 */
    for (int c = 0; c < layer->classes; c++) {
        if (most - input[c] < layer->known) {
            sum += divide_by_power(layer->exponentials[most - input[c]], 12);
        }
    }
    int over_one = 12; /* the power of two that brings the sum into 1..2 */
    uint32_t normal = (uint32_t)sum;
    for (; !(normal >> 31); normal <<= 1) {
        over_one--;
    }
    const int32_t reciprocal = reciprocal_of_one_plus((int32_t)(normal - (UINT32_C(1) << 31)));
    for (int c = 0; c < layer->classes; c++) {
        int32_t share = 0;
        if (most - input[c] < layer->known) {
            share = divide_by_power(multiply_high(reciprocal, layer->exponentials[most - input[c]]), over_one + 23);
        }
        output[c] = clamp(share - 128, -128, 127);
    }
}
