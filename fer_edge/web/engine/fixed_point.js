// Real factors as integers, rounded bit for bit as TensorFlow Lite rounds them; fer_edge/firmware/fixed_point.py.

const ONE = 2 ** 31;

/** A factor of 0 or more as [multiplier, shift], which stand for multiplier * 2 ** (shift - 31). */
export function asFactor(real) {
  if (!(real >= 0 && real < 2 ** 30)) throw new RangeError(`a factor of ${real}`);
  if (real < 2 ** -40) return [0, 0];
  let shift = Math.floor(Math.log2(real)) + 1;
  if (real / 2 ** shift >= 1) shift++;
  else if (real / 2 ** shift < 0.5) shift--;
  let multiplier = Math.floor((real / 2 ** shift) * ONE + 0.5);
  if (multiplier === ONE) [multiplier, shift] = [ONE / 2, shift + 1];
  return shift >= -31 ? [multiplier, shift] : [0, 0];
}

/** The factor from a sum of `count` values to their mean, times `real`. */
export function meanFactor(real, count) {
  const [multiplier, shift] = asFactor(real);
  const spread = Math.min(31 - Math.clz32(count), 31 + shift);
  return [Number((BigInt(multiplier) << BigInt(spread)) / BigInt(count)), shift - spread];
}

/** e ** (-scale * step) for steps 0, 1, ... in steps of 2 ** -31, as far as the reference kernel takes them for more than 0. */
export function exponentials(scale) {
  const [multiplier, shift] = asFactor(Math.min(scale * 2 ** 26, ONE - 1));
  if (shift < 0) throw new RangeError("a softmax without a scale");
  const steps = Math.min(255, Math.floor((31 * 2 ** 26) / 2 ** shift));
  return Array.from({ length: steps + 1 }, (_, step) =>
    Number(exponential(multiplyHigh(BigInt(-step) << BigInt(shift), BigInt(multiplier)))));
}

const FACTORS = [1672461947n, 1302514674n, 790015084n, 290630308n, 39332535n, 720401n, 242n];

/** e ** x for x <= 0 in steps of 2 ** -26, by a series about -1/8 and a product for each bit above 1/4. */
function exponential(x) {
  if (x === 0n) return BigInt(ONE) - 1n;
  const quarter = 1n << 24n;
  const rest = (x & (quarter - 1n)) - quarter;
  return FACTORS.reduce(
    (result, factor, bit) => ((rest - x) & (quarter << BigInt(bit)) ? multiplyHigh(result, factor) : result),
    series(rest << 5n),
  );
}

function series(x) {
  const fromMiddle = x + (1n << 28n);
  const square = multiplyHigh(fromMiddle, fromMiddle);
  const cube = multiplyHigh(square, fromMiddle), fourth = multiplyHigh(square, square);
  const sixths = multiplyHigh(halve(fourth, 2n) + cube, 715827883n);
  const middle = 1895147668n; // e ** (-1 / 8)
  return middle + multiplyHigh(middle, fromMiddle + halve(sixths + square, 1n));
}

const multiplyHigh = (a, b) => (a * b + (1n << 30n)) >> 31n;

/** Divide by 2 ** exponent, halves away from zero. */
function halve(value, exponent) {
  const half = 1n << (exponent - 1n);
  return value >= 0n ? (value + half) >> exponent : -((half - value) >> exponent);
}
