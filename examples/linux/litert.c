/*
 * Reads the emotion of a face with LiteRT from C, without its headers, which the Python wheel does not bring.
 *
 *     cc -std=c99 -o litert litert.c -ldl
 *     ./litert .../site-packages/ai_edge_litert/libLiteRt.so edge_cnn_s.int8.tflite face.gray
 *
 * face.gray: 48 x 48 grey pixels, 2304 bytes. Declarations as in LiteRT 2.3, litert/c/; other versions may differ.
 */
#define _POSIX_C_SOURCE 200112L
#include <dlfcn.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PIXELS = 48 * 48, CLASSES = 7, UINT8 = 3, CPU = 1, ALIGNMENT = 64 };

typedef void *Handle;

struct tensor_type {
    int element_type;
    struct {
        unsigned int rank : 7;
        unsigned int has_strides : 1;
        int32_t dimensions[8];
        uint32_t strides[8];
    } layout;
};

static void *library;

/* Returns a function of the library; the caller casts it to what litert/c/ declares. */
static void *find(const char *name)
{
    void *function = dlsym(library, name);
    if (function == NULL) {
        fprintf(stderr, "This LiteRT has no %s.\n", name);
        exit(1);
    }
    return function;
}

/* Calls a function that returns a status, 0 for success. */
#define CALL(name, parameters, ...)                                      \
    do {                                                                 \
        int (*function) parameters;                                      \
        *(void **)&function = find(name);                                \
        const int status = function(__VA_ARGS__);                        \
        if (status != 0) {                                               \
            fprintf(stderr, "%s failed: status %d.\n", name, status);    \
            exit(1);                                                     \
        }                                                                \
    } while (0)

/* Returns a tensor that uses this memory, which is aligned to 64 bytes. */
static Handle wrap(const struct tensor_type *type, void *memory, size_t size)
{
    Handle tensor;
    CALL("LiteRtCreateTensorBufferFromHostMemory",
         (const struct tensor_type *, void *, size_t, void (*)(void *), Handle *), type, memory, size, NULL, &tensor);
    return tensor;
}

int main(int count, char **arguments)
{
    const struct tensor_type face_type = {UINT8, {4, 0, {1, 48, 48, 1}, {0}}};
    const struct tensor_type scores_type = {UINT8, {2, 0, {1, CLASSES}, {0}}};
    Handle environment, model, options, compiled, input, output;
    void *face, *scores;
    FILE *file = count == 4 ? fopen(arguments[3], "rb") : NULL;
    if (file == NULL || posix_memalign(&face, ALIGNMENT, PIXELS) || posix_memalign(&scores, ALIGNMENT, CLASSES)
        || fread(face, 1, PIXELS, file) != PIXELS) {
        fputs("Usage: litert libLiteRt.so MODEL.int8.tflite FACE.gray (48 x 48 grey pixels)\n", stderr);
        return 1;
    }
    library = dlopen(arguments[1], RTLD_NOW);
    if (library == NULL) {
        fprintf(stderr, "%s\n", dlerror());
        return 1;
    }
    CALL("LiteRtCreateEnvironment", (int, const void *, Handle *), 0, NULL, &environment);
    CALL("LiteRtCreateModelFromFile", (Handle, const char *, Handle *), environment, arguments[2], &model);
    CALL("LiteRtCreateOptions", (Handle *), &options);
    CALL("LiteRtSetOptionsHardwareAccelerators", (Handle, int), options, CPU);
    CALL("LiteRtCreateCompiledModel", (Handle, Handle, Handle, Handle *), environment, model, options, &compiled);
    input = wrap(&face_type, face, PIXELS);
    output = wrap(&scores_type, scores, CLASSES);
    CALL("LiteRtRunCompiledModel", (Handle, size_t, size_t, Handle *, size_t, Handle *), compiled, 0, 1, &input, 1,
         &output);
    for (int i = 0; i < CLASSES; i++) {
        printf("%d%c", ((uint8_t *)scores)[i], i + 1 < CLASSES ? ' ' : '\n');
    }
    return 0;
}
