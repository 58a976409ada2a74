// Runs the browser's engine in Node: node engine.mjs JOB.json, which names a task and its files; prints JSON.

import { readFileSync, writeFileSync } from "node:fs";
import { EmotionClassifier, FaceDetector, EmotionStream } from "../../fer_edge/web/engine/index.js";
import { Engine } from "../../fer_edge/web/engine/engine.js";
import { faceSquare, turnSquare } from "../../fer_edge/web/engine/framing.js";
import { defaultKernels } from "../../fer_edge/web/engine/load.js";
import { storePart } from "../../fer_edge/web/engine/pictures.js";
import { Hysteresis, Smoother } from "../../fer_edge/web/engine/smoothing.js";
import { FaceTracker } from "../../fer_edge/web/engine/tracker.js";

const PIXELS = 48 * 48;
const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const read = (path) => new Uint8Array(readFileSync(path));

/** Pictures of several sizes, one after the other in a file. */
function pictures() {
  const bytes = read(job.pictures);
  let start = 0;
  return job.sizes.map(([width, height]) => {
    const data = bytes.subarray(start, (start += 4 * width * height));
    return { data, width, height };
  });
}

const TASKS = {
  /** float32 probabilities of grey faces. */
  async classify() {
    const classifier = await EmotionClassifier.load(job.model), faces = read(job.faces);
    const rows = Array.from({ length: faces.length / PIXELS }, (_, face) =>
      classifier.predictGrey(faces.subarray(face * PIXELS, (face + 1) * PIXELS)).probabilities);
    writeFileSync(job.output, Buffer.concat(rows.map((row) => Buffer.from(row.buffer))));
  },

  /** The 48 x 48 pixels that the network gets of each whole picture. */
  async preprocess() {
    const classifier = await EmotionClassifier.load(job.model), { network } = classifier;
    const faces = pictures().map((picture) => {
      classifier.predict(picture);
      return Buffer.from(network.engine.bytes(network.address(network.inputs[0]), PIXELS));
    });
    writeFileSync(job.output, Buffer.concat(faces));
  },

  /** The same of the square around a box in each picture. */
  async cut() {
    const classifier = await EmotionClassifier.load(job.model), { network } = classifier;
    const faces = pictures().map((picture, index) => {
      classifier.predictBox(picture, job.boxes[index], job.framing);
      return Buffer.from(network.engine.bytes(network.address(network.inputs[0]), PIXELS));
    });
    writeFileSync(job.output, Buffer.concat(faces));
  },

  /** A detector's input, float32. */
  async letterbox() {
    const engine = await Engine.create(await defaultKernels()), edge = 128, square = engine.reserve(edge * edge * 12);
    const squares = pictures().map((picture, index) => {
      const { width, height } = picture, [outWidth, outHeight] = job.targets[index];
      engine.lend(() => engine.run.letterbox(storePart(engine, picture, 0, 0, width, height), width, height, outWidth, outHeight, edge, square));
      return Buffer.from(engine.bytes(square, edge * edge * 12));
    });
    writeFileSync(job.output, Buffer.concat(squares));
  },

  async squares() {
    return job.boxes.map((box) => faceSquare(box, job.framing, job.width, job.height));
  },

  async turn() {
    const turned = turnSquare(pictures()[0], job.square, job.degrees, 48);
    writeFileSync(job.output, turned.data);
    return turned.width;
  },

  async detect() {
    const detector = await FaceDetector.load(job.detector);
    return pictures().map((picture) => detector.detect(picture));
  },

  async near() {
    const detector = await FaceDetector.load(job.detector);
    return pictures().map((picture) => detector.detectNear(picture, job.last));
  },

  async smooth() {
    const smoother = new Smoother(job.tau), state = new Hysteresis(job);
    return job.seen.map(([seconds, values]) => {
      const smoothed = smoother.update(Float32Array.from(values), seconds);
      state.update(smoothed, seconds);
      return [Array.from(smoothed), state.current];
    });
  },

  async track() {
    const tracker = new FaceTracker();
    return job.frames.map(([seconds, boxes]) => tracker.update(boxes, seconds));
  },

  async stream() {
    const detector = { detect: () => [job.box], framing: {} };
    const stream = new EmotionStream(await EmotionClassifier.load(job.model), detector), [picture] = pictures();
    return job.seconds.map((seconds) => stream.update(picture, seconds));
  },

  /** What loading each file says: null, or the code of an error; anything else that is thrown ends the run. */
  async load() {
    if (job.unsigned) Object.defineProperty(globalThis, "crypto", { value: undefined });
    const said = [];
    for (const path of job.models) {
      try {
        (await EmotionClassifier.load(path)).predictGrey(new Uint8Array(PIXELS));
        said.push(null);
      } catch (error) {
        if (error.name !== "FerEdgeError") throw error;
        said.push([error.code, error.message]);
      }
    }
    return said;
  },
};

console.log(JSON.stringify((await TASKS[job.task]()) ?? null));
