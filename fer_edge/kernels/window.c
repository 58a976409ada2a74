/* Where a kernel slides over a picture of height x width x channels, and what it sees there. */

struct window {
    int16_t in_height, in_width, channels;
    int16_t out_height, out_width;
    int16_t kernel_height, kernel_width;
    int16_t stride_y, stride_x;
    int16_t pad_top, pad_left;
};
