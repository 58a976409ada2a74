"""A web page that shows a stream with its annotations: for a computer without a screen."""

from __future__ import annotations

import ipaddress
import socket
import threading
from collections.abc import Generator
from contextlib import closing, suppress
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import TracebackType
from urllib.parse import urlsplit

from fer_edge.errors import OutputError
from fer_edge.runtime.annotate import annotate_tracked
from fer_edge.runtime.preprocess import encode_picture
from fer_edge.runtime.stream_types import StreamResult

BOUNDARY = "fer-edge-frame"
PAGE = b"""<!doctype html>
<html lang="en"><meta charset="utf-8"><meta name="viewport" content="width=device-width">
<title>fer-edge</title>
<style>body{margin:0;background:#111;color:#ccc;font-family:sans-serif;text-align:center}
img{max-width:100%;max-height:90vh}</style>
<img src="stream.mjpg" alt="The camera, with a box, an id and the displayed emotion for each face">
<p>Displayed expressions, not what people feel.</p></html>
"""


class Preview:
    """Serves the newest annotated frame as MJPEG until it is closed.

    Frames are drawn and encoded only while somebody watches.

    Args:
        host: the address to bind to; loopback by default, since there is no password.
        port: 0 lets the system choose a free one; see `port`.

    Raises:
        OutputError: the address is not one of this computer, or the port is taken.
    """

    def __init__(self, host: str = "127.0.0.1", port: int = 8080) -> None:
        self._latest = _Latest()
        try:
            self._server = _Server(host, port, self._latest)
        except (OSError, OverflowError) as error:
            reason = getattr(error, "strerror", None) or str(error)
            raise OutputError(
                f"Cannot serve the preview at {host}, port {port}: {reason.rstrip('.')}. "
                "Choose others with --preview-host and --preview-port."
            ) from error
        self.port: int = self._server.server_address[1]
        self.url = f"http://{f'[{host}]' if ':' in host else host}:{self.port}/"
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="fer-edge-preview", daemon=True
        )
        self._thread.start()

    def show(self, result: StreamResult) -> None:
        """Make this frame the newest."""
        if self._latest.viewers:
            picture = annotate_tracked(result.picture, result.faces)
            self._latest.put(encode_picture(picture, ".jpg"))

    def close(self) -> None:
        """Stop serving and wait for the threads."""
        self._latest.close()
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def __enter__(self) -> Preview:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def is_loopback(host: str) -> bool:
    """Return whether only this computer can reach `host`."""
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


class _Latest:
    """The newest JPEG, for any number of viewers; whoever is slow skips frames."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jpeg = b""
        self._number = 0
        self._closed = False
        self.viewers = 0

    def put(self, jpeg: bytes) -> None:
        with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def watch(self) -> Generator[bytes, None, None]:
        """Yield every JPEG that is new, from now on, until closed."""
        with self._changed:
            self.viewers += 1
            seen = self._number
        try:
            while True:
                with self._changed:
                    self._changed.wait_for(lambda: self._closed or self._number > seen)  # noqa: B023
                    if self._closed:
                        return
                    seen, jpeg = self._number, self._jpeg
                yield jpeg
        finally:
            with self._changed:
                self.viewers -= 1


class _Server(ThreadingHTTPServer):
    daemon_threads = False  # closing waits for them; the handler's time limit bounds that

    def __init__(self, host: str, port: int, latest: _Latest) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.latest = latest
        self.only_loopback = is_loopback(host)
        super().__init__((host, port), _Handler)


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 2.0  # seconds that a viewer may stall

    def do_GET(self) -> None:
        """Answer the page or the stream."""
        if not self._is_for_us():
            self.send_error(HTTPStatus.FORBIDDEN, "Open the preview by its own address")
        elif self.path == "/":
            self._send_page()
        elif self.path == "/stream.mjpg":
            self._send_stream()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _is_for_us(self) -> bool:
        """Refuse foreign names for a loopback server.

        A web page elsewhere could point its own name at 127.0.0.1 and so read the camera.
        """
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        return not self.server.only_loopback or is_loopback(name or "")

    def _send_page(self) -> None:
        self._send_head("text/html; charset=utf-8")
        self.wfile.write(PAGE)

    def _send_stream(self) -> None:
        self._send_head(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        # Leaving is how a viewer ends a stream that has no end; a stalled one is sent away.
        with suppress(OSError), closing(self.server.latest.watch()) as pictures:
            for jpeg in pictures:
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode("ascii") + jpeg + b"\r\n")

    def _send_head(self, content_type: str) -> None:
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", content_type)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep requests off the terminal, which belongs to the events."""
