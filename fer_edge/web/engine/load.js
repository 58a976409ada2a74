// Files from an address, in browsers and in Node.

import { compileKernels } from "./engine.js";
import { FerEdgeError } from "./errors.js";

let kernels;

/** fer_edge.wasm beside this file, compiled once. */
export function defaultKernels() {
  kernels ??= readBytes(new URL("./fer_edge.wasm", import.meta.url)).then(compileKernels);
  return kernels;
}

/**
 * @param {string | URL | BufferSource} source an address (Node takes paths as well), or bytes.
 * @returns {Promise<Uint8Array>}
 */
export async function readBytes(source) {
  if (source instanceof ArrayBuffer) return new Uint8Array(source);
  if (ArrayBuffer.isView(source)) return new Uint8Array(source.buffer, source.byteOffset, source.byteLength);
  if (isFile(source)) return readFile(source);
  const response = await fetch(source).catch((error) => ({ ok: false, status: error.message }));
  if (!response.ok) {
    throw new FerEdgeError("file-missing", `${source} cannot be loaded (${response.status}).`, String(source));
  }
  return new Uint8Array(await response.arrayBuffer());
}

async function readFile(path) {
  const files = await import(/* @vite-ignore */ /* webpackIgnore: true */ "node:fs/promises");
  try {
    return new Uint8Array(await files.readFile(path)); // a Buffer's `slice` would not copy
  } catch (error) {
    throw new FerEdgeError("file-missing", `${path} cannot be read (${error.code}).`, String(path));
  }
}

function isFile(source) {
  if (source instanceof URL) return source.protocol === "file:";
  return typeof window === "undefined" && typeof importScripts === "undefined" && !/^[a-z]+:/i.test(source);
}
