// Draws what was read: boxes on the picture, bars of each face, and the last minute.

import { emotionName, say } from "./texts.js";
import { SHOWN_FACES, drawTimeline } from "./timeline.js";

const COLOURS = {
  angry: "#e5484d", disgust: "#7a9a2e", fear: "#9a6fd6", happy: "#ffc83c", neutral: "#a8b0ba", sad: "#4a8fe7", surprise: "#f58a3c",
};
const OTHER = "#ffc83c";

const byId = (id) => document.getElementById(id);
const colour = (label) => COLOURS[label] ?? OTHER;

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  return Object.assign(made, attributes);
}

/** Draw each face's box and emotion on the canvas that shows the picture. */
export function drawBoxes(canvas, faces) {
  const pen = canvas.getContext("2d"), unit = Math.max(canvas.width, canvas.height) / 320;
  pen.lineWidth = 2 * unit;
  pen.font = `600 ${Math.round(11 * unit)}px system-ui, sans-serif`;
  pen.textBaseline = "bottom";
  for (const { box, emotion, label, score } of faces) {
    const text = `${emotionName(emotion ?? label)} ${Math.round(100 * score)} %`, tall = 15 * unit;
    const wide = pen.measureText(text).width + 8 * unit, left = Math.min(box.x, Math.max(0, canvas.width - wide));
    const foot = Math.max(box.y, tall);
    pen.strokeStyle = pen.fillStyle = colour(emotion ?? label);
    pen.strokeRect(box.x, box.y, box.width, box.height);
    pen.fillRect(left, foot - tall, wide, tall);
    pen.fillStyle = "#141413";
    pen.fillText(text, left + 4 * unit, foot - 1.5 * unit);
  }
}

/** Show seven bars for each of the largest faces. */
export function showFaces(faces, labels) {
  const cards = faces.slice(0, SHOWN_FACES).map((face) => card(face, labels));
  const rest = faces.length - SHOWN_FACES;
  if (rest > 0) cards.push(element("p", `${rest} ${say("rest")}`, { className: "empty" }));
  byId("faces").replaceChildren(...(cards.length ? cards : [element("p", say("noFace"), { className: "empty" })]));
}

function card(face, labels) {
  const made = element("div", "", { className: "face" }), top = Math.max(...face.probabilities);
  made.append(element("b", `${say("face")} ${face.id}: ${emotionName(face.emotion ?? face.label)}`));
  face.probabilities.forEach((share, index) => {
    const row = element("div", "", { className: share === top ? "bar first" : "bar" });
    const track = element("div", "", { className: "track" }), fill = element("div", "", { className: "fill" });
    fill.style.width = `${100 * share}%`;
    fill.style.background = colour(labels[index]);
    track.append(fill);
    row.append(element("span", emotionName(labels[index])), track, element("span", `${Math.round(100 * share)} %`));
    made.append(row);
  });
  return made;
}

export function showLegend(labels) {
  byId("legend").replaceChildren(...labels.map((label) => {
    const item = element("li"), swatch = element("i");
    swatch.style.background = colour(label);
    item.append(swatch, emotionName(label));
    return item;
  }));
}

/** Draw the last minute; see timeline.js. */
export function drawMinute(spans, now) {
  drawTimeline(byId("timeline"), spans, now, colour, "0 s");
}
