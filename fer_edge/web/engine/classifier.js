// The emotion of a face.

import { readMetadata } from "./archive.js";
import { Engine } from "./engine.js";
import { FerEdgeError } from "./errors.js";
import { faceSquare, rollToUndo, turnSquare } from "./framing.js";
import { readBytes, defaultKernels } from "./load.js";
import { Network, checkContract } from "./network.js";
import { indexOfMost } from "./numbers.js";
import { checkPicture, storePart } from "./pictures.js";

const SIDE = 48; // pixels of a face
const SUM_TOLERANCE = 0.1;

export class EmotionClassifier {
  /**
   * @param {string | URL | BufferSource} model a .tflite file that fer-edge wrote: its address or its bytes.
   * @param {{kernels?: WebAssembly.Module}} options the compiled fer_edge.wasm; by default that beside this file.
   * @returns {Promise<EmotionClassifier>}
   * @throws {FerEdgeError} see `code` there.
   */
  static async load(model, { kernels } = {}) {
    const bytes = await readBytes(model);
    const [engine, metadata] = [await Engine.create(kernels ?? (await defaultKernels())), await readMetadata(bytes)];
    return new EmotionClassifier(new Network(bytes, engine), metadata);
  }

  constructor(network, metadata) {
    checkStatements(metadata);
    checkContract(network, metadata.labels, SIDE);
    this.metadata = metadata;
    this.labels = metadata.labels;
    this.network = network;
  }

  /**
   * What a picture shows, the whole of which is a face; it is stretched to 48 x 48 grey pixels.
   * @param {Picture} picture
   * @returns {{label: string, score: number, probabilities: Float32Array}} probabilities in the order of `labels`.
   */
  predict(picture) {
    const { width, height } = checkPicture(picture);
    return this.#classify((engine, face) => {
      const rgba = storePart(engine, picture, 0, 0, width, height), grey = engine.reserve(width * height);
      engine.run.grey(rgba, width * height, grey);
      engine.run.resize(grey, width, height, face);
    });
  }

  /**
   * What the face in a box shows; one that leans is turned upright if the box has eyes.
   * @param {Picture} picture
   * @param {Box} box
   * @param {Framing} framing of the detector that gave the box.
   */
  predictBox(picture, box, framing = {}) {
    checkPicture(picture);
    const square = faceSquare(box, framing, picture.width, picture.height), roll = rollToUndo(box);
    if (roll) return this.predict(turnSquare(picture, square, roll, SIDE));
    const { x, y, edge } = square;
    return this.#classify((engine, face) => {
      const rgba = storePart(engine, picture, x, y, edge, edge);
      engine.run.face(rgba, edge, engine.reserve(edge * edge), face);
    });
  }

  /** What 48 x 48 grey pixels show. @param {Uint8Array} grey */
  predictGrey(grey) {
    if (grey?.length !== SIDE * SIDE || grey.BYTES_PER_ELEMENT !== 1) {
      throw new FerEdgeError("picture-none", `Expected ${SIDE * SIDE} grey bytes.`);
    }
    return this.#classify((engine, face) => engine.bytes(face, grey.length).set(grey));
  }

  #classify(fill) {
    const { network } = this, { engine } = network;
    engine.lend(() => fill(engine, network.address(network.inputs[0])));
    network.run();
    const probabilities = toProbabilities(network.outputs[0], network.values(network.outputs[0]));
    const best = indexOfMost(probabilities);
    return { label: this.labels[best], score: probabilities[best], probabilities };
  }
}

function toProbabilities(tensor, values) {
  const [scale, zero] = [tensor.scales[0], tensor.zeros[0]];
  const probabilities = Float32Array.from(values, (value) => (tensor.dtype === "float32" ? value : (value - zero) * scale));
  const sum = probabilities.reduce((total, share) => total + share, 0);
  if (!(Math.abs(sum - 1) <= SUM_TOLERANCE)) {
    throw new FerEdgeError("model-answer", "The model's answer is no set of probabilities. Its file is damaged.");
  }
  return probabilities;
}

/** Refuse what the metadata say of the input and the graph does not show. */
function checkStatements({ input, output }) {
  const range = JSON.stringify(input?.range ?? [0, 255]);
  if ((input?.colour ?? "grey") !== "grey" || range !== "[0,255]" || output?.scores === "logits") {
    throw new FerEdgeError("model-contract",
      "The model has another contract: expected raw grey pixels in and probabilities out.", `${input?.colour} ${range}`);
  }
}
