// A row for each face: what it showed, from a minute ago until now.

export const MINUTE = 60, SHOWN_FACES = 4;

/**
 * Draw spans {face, emotion, start, end}, in seconds, on a canvas.
 *
 * `colour` gives that of an emotion; `nowText` stands at the right end.
 */
export function drawTimeline(canvas, spans, now, colour, nowText) {
  const scale = window.devicePixelRatio || 1;
  const width = canvas.clientWidth, height = canvas.clientHeight, left = 26, foot = 16;
  canvas.width = width * scale;
  canvas.height = height * scale;
  const pen = canvas.getContext("2d"), style = getComputedStyle(document.documentElement);
  pen.scale(scale, scale);
  pen.font = "11px system-ui, sans-serif";
  const x = (seconds) => left + (width - left) * (1 + (seconds - now) / MINUTE);
  const rows = [...new Set(spans.map((span) => span.face))].slice(-SHOWN_FACES);
  const step = (height - foot) / Math.max(1, rows.length);
  pen.fillStyle = style.getPropertyValue("--soft");
  for (const ago of [60, 45, 30, 15, 0]) {
    pen.textAlign = ago === 60 ? "left" : ago ? "center" : "right";
    pen.fillText(ago ? `${ago} s` : nowText, x(now - ago), height - 3);
  }
  pen.textAlign = "left";
  rows.forEach((face, row) => {
    const top = row * step + 2, tall = Math.min(22, step - 4);
    pen.fillStyle = style.getPropertyValue("--soft");
    pen.fillText(String(face), 2, top + tall / 2 + 4);
    pen.fillStyle = style.getPropertyValue("--track");
    pen.fillRect(left, top, width - left, tall);
    for (const span of spans.filter((one) => one.face === face)) {
      pen.fillStyle = colour(span.emotion);
      const start = Math.max(left, x(span.start));
      pen.fillRect(start, top, Math.max(1, x(span.end) - start), tall);
    }
  });
}
