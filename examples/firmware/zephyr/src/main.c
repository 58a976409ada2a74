/* Zephyr: the self-test, then the time of one face. */
#include "fer_edge.h"

#include <zephyr/kernel.h>
#include <zephyr/sys/printk.h>

static const char *const labels[] = FER_EDGE_LABELS;
static uint8_t face[FER_EDGE_PIXELS], scores[FER_EDGE_CLASSES];

int main(void)
{
    printk("Self-test: %d\n", fer_edge_selftest());
    const int64_t start = k_uptime_get();
    const int best = fer_edge_classify(face, scores);
    printk("A black square is %s, %d ms\n", labels[best], (int)(k_uptime_get() - start));
    return 0;
}
