/* Tells the emotion of faces in PGM files: no interpreter, no library. Make one with OpenCV, or `magick a.png a.pgm`. */
#include "fer_edge.h"

#include <stdio.h>
#include <stdlib.h>

#define LARGEST 4096

static const char *const labels[] = FER_EDGE_LABELS;

/* Returns the pixels of a binary PGM file, to be freed, or NULL. */
static uint8_t *read_pgm(const char *path, int *width, int *height)
{
    uint8_t *pixels = NULL;
    int most = 0;
    FILE *file = fopen(path, "rb");
    if (file == NULL) {
        return NULL;
    }
    if (fscanf(file, "P5 %d %d %d", width, height, &most) == 3 && most == 255 && fgetc(file) != EOF
        && *width > 0 && *width <= LARGEST && *height > 0 && *height <= LARGEST) {
        const size_t size = (size_t)*width * (size_t)*height;
        pixels = malloc(size);
        if (pixels != NULL && fread(pixels, 1, size, file) != size) {
            free(pixels);
            pixels = NULL;
        }
    }
    fclose(file);
    return pixels;
}

int main(int count, char **paths)
{
    if (fer_edge_selftest() != 0) {
        fputs("The self-test failed.\n", stderr);
        return 1;
    }
    for (int i = 1; i < count; i++) {
        uint8_t face[FER_EDGE_PIXELS], scores[FER_EDGE_CLASSES];
        int width, height;
        uint8_t *pixels = read_pgm(paths[i], &width, &height);
        if (pixels == NULL) {
            fprintf(stderr, "%s is no binary PGM picture of at most %d x %d pixels.\n", paths[i], LARGEST, LARGEST);
            return 1;
        }
        fer_edge_crop(pixels, width, height, width, face); /* the whole picture is one face */
        const int best = fer_edge_classify(face, scores);
        const float score = (float)(scores[best] - FER_EDGE_SCORE_ZERO) * FER_EDGE_SCORE_SCALE;
        printf("%s: %s %.0f%%\n", paths[i], labels[best], 100 * (double)score);
        free(pixels);
    }
    return 0;
}
