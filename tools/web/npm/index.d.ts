/** ImageData, or its like: RGBA, 4 bytes a pixel. */
export interface Picture {
  readonly data: Uint8ClampedArray | Uint8Array;
  readonly width: number;
  readonly height: number;
}

/** Where a face is, in pixels of the picture. */
export interface Box {
  x: number;
  y: number;
  width: number;
  height: number;
  confidence?: number;
  /** x and y of the person's right and left eye; a face that leans is turned upright by them. */
  eyes?: number[][];
}

/** How a detector's boxes relate to the crops of the training data, in fractions of the longer side of a box. */
export interface Framing {
  margin?: number;
  down?: number;
}

export interface Prediction {
  label: string;
  score: number;
  /** In the order of the classifier's `labels`. */
  probabilities: Float32Array;
}

/** A model: its address (Node takes paths as well), or its bytes. */
export type ModelSource = string | URL | BufferSource;

export interface LoadOptions {
  /** The compiled fer_edge.wasm; by default that beside this package's modules. */
  kernels?: WebAssembly.Module;
}

/** Every method throws FerEdgeError on what it cannot use. */
export class EmotionClassifier {
  private constructor();
  static load(model: ModelSource, options?: LoadOptions): Promise<EmotionClassifier>;
  readonly labels: string[];
  /** What the model says of itself. */
  readonly metadata: Record<string, unknown>;
  /** What a picture shows, the whole of which is a face. */
  predict(picture: Picture): Prediction;
  /** What the face in a box shows. */
  predictBox(picture: Picture, box: Box, framing?: Framing): Prediction;
  /** What 48 x 48 grey pixels show. */
  predictGrey(grey: Uint8Array | Uint8ClampedArray): Prediction;
}

/** MediaPipe's BlazeFace, short range. */
export class FaceDetector {
  private constructor();
  static load(model: ModelSource, options?: LoadOptions & { minSize?: number; minConfidence?: number }): Promise<FaceDetector>;
  readonly framing: Framing;
  /** The faces of a picture, largest first. */
  detect(picture: Picture): Box[];
}

export interface FollowedFace extends Prediction {
  id: number;
  box: Box;
  /** The steady emotion; null until one was shown for long enough. */
  emotion: string | null;
}

export interface EmotionEvent {
  seconds: number;
  face: number;
  emotion: string;
  previous: string | null;
  score: number;
}

export interface StreamOptions {
  smoothingSeconds?: number;
  lead?: number;
  holdSeconds?: number;
  expirySeconds?: number;
}

/** Follows faces from frame to frame, and tells when what they show changes. */
export class EmotionStream {
  constructor(classifier: EmotionClassifier, detector: { detect(picture: Picture): Box[]; framing?: Framing }, options?: StreamOptions);
  /** Read the frame taken at `seconds`, a clock that only goes forward. */
  update(picture: Picture, seconds: number): { seconds: number; faces: FollowedFace[]; events: EmotionEvent[] };
}

/** Compile fer_edge.wasm from where you keep it; give the result to `load`. */
export function compileKernels(source: BufferSource | Response | Promise<Response>): Promise<WebAssembly.Module>;

/** What went wrong, in a sentence. */
export class FerEdgeError extends Error {
  constructor(code: string, message: string, detail?: string);
  /** The kind, such as "model-damaged". */
  readonly code: string;
  readonly detail: string;
}
