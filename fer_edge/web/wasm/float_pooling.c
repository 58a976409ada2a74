/* Pooling in float32: the largest or the average value of each channel in a window; padding does not take part. */
static void pool_floats(const struct window *window, int averages, float low, float high, const float *input,
                        float *output)
{
    for (int pixel = 0; pixel < window->out_height * window->out_width; pixel++) {
        const int top = pixel / window->out_width * window->stride_y - window->pad_top;
        const int left = pixel % window->out_width * window->stride_x - window->pad_left;
        for (int c = 0; c < window->channels; c++) {
            float sum = 0.0f, most = -3.4028235e38f;
            int count = 0;
            for (int row = top; row < top + window->kernel_height; row++) {
                for (int column = left; column < left + window->kernel_width; column++) {
                    if (row >= 0 && row < window->in_height && column >= 0 && column < window->in_width) {
                        const float value = input[(row * window->in_width + column) * window->channels + c];
                        sum += value;
                        most = value > most ? value : most;
                        count++;
                    }
                }
            }
            *output++ = clamp_float(averages ? sum / (float)count : most, low, high);
        }
    }
}
