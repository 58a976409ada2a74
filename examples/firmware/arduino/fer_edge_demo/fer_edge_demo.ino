// Arduino (Nano 33 BLE and others of 32 bits): the self-test, then the time of one face.
#include "fer_edge.h"

static const char *const labels[] = FER_EDGE_LABELS;
static uint8_t face[FER_EDGE_PIXELS], scores[FER_EDGE_CLASSES];

void setup() {
  Serial.begin(115200);
  while (!Serial) {
  }
  Serial.print("Self-test: ");
  Serial.println(fer_edge_selftest());
}

void loop() {
  const unsigned long start = millis();
  const int best = fer_edge_classify(face, scores);
  Serial.print("A black square is ");
  Serial.print(labels[best]);
  Serial.print(", ms: ");
  Serial.println(millis() - start);
  delay(1000);
}
