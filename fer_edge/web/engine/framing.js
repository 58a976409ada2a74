// What the classifier sees of a face: a square around its box, turned upright by the eyes; fer_edge/runtime/framing.py.

import { FerEdgeError } from "./errors.js";
import { clamp, roundEven } from "./numbers.js";

const LEAST_ROLL = 15, MOST_ROLL = 60; // degrees

/**
 * @typedef {{x: number, y: number, width: number, height: number, confidence?: number, eyes?: number[][]}} Box
 * @typedef {{margin: number, down: number}} Framing in fractions of the longer side of a box
 */

/** The upright square around a box, inside the picture. */
export function faceSquare(box, { margin = 0, down = 0 } = {}, width, height) {
  const inside = box.x < width && box.y < height && box.x + box.width > 0 && box.y + box.height > 0;
  if (!inside || !(box.width >= 1 && box.height >= 1)) {
    throw new FerEdgeError("box-outside", "The box has no pixel of the picture.");
  }
  const longer = Math.max(box.width, box.height);
  const edge = Math.max(1, Math.min(roundEven(longer * (1 + 2 * margin)), height, width));
  const left = roundEven(box.x + (box.width - edge) / 2);
  const top = roundEven(box.y + (box.height - edge) / 2 + longer * down);
  return { x: clamp(left, 0, width - edge), y: clamp(top, 0, height - edge), edge };
}

/** How far a face leans, clockwise, where it leans enough to be turned; else 0. */
export function rollToUndo(box) {
  if (!box.eyes) return 0;
  const [right, left] = box.eyes; // the person's own
  const degrees = (Math.atan2(left[1] - right[1], left[0] - right[0]) * 180) / Math.PI;
  return Math.abs(degrees) >= LEAST_ROLL && Math.abs(degrees) <= MOST_ROLL ? degrees : 0;
}

/**
 * The square, turned about its middle: RGBA pixels of `edge` times `edge`, which is a multiple of `side`, so that averaging
 * comes after. Beyond the picture's border its outermost pixels go on.
 */
export function turnSquare(picture, square, degrees, side) {
  const edge = side * Math.ceil(square.edge / side), scale = square.edge / edge;
  const middleX = square.x + (square.edge - 1) / 2, middleY = square.y + (square.edge - 1) / 2;
  const cos = Math.cos((degrees * Math.PI) / 180) * scale, sin = Math.sin((degrees * Math.PI) / 180) * scale;
  const turned = new Uint8Array(edge * edge * 4), half = (edge - 1) / 2;
  for (let y = 0, to = 0; y < edge; y++) {
    for (let x = 0; x < edge; x++, to += 4) {
      const fromX = middleX + (x - half) * cos - (y - half) * sin;
      const fromY = middleY + (x - half) * sin + (y - half) * cos;
      mix(picture, fromX, fromY, turned, to);
    }
  }
  return { data: turned, width: edge, height: edge };
}

function mix({ data, width, height }, x, y, target, to) {
  const left = Math.floor(x), top = Math.floor(y), right = x - left, below = y - top;
  const [x0, x1] = [left, left + 1].map((at) => 4 * clamp(at, 0, width - 1));
  const [y0, y1] = [top, top + 1].map((at) => 4 * width * clamp(at, 0, height - 1));
  for (let c = 0; c < 3; c++) {
    const upper = data[y0 + x0 + c] * (1 - right) + data[y0 + x1 + c] * right;
    const lower = data[y1 + x0 + c] * (1 - right) + data[y1 + x1 + c] * right;
    target[to + c] = Math.round(upper * (1 - below) + lower * below);
  }
}
