// Layers of int8 networks: each function checks a layer and returns what computes it, bit for bit as the reference kernels.

import { unsupported } from "./errors.js";
import { asFactor, exponentials, meanFactor } from "./fixed_point.js";
import { checkedSize, limitsOf, scaleOf, zeroOf } from "./tensors.js";

const MOST_CLASSES = 64;
const isByte = (tensor) => tensor.dtype === "int8" || tensor.dtype === "uint8";

export const INTEGER_LAYERS = {
  QUANTIZE(layer, memory) {
    const source = layer.input(), target = layer.output;
    if (!isByte(source) || !isByte(target)) throw unsupported("QUANTIZE computes in floats");
    if (source.elements !== target.elements) throw new RangeError("QUANTIZE changes the size");
    const numbers = [
      source.elements, ...asFactor(scaleOf(source) / scaleOf(target)), zeroOf(source), zeroOf(target),
      ...[source, target].map((tensor) => (tensor.dtype === "uint8" ? 0x80 : 0)),
    ];
    return (at) => memory.run.quantization(at(source), at(target), ...numbers);
  },

  CONV_2D(layer, memory) {
    const source = layer.read("int8"), weights = layer.input(1);
    const [outputs, height, width, channels] = weights.shape;
    if (channels !== source.shape[3]) throw unsupported("CONV_2D is grouped");
    const window = layer.window([height, width], [2, 1], outputs, [4, 5]);
    const sums = readSums(layer, memory, outputs, 3);
    const scratch = memory.reserve(4 * height * width * channels);
    return (at) => memory.run.convolution(at(source), at(layer.output), scratch, ...sums, ...window);
  },

  DEPTHWISE_CONV_2D(layer, memory) {
    const source = layer.read("int8"), [one, height, width, outputs] = layer.input(1).shape;
    if (one !== 1 || outputs % source.shape[3]) throw new RangeError("weights of another shape");
    const window = layer.window([height, width], [2, 1], outputs, [5, 6]);
    const sums = readSums(layer, memory, outputs, 4);
    const scratch = memory.reserve(2 * height * width * source.shape[3]);
    return (at) => memory.run.depthwise(at(source), at(layer.output), scratch, ...sums, ...window);
  },

  FULLY_CONNECTED(layer, memory) {
    const source = layer.read("int8"), [outputs, inputs] = layer.input(1).shape;
    if (inputs !== source.elements || outputs !== layer.output.elements) throw new RangeError("weights of another shape");
    if (layer.options.number(1, "i8")) throw unsupported("FULLY_CONNECTED has shuffled weights");
    const sums = readSums(layer, memory, checkedSize(outputs), 0, true);
    checkedSize(inputs);
    return (at) => memory.run.dense(at(source), at(layer.output), ...sums, inputs);
  },

  MAX_POOL_2D: (layer, memory) => pooling(layer, memory, 0),
  AVERAGE_POOL_2D: (layer, memory) => pooling(layer, memory, 1),

  ADD(layer, memory) {
    const a = layer.read("int8", 0), b = layer.read("int8", 1), target = layer.write("int8");
    if (a.elements !== target.elements || b.elements !== target.elements) throw unsupported("ADD stretches an input");
    const common = 2 * Math.max(scaleOf(a), scaleOf(b));
    const factors = [scaleOf(a) / common, scaleOf(b) / common, common / (2 ** 20 * scaleOf(target))].map(asFactor);
    const numbers = [
      a.elements, ...factors.map(([multiplier]) => multiplier), ...factors.map(([, shift]) => shift),
      zeroOf(a), zeroOf(b), zeroOf(target), ...limitsOf(target, layer.activation(0)),
    ];
    return (at) => memory.run.addition(at(a), at(b), at(target), ...numbers);
  },

  MEAN(layer, memory) {
    const source = layer.read("int8"), target = layer.write("int8");
    const axes = Array.from(layer.storedInt32(1), (axis) => (axis + 4) % 4).sort();
    if (source.shape.length !== 4 || axes.join() !== "1,2") throw unsupported("MEAN goes over other axes");
    const [, height, width, channels] = source.shape;
    if (target.elements !== channels) throw new RangeError("a mean of another size");
    const factor = meanFactor(scaleOf(source) / scaleOf(target), height * width);
    const numbers = [height * width, checkedSize(channels), ...factor, zeroOf(source), zeroOf(target)];
    return (at) => memory.run.mean(at(source), at(target), ...numbers);
  },

  SOFTMAX(layer, memory) {
    const source = layer.read("int8"), target = layer.write("int8");
    if (source.elements !== target.elements || source.elements > MOST_CLASSES || source.shape.slice(0, -1).some((size) => size > 1)) {
      throw unsupported("SOFTMAX goes over more than one row of classes");
    }
    if (scaleOf(target) !== 1 / 256 || zeroOf(target) !== -128) throw unsupported("SOFTMAX gives other steps than 1/256");
    const known = exponentials(layer.options.number(0, "f32") * scaleOf(source));
    const table = memory.store(Int32Array.from(known));
    return (at) => memory.run.softmax(at(source), at(target), table, known.length, source.elements);
  },
};

function pooling(layer, memory, averages) {
  const source = layer.read("int8"), target = layer.write("int8"), options = layer.options;
  if (scaleOf(source) !== scaleOf(target) || zeroOf(source) !== zeroOf(target)) throw unsupported(`${layer.name} changes the scale`);
  const window = layer.window([options.number(4, "i32"), options.number(3, "i32")], [2, 1], source.shape[3]);
  const limits = limitsOf(target, layer.activation(5));
  return (at) => memory.run.pooling(at(source), at(target), averages, ...limits, ...window);
}

/** Weights, bias and factors in memory, and the numbers that turn sums into values of the output. */
function readSums(layer, memory, outputs, activation, dense = false) {
  const source = layer.input(), weights = layer.input(1), target = layer.write("int8");
  const { scales, zeros } = weights;
  if (zeros.some(Boolean) || ![1, outputs].includes(scales.length)) throw unsupported(`the weights of ${layer.name} are not symmetric int8`);
  if (!scales.every((scale) => scale > 0 && scale < Infinity)) throw new RangeError("weights without a scale");
  const bias = layer.has(2) ? layer.storedInt32(2) : new Int32Array(outputs);
  if (bias.length !== outputs) throw new RangeError("a bias of another size");
  const factors = Array.from({ length: outputs }, (_, output) => {
    const real = scaleOf(source) * scales[scales.length === 1 ? 0 : output];
    // Here, and only here, TensorFlow Lite multiplies in float32.
    return asFactor((dense && scales.length === 1 ? Math.fround(real) : real) / scaleOf(target));
  });
  return [
    memory.store(layer.stored(1, "int8")),
    memory.store(bias),
    memory.store(Int32Array.from(factors, ([multiplier]) => multiplier)),
    memory.store(Int8Array.from(factors, ([, shift]) => shift)),
    outputs, zeroOf(source), zeroOf(target), ...limitsOf(target, layer.activation(activation)),
  ];
}
