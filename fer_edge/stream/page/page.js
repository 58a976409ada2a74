// Shows what the server sends: pictures as MJPEG, and faces, events and frame rate as server-sent events.

import { MINUTE, SHOWN_FACES, drawTimeline } from "./timeline.js";

const byId = (id) => document.getElementById(id);
const SHOWN_EVENTS = 60;
let colours = {}, labels = [], paused = false, last = { seconds: 0, faces: [] };
let spans = []; // {face, emotion, start, end} of the last minute, in seconds of the stream

function element(tag, text, attributes = {}) {
  const made = document.createElement(tag);
  if (text) made.textContent = text;
  return Object.assign(made, attributes);
}

function colour(label) { return colours[label] || colours.other; }

function swatch(label) {
  const made = element("i");
  made.style.background = colour(label);
  return made;
}

function showFaces(faces) {
  const cards = faces.slice(0, SHOWN_FACES).map((face) => {
    const card = element("div", "", { className: "face" });
    card.append(element("b", `Face ${face.id}: ${face.emotion || "..."}`));
    const top = Math.max(...face.probabilities);
    face.probabilities.forEach((share, index) => {
      const row = element("div", "", { className: share === top ? "bar first" : "bar" });
      const track = element("div", "", { className: "track" }), fill = element("div", "", { className: "fill" });
      fill.style.width = `${100 * share}%`;
      fill.style.background = colour(labels[index]);
      track.append(fill);
      row.append(element("span", labels[index]), track, element("span", `${Math.round(100 * share)} %`));
      card.append(row);
    });
    return card;
  });
  const rest = faces.length - SHOWN_FACES;
  if (rest > 0) cards.push(element("p", `and ${rest} more`, { className: "empty" }));
  byId("faces").replaceChildren(...(cards.length ? cards : [element("p", "no face in the picture", { className: "empty" })]));
}

function remember(seconds, faces, events) {
  const first = last.seconds === 0; // the events of before then tell what the timeline missed
  for (const event of events) {
    const before = spans.findLast((one) => one.face === event.face);
    if (before && before.emotion === event.previous) before.end = event.seconds;
    spans.push({ face: event.face, emotion: event.emotion, start: event.seconds, end: event.seconds });
  }
  for (const face of faces.filter((one) => one.emotion)) {
    const span = spans.findLast((one) => one.face === face.id);
    // A gap of more than a second is a face that was away.
    if (span && span.emotion === face.emotion && (first || seconds - span.end < 1)) span.end = seconds;
    else spans.push({ face: face.id, emotion: face.emotion, start: seconds, end: seconds });
  }
  spans = spans.filter((span) => span.end > seconds - MINUTE);
}

function drawMinute(now) {
  drawTimeline(byId("timeline"), spans, now, colour, "now");
}

function showEvents(events) {
  for (const event of events) {
    const row = element("li"), text = element("span");
    text.append(swatch(event.emotion), `face ${event.face}: ${event.emotion} ${Math.round(100 * event.score)} %`);
    if (event.previous) text.append(` (was ${event.previous})`);
    row.append(element("time", event.time || `${event.seconds.toFixed(1)} s`), text);
    byId("events").prepend(row);
  }
  while (byId("events").children.length > SHOWN_EVENTS) byId("events").lastChild.remove();
}

function setUp(content) {
  ({ colours, labels } = content);
  byId("legend").replaceChildren(...labels.map((label) => {
    const item = element("li");
    item.append(swatch(label), label);
    return item;
  }));
}

function freeze(on) {
  paused = on;
  const live = byId("live"), frozen = byId("frozen");
  byId("pause").setAttribute("aria-pressed", String(on));
  byId("pause").textContent = on ? "Go on" : "Pause";
  if (on) {
    frozen.width = live.naturalWidth;
    frozen.height = live.naturalHeight;
    frozen.getContext("2d").drawImage(live, 0, 0);
    byId("still").href = frozen.toDataURL("image/jpeg", 0.95); // what one sees is what one saves
  } else byId("still").href = "still.jpg";
  frozen.hidden = !on;
  live.hidden = on;
}

const source = new EventSource("state");
source.onopen = () => { byId("state").textContent = "live"; };
source.onerror = () => { byId("state").textContent = "the watch has ended or cannot be reached"; byId("rate").textContent = ""; };
source.addEventListener("setup", (message) => setUp(JSON.parse(message.data)));
source.onmessage = (message) => {
  const content = JSON.parse(message.data);
  showEvents(content.events); // while paused too: none may be missed
  if (content.seconds < last.seconds) spans = [];
  remember(content.seconds, content.faces, content.events);
  last = content;
  if (paused) return;
  byId("rate").textContent = `${content.rate.toFixed(1)} frames/s`;
  showFaces(content.faces);
  drawMinute(content.seconds);
};
byId("pause").onclick = () => freeze(!paused);
window.addEventListener("resize", () => drawMinute(last.seconds));
