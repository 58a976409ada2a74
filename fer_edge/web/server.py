"""Serves the page to look at it: on this computer alone, or in its network where that is asked for."""

from __future__ import annotations

import socket
import ssl
from collections.abc import Callable, Sequence
from contextlib import suppress
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from fer_edge.errors import OutputError, os_reason

HOST = "127.0.0.1"
SOMEWHERE = {socket.AF_INET: "192.0.2.1", socket.AF_INET6: "2001:db8::1"}
"""Addresses that belong to nobody: which of its own this computer would use shows which one a network sees."""


class _Handler(SimpleHTTPRequestHandler):
    """Browsers run modules and WebAssembly only under their own types, which not every system knows."""

    timeout = 30.0  # seconds that a browser may stall
    extensions_map = {  # noqa: RUF012  # as in the base class
        **SimpleHTTPRequestHandler.extensions_map,
        ".js": "text/javascript",
        ".wasm": "application/wasm",
        ".webmanifest": "application/manifest+json",
    }

    def log_message(self, format: str, *args: object) -> None:
        """Print nothing: a page asks for thirty files."""


class _Server(ThreadingHTTPServer):
    def __init__(self, folder: Path, port: int, host: str, context: ssl.SSLContext | None) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        super().__init__((host, port), partial(_Handler, directory=str(folder)))
        if context:  # greets in the thread of each browser, so that none keeps the others waiting
            self.socket = context.wrap_socket(self.socket, server_side=True, do_handshake_on_connect=False)

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep off the terminal what a browser breaks off, such as one that refuses the certificate."""


def open_server(
    folder: Path, port: int, host: str = HOST, context: ssl.SSLContext | None = None
) -> ThreadingHTTPServer:
    """Return a server of the folder; port 0 is any free one, and with a context it speaks https.

    Raises:
        OutputError: the port is taken, or the host is no address of this computer.
    """
    try:
        return _Server(folder, port, host, context)
    except (OSError, UnicodeError) as error:
        reason = os_reason(error) if isinstance(error, OSError) else "no name of a computer"
        raise OutputError(
            f"Cannot serve on {host}, port {port}: {reason}. Choose others with --host and --port."
        ) from error


def serve_folder(
    folder: Path,
    port: int,
    ready: Callable[[Sequence[str]], None],
    host: str = HOST,
    context: ssl.SSLContext | None = None,
) -> None:
    """Serve until Ctrl-C; `ready` gets the addresses first."""
    scheme = "https" if context else "http"
    with open_server(folder, port, host, context) as server, suppress(KeyboardInterrupt):
        names = [f"[{name}]" if ":" in name else name for name in names_of(host)]
        ready([f"{scheme}://{name}:{server.server_port}/" for name in names])
        server.serve_forever()


def names_of(host: str) -> list[str]:
    """Return the names and addresses under which a browser reaches a server on `host`, best first.

    Raises:
        OutputError: no computer has such a name.
    """
    if not host or not host.isascii():
        raise OutputError(f"Cannot serve on '{host}': no computer has this name. Choose another with --host.")
    if not _is_address(host) or not ip_address(host).is_unspecified:
        return [host]
    families = [socket.AF_INET] if ip_address(host).version == 4 else [socket.AF_INET6, socket.AF_INET]
    found = [address for family in families if (address := _own_address(family))]
    return [*(found or [socket.gethostname()]), "localhost"]


def is_loopback(host: str) -> bool:
    """Return whether only this computer can reach `host`."""
    return host == "localhost" or (_is_address(host) and ip_address(host).is_loopback)


def _own_address(family: socket.AddressFamily) -> str | None:
    """Return this computer's address in its network; nothing is sent for it."""
    with suppress(OSError), socket.socket(family, socket.SOCK_DGRAM) as probe:
        probe.connect((SOMEWHERE[family], 9))
        return str(probe.getsockname()[0])
    return None


def _is_address(host: str) -> bool:
    try:
        ip_address(host)
    except ValueError:
        return False
    return True
