/* What JavaScript calls: the kernels with plain numbers in place of their structures. Addresses are in this memory. */

#include <stdint.h>
#include <wasm_simd128.h>

#include "../../kernels/fixed_point.c"
#include "../../kernels/quantize.c"
#include "../../kernels/window.c"
#include "gather.c"
#include "../../kernels/smlad.c"
#include "dot.c"
#include "../../kernels/convolution.c"
#include "../../kernels/depthwise.c"
#include "../../kernels/dense.c"
#include "../../kernels/pooling.c"
#include "../../kernels/addition.c"
#include "../../kernels/mean.c"
#include "../../kernels/softmax.c"
#include "float_window.c"
#include "float_convolution.c"
#include "float_depthwise.c"
#include "float_pooling.c"

#define FE_SIDE 48
#include "../../kernels/resize.c"
#include "picture.c"

#define EXPORT(name) __attribute__((export_name(#name))) void web_##name

/* The eleven numbers of a window. */
#define WINDOW                                                                                                        \
    int in_height, int in_width, int channels, int out_height, int out_width, int kernel_height, int kernel_width,   \
        int stride_y, int stride_x, int pad_top, int pad_left
#define THE_WINDOW                                                                                                    \
    {(int16_t)in_height,     (int16_t)in_width,     (int16_t)channels, (int16_t)out_height, (int16_t)out_width,      \
     (int16_t)kernel_height, (int16_t)kernel_width, (int16_t)stride_y, (int16_t)stride_x,   (int16_t)pad_top,        \
     (int16_t)pad_left}

/* Where a layer's weights lie, and what its output is clamped to. */
#define SUMS                                                                                                          \
    const int8_t *weights, const int32_t *bias, const int32_t *multipliers, const int8_t *shifts, int outputs,       \
        int zero_in, int zero_out, int low, int high

EXPORT(convolution)(const int8_t *input, int8_t *output, int16_t *scratch, SUMS, WINDOW)
{
    const struct convolution layer = {weights,           bias,
                                      multipliers,       shifts,
                                      THE_WINDOW,        (int16_t)outputs,
                                      (int16_t)zero_in,  (int16_t)zero_out,
                                      (int16_t)low,      (int16_t)high};
    convolve(&layer, input, output, scratch);
}

EXPORT(depthwise)(const int8_t *input, int8_t *output, int16_t *scratch, SUMS, WINDOW)
{
    const struct depthwise layer = {weights,          bias,
                                    multipliers,      shifts,
                                    THE_WINDOW,       (int16_t)(outputs / channels),
                                    (int16_t)zero_in, (int16_t)zero_out,
                                    (int16_t)low,     (int16_t)high};
    convolve_depthwise(&layer, input, output, scratch);
}

EXPORT(dense)(const int8_t *input, int8_t *output, SUMS, int inputs)
{
    const struct dense layer = {weights,          bias,
                                multipliers,      shifts,
                                (int16_t)inputs,  (int16_t)outputs,
                                (int16_t)zero_in, (int16_t)zero_out,
                                (int16_t)low,     (int16_t)high};
    connect(&layer, input, output);
}

EXPORT(pooling)(const int8_t *input, int8_t *output, int averages, int low, int high, WINDOW)
{
    const struct pooling layer = {THE_WINDOW, (int16_t)low, (int16_t)high};
    pool(&layer, averages, input, output);
}

EXPORT(addition)(const int8_t *a, const int8_t *b, int8_t *output, int count, int multiplier_a, int multiplier_b,
                 int multiplier_out, int shift_a, int shift_b, int shift_out, int zero_a, int zero_b, int zero_out,
                 int low, int high)
{
    const struct addition layer = {count,           multiplier_a,      multiplier_b,    multiplier_out,
                                   (int8_t)shift_a, (int8_t)shift_b,   (int8_t)shift_out, (int16_t)zero_a,
                                   (int16_t)zero_b, (int16_t)zero_out, (int16_t)low,    (int16_t)high};
    add(&layer, a, b, output);
}

EXPORT(mean)(const int8_t *input, int8_t *output, int pixels, int channels, int multiplier, int shift, int zero_in,
             int zero_out)
{
    const struct mean layer = {pixels,        (int16_t)channels, multiplier,
                               (int8_t)shift, (int16_t)zero_in,  (int16_t)zero_out};
    average(&layer, input, output);
}

EXPORT(softmax)(const int8_t *input, int8_t *output, const int32_t *exponentials, int known, int classes)
{
    const struct softmax layer = {exponentials, (int16_t)known, (int16_t)classes};
    to_probabilities(&layer, input, output);
}

EXPORT(quantization)(const uint8_t *input, uint8_t *output, int count, int multiplier, int shift, int zero_in,
                     int zero_out, int flip_in, int flip_out)
{
    const struct quantization layer = {count,             multiplier,       (int8_t)shift,    (int16_t)zero_in,
                                       (int16_t)zero_out, (uint8_t)flip_in, (uint8_t)flip_out};
    quantize(&layer, input, output);
}

EXPORT(float_convolution)(const float *input, float *output, float *scratch, const float *weights, const float *bias,
                          int outputs, float low, float high, WINDOW)
{
    const struct float_convolution layer = {weights, bias, THE_WINDOW, outputs, low, high};
    convolve_floats(&layer, input, output, scratch);
}

EXPORT(float_depthwise)(const float *input, float *output, const float *weights, const float *bias, float low,
                        float high, WINDOW)
{
    const struct float_depthwise layer = {weights, bias, THE_WINDOW, low, high};
    convolve_depthwise_floats(&layer, input, output);
}

EXPORT(float_pooling)(const float *input, float *output, int averages, float low, float high, WINDOW)
{
    const struct window window = THE_WINDOW;
    pool_floats(&window, averages, low, high, input, output);
}

EXPORT(float_addition)(const float *a, const float *b, float *output, int count, float low, float high)
{
    for (int i = 0; i < count; i++) {
        output[i] = clamp_float(a[i] + b[i], low, high);
    }
}

EXPORT(float_clamp)(const float *input, float *output, int count, float low, float high)
{
    for (int i = 0; i < count; i++) {
        output[i] = clamp_float(input[i], low, high);
    }
}

/* Grey pixels of a face from the square of an RGBA picture that shows it; `grey` is scratch for edge * edge. */
EXPORT(face)(const uint8_t *rgba, int edge, uint8_t *grey, uint8_t *face)
{
    make_grey(rgba, edge * edge, grey);
    resize(grey, edge, edge, edge, face);
}

EXPORT(resize)(const uint8_t *grey, int width, int height, uint8_t *face)
{
    resize(grey, width, height, width, face);
}

EXPORT(grey)(const uint8_t *rgba, int pixels, uint8_t *grey)
{
    make_grey(rgba, pixels, grey);
}

EXPORT(letterbox)(const uint8_t *rgba, int width, int height, int out_width, int out_height, int edge, float *square)
{
    letterbox(rgba, width, height, out_width, out_height, edge, square);
}
