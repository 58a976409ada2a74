/* ESP32-S3: the self-test, then the time of one face. A camera's grey frame goes through fer_edge_crop(). */
#include "esp_log.h"
#include "esp_timer.h"
#include "fer_edge.h"

static const char *const labels[] = FER_EDGE_LABELS;
static uint8_t face[FER_EDGE_PIXELS], scores[FER_EDGE_CLASSES];

void app_main(void)
{
    ESP_LOGI("fer-edge", "self-test: %d", fer_edge_selftest());
    const int64_t start = esp_timer_get_time();
    const int best = fer_edge_classify(face, scores);
    ESP_LOGI("fer-edge", "a black square is %s, %lld us", labels[best], (long long)(esp_timer_get_time() - start));
}
