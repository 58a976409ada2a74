// Finds the faces of frame after frame: everywhere now and then, and in between where they were; fer_edge/stream/search.py.

import { overlap } from "./tracker.js";

const SAME_FACE = 0.5;
const MOST_NEAR = 4; // faces; a search near each takes as long as one of the whole frame

export class FaceSearch {
  #boxes = [];
  #size = "";
  #fullAt = -Infinity;
  #fullUntil = -Infinity;
  #tile = 0;

  constructor(detector, { fullEverySeconds = 0.5, patienceSeconds = 1 } = {}) {
    Object.assign(this, { detector, fullEverySeconds, patienceSeconds });
  }

  find(picture, seconds) {
    const boxes = this.#mustLookEverywhere(picture, seconds) ? null : this.#findAgain(picture);
    this.#boxes = boxes ?? this.#lookEverywhere(picture, seconds);
    this.#size = `${picture.width} x ${picture.height}`;
    return this.#boxes;
  }

  /** Where the whole shows no face, a part is looked at more closely, another in each frame. */
  #lookEverywhere(picture, seconds) {
    const whole = this.detector.detect(picture);
    const boxes = whole.length ? whole : this.detector.detectTile(picture, this.#tile++);
    if (boxes.length < this.#boxes.length) this.#fullUntil = seconds + this.patienceSeconds;
    this.#fullAt = seconds;
    return boxes;
  }

  #mustLookEverywhere(picture, seconds) {
    const since = seconds - this.#fullAt;
    return !this.#boxes.length || this.#boxes.length > MOST_NEAR || `${picture.width} x ${picture.height}` !== this.#size
      || !(since >= 0 && since < this.fullEverySeconds) || seconds < this.#fullUntil;
  }

  #findAgain(picture) {
    const found = [];
    for (const last of this.#boxes) {
      const box = this.detector.detectNear(picture, last);
      if (!box || found.some((other) => overlap(box, other) > SAME_FACE)) return null;
      found.push(box);
    }
    return found.sort((a, b) => b.width * b.height - a.width * a.height);
  }
}
