/* kernels/dot.c with eight products in one instruction: the same sums, since none of them can overflow. */

static int32_t add_lanes(v128_t sums)
{
    return wasm_i32x4_extract_lane(sums, 0) + wasm_i32x4_extract_lane(sums, 1) + wasm_i32x4_extract_lane(sums, 2)
           + wasm_i32x4_extract_lane(sums, 3);
}

static void dot(const int16_t *a, const int16_t *b, const int8_t *v, const int8_t *w, int count, int32_t sums[4])
{
    v128_t av = wasm_i32x4_const_splat(0), aw = av, bv = av, bw = av;
    int i = 0;
    for (; i + 8 <= count; i += 8) {
        const v128_t a8 = wasm_v128_load(a + i), b8 = wasm_v128_load(b + i);
        const v128_t v8 = wasm_i16x8_load8x8(v + i), w8 = wasm_i16x8_load8x8(w + i);
        av = wasm_i32x4_add(av, wasm_i32x4_dot_i16x8(a8, v8));
        aw = wasm_i32x4_add(aw, wasm_i32x4_dot_i16x8(a8, w8));
        bv = wasm_i32x4_add(bv, wasm_i32x4_dot_i16x8(b8, v8));
        bw = wasm_i32x4_add(bw, wasm_i32x4_dot_i16x8(b8, w8));
    }
    sums[0] = add_lanes(av);
    sums[1] = add_lanes(aw);
    sums[2] = add_lanes(bv);
    sums[3] = add_lanes(bw);
    for (; i < count; i++) {
        sums[0] += a[i] * v[i];
        sums[1] += a[i] * w[i];
        sums[2] += b[i] * v[i];
        sums[3] += b[i] * w[i];
    }
}
