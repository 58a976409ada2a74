"""Serves the page on this computer alone, to look at it."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from fer_edge.errors import OutputError

HOST = "127.0.0.1"


class _Handler(SimpleHTTPRequestHandler):
    """Browsers run modules and WebAssembly only under their own types, which not every system knows."""

    extensions_map = {  # noqa: RUF012  # as in the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: a page asks for thirty files."""


def open_server(folder: Path, port: int) -> ThreadingHTTPServer:
    """Return a server of the folder on the loopback address; port 0 is any free one.

    Raises:
        OutputError: the port is taken.
    """
    try:
        return ThreadingHTTPServer((HOST, port), partial(_Handler, directory=str(folder)))
    except OSError as error:
        raise OutputError(f"Cannot serve on port {port}: {error.strerror}. Choose another with --port.") from error


def serve_folder(folder: Path, port: int, ready: Callable[[str], None]) -> None:
    """Serve until Ctrl-C; `ready` gets the address first."""
    with open_server(folder, port) as server, suppress(KeyboardInterrupt):
        ready(f"http://{HOST}:{server.server_port}/")
        server.serve_forever()
