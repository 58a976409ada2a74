/* Scores the faces of faces.bin into scores.bin, tells what the first of them took, and crops picture.bin. */
#include "board.h"
#include "fer_edge.h"

#define PAINTED 8192 /* bytes of stack that are looked at */
#define PAINT 0xA5
#define PICTURE_HEIGHT 90
#define PICTURE_WIDTH 70

static uint8_t face[FER_EDGE_PIXELS];
static uint8_t scores[FER_EDGE_CLASSES];
#if CROPS
static uint8_t picture[PICTURE_HEIGHT * PICTURE_WIDTH];
#endif

static void say(const char *name, uint32_t number)
{
    char line[64];
    char digits[10];
    int length = 0, count = 0;
    while (*name) {
        line[length++] = *name++;
    }
    line[length++] = ' ';
    do {
        digits[count++] = (char)('0' + number % 10);
        number /= 10;
    } while (number);
    while (count) {
        line[length++] = digits[--count];
    }
    line[length++] = '\n';
    line[length] = '\0';
    semihosting(WRITE0, line);
}

static intptr_t open_file(const char *name, int length, int mode)
{
    const intptr_t argument[3] = {(intptr_t)name, mode, length};
    return semihosting(OPEN, argument);
}

/* Both return how many bytes were left over. */
static intptr_t transfer(intptr_t operation, intptr_t file, const void *bytes, int length)
{
    const intptr_t argument[3] = {file, (intptr_t)bytes, length};
    return semihosting(operation, argument);
}

/* Returns the bytes of stack that the call took, its own frame not counted. */
static __attribute__((noinline)) uint32_t measure_stack(void)
{
    volatile uint8_t *const top = (volatile uint8_t *)__builtin_frame_address(0) - 64;
    uint32_t clean = 0;
    for (int i = 1; i <= PAINTED; i++) {
        top[-i] = PAINT;
    }
    fer_edge_classify(face, scores);
    while (clean < PAINTED && top[(intptr_t)clean - PAINTED] == PAINT) {
        clean++;
    }
    return PAINTED - clean;
}

int main(void)
{
    const intptr_t faces = open_file("faces.bin", 9, 1);
    const intptr_t results = open_file("scores.bin", 10, 5);
    int first = 1;
    say("SELFTEST", (uint32_t)fer_edge_selftest());
    while (transfer(READ, faces, face, sizeof face) == 0) {
        start_counting();
        const uint32_t before = instructions();
        fer_edge_classify(face, scores);
        const uint32_t after = instructions();
        if (first) {
            say("INSTRUCTIONS", after - before);
            say("STACK", measure_stack());
        }
        first = 0;
        transfer(WRITE, results, scores, sizeof scores);
    }
    semihosting(CLOSE, &results);
#if CROPS
    transfer(READ, open_file("picture.bin", 11, 1), picture, sizeof picture);
    fer_edge_crop(picture, PICTURE_WIDTH, PICTURE_HEIGHT, PICTURE_WIDTH, face);
    transfer(WRITE, open_file("cropped.bin", 11, 5), face, sizeof face);
#endif
    return 0;
}
