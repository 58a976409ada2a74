// What a model says of itself: the JSON member of the ZIP archive behind its FlatBuffer.

import { FerEdgeError } from "./errors.js";

const MEMBER = "fer_edge.json";
const MOST_BYTES = 10_000_000;
const END = 0x06054b50, ENTRY = 0x02014b50, LOCAL = 0x04034b50;
const STORED = 0, DEFLATED = 8;

/**
 * @param {Uint8Array} bytes a .tflite file that fer-edge wrote.
 * @returns {Promise<object>} its metadata; docs/model-file.md describes them.
 * @throws {FerEdgeError} there are none, they are damaged, or the FlatBuffer is not the one that they describe.
 */
export async function readMetadata(bytes) {
  let content;
  try {
    content = JSON.parse(new TextDecoder().decode(await readMember(bytes)));
  } catch {
    throw new FerEdgeError("model-metadata",
      "The model has no readable metadata: it is damaged, or was not written by fer-edge.");
  }
  if (!Array.isArray(content?.labels) || !content.labels.every((label) => typeof label === "string")) {
    throw new FerEdgeError("model-metadata", "The model does not name its labels. Convert it again.");
  }
  await checkSum(bytes.subarray(0, content.flatbuffer_bytes), content.flatbuffer_sha256);
  return content;
}

/** Browsers offer SHA-256 on secure pages only; elsewhere damage is left to the checks of the graph. */
async function checkSum(flatbuffer, expected) {
  if (!globalThis.crypto?.subtle) return;
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", flatbuffer));
  const found = Array.from(digest, (byte) => byte.toString(16).padStart(2, "0")).join("");
  if (found !== expected) {
    throw new FerEdgeError("model-altered", "The model was altered after it was written: its checksum does not match.");
  }
}

async function readMember(bytes) {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  let end = bytes.length - 22;
  while (end >= 0 && view.getUint32(end, true) !== END) end--;
  let entry = view.getUint32(end + 16, true);
  for (let left = view.getUint16(end + 10, true); left > 0; left--) {
    if (view.getUint32(entry, true) !== ENTRY) break;
    const [nameLength, extra, comment] = [28, 30, 32].map((place) => view.getUint16(entry + place, true));
    if (new TextDecoder().decode(bytes.subarray(entry + 46, entry + 46 + nameLength)) === MEMBER) {
      const [packing, size] = [view.getUint16(entry + 10, true), view.getUint32(entry + 20, true)];
      return unpack(bytes, view, view.getUint32(entry + 42, true), packing, size);
    }
    entry += 46 + nameLength + extra + comment;
  }
  throw new RangeError("no such member");
}

async function unpack(bytes, view, at, packing, size) {
  if (view.getUint32(at, true) !== LOCAL) throw new RangeError("no local header");
  const start = at + 30 + view.getUint16(at + 26, true) + view.getUint16(at + 28, true);
  const packed = bytes.subarray(start, start + size);
  if (packing === STORED) return packed;
  if (packing !== DEFLATED) throw new RangeError("packed otherwise");
  const parts = [];
  let length = 0;
  for await (const part of chunks(new Blob([packed]).stream().pipeThrough(new DecompressionStream("deflate-raw")))) {
    length += part.length;
    if (length > MOST_BYTES) throw new RangeError("too long");
    parts.push(part);
  }
  return new Uint8Array(await new Blob(parts).arrayBuffer());
}

/** Safari cannot iterate over streams. */
async function* chunks(stream) {
  const reader = stream.getReader();
  for (let { done, value } = await reader.read(); !done; { done, value } = await reader.read()) yield value;
}
