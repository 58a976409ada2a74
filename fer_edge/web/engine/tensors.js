// What a layer can know of its tensors, each checked; as fer_edge/firmware/tensors.py and network.py check them.

import { unsupported } from "./errors.js";

const MOST_DIMENSION = 32_767; // the kernels count in int16
const LOWEST = -128, HIGHEST = 127;
const FLOAT_BOUNDS = { 0: [-Infinity, Infinity], 1: [0, Infinity], 2: [-1, 1], 3: [0, 6] };

/** One operator with its tensors. */
export class Layer {
  constructor(operator, graph, bytes) {
    this.name = operator.name;
    this.operator = operator;
    this.tensors = graph.tensors;
    this.data = bytes;
  }

  get options() {
    if (!this.operator.options) throw new RangeError(`${this.name} without its options`);
    return this.operator.options;
  }

  get output() {
    return this.tensors[this.operator.outputs[0]];
  }

  has(position) {
    return this.operator.inputs.length > position && this.operator.inputs[position] >= 0;
  }

  input(position = 0) {
    if (!this.has(position)) throw new RangeError(`${this.name} without an input`);
    return this.tensors[this.operator.inputs[position]];
  }

  /** An input that is computed, of a dtype. */
  read(dtype, position = 0) {
    return this.#computed(this.input(position), dtype);
  }

  /** The output, of a dtype. */
  write(dtype) {
    return this.#computed(this.output, dtype);
  }

  #computed(tensor, dtype) {
    if (tensor.span[1]) throw unsupported(`${this.name} computes with a constant in place of a tensor`);
    if (tensor.dtype !== dtype) throw unsupported(`${this.name} computes in ${tensor.dtype}`);
    return tensor;
  }

  /** The bytes of an input that the file holds. */
  stored(position, dtype) {
    const tensor = this.input(position);
    const [start, size] = tensor.span;
    if (!size) throw unsupported(`the weights of ${this.name} are computed`);
    if (tensor.dtype !== dtype) throw unsupported(`${this.name} has ${tensor.dtype} weights`);
    if (size !== tensor.bytes) throw new RangeError("weights of another size");
    return this.data.slice(start, start + size); // a copy, which is aligned
  }

  storedInt32(position) {
    return new Int32Array(this.stored(position, "int32").buffer);
  }

  activation(field) {
    const number = this.options.number(field, "i8");
    const bounds = FLOAT_BOUNDS[number];
    if (!bounds) throw unsupported(`${this.name} has the activation ${number}`);
    return bounds;
  }

  /** The eleven numbers of a kernel's window; `steps` are the fields with its strides, `dilations` with those. */
  window([height, width], steps, channels, dilations = []) {
    const options = this.options, source = this.input().shape, target = this.output.shape;
    if (source.length !== 4 || source[0] !== 1) throw new RangeError("a picture without height and width");
    if (dilations.some((field) => options.number(field, "i32") > 1)) throw unsupported(`${this.name} is dilated`);
    const same = options.number(0, "i8") === 0;
    const [stepY, stepX] = steps.map((field) => options.number(field, "i32"));
    const [rows, top] = slide(source[1], height, stepY, same);
    const [columns, left] = slide(source[2], width, stepX, same);
    if (target.join() !== [1, rows, columns, channels].join()) throw new RangeError("an output of another shape");
    const numbers = [...source.slice(1), rows, columns, height, width, stepY, stepX];
    [...numbers, height * width * source[3], channels].forEach(checkedSize);
    return [...numbers, top, left];
  }
}

/** How many places a kernel takes along one side, and the padding before the first. */
function slide(size, kernel, step, same) {
  if (Math.min(size, kernel, step) < 1) throw new RangeError("a kernel without a size or a stride");
  if (!same) return [Math.floor((size - kernel) / step) + 1, 0];
  const places = Math.ceil(size / step);
  return [places, Math.floor(Math.max((places - 1) * step + kernel - size, 0) / 2)];
}

export function checkedSize(size) {
  if (!(size >= 1 && size <= MOST_DIMENSION)) throw unsupported(`it has a dimension of ${size}`);
  return size;
}

/** The one scale of an activation. */
export function scaleOf(tensor) {
  const [scale] = tensor.scales, [zero] = tensor.zeros;
  if (tensor.scales.length !== 1 || tensor.zeros.length !== 1 || !(scale > 0 && scale < Infinity)) {
    throw unsupported("a tensor has no scale, or several");
  }
  const lowest = tensor.dtype === "uint8" ? 0 : LOWEST;
  if (zero < lowest || zero >= lowest + 256) throw new RangeError("an impossible zero point");
  return scale;
}

/** The zero point that a tensor has as int8. */
export function zeroOf(tensor) {
  return tensor.zeros[0] - (tensor.dtype === "uint8" ? 128 : 0);
}

/** The lowest and highest int8 that an activation leaves. */
export function limitsOf(tensor, bounds) {
  const [low, high] = bounds.map((bound) => quantise(bound, tensor));
  return [Math.max(low, LOWEST), Math.min(high, HIGHEST)];
}

function quantise(real, tensor) {
  if (!Number.isFinite(real)) return real > 0 ? HIGHEST : LOWEST;
  const steps = Math.fround(Math.fround(real) / scaleOf(tensor));
  return tensor.zeros[0] + Math.floor(Math.abs(steps) + 0.5) * (steps >= 0 ? 1 : -1);
}
