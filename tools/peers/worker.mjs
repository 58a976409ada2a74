// The emotion model of @vladmandic/human in a process of its own: the requests and answers of worker.py.
//
//     node worker.mjs FOLDER    (in whose node_modules it is installed)

import { readFile } from "node:fs/promises";
import { createInterface } from "node:readline";
import { fileURLToPath, pathToFileURL } from "node:url";

const SIZE = 48;
// human's order is the challenge's: angry, disgust, fear, happy, sad, surprise, neutral.
const FROM_CHALLENGE = [0, 1, 2, 3, 6, 4, 5];
// The weights of red, green and blue with which human makes a face grey (src/tfjs/constants.ts).
const GREY = [0.2989, 0.587, 0.114];

const say = (answer) => process.stdout.write(`${answer}\n`);
console.log = console.error; // human prints; only answers go to the one who asks
globalThis.fetch = async (url) => new Response(await readFile(fileURLToPath(url))); // Node's own takes no files

/** Return the classifier: 48x48 grey bytes -> scores in fer-edge's order; as src/gear/emotion.ts of human does it. */
async function load(folder) {
  const modules = pathToFileURL(`${folder}/node_modules/`);
  // By its address, since the package's list of exports lacks the "./" that Node wants before this one.
  const { Human } = (await import(new URL("@vladmandic/human/dist/human.node-wasm.js", modules))).default;
  const wasmPath = fileURLToPath(new URL("@tensorflow/tfjs-backend-wasm/dist/", modules));
  const human = new Human({ backend: "wasm", wasmPath, debug: false });
  await human.init();
  const { tf } = human;
  const model = await tf.loadGraphModel(new URL("@vladmandic/human/models/emotion.json", modules).href);
  const [, height, width] = model.inputs[0].shape;
  const [grey, half, two] = [tf.tensor1d(GREY), tf.scalar(0.5), tf.scalar(2)];

  return async (face) => {
    const colour = new Float32Array(3 * face.length); // its faces are colour pictures of 0..1
    face.forEach((pixel, index) => colour.fill(pixel / 255, 3 * index, 3 * index + 3));
    const scores = tf.tidy(() => {
      const image = tf.image.resizeBilinear(tf.tensor4d(colour, [1, SIZE, SIZE, 3]), [height, width], false);
      const pixels = tf.sum(tf.mul(image, grey), 3, true);
      return model.execute(tf.mul(tf.sub(pixels, half), two));
    });
    const values = await scores.data();
    scores.dispose();
    return FROM_CHALLENGE.map((index) => values[index]);
  };
}

/** Return the faces of a .npy file, uint8 N x 48 x 48 x 1. */
async function readFaces(file) {
  const bytes = await readFile(file);
  const start = 10 + bytes.readUInt16LE(8);
  const faces = [];
  for (let at = start; at < bytes.length; at += SIZE * SIZE) faces.push(bytes.subarray(at, at + SIZE * SIZE));
  return faces;
}

/** Carry out one request. */
async function answer(classify, request, argument) {
  if (request === "classify") {
    const labels = [];
    for (const face of await readFaces(argument)) {
      const scores = await classify(face);
      labels.push(scores.indexOf(Math.max(...scores)));
    }
    return labels;
  }
  const face = Uint8Array.from({ length: SIZE * SIZE }, (_, index) => index % 251);
  const samples = [];
  for (let left = Number.parseInt(argument, 10); left > 0; left -= 1) {
    const start = performance.now();
    await classify(face);
    samples.push(1000 * (performance.now() - start));
  }
  return samples;
}

const classify = await load(process.argv[2]);
await classify(new Uint8Array(SIZE * SIZE));
say("ready");
for await (const line of createInterface({ input: process.stdin })) {
  const [, request, argument] = /^(\S+) ?(.*)$/.exec(line.trim());
  say(JSON.stringify(await answer(classify, request, argument)));
}
