// The page: pictures in, faces read, everything shown. The reading itself is engine/.

import { compileKernels, EmotionClassifier, EmotionStream, FaceDetector } from "./engine/index.js";
import { Camera } from "./camera.js";
import { History } from "./history.js";
import { MiddleSquare } from "./square.js";
import { emotionName, say, sayError, translatePage } from "./texts.js";
import { drawBoxes, drawMinute, showFaces, showLegend } from "./view.js";

const MOST_EDGE = 1280; // larger pictures are shown and searched at this size
const RATE_SECONDS = 2;
const byId = (id) => document.getElementById(id);

const camera = new Camera(byId("video")), history = new History(), canvas = byId("picture");
const pen = canvas.getContext("2d", { willReadFrequently: true });
let site, kernels, detector, classifier, stream, frozen = false, still = null, times = [];

function tell(text, failed = false) {
  byId("state").textContent = text;
  byId("state").classList.toggle("failed", failed);
}

/** Run what a user asked for; an error becomes a sentence. */
function doing(work) {
  return async (...given) => {
    try {
      await work(...given);
    } catch (error) {
      tell(sayError(error), true);
    }
  };
}

async function begin() {
  translatePage();
  tell(say("loading"));
  site = await (await fetch("site.json")).json();
  kernels = await compileKernels(fetch("engine/fer_edge.wasm"));
  detector = site.detector ? await FaceDetector.load(new URL(site.detector, location.href), { kernels }) : new MiddleSquare();
  byId("model").replaceChildren(...site.models.map(({ file, name }) => new Option(name, file)));
  await choose();
  if (location.hash === "#sample") await readSample();
  if ("serviceWorker" in navigator) await navigator.serviceWorker.register("sw.js").catch(() => {}); // http in a network has none
}

/** Load the network that is chosen, and read the picture anew. */
async function choose() {
  tell(say("loading"));
  classifier = await EmotionClassifier.load(new URL(byId("model").value, location.href), { kernels });
  stream = new EmotionStream(classifier, detector);
  history.clear();
  showLegend(classifier.labels);
  tell(site.detector ? say(camera.running ? "live" : "ready") : say("square"));
  if (still) read(still);
}

/** Draw a frame or picture, read it, and show what it says. */
function show(source, width, height, mirrored, seconds, reader) {
  const scale = Math.min(1, MOST_EDGE / Math.max(width, height));
  [canvas.width, canvas.height] = [Math.round(width * scale), Math.round(height * scale)];
  if (mirrored) pen.setTransform(-1, 0, 0, 1, canvas.width, 0);
  pen.drawImage(source, 0, 0, canvas.width, canvas.height);
  pen.resetTransform();
  const result = reader.update(pen.getImageData(0, 0, canvas.width, canvas.height), seconds);
  history.add(result);
  drawBoxes(canvas, result.faces);
  showFaces(result.faces, classifier.labels);
  drawMinute(history.spans, seconds);
  canvas.setAttribute("aria-label", result.faces.map((face) => emotionName(face.emotion ?? face.label)).join(", ") || say("noFace"));
  byId("invitation").hidden = true;
  for (const id of ["save", "csv", "json"]) byId(id).disabled = false;
}

/** Read a single picture: without what earlier frames showed. */
function read(bitmap) {
  still = bitmap;
  history.clear();
  show(bitmap, bitmap.width, bitmap.height, false, 0, new EmotionStream(classifier, detector, { smoothingSeconds: 0, holdSeconds: 0, lead: 0 }));
}

async function openPicture(blob) {
  stopCamera();
  const bitmap = await createImageBitmap(blob).catch((error) => { throw Object.assign(error, { code: "pictureBad" }); });
  read(bitmap);
  tell(site.detector ? say("ready") : say("square"));
}

async function readSample() {
  await openPicture(await (await fetch("sample.jpg")).blob());
}

function nextFrame() {
  const { video } = camera;
  if (!camera.running) return;
  if ("requestVideoFrameCallback" in video) video.requestVideoFrameCallback(frame);
  else requestAnimationFrame(frame);
}

function frame() {
  const { video } = camera, seconds = performance.now() / 1000;
  if (camera.running && !frozen && video.videoWidth) {
    doing(() => show(video, video.videoWidth, video.videoHeight, camera.mirrored, seconds, stream))();
    times = [...times.filter((time) => time > seconds - RATE_SECONDS), seconds];
    byId("rate").textContent = `${(times.length / Math.min(RATE_SECONDS, Math.max(0.5, seconds - times[0]))).toFixed(0)} /s`;
  }
  nextFrame();
}

async function startCamera() {
  if (camera.running) return stopCamera();
  still = null;
  history.clear();
  await camera.start();
  freeze(false);
  byId("camera").textContent = say("stop");
  byId("freeze").disabled = false;
  byId("turn").hidden = (await Camera.count()) < 2;
  tell(site.detector ? say("live") : say("square"));
  nextFrame();
}

function stopCamera() {
  camera.stop();
  byId("camera").textContent = say("camera");
  byId("freeze").disabled = true;
  byId("turn").hidden = true;
  byId("rate").textContent = "";
  tell(say("ready"));
}

function freeze(on) {
  frozen = on;
  byId("freeze").setAttribute("aria-pressed", String(on));
  byId("freeze").textContent = say(on ? "goOn" : "freeze");
  tell(say(on ? "frozen" : "live"));
}

function download(content, type, name) {
  const link = Object.assign(document.createElement("a"), { href: URL.createObjectURL(new Blob([content], { type })), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10_000);
}

const modelName = () => byId("model").selectedOptions[0].textContent;
byId("model").addEventListener("change", doing(choose));
byId("camera").addEventListener("click", doing(startCamera));
byId("turn").addEventListener("click", doing(() => camera.turn()));
byId("open").addEventListener("click", () => byId("file").click());
byId("file").addEventListener("change", doing(async ({ target }) => {
  if (target.files[0]) await openPicture(target.files[0]);
  target.value = "";
}));
byId("sample").addEventListener("click", doing(readSample));
byId("freeze").addEventListener("click", () => freeze(!frozen));
byId("save").addEventListener("click", () => canvas.toBlob((blob) => download(blob, "image/jpeg", "fer-edge.jpg"), "image/jpeg", 0.95));
byId("csv").addEventListener("click", () => download(history.asCsv(classifier.labels), "text/csv", "fer-edge.csv"));
byId("json").addEventListener("click", () => download(history.asJson(classifier.labels, modelName()), "application/json", "fer-edge.json"));
document.addEventListener("paste", doing(async ({ clipboardData }) => {
  const file = [...clipboardData.files].find(({ type }) => type.startsWith("image/"));
  if (file) await openPicture(file);
}));
document.addEventListener("dragover", (event) => {
  event.preventDefault();
  byId("view").classList.add("over");
});
document.addEventListener("dragleave", () => byId("view").classList.remove("over"));
document.addEventListener("drop", doing(async (event) => {
  event.preventDefault();
  byId("view").classList.remove("over");
  if (event.dataTransfer.files[0]) await openPicture(event.dataTransfer.files[0]);
}));

doing(begin)();
