"""How an answer looks in a notebook: a bar for each emotion."""

from __future__ import annotations

from html import escape
from typing import TYPE_CHECKING

from fer_edge.colours import EMOTION_COLOURS, OTHER

if TYPE_CHECKING:
    from fer_edge.types import Prediction


def bars(prediction: Prediction) -> str:
    """Return a table of one bar per label, the most probable in bold."""
    rows = []
    for label, share in zip(prediction.labels, prediction.probabilities.tolist(), strict=False):
        colour = EMOTION_COLOURS.get(label, OTHER)
        name = f"<b>{escape(label)}</b>" if label == prediction.label else escape(label)
        bar = f'<div style="background:{colour};width:{max(1, round(120 * share))}px;height:.8em"></div>'
        rows.append(
            f'<tr style="background:none"><td style="text-align:left;padding:1px 8px">{name}</td>'
            f'<td style="padding:1px 8px;min-width:120px">{bar}</td>'
            f'<td style="text-align:right;padding:1px 8px">{100 * share:.0f} %</td></tr>'
        )
    return f'<table style="border-collapse:collapse">{"".join(rows)}</table>'
