// What a face shows over time: steady probabilities, and an emotion that does not flicker; fer_edge/stream/smoothing.py.

import { indexOfMost } from "./numbers.js";

/** Exponential smoothing that depends on elapsed time, not on the number of frames. */
export class Smoother {
  constructor(timeConstantSeconds) {
    this.timeConstant = timeConstantSeconds;
  }

  update(value, seconds) {
    if (!this.value || !this.timeConstant) this.value = value;
    else {
      const elapsed = Math.max(0, seconds - this.seconds);
      const weight = Math.fround(-Math.expm1(-elapsed / this.timeConstant));
      this.value = this.value.map((old, index) => old + Math.fround(weight * Math.fround(value[index] - old)));
    }
    this.seconds = seconds;
    return this.value;
  }
}

/** A new emotion must lead the current one by `lead` for `holdSeconds` without a break; having none counts as 0. */
export class Hysteresis {
  current = null;
  #rival = null;
  #since = 0;

  constructor({ lead, holdSeconds }) {
    Object.assign(this, { lead, holdSeconds });
  }

  /** Take smoothed probabilities; return whether `current`, an index, changed. */
  update(probabilities, seconds) {
    const best = indexOfMost(probabilities);
    const currently = this.current === null ? 0 : probabilities[this.current];
    const rival = best !== this.current && probabilities[best] - currently >= this.lead ? best : null;
    if (rival !== this.#rival) [this.#rival, this.#since] = [rival, seconds];
    if (rival === null || seconds - this.#since < this.holdSeconds) return false;
    [this.current, this.#rival] = [rival, null];
    return true;
  }
}
