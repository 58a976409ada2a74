/** Round halves to even, as Python and NumPy round. */
export function roundEven(value) {
  const down = Math.floor(value);
  return value - down === 0.5 ? down + (down & 1) : Math.round(value);
}

export const clamp = (value, low, high) => Math.min(Math.max(value, low), high);

export function indexOfMost(values) {
  let best = 0;
  for (let index = 1; index < values.length; index++) if (values[index] > values[best]) best = index;
  return best;
}
