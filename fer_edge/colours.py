"""A colour for each emotion: the same in annotated pictures, the preview and notebooks."""

from __future__ import annotations

OTHER = "#ffc83c"
"""For labels that are no emotion of FER2013's: amber, legible on skin and on dark backgrounds."""

EMOTION_COLOURS = {
    "angry": "#e5484d",
    "disgust": "#7a9a2e",
    "fear": "#9a6fd6",
    "happy": "#ffc83c",
    "neutral": "#a8b0ba",
    "sad": "#4a8fe7",
    "surprise": "#f58a3c",
}
"""As CSS writes it. Lightness differs as well as hue, for those who see few colours."""


def to_bgr_colour(label: str) -> tuple[int, int, int]:
    """Return the colour of a label as OpenCV draws it."""
    text = EMOTION_COLOURS.get(label, OTHER)
    red, green, blue = (int(text[place : place + 2], 16) for place in (1, 3, 5))
    return blue, green, red
