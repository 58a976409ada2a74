// BlazeFace, short range: finds faces; fer_edge/runtime/detectors/. Its file is MediaPipe's, as it is.

import { Engine } from "./engine.js";
import { FerEdgeError } from "./errors.js";
import { defaultKernels, readBytes } from "./load.js";
import { Network } from "./network.js";
import { clamp, roundEven } from "./numbers.js";
import { checkPicture, storePart } from "./pictures.js";
import { overlap } from "./tracker.js";

const EDGE = 128, ANCHORS = 896, VALUES = 16;
const GRIDS = [[16, 2], [8, 6]]; // cells along an edge, anchors in a cell
const SUPPRESSED_OVERLAP = 0.3;
const NEAR = 2, NEAR_SIZES = [0.6, 1.6];

export class FaceDetector {
  framing = { margin: 0.05, down: -0.1 };

  /** @param {string | URL | BufferSource} model face_detection_short_range.tflite: its address or its bytes. */
  static async load(model, { kernels, minSize = 48, minConfidence = 0.5 } = {}) {
    const bytes = await readBytes(model);
    const engine = await Engine.create(kernels ?? (await defaultKernels()));
    return new FaceDetector(new Network(bytes, engine), minSize, minConfidence);
  }

  constructor(network, minSize, minConfidence) {
    const [input] = network.inputs, shapes = network.outputs.map((tensor) => tensor.shape.join());
    const [values, scores] = [VALUES, 1].map((last) => network.outputs[shapes.indexOf([1, ANCHORS, last].join())]);
    if (!values || !scores || input.shape.join() !== [1, EDGE, EDGE, 3].join() || input.dtype !== "float32") {
      throw new FerEdgeError("detector-other", "The face detector is another network than BlazeFace, short range.");
    }
    Object.assign(this, { network, input, values, scores, minSize, minConfidence, anchors: makeAnchors() });
  }

  /** The faces of a picture, largest first. @param {Picture} picture @returns {Box[]} */
  detect(picture) {
    checkPicture(picture);
    const boxes = this.#search(picture, 0, 0, picture.width, picture.height);
    return boxes.sort((a, b) => b.width * b.height - a.width * a.height);
  }

  /** The faces of one of the overlapping squares of half the picture, in which small faces are seen. */
  detectTile(picture, number) {
    const { width, height } = checkPicture(picture), edge = Math.ceil(Math.max(width, height) / 2);
    const [columns, rows] = [width, height].map((side) => Math.max(1, Math.ceil((2 * side) / edge) - 1));
    const place = number % (columns * rows);
    const start = (side, index, count) => (count < 2 ? 0 : Math.round((Math.max(0, side - edge) * index) / (count - 1)));
    const x = start(width, place % columns, columns), y = start(height, Math.floor(place / columns), rows);
    return this.#search(picture, x, y, Math.min(edge, width - x), Math.min(edge, height - y));
  }

  /** The face that was at `last` shortly before, if it is still near there. */
  detectNear(picture, last) {
    const { width, height } = checkPicture(picture), edge = Math.max(last.width, last.height);
    const left = Math.max(0, roundEven(last.x + (last.width - NEAR * edge) / 2));
    const top = Math.max(0, roundEven(last.y + (last.height - NEAR * edge) / 2));
    const across = Math.min(roundEven(NEAR * edge), width - left), down = Math.min(roundEven(NEAR * edge), height - top);
    if (across < 1 || down < 1) return null;
    const found = this.#search(picture, left, top, across, down).filter((box) => {
      const size = Math.max(box.width, box.height);
      return size >= NEAR_SIZES[0] * edge && size <= NEAR_SIZES[1] * edge;
    });
    return found.sort((a, b) => distance(a, last) - distance(b, last))[0] ?? null;
  }

  /** The faces of a part of a picture, in the picture's pixels, the most certain first. */
  #search(picture, x, y, width, height) {
    const scale = Math.min(1, EDGE / Math.max(width, height)), { engine } = this.network;
    const [outWidth, outHeight] = [width, height].map((side) => Math.max(1, roundEven(side * scale)));
    engine.lend(() => {
      const rgba = storePart(engine, picture, x, y, width, height);
      engine.run.letterbox(rgba, width, height, outWidth, outHeight, EDGE, this.network.address(this.input));
    });
    this.network.run();
    const found = decode(this.network.values(this.values), this.network.values(this.scores), this.anchors, this.minConfidence);
    return found.map((find) => boxInside(find, scale, x, y, picture))
      .filter((box) => box && Math.max(box.width, box.height) >= this.minSize);
  }
}

/** The middles of all anchors, as fractions of the input's edge. */
function makeAnchors() {
  const anchors = [];
  for (const [cells, repeats] of GRIDS) {
    for (let cell = 0; cell < cells * cells; cell++) {
      const middle = [(cell % cells) + 0.5, Math.floor(cell / cells) + 0.5].map((at) => Math.fround(at / cells));
      for (let repeat = 0; repeat < repeats; repeat++) anchors.push(middle);
    }
  }
  return anchors;
}

/** Finds in pixels of the input; those that overlap are averaged by their confidences. */
function decode(values, scores, anchors, minConfidence) {
  let left = [];
  scores.forEach((score, index) => {
    const confidence = 1 / (1 + Math.exp(-clamp(score, -80, 80)));
    if (confidence >= minConfidence) left.push(readFind(values, index, anchors[index], confidence));
  });
  left = left.filter((find) => find.numbers.every(Number.isFinite) && find.width > 0 && find.height > 0);
  left.sort((a, b) => b.confidence - a.confidence);
  const found = [];
  while (left.length) {
    const [first] = left;
    const alike = left.filter((find) => find === first || overlap(find, first) > SUPPRESSED_OVERLAP);
    left = left.filter((find) => !alike.includes(find));
    found.push({ numbers: averageOf(alike), confidence: first.confidence });
  }
  return found;
}

/** `numbers` are left, top, right, bottom, and x and y of both eyes. */
function readFind(values, index, [middleX, middleY], confidence) {
  const [x, y, width, height, ...points] = values.subarray(index * VALUES, index * VALUES + 8);
  const [atX, atY] = [middleX * EDGE, middleY * EDGE], left = x + atX - width / 2, top = y + atY - height / 2;
  const eyes = points.map((value, place) => value + (place % 2 ? atY : atX));
  return { x: left, y: top, width, height, confidence, numbers: [left, top, left + width, top + height, ...eyes] };
}

function averageOf(finds) {
  const weight = finds.reduce((sum, find) => sum + find.confidence, 0);
  return finds[0].numbers.map((_, place) => finds.reduce((sum, find) => sum + find.confidence * find.numbers[place], 0) / weight);
}

function boxInside({ numbers, confidence }, scale, left, top, { width, height }) {
  const at = numbers.map((value, place) => value / scale + (place % 2 ? top : left));
  const [x, y, right, bottom] = at.slice(0, 4).map((value, place) => clamp(roundEven(value), 0, place % 2 ? height : width));
  if (right <= x || bottom <= y) return null;
  return { x, y, width: right - x, height: bottom - y, confidence, eyes: [at.slice(4, 6), at.slice(6, 8)] };
}

function distance(a, b) {
  return Math.hypot(a.x + a.width / 2 - b.x - b.width / 2, a.y + a.height / 2 - b.y - b.height / 2);
}
