// Faces that are followed, and events when what they show changes; fer_edge/stream/emotion_stream.py.

import { indexOfMost } from "./numbers.js";
import { FaceSearch } from "./search.js";
import { Hysteresis, Smoother } from "./smoothing.js";
import { FaceTracker } from "./tracker.js";

export class EmotionStream {
  #faces = new Map();

  /**
   * @param {EmotionClassifier} classifier
   * @param {{detect(picture: Picture): Box[]}} detector a FaceDetector, or your own with `detect` and perhaps `framing`.
   */
  constructor(classifier, detector, { smoothingSeconds = 1, lead = 0.15, holdSeconds = 0.3, expirySeconds = 1 } = {}) {
    Object.assign(this, { classifier, detector, settings: { smoothingSeconds, lead, holdSeconds } });
    this.search = detector.detectNear ? new FaceSearch(detector, { patienceSeconds: expirySeconds }) : null;
    this.tracker = new FaceTracker({ expirySeconds });
  }

  /** Read the frame taken at `seconds`, a clock that only goes forward. */
  update(picture, seconds) {
    const boxes = this.search ? this.search.find(picture, seconds) : this.detector.detect(picture);
    const ids = this.tracker.update(boxes, seconds), events = [];
    const alive = this.tracker.ids;
    for (const id of this.#faces.keys()) if (!alive.has(id)) this.#faces.delete(id);
    const faces = boxes.map((box, index) => {
      const seen = this.classifier.predictBox(picture, box, this.detector.framing);
      return this.#follow(ids[index], box, seen.probabilities, seconds, events);
    });
    return { seconds, faces, events };
  }

  #follow(id, box, seen, seconds, events) {
    const { smoothingSeconds, lead, holdSeconds } = this.settings, { labels } = this.classifier;
    if (!this.#faces.has(id)) {
      this.#faces.set(id, { smoother: new Smoother(smoothingSeconds), state: new Hysteresis({ lead, holdSeconds }) });
    }
    const { smoother, state } = this.#faces.get(id);
    const probabilities = smoother.update(seen, seconds), previous = labels[state.current] ?? null;
    const changed = state.update(probabilities, seconds), emotion = labels[state.current] ?? null;
    if (changed) events.push({ seconds, face: id, emotion, previous, score: probabilities[state.current] });
    const best = indexOfMost(probabilities);
    return { id, box, emotion, label: labels[best], score: probabilities[best], probabilities };
  }
}
