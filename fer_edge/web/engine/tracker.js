// Follows faces from frame to frame by the overlap of their boxes with where they should be; fer_edge/stream/tracker.py.

import { roundEven } from "./numbers.js";

const VELOCITY_SECONDS = 0.2;

/** Intersection over union, 0..1. */
export function overlap(a, b) {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x);
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y);
  if (width <= 0 || height <= 0) return 0;
  return (width * height) / (a.width * a.height + b.width * b.height - width * height);
}

const middle = (box) => [box.x + box.width / 2, box.y + box.height / 2];

function expected(track, seconds) {
  const passed = seconds - track.seen;
  const [x, y] = track.velocity.map((speed) => roundEven(passed * speed));
  return { ...track.box, x: track.box.x + x, y: track.box.y + y };
}

function find(track, box, seconds) {
  const passed = seconds - track.seen;
  if (passed > 0) {
    const weight = -Math.expm1(-passed / VELOCITY_SECONDS), [now, before] = [middle(box), middle(track.box)];
    track.velocity = track.velocity.map((old, axis) => old + weight * ((now[axis] - before[axis]) / passed - old));
  }
  Object.assign(track, { box, seen: seconds });
}

/** Gives each face an id that stays. */
export class FaceTracker {
  constructor({ expirySeconds = 1, minOverlap = 0.3 } = {}) {
    Object.assign(this, { expirySeconds, minOverlap, tracks: [], next: 1 });
  }

  /** The faces that are followed, missing ones included. */
  get ids() {
    return new Set(this.tracks.map((track) => track.id));
  }

  /** The id of each box of a frame taken at `seconds`. */
  update(boxes, seconds) {
    this.tracks = this.tracks.filter((track) => seconds - track.seen <= this.expirySeconds);
    const matches = this.#match(boxes, seconds);
    return boxes.map((box, index) => {
      const track = matches.get(index) ?? this.#start(box, seconds);
      find(track, box, seconds);
      return track.id;
    });
  }

  /** Pairs in the order of last seen, then of overlap, each used once. */
  #match(boxes, seconds) {
    const pairs = this.tracks.flatMap((track) => {
      const there = expected(track, seconds);
      return boxes.map((box, index) => ({ common: overlap(there, box), track, index }));
    });
    pairs.sort((a, b) => b.track.seen - a.track.seen || b.common - a.common);
    const matches = new Map(), taken = new Set();
    for (const { common, track, index } of pairs) {
      if (common < this.minOverlap || matches.has(index) || taken.has(track)) continue;
      matches.set(index, track);
      taken.add(track);
    }
    return matches;
  }

  #start(box, seconds) {
    const track = { id: this.next++, box, seen: seconds, velocity: [0, 0] };
    this.tracks.push(track);
    return track;
  }
}
