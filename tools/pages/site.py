"""Lets MkDocs build the site from the pages where they lie: ``make site``.

README.md is the first page, and other pages of the repository join those of docs/. A link to a file that is no page
leads to a copy of it. The page of commands is what their ``--help`` prints.
"""

from __future__ import annotations

import posixpath
import re
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]

JOINED = {
    "README.md": "index.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
    "SECURITY.md": "security.md",
    "runs/README.md": "runs.md",
}
"""Pages outside docs/ -> their address in the site."""

_LINK = re.compile(r"\[([^\]]*)\]\(([^)#\s:]+)(#[^)\s]*)?\)")
_IMAGE = re.compile(r'(?<=src=")[^":]+(?=")')


def on_files(files: Any, config: Any) -> Any:
    """Add the pages that lie elsewhere or are written here, and the files to which pages lead."""
    from mkdocs.structure.files import File

    pages = [file for file in files.documentation_pages() if file.src_uri.endswith(".md")]
    written = {address: (ROOT / home).read_text("utf-8") for home, address in JOINED.items()}
    texts = {file.src_uri: file.content_string for file in pages} | written
    written |= {"commands.md": commands_page(), "decisions/index.md": decisions_page()}
    for address, text in written.items():
        files.append(File.generated(config, address, content=text))
    for address in sorted({copy for page, text in texts.items() for copy in copied_files(text, page)}):
        source = ROOT / address.removeprefix("files/")
        files.append(File.generated(config, address, abs_src_path=str(source)))
    return files


def on_page_markdown(markdown: str, page: Any, **_: Any) -> str:
    """Let links lead where their targets are in the site."""
    uri: str = page.file.src_uri
    return markdown if uri.endswith(".ipynb") else rewrite_links(markdown, uri)


def rewrite_links(text: str, page: str) -> str:
    """Return the page's text with links that hold in the site; a link to what the site lacks becomes its words."""

    def link(match: re.Match[str]) -> str:
        words, target, anchor = match[1], match[2], match[3] or ""
        home = _home_of(target, page)
        if not (ROOT / home).exists():
            return match[0]  # code that looks like a link, or a broken one, of which MkDocs complains
        address = _address_of(home)
        return f"[{words}]({_relative(address, page)}{anchor})" if address else words

    def image(match: re.Match[str]) -> str:
        address = _address_of(_home_of(match[0], page))
        return _relative(address, page) if address else match[0]

    return _IMAGE.sub(image, _LINK.sub(link, text))


def copied_files(text: str, page: str) -> set[str]:
    """Return the addresses of the copies to which a page's links lead."""
    targets = [match[2] for match in _LINK.finditer(text)] + _IMAGE.findall(text)
    addresses = {_address_of(_home_of(target, page)) for target in targets}
    return {address for address in addresses if address and address.startswith("files/")}


def commands_page() -> str:
    """Return a page with the help of every command."""
    import click

    from fer_edge.cli.app import COMMANDS, app

    group = click.Context(app, info_name="fer-edge", terminal_width=80, **app.context_settings)
    parts = ["# Commands", "What `fer-edge COMMAND --help` prints."]
    for name in COMMANDS:
        command = app.get_command(group, name)
        assert command is not None
        told = command.get_help(click.Context(command, info_name=name, parent=group, terminal_width=80))
        parts.append(f"## {name}\n\n```text\n{told}\n```")
    return "\n\n".join(parts) + "\n"


def decisions_page() -> str:
    """Return a page that lists the decision records."""
    lines = ["# Decisions", "", "Why things are as they are, in the order in which we decided.", ""]
    for record in sorted((ROOT / "docs/decisions").glob("*.md")):
        title = record.read_text("utf-8").partition("\n")[0].removeprefix("# ")
        lines.append(f"- [{title}]({record.name})")
    return "\n".join(lines) + "\n"


def _home_of(target: str, page: str) -> str:
    """Return the path in the repository of a link's target."""
    homes = {address: home for home, address in JOINED.items()}
    own = homes.get(page) or (page.removeprefix("files/") if page.startswith("files/") else f"docs/{page}")
    return posixpath.normpath(posixpath.join(posixpath.dirname(own), target))


def _address_of(home: str) -> str | None:
    """Return where a path of the repository is in the site; none for what it lacks."""
    if home in JOINED:
        return JOINED[home]
    if home.startswith("docs/"):
        inside = home.removeprefix("docs/")
        return f"{inside}/index.md" if (ROOT / home).is_dir() else inside
    return f"files/{home}" if (ROOT / home).is_file() else None


def _relative(address: str, page: str) -> str:
    return posixpath.relpath(address, posixpath.dirname(page) or ".")
