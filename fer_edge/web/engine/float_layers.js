// Layers of float32 and float16 networks: each function checks a layer and returns what computes it.

import { unsupported } from "./errors.js";
import { checkedSize } from "./tensors.js";

const UNBOUNDED = [-Infinity, Infinity];

export const FLOAT_LAYERS = {
  CAST(layer, memory) {
    const source = layer.read("uint8"), target = layer.write("float32");
    sameSize(layer);
    return (at) => memory.floats(at(target), target.elements).set(memory.bytes(at(source), source.elements));
  },

  CONV_2D(layer, memory) {
    const source = layer.read("float32"), target = layer.write("float32");
    const [outputs, height, width, channels] = layer.input(1).shape;
    if (channels !== source.shape[3]) throw unsupported("CONV_2D is grouped");
    const window = layer.window([height, width], [2, 1], outputs, [4, 5]);
    return convolution(layer, memory, source, target, outputs, layer.activation(3), window);
  },

  DEPTHWISE_CONV_2D(layer, memory) {
    const source = layer.read("float32"), target = layer.write("float32");
    const [one, height, width, outputs] = layer.input(1).shape;
    if (one !== 1 || outputs !== source.shape[3]) throw unsupported("DEPTHWISE_CONV_2D has several kernels for a channel");
    const window = layer.window([height, width], [2, 1], outputs, [5, 6]);
    const weights = memory.store(readFloats(layer, 1)), bias = memory.store(readBias(layer, outputs));
    const limits = layer.activation(4);
    return (at) => memory.run.float_depthwise(at(source), at(target), weights, bias, ...limits, ...window);
  },

  FULLY_CONNECTED(layer, memory) {
    const source = layer.read("float32"), target = layer.write("float32"), [outputs, inputs] = layer.input(1).shape;
    if (inputs !== source.elements || outputs !== target.elements) throw new RangeError("weights of another shape");
    if (layer.options.number(1, "i8")) throw unsupported("FULLY_CONNECTED has shuffled weights");
    const window = [1, 1, checkedSize(inputs), 1, 1, 1, 1, 1, 1, 0, 0];
    return convolution(layer, memory, source, target, checkedSize(outputs), layer.activation(0), window);
  },

  MAX_POOL_2D: (layer, memory) => pooling(layer, memory, 0),
  AVERAGE_POOL_2D: (layer, memory) => pooling(layer, memory, 1),

  ADD(layer, memory) {
    const a = layer.read("float32", 0), b = layer.read("float32", 1), target = layer.write("float32");
    if (a.elements !== target.elements || b.elements !== target.elements) throw unsupported("ADD stretches an input");
    const limits = layer.activation(0);
    return (at) => memory.run.float_addition(at(a), at(b), at(target), a.elements, ...limits);
  },

  RELU: (layer, memory) => clamping(layer, memory, [0, Infinity]),
  RELU6: (layer, memory) => clamping(layer, memory, [0, 6]),

  MEAN(layer, memory) {
    const source = layer.read("float32"), target = layer.write("float32");
    const axes = Array.from(layer.storedInt32(1), (axis) => (axis + 4) % 4).sort();
    if (source.shape.length !== 4 || axes.join() !== "1,2") throw unsupported("MEAN goes over other axes");
    const [, height, width, channels] = source.shape;
    if (target.elements !== channels) throw new RangeError("a mean of another size");
    const window = [height, width, channels, 1, 1, height, width, 1, 1, 0, 0].map((size, place) => (place < 9 ? checkedSize(size) : size));
    return (at) => memory.run.float_pooling(at(source), at(target), 1, ...UNBOUNDED, ...window);
  },

  SOFTMAX(layer, memory) {
    const source = layer.read("float32"), target = layer.write("float32");
    sameSize(layer);
    if (source.shape.slice(0, -1).some((size) => size > 1)) throw unsupported("SOFTMAX goes over more than one row of classes");
    const beta = layer.options.number(0, "f32");
    return (at) => {
      const logits = memory.floats(at(source), source.elements), most = Math.max(...logits);
      const shares = Array.from(logits, (logit) => Math.exp(beta * (logit - most)));
      const sum = shares.reduce((total, share) => total + share, 0);
      memory.floats(at(target), target.elements).set(shares.map((share) => share / sum));
    };
  },

  PAD(layer, memory) {
    const source = layer.read("float32"), target = layer.write("float32"), pads = layer.storedInt32(1);
    const [before, after] = [0, 1].map((side) => source.shape.map((_, axis) => pads[2 * axis + side]));
    const fits = source.shape.length === 4 && pads.length === 8 && pads.every((pad) => pad >= 0) && !before[0] && !after[0];
    const whole = target.shape.every((size, axis) => size === before[axis] + source.shape[axis] + after[axis]);
    if (!fits || !whole) throw new RangeError("padding of another size");
    return (at) => padRows(memory, at(source), source.shape, at(target), target.shape, before);
  },

  CONCATENATION(layer, memory) {
    const target = layer.write("float32"), parts = layer.operator.inputs.map((_, place) => layer.read("float32", place));
    const axis = (layer.options.number(0, "i32") + target.shape.length) % target.shape.length;
    if (target.shape.slice(0, axis).some((size) => size > 1)) throw unsupported("CONCATENATION interleaves its inputs");
    if (parts.reduce((sum, part) => sum + part.elements, 0) !== target.elements) throw new RangeError("parts of another size");
    return (at) => {
      let place = at(target);
      for (const part of parts) {
        memory.bytes(place, part.bytes).set(memory.bytes(at(part), part.bytes));
        place += part.bytes;
      }
    };
  },
};

