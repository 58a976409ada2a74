/* Raspberry Pi Pico: reads faces of 48 x 48 grey pixels from USB, answers with a label each. */
#include "fer_edge.h"
#include "pico/stdlib.h"

#include <stdio.h>

static const char *const labels[] = FER_EDGE_LABELS;
static uint8_t face[FER_EDGE_PIXELS], scores[FER_EDGE_CLASSES];

int main(void)
{
    stdio_init_all();
    sleep_ms(2000); /* for the terminal to open */
    printf("Self-test: %d\n", fer_edge_selftest());
    for (;;) {
        for (int i = 0; i < FER_EDGE_PIXELS; i++) {
            face[i] = (uint8_t)getchar();
        }
        const uint64_t start = time_us_64();
        const int best = fer_edge_classify(face, scores);
        printf("%s, %u of 256, %lu us\n", labels[best], (unsigned)scores[best], (unsigned long)(time_us_64() - start));
    }
}
