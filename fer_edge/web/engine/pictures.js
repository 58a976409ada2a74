// Pictures as browsers have them, ImageData or its like: RGBA, 4 bytes a pixel.

import { FerEdgeError } from "./errors.js";

const MOST_PIXELS = 50_000_000;

/**
 * @typedef {{data: Uint8ClampedArray | Uint8Array, width: number, height: number}} Picture
 * @throws {FerEdgeError} it is no such picture, or larger than 50 megapixels.
 */
export function checkPicture(picture) {
  const { data, width, height } = picture ?? {};
  const pixels = width * height;
  if (!Number.isInteger(pixels) || pixels < 1 || data?.length !== 4 * pixels || data.BYTES_PER_ELEMENT !== 1) {
    throw new FerEdgeError("picture-none", "Expected a picture: ImageData, or data (RGBA bytes) with width and height.");
  }
  if (pixels > MOST_PIXELS) {
    throw new FerEdgeError("picture-large", `Expected at most 50 megapixels, got ${width} x ${height}.`, `${width} x ${height}`);
  }
  return picture;
}

/** Copy a part of a picture into an engine's memory; return its address. */
export function storePart(engine, { data, width }, x, y, partWidth, partHeight) {
  const address = engine.reserve(4 * partWidth * partHeight), target = engine.bytes(address, 4 * partWidth * partHeight);
  if (partWidth === width) {
    target.set(data.subarray(4 * y * width, 4 * (y + partHeight) * width));
    return address;
  }
  for (let row = 0; row < partHeight; row++) {
    const start = 4 * ((y + row) * width + x);
    target.set(data.subarray(start, start + 4 * partWidth), 4 * row * partWidth);
  }
  return address;
}
