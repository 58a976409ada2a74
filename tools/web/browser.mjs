// Drives the page in one browser: node browser.mjs JOB.json; prints what it saw as JSON. browser_test.py judges it.

import { readFileSync, writeFileSync } from "node:fs";
import { createRequire } from "node:module";

const PATIENCE = { timeout: 60_000 }; // for a busy machine
const FRAMES = 30;
const job = JSON.parse(readFileSync(process.argv[2], "utf8"));
const puppeteer = createRequire(job.modules)("puppeteer-core");

const CHROMIUM = [
  "--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking", "--disable-component-update",
  "--disable-sync", "--use-fake-ui-for-media-stream", "--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${job.camera}`,
];
const FIREFOX = { "media.navigator.streams.fake": true, "media.navigator.permission.disabled": true };

const browser = await puppeteer.launch({
  browser: job.browser, executablePath: job.executable, userDataDir: job.profile, headless: true,
  ...(job.browser === "chrome" ? { args: CHROMIUM } : { extraPrefsFirefox: FIREFOX }),
});
try {
  const page = await browser.newPage(), seen = { version: await browser.version(), elsewhere: [], troubles: [] };
  page.setDefaultTimeout(PATIENCE.timeout);
  await listen(page, seen);
  await page.goto(`${job.address}#sample`);
  seen.sample = await readFaces(page);
  for (const model of job.models) await classify(page, model);
  seen.example = await readExample(browser, seen);
  seen.camera = await useCamera(page);
  seen.offline = await reloadWithoutServer(page);
  console.log(JSON.stringify(seen));
} finally {
  await browser.close();
}

/** Note requests that leave the page's origin, and whatever fails or is blocked. */
async function listen(page, { elsewhere, troubles }) {
  const { origin } = new URL(job.address);
  const asksNobody = (url) => url.startsWith("data:") || new URL(url).origin === origin; // beside the page's own server
  page.on("request", (request) => asksNobody(request.url()) || elsewhere.push(request.url()));
  page.on("requestfailed", (request) => troubles.push(`${request.url()}: ${request.failure()?.errorText}`));
  page.on("response", (response) => response.status() < 400 || troubles.push(`${response.url()}: ${response.status()}`));
  page.on("console", (message) => message.type() === "error" && troubles.push(message.text()));
  page.on("pageerror", (error) => troubles.push(String(error)));
  await page.evaluateOnNewDocument(() => addEventListener("securitypolicyviolation", (event) => {
    console.error(`blocked by ${event.effectiveDirective}: ${event.blockedURI}`);
  }));
}

/** Wait for the first face; return its title and how many bars it has. */
async function readFaces(page) {
  await page.waitForSelector("#faces .face .bar", PATIENCE);
  return page.$eval("#faces .face", (face) => ({ title: face.querySelector("b").textContent, bars: face.querySelectorAll(".bar").length }));
}

/** Read every box by a model; store the faces that it got, and its float32 probabilities. */
async function classify(page, { file, faces, probabilities }) {
  const pictures = job.pictures.map(({ path, ...size }) => ({ ...size, data: readFileSync(path, "base64") }));
  const found = await page.evaluate(async (model, given, boxes) => {
    const { EmotionClassifier } = await import(new URL("engine/index.js", location.href));
    const classifier = await EmotionClassifier.load(new URL(model, location.href)), { network } = classifier;
    const shown = given.map(({ data, width, height }) => {
      const bytes = Uint8ClampedArray.from(atob(data), (letter) => letter.charCodeAt(0));
      return new ImageData(bytes, width, height);
    });
    const base64 = (arrays) => new Promise((done) => {
      const reader = new FileReader();
      reader.onload = () => done(reader.result.split(",")[1]);
      reader.readAsDataURL(new Blob(arrays));
    });
    const crops = [], rows = [];
    for (const { picture, box } of boxes) {
      rows.push(classifier.predictBox(shown[picture], box).probabilities);
      crops.push(network.engine.bytes(network.address(network.inputs[0]), 48 * 48).slice());
    }
    return { crops: await base64(crops), rows: await base64(rows) };
  }, file, pictures, job.boxes);
  writeFileSync(faces, found.crops, "base64");
  writeFileSync(probabilities, found.rows, "base64");
}

/** Open the npm package's example in a page of its own; return what it shows. */
async function readExample(browser, seen) {
  const page = await browser.newPage();
  await listen(page, seen);
  await page.goto(`${job.address}project/`);
  const label = await page.waitForSelector("#label:not(:empty)", PATIENCE);
  const text = await label.evaluate((element) => element.textContent);
  await page.close();
  return text;
}

/** Start the camera; return what it reads, and how many frames a second. */
async function useCamera(page) {
  await page.evaluate(() => document.getElementById("faces").replaceChildren()); // what was read before
  await page.click("#camera");
  const face = await readFaces(page);
  const seconds = await page.evaluate((frames, patience) => new Promise((done, fail) => {
    const start = performance.now(), rate = document.getElementById("rate");
    const end = setTimeout(() => fail(new Error("the camera gives no frames")), patience);
    new MutationObserver((_, observer) => {
      if (frames-- > 0) return;
      observer.disconnect();
      clearTimeout(end);
      done((performance.now() - start) / 1000);
    }).observe(rate, { childList: true });
  }), FRAMES, PATIENCE.timeout);
  const shown = await page.$eval("#rate", (rate) => rate.textContent);
  await page.click("#camera");
  return { ...face, rate: FRAMES / seconds, shown };
}

/** Stop the server, once the service worker has all files, and load the page again. */
async function reloadWithoutServer(page) {
  await page.waitForFunction(() => navigator.serviceWorker.controller?.state === "activated", PATIENCE);
  process.kill(job.server);
  while (await fetch(job.address).then(() => true, () => false)) await new Promise(setImmediate);
  await page.reload();
  return readFaces(page);
}
