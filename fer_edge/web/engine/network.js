// A .tflite file as steps that the kernels compute.

import { FerEdgeError, damaged, unsupported } from "./errors.js";
import { FLOAT_LAYERS } from "./float_layers.js";
import { readGraph } from "./graph.js";
import { INTEGER_LAYERS } from "./integer_layers.js";
import { Layer } from "./tensors.js";

export class Network {
  /**
   * @param {Uint8Array} bytes a .tflite file.
   * @param {Engine} engine which is this network's alone.
   * @throws {FerEdgeError} the file is damaged, or has an operator or an option that the kernels lack; it is named.
   */
  constructor(bytes, engine) {
    const graph = readGraph(bytes);
    this.engine = engine;
    this.inputs = graph.inputs.map((index) => graph.tensors[index]);
    this.outputs = graph.outputs.map((index) => graph.tensors[index]);
    const same = new Map(); // tensors that are others in another shape
    try {
      this.steps = compile(graph, bytes, engine, same);
    } catch (error) {
      if (error instanceof RangeError || error instanceof TypeError) throw damaged(error.message);
      throw error;
    }
    this.addresses = place(this.steps, graph, same, engine);
  }

  address(tensor) {
    return this.addresses.get(tensor.index);
  }

  run() {
    const at = (tensor) => this.addresses.get(tensor.index);
    for (const step of this.steps) step.compute(at);
  }

  /** A view of the values of an output, which ends with the next run. */
  values(tensor) {
    const address = this.address(tensor);
    return tensor.dtype === "float32" ? this.engine.floats(address, tensor.elements) : this.engine.bytes(address, tensor.elements);
  }
}

const NO_KERNEL = ["DEQUANTIZE", "RESHAPE"]; // those that need none

function kernelsFor({ inputs, outputs }, { tensors }) {
  return [inputs[0], outputs[0]].some((index) => tensors[index]?.dtype === "int8") ? INTEGER_LAYERS : FLOAT_LAYERS;
}

function compile(graph, bytes, engine, same) {
  const unknown = graph.operators.find((one) => !NO_KERNEL.includes(one.name) && !Object.hasOwn(kernelsFor(one, graph), one.name));
  if (unknown) throw unsupported(`it has no kernel for ${unknown.name} in ${graph.tensors[unknown.inputs[0]]?.dtype}`);
  const written = new Set(graph.inputs), steps = [];
  for (const operator of graph.operators) {
    const layer = new Layer(operator, graph, bytes);
    const source = layer.input(), target = layer.output;
    if (operator.name === "DEQUANTIZE") {
      if (source.dtype !== "float16" || !source.span[1]) throw unsupported("DEQUANTIZE computes with other than stored float16");
      target.half = source;
    } else if (operator.name === "RESHAPE") {
      if (!written.has(source.index) || source.bytes !== target.bytes) throw new RangeError("RESHAPE changes the size");
      same.set(target.index, source.index);
    } else {
      const kinds = kernelsFor(operator, graph);
      const reads = operator.inputs.filter((index) => index >= 0 && !graph.tensors[index].span[1] && !graph.tensors[index].half);
      if (!reads.every((index) => written.has(index))) throw new RangeError("a tensor is read before it is written");
      steps.push({ compute: kinds[operator.name](layer, engine), reads, writes: target.index });
    }
    written.add(target.index);
  }
  if (!graph.outputs.every((index) => written.has(index))) throw new RangeError("an output that nothing writes");
  return steps;
}

/** Give each computed tensor an address; memory is used again where a tensor is needed no more. */
function place(steps, graph, same, engine) {
  const root = (index) => (same.has(index) ? root(same.get(index)) : index);
  const last = new Map();
  for (const index of [...graph.inputs, ...graph.outputs]) last.set(root(index), Infinity);
  steps.forEach(({ reads, writes }, step) => {
    for (const index of [...reads, writes]) last.set(root(index), Math.max(step, last.get(root(index)) ?? 0));
  });
  const free = [], addresses = new Map();
  const take = (index) => {
    if (addresses.has(index)) return;
    const bytes = graph.tensors[index].bytes;
    const fit = free.filter((block) => block.bytes >= bytes).sort((a, b) => a.bytes - b.bytes)[0];
    if (fit) free.splice(free.indexOf(fit), 1);
    addresses.set(index, fit || { bytes, address: engine.reserve(bytes) });
  };
  graph.inputs.forEach((index) => take(root(index)));
  steps.forEach(({ reads, writes }, step) => {
    take(root(writes));
    for (const index of new Set([...reads, writes].map(root))) if (last.get(index) === step) free.push(addresses.get(index));
  });
  return new Map(graph.tensors.filter(({ index }) => addresses.has(root(index))).map(({ index }) => [index, addresses.get(root(index)).address]));
}

/** Refuse a network of another contract than one grey face of 48 x 48 raw pixels in, one score for each label out. */
export function checkContract(network, labels, side) {
  const [pixels, scores] = [network.inputs[0], network.outputs[0]];
  const right = network.inputs.length === 1 && network.outputs.length === 1 && pixels.dtype === "uint8"
    && pixels.shape.join() === [1, side, side, 1].join() && scores.elements === labels.length;
  if (!right) {
    const found = `${pixels?.dtype} ${pixels?.shape.join(" x ")} in, ${scores?.elements} scores out, ${labels.length} labels`;
    throw new FerEdgeError("model-contract",
      `The model has another contract (${found}). Expected one grey face, uint8 1 x ${side} x ${side} x 1, and a score for each label.`, found);
  }
}
