// What was read so far: the last minute for the timeline, and all of it for the files that a user saves.

import { MINUTE } from "./timeline.js";

const AWAY_SECONDS = 1;
const KEPT = 36_000; // readings, an hour at ten a second

export class History {
  spans = []; // {face, emotion, start, end}
  readings = []; // {seconds, face, emotion, score, probabilities}

  add({ seconds, faces }) {
    for (const face of faces) {
      const emotion = face.emotion ?? face.label;
      this.readings.push({ seconds, face: face.id, emotion, score: face.score, probabilities: [...face.probabilities] });
      this.#extend(face.id, emotion, seconds);
    }
    if (this.readings.length > KEPT) this.readings.splice(0, this.readings.length - KEPT);
    this.spans = this.spans.filter((span) => span.end > seconds - MINUTE);
  }

  clear() {
    [this.spans, this.readings] = [[], []];
  }

  asCsv(labels) {
    const rows = this.readings.map((one) => [
      one.seconds.toFixed(3), one.face, one.emotion, one.score.toFixed(4), ...one.probabilities.map((share) => share.toFixed(4)),
    ]);
    return [["seconds", "face", "emotion", "score", ...labels], ...rows].map((row) => row.join(",")).join("\n") + "\n";
  }

  asJson(labels, model) {
    return JSON.stringify({ model, labels, readings: this.readings });
  }

  #extend(face, emotion, seconds) {
    const span = this.spans.findLast((one) => one.face === face);
    if (span && span.emotion === emotion && seconds - span.end < AWAY_SECONDS) span.end = seconds;
    else this.spans.push({ face, emotion, start: seconds, end: seconds });
  }
}
