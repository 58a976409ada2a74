// The graph of a .tflite file: its tensors and operators. Field numbers are those of TensorFlow Lite's schema.

import { FerEdgeError, damaged } from "./errors.js";
import { Table } from "./flatbuffer.js";
import { OPERATORS } from "./operators.js";

const DTYPES = { 0: ["float32", 4], 1: ["float16", 2], 2: ["int32", 4], 3: ["uint8", 1], 9: ["int8", 1] };
const MOST_RANK = 8;

/**
 * @param {Uint8Array} bytes a .tflite file; what follows the FlatBuffer does not matter.
 * @throws {FerEdgeError} it is none, or it is damaged.
 */
export function readGraph(bytes) {
  if (bytes.length < 8 || String.fromCharCode(...bytes.subarray(4, 8)) !== "TFL3") {
    throw new FerEdgeError("model-none", "The file is not a TFLite model: it lacks the mark 'TFL3'.");
  }
  try {
    return read(new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength));
  } catch (error) {
    if (error instanceof RangeError || error instanceof TypeError) throw damaged(error.message);
    throw error;
  }
}

function read(view) {
  const model = Table.root(view);
  const spans = model.tables(4).map((buffer) => buffer.span(0, 1));
  const names = model.tables(1).map(codeName);
  const main = model.tables(2)[0];
  const tensors = main.tables(0).map((table, index) => readTensor(table, index, spans));
  const operators = main.tables(3).map((table) => ({
    name: names[table.number(0, "u32")],
    inputs: table.numbers(1, "i32"),
    outputs: table.numbers(2, "i32"),
    options: table.table(4),
  }));
  const graph = { tensors, operators, inputs: main.numbers(1, "i32"), outputs: main.numbers(2, "i32") };
  check(graph);
  return graph;
}

/** Older files keep the first 127 numbers in another field. */
function codeName(code) {
  const number = Math.max(code.number(0, "i8"), code.number(3, "i32"));
  const name = OPERATORS[number] || `operator ${number}`;
  return name === "CUSTOM" ? code.text(1) || name : name;
}

function readTensor(table, index, spans) {
  const shape = table.numbers(0, "i32").map((size) => (size === -1 ? 1 : size));
  if (shape.length > MOST_RANK || shape.some((size) => size < 1)) throw new RangeError("an impossible shape");
  const [dtype, size] = DTYPES[table.number(1, "u8")] || ["another dtype", 0];
  const quantisation = table.table(4);
  const elements = shape.reduce((product, edge) => product * edge, 1);
  return {
    index, shape, dtype, elements, bytes: elements * size,
    scales: quantisation ? quantisation.numbers(2, "f32") : [],
    zeros: quantisation ? quantisation.numbers(3, "i64") : [],
    span: spans[table.number(2, "u32")],
  };
}

function check({ tensors, operators, inputs, outputs }) {
  const named = [inputs, outputs, ...operators.flatMap((one) => [one.inputs, one.outputs])].flat();
  const known = named.every((index) => index >= -1 && index < tensors.length);
  const whole = operators.every((one) => one.name && one.inputs.length && one.outputs.length && one.outputs[0] >= 0);
  if (!operators.length || !known || !whole || tensors.some((tensor) => !tensor.span)) {
    throw new RangeError("operators without their tensors");
  }
}
