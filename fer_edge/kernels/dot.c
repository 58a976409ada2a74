/* Sum the products of two windows, `a` and `b`, with two rows of weights: each value is loaded once for two products. */
static void dot(const int16_t *a, const int16_t *b, const int8_t *v, const int8_t *w, int count, int32_t sums[4])
{
    int32_t av = 0, aw = 0, bv = 0, bw = 0;
    int i = 0;
#if FER_EDGE_SMLAD
    for (; i + 4 <= count; i += 4) {
        const uint32_t v_even = even_bytes(v + i), v_odd = odd_bytes(v + i);
        const uint32_t w_even = even_bytes(w + i), w_odd = odd_bytes(w + i);
        av = multiply_pairs(a + i, v_even, v_odd, av);
        aw = multiply_pairs(a + i, w_even, w_odd, aw);
        bv = multiply_pairs(b + i, v_even, v_odd, bv);
        bw = multiply_pairs(b + i, w_even, w_odd, bw);
    }
#endif
    for (; i < count; i++) {
        av += a[i] * v[i];
        aw += a[i] * w[i];
        bv += b[i] * v[i];
        bw += b[i] * w[i];
    }
    sums[0] = av;
    sums[1] = aw;
    sums[2] = bv;
    sums[3] = bw;
}
