// Stands in for a face detector where the page has none: the square in the middle of the picture.

const SHARE = 0.7; // of the shorter side

export class MiddleSquare {
  framing = { margin: 0, down: 0 };

  detect({ width, height }) {
    const edge = Math.round(SHARE * Math.min(width, height));
    return [{ x: Math.round((width - edge) / 2), y: Math.round((height - edge) / 2), width: edge, height: edge }];
  }
}
