export { EmotionClassifier } from "./classifier.js";
export { FaceDetector } from "./detector.js";
export { compileKernels } from "./engine.js";
export { FerEdgeError } from "./errors.js";
export { EmotionStream } from "./stream.js";
