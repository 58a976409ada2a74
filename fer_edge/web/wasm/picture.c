/* Pictures as browsers have them: RGBA, one byte each. */

#define MOST_EDGE 256 /* of a detector's input */

/* Grey as OpenCV weighs it, in steps of 2^-15, halves up. */
static void make_grey(const uint8_t *rgba, int pixels, uint8_t *grey)
{
    for (int i = 0; i < pixels; i++, rgba += 4) {
        grey[i] = (uint8_t)((9798 * rgba[0] + 19235 * rgba[1] + 3735 * rgba[2] + (1 << 14)) >> 15);
    }
}

static void add_colours(const uint8_t *row, const struct cover *columns, int out_width, float times, float (*sums)[3])
{
    for (int x = 0; x < out_width; x++) {
        const struct cover *cover = &columns[x];
        const uint8_t *pixel = row + cover->first * 4;
        float sum[3] = {0.0f};
        for (int c = 0; c < 3 && cover->before > 0.0f; c++) {
            sum[c] += product((pixel - 4)[c], cover->before);
        }
        for (int i = 0; i < cover->whole; i++, pixel += 4) {
            for (int c = 0; c < 3; c++) {
                sum[c] += product(pixel[c], cover->each);
            }
        }
        for (int c = 0; c < 3 && cover->after > 0.0f; c++) {
            sum[c] += product(pixel[c], cover->after);
        }
        for (int c = 0; c < 3; c++) {
            sums[x][c] += product(sum[c], times);
        }
    }
}

/* One row of the result: uint8 colours, RGB. */
static void shrink_colours(const uint8_t *rgba, int width, int height, const struct cover *columns, int y, int out_width,
                           int out_height, uint8_t *colours)
{
    const struct cover rows = find_cover(y, height, out_height);
    const uint8_t *row = rgba + (long)rows.first * width * 4;
    static float sums[MOST_EDGE][3];
    for (int x = 0; x < out_width; x++) {
        sums[x][0] = sums[x][1] = sums[x][2] = 0.0f;
    }
    if (rows.before > 0.0f) {
        add_colours(row - width * 4, columns, out_width, rows.before, sums);
    }
    for (int i = 0; i < rows.whole; i++, row += width * 4) {
        add_colours(row, columns, out_width, rows.each, sums);
    }
    if (rows.after > 0.0f) {
        add_colours(row, columns, out_width, rows.after, sums);
    }
    for (int x = 0; x < out_width; x++) {
        for (int c = 0; c < 3; c++) {
            *colours++ = to_grey(sums[x][c]);
        }
    }
}

/* The same where both sides are multiples: plain averages of blocks. */
static void average_colours(const uint8_t *rgba, int width, int across, int down, int y, int out_width,
                            uint8_t *colours)
{
    const float part = 1.0f / (float)(across * down);
    for (int x = 0; x < out_width; x++) {
        int32_t sums[3] = {0};
        for (int row = 0; row < down; row++) {
            const uint8_t *pixel = rgba + ((long)(y * down + row) * width + x * across) * 4;
            for (int column = 0; column < across; column++, pixel += 4) {
                for (int c = 0; c < 3; c++) {
                    sums[c] += pixel[c];
                }
            }
        }
        for (int c = 0; c < 3; c++) {
            *colours++ = across == 2 && down == 2 ? (uint8_t)((sums[c] + 2) >> 2)
                                                  : to_grey(product((float)sums[c], part));
        }
    }
}

/* A detector's input: RGB, -1..1, edge x edge, the picture averaged to out_width x out_height, below and right black. */
static void letterbox(const uint8_t *rgba, int width, int height, int out_width, int out_height, int edge,
                      float *square)
{
    static struct cover columns[MOST_EDGE];
    static uint8_t colours[MOST_EDGE * 3];
    const int blocks = width % out_width == 0 && height % out_height == 0;
    for (int x = 0; x < out_width; x++) {
        columns[x] = find_cover(x, width, out_width);
    }
    for (int y = 0; y < edge; y++, square += edge * 3) {
        if (y < out_height && blocks) {
            average_colours(rgba, width, width / out_width, height / out_height, y, out_width, colours);
        } else if (y < out_height) {
            shrink_colours(rgba, width, height, columns, y, out_width, out_height, colours);
        }
        for (int i = 0; i < edge * 3; i++) {
            square[i] = y < out_height && i < out_width * 3 ? (float)colours[i] / 127.5f - 1.0f : -1.0f;
        }
    }
}