function sameSize(layer) {
  if (layer.input().elements !== layer.output.elements) throw new RangeError(`${layer.name} changes the size`);
}

function clamping(layer, memory, limits) {
  const source = layer.read("float32"), target = layer.write("float32");
  sameSize(layer);
  return (at) => memory.run.float_clamp(at(source), at(target), source.elements, ...limits);
}

function pooling(layer, memory, averages) {
  const source = layer.read("float32"), target = layer.write("float32"), options = layer.options;
  const window = layer.window([options.number(4, "i32"), options.number(3, "i32")], [2, 1], source.shape[3]);
  const limits = layer.activation(5);
  return (at) => memory.run.float_pooling(at(source), at(target), averages, ...limits, ...window);
}

function convolution(layer, memory, source, target, outputs, limits, window) {
  const weights = memory.store(readFloats(layer, 1)), bias = memory.store(readBias(layer, outputs));
  const scratch = memory.reserve(8 * window[5] * window[6] * window[2]);
  return (at) =>
    memory.run.float_convolution(at(source), at(target), scratch, weights, bias, outputs, ...limits, ...window);
}

function padRows(memory, from, [, height, width, channels], to, shape, [, top, left, front]) {
  const source = memory.floats(from, height * width * channels), target = memory.floats(to, shape[1] * shape[2] * shape[3]);
  target.fill(0);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const start = (y * width + x) * channels;
      target.set(source.subarray(start, start + channels), ((top + y) * shape[2] + left + x) * shape[3] + front);
    }
  }
}

function readBias(layer, outputs) {
  const bias = layer.has(2) ? readFloats(layer, 2) : new Float32Array(outputs);
  if (bias.length !== outputs) throw new RangeError("a bias of another size");
  return bias;
}

/** Weights in float32; float16 ones, which a DEQUANTIZE makes of them in the file, are widened once, here. */
function readFloats(layer, position) {
  const half = layer.input(position).half;
  if (!half) return new Float32Array(layer.stored(position, "float32").buffer);
  const [start, size] = half.span;
  if (size !== half.bytes || half.elements !== layer.input(position).elements) throw new RangeError("weights of another size");
  return widen(new Uint16Array(layer.data.slice(start, start + size).buffer));
}

function widen(halves) {
  return Float32Array.from(halves, (bits) => {
    const exponent = (bits >> 10) & 31, fraction = bits & 1023, sign = bits >> 15 ? -1 : 1;
    if (exponent === 31) return fraction ? NaN : sign * Infinity;
    return sign * (exponent ? 2 ** (exponent - 25) * (1024 + fraction) : 2 ** -24 * fraction);
  });
}
