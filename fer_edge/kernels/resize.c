/* Resizing of a grey picture to FE_SIDE x FE_SIDE, bit for bit as OpenCV resizes: INTER_AREA where it shrinks both
 * sides, else INTER_LINEAR_EXACT. */

/* A compiler may fuse a product with the sum that follows, and round once instead of twice: not through here. */
static float product(float a, float b)
{
#ifdef __wasm__ /* whose compilers never fuse */
    return a * b;
#else
    volatile float rounded = a * b;
    return rounded;
#endif
}

/* Half to even, into 0..255. */
static uint8_t to_grey(float value)
{
    const int whole = (int)value;
    const float rest = value - (float)whole;
    const int up = rest > 0.5f || (rest == 0.5f && (whole & 1));
    return (uint8_t)(whole + up > 255 ? 255 : whole + up);
}

/* The pixels of a side that one pixel of the result covers: `whole` of them from `first` on, and parts of those
 * before and after; a weight of zero stands for none. */
struct cover {
    int first, whole;
    float before, each, after;
};

static struct cover find_cover(int index, int size, int out_size)
{
    const double scale = 1.0 / ((double)out_size / size);
    volatile const double start = index * scale; /* not fused, see above */
    const double end = start + scale;
    const double width = scale < size - start ? scale : size - start;
    int first = (int)start, last = (int)end;
    struct cover cover;
    first += first < start;
    last = last < size - 1 ? last : size - 1;
    first = first < last ? first : last;
    cover.first = first;
    cover.whole = last - first;
    cover.each = (float)(1.0 / width);
    cover.before = first - start > 1e-3 ? (float)((first - start) / width) : 0.0f;
    cover.after = 0.0f;
    if (end - last > 1e-3) {
        const double rest = end - last < 1.0 ? end - last : 1.0;
        cover.after = (float)((rest < width ? rest : width) / width);
    }
    return cover;
}

/* Add the pixels of a row, `times` as heavy, to the sums of the result's pixels below it. */
static void add_row(const uint8_t *row, const struct cover *columns, float times, float sums[FE_SIDE])
{
    for (int x = 0; x < FE_SIDE; x++) {
        const struct cover *cover = &columns[x];
        const uint8_t *pixel = row + cover->first;
        float sum = 0.0f;
        if (cover->before > 0.0f) {
            sum += product(pixel[-1], cover->before);
        }
        for (int i = 0; i < cover->whole; i++) {
            sum += product(*pixel++, cover->each);
        }
        if (cover->after > 0.0f) {
            sum += product(*pixel, cover->after);
        }
        sums[x] += product(sum, times);
    }
}

static void shrink(const uint8_t *grey, int width, int height, int stride, uint8_t *pixels)
{
    struct cover columns[FE_SIDE];
    for (int x = 0; x < FE_SIDE; x++) {
        columns[x] = find_cover(x, width, FE_SIDE);
    }
    for (int y = 0; y < FE_SIDE; y++) {
        const struct cover rows = find_cover(y, height, FE_SIDE);
        const uint8_t *row = grey + (long)rows.first * stride;
        float sums[FE_SIDE] = {0.0f};
        if (rows.before > 0.0f) {
            add_row(row - stride, columns, rows.before, sums);
        }
        for (int i = 0; i < rows.whole; i++, row += stride) {
            add_row(row, columns, rows.each, sums);
        }
        if (rows.after > 0.0f) {
            add_row(row, columns, rows.after, sums);
        }
        for (int x = 0; x < FE_SIDE; x++) {
            *pixels++ = to_grey(sums[x]);
        }
    }
}

/* Both sides are multiples of the result's: plain averages of blocks. */
static void shrink_blocks(const uint8_t *grey, int across, int down, int stride, uint8_t *pixels)
{
    const float part = 1.0f / (float)(across * down);
    for (int y = 0; y < FE_SIDE; y++) {
        for (int x = 0; x < FE_SIDE; x++) {
            const uint8_t *block = grey + (long)y * down * stride + x * across;
            int32_t sum = 0;
            for (int row = 0; row < down; row++, block += stride) {
                for (int column = 0; column < across; column++) {
                    sum += block[column];
                }
            }
            *pixels++ = across == 2 && down == 2 ? (uint8_t)((sum + 2) >> 2) : to_grey(product((float)sum, part));
        }
    }
}

/* Two neighbouring pixels of a side, and the weight of the second in steps of 1/256. */
struct between {
    int first, second, weight;
};

static struct between find_between(int index, int size)
{
    const double scale = 1.0 / ((double)FE_SIDE / size);
    volatile const double middle = scale * (index + 0.5); /* not fused, see above */
    const double at = middle - 0.5;
    struct between between = {0, 0, 0};
    if (at >= 0.0) {
        const int whole = (int)at;
        const double steps = (at - whole) * 256.0;
        const int floor = (int)steps;
        between.first = whole < size - 1 ? whole : size - 1;
        between.second = whole + 1 < size ? whole + 1 : size - 1;
        between.weight = floor + (steps - floor > 0.5 || (steps - floor == 0.5 && (floor & 1)));
    }
    return between;
}

static int32_t mix(int32_t first, int32_t second, int weight)
{
    return first * (256 - weight) + second * weight;
}

static void enlarge(const uint8_t *grey, int width, int height, int stride, uint8_t *pixels)
{
    struct between columns[FE_SIDE];
    for (int x = 0; x < FE_SIDE; x++) {
        columns[x] = find_between(x, width);
    }
    for (int y = 0; y < FE_SIDE; y++) {
        const struct between rows = find_between(y, height);
        const uint8_t *upper = grey + (long)rows.first * stride;
        const uint8_t *lower = grey + (long)rows.second * stride;
        for (int x = 0; x < FE_SIDE; x++) {
            const struct between c = columns[x];
            const int32_t above = mix(upper[c.first], upper[c.second], c.weight);
            const int32_t below = mix(lower[c.first], lower[c.second], c.weight);
            *pixels++ = (uint8_t)((mix(above, below, rows.weight) + (1 << 15)) >> 16);
        }
    }
}

/* `stride` is how many bytes lie between a pixel and the one below it. */
static void resize(const uint8_t *grey, int width, int height, int stride, uint8_t *pixels)
{
    if (width == FE_SIDE && height == FE_SIDE) {
        for (int y = 0; y < FE_SIDE; y++, grey += stride) {
            for (int x = 0; x < FE_SIDE; x++) {
                *pixels++ = grey[x];
            }
        }
    } else if (width < FE_SIDE || height < FE_SIDE) {
        enlarge(grey, width, height, stride, pixels);
    } else if (width % FE_SIDE == 0 && height % FE_SIDE == 0) {
        shrink_blocks(grey, width / FE_SIDE, height / FE_SIDE, stride, pixels);
    } else {
        shrink(grey, width, height, stride, pixels);
    }
}
