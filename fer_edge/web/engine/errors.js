/** What went wrong, in a sentence. `code` names the kind, for translations; `detail` is the part that varies. */
export class FerEdgeError extends Error {
  constructor(code, message, detail = "") {
    super(message);
    this.name = "FerEdgeError";
    this.code = code;
    this.detail = detail;
  }
}

export const damaged = (detail) =>
  new FerEdgeError("model-damaged", `The model is truncated or damaged (${detail}). Copy or convert it again.`, detail);

export const unsupported = (detail) =>
  new FerEdgeError("model-unsupported", `The browser's engine cannot run the model: ${detail}.`, detail);
