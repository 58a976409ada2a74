// The kernels in WebAssembly, and their memory.

import { FerEdgeError } from "./errors.js";

const PAGE = 65_536, ALIGNMENT = 16;
const MOST_BYTES = 1_000_000_000;

/** SIMD is in every browser since 2023; a module with one of its instructions tells. */
const SIMD = new Uint8Array([
  0, 97, 115, 109, 1, 0, 0, 0, 1, 5, 1, 96, 0, 1, 123, 3, 2, 1, 0, 10, 10, 1, 8, 0, 65, 0, 253, 15, 253, 98, 11,
]);

/**
 * Compile the kernels once; each network gets an engine of its own.
 * @param {BufferSource | Promise<Response> | Response} source fer_edge.wasm
 */
export async function compileKernels(source) {
  if (typeof WebAssembly !== "object" || !WebAssembly.validate(SIMD)) {
    throw new FerEdgeError("no-simd", "This browser has no WebAssembly with SIMD. Update it.");
  }
  const given = await source;
  const bytes = typeof Response === "function" && given instanceof Response ? await given.arrayBuffer() : given;
  return WebAssembly.compile(bytes);
}

export class Engine {
  /** @param {WebAssembly.Module} kernels */
  static async create(kernels) {
    return new Engine((await WebAssembly.instantiate(kernels, {})).exports);
  }

  constructor(exports) {
    this.run = exports;
    this.end = exports.__heap_base.value;
  }

  /** Reserve memory; return its address. */
  reserve(bytes) {
    const address = Math.ceil(this.end / ALIGNMENT) * ALIGNMENT;
    this.end = address + bytes;
    const missing = this.end - this.run.memory.buffer.byteLength;
    if (this.end > MOST_BYTES) throw new FerEdgeError("no-memory", "The model or picture needs too much memory.");
    try {
      if (missing > 0) this.run.memory.grow(Math.ceil(missing / PAGE));
    } catch {
      throw new FerEdgeError("no-memory", "The browser has not enough memory for the model or picture.");
    }
    return address;
  }

  /** Run `work`; what it reserves is free again afterwards. */
  lend(work) {
    const before = this.end;
    try {
      return work();
    } finally {
      this.end = before;
    }
  }

  /** Copy a typed array into reserved memory; return its address. */
  store(array) {
    const address = this.reserve(array.byteLength);
    this.bytes(address, array.byteLength).set(new Uint8Array(array.buffer, array.byteOffset, array.byteLength));
    return address;
  }

  /** Views end with the next `reserve`. */
  bytes(address, count) {
    return new Uint8Array(this.run.memory.buffer, address, count);
  }

  floats(address, count) {
    return new Float32Array(this.run.memory.buffer, address, count);
  }
}
