"""How the documentation gets its figures: marked sections, Markdown tables, the device in words."""

from __future__ import annotations

import re
import sys
from pathlib import Path
from typing import Any

Row = list[str]


def replace_section(page: Path, name: str, text: str) -> None:
    """Replace what stands between the page's begin and end marks of that name."""
    pattern = re.compile(rf"(<!-- begin:{name} -->\n).*?(<!-- end:{name} -->)", re.DOTALL)
    content, count = pattern.subn(lambda match: f"{match[1]}{text}\n{match[2]}", page.read_text("utf-8"))
    if count != 1:
        sys.exit(f"{page} has no section '{name}'")
    page.write_text(content, "utf-8")


def markdown_table(header: Row, rows: list[Row]) -> str:
    """Return a table with its first column left and the others right aligned."""
    lines = [header, ["---", *["---:"] * (len(header) - 1)], *rows]
    return "\n".join("| " + " | ".join(line) + " |" for line in lines)


def describe_host(host: dict[str, Any]) -> str:
    """Return the device in a few words."""
    litert = host["versions"].get("ai-edge-litert", "?")
    return f"{host.get('board') or host.get('cpu')} ({host['architecture']}, ai-edge-litert {litert})"
