"""A web page that shows a stream with its annotations: for a computer without a screen."""

from __future__ import annotations

import ipaddress
import json
import socket
import threading
import time
from contextlib import closing, suppress
from datetime import datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Any
from urllib.parse import urlsplit

from fer_edge.colours import EMOTION_COLOURS, OTHER
from fer_edge.errors import OutputError
from fer_edge.runtime.preprocess import encode_picture
from fer_edge.stream.latest import Latest, event_of, state_of
from fer_edge.stream.overlay import annotate_tracked
from fer_edge.stream.prometheus import CONTENT_TYPE, Metrics
from fer_edge.stream.records import StreamResult
from fer_edge.types import LABELS

BOUNDARY = "fer-edge-frame"
PAGE = Path(__file__).parent / "page"
SHARED = Path(__file__).parents[1] / "page"
FILES = {
    "/": (PAGE / "index.html", "text/html; charset=utf-8"),
    "/common.css": (SHARED / "common.css", "text/css; charset=utf-8"),
    "/page.css": (PAGE / "page.css", "text/css; charset=utf-8"),
    "/page.js": (PAGE / "page.js", "text/javascript; charset=utf-8"),
    "/timeline.js": (SHARED / "timeline.js", "text/javascript; charset=utf-8"),
}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self' 'unsafe-inline'; img-src 'self' data:; connect-src 'self'"
)
"""The page loads nothing from elsewhere, and runs no script but its own. (Bars have their width as a style.)"""

MAX_VIEWERS = 16
"""Connections at a time, of which an open page takes two; further ones are closed at once."""

REQUEST_SECONDS = 5.0
"""For a whole request, however slowly its bytes drip."""

STATES_PER_SECOND = 10
"""How often the page is told of faces and events, at most."""


class Preview:
    """Serves the newest annotated frame as MJPEG until it is closed.

    Frames are drawn and encoded only while somebody watches.

    Args:
        host: the address to bind to; loopback by default, since there is no password.
        port: 0 lets the system choose a free one; see `port`.
        labels: of the model, in its order.
        metrics: what `/metrics` answers to Prometheus; None for nothing.
        pictures: False serves metrics alone: no page, no picture, no face.

    Raises:
        OutputError: the address is not one of this computer, or the port is taken.
    """

    def __init__(
        self,
        host: str = "127.0.0.1",
        port: int = 8080,
        *,
        labels: tuple[str, ...] = LABELS,
        metrics: Metrics | None = None,
        pictures: bool = True,
    ) -> None:
        self._latest = Latest()
        self._rate = _Rate()
        try:
            self._server = _Server(host, port, self._latest, labels, metrics=metrics, pictures=pictures)
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

    def show(self, result: StreamResult, time: datetime | None = None) -> None:
        """Make this frame the newest; `time` is when it was taken, for a live source."""
        self._rate.tick()
        self._latest.put_state(state_of(result, self._rate.value), [event_of(event, time) for event in result.events])
        if self._latest.viewers:
            picture = annotate_tracked(result.picture, result.faces)
            self._latest.put(encode_picture(picture, ".jpg"))

    def close(self) -> None:
        """Stop serving; viewers are sent away."""
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


class _Rate:
    """Frames per second, smoothed over about a second."""

    def __init__(self) -> None:
        self._last: float | None = None
        self._interval = 0.0

    def tick(self) -> None:
        """Count a frame."""
        now = time.monotonic()
        if self._last is not None:
            interval = now - self._last
            weight = min(1.0, interval)  # of a time constant of one second
            self._interval = self._interval + weight * (interval - self._interval) if self._interval else interval
        self._last = now

    @property
    def value(self) -> float:
        """0 before the second frame."""
        return 1 / self._interval if self._interval else 0.0


class _Server(ThreadingHTTPServer):
    daemon_threads = True  # a viewer who stalls must not keep the program alive
    block_on_close = False
    request_queue_size = 2 * MAX_VIEWERS  # else the system lets connections wait for seconds

    def __init__(
        self,
        host: str,
        port: int,
        latest: Latest,
        labels: tuple[str, ...],
        *,
        metrics: Metrics | None,
        pictures: bool,
    ) -> None:
        self.address_family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self.latest = latest
        self.labels = labels
        self.metrics = metrics
        self.pictures = pictures
        self.only_loopback = is_loopback(host)
        self._places = threading.BoundedSemaphore(MAX_VIEWERS)
        super().__init__((host, port), _Handler)

    def process_request(self, request: Any, client_address: Any) -> None:
        """Serve a connection in a thread of its own, while there is a place."""
        if self._places.acquire(blocking=False):
            super().process_request(request, client_address)
        else:
            self.shutdown_request(request)

    def process_request_thread(self, request: Any, client_address: Any) -> None:
        """Serve a connection, and free its place."""
        try:
            super().process_request_thread(request, client_address)
        finally:
            self._places.release()

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Keep what a viewer did wrong off the terminal; the connection is closed."""


class _Handler(BaseHTTPRequestHandler):
    server: _Server
    timeout = 2.0  # seconds that a viewer may stall

    def handle_one_request(self) -> None:
        """Read and answer a request; who has not sent it after `REQUEST_SECONDS` is cut off."""
        self._deadline = threading.Timer(REQUEST_SECONDS, self._cut_off)
        self._deadline.daemon = True
        self._deadline.start()
        try:
            super().handle_one_request()
        finally:
            self._deadline.cancel()

    def _cut_off(self) -> None:
        with suppress(OSError):
            self.connection.shutdown(socket.SHUT_RDWR)

    def do_GET(self) -> None:
        """Answer the page or the stream."""
        self._deadline.cancel()  # the request is here; the answer may take as long as the stream
        try:
            for_us = self._is_for_us()
        except ValueError:  # such as "["
            self.send_error(HTTPStatus.BAD_REQUEST, "The Host header is no name of a computer")
            return
        if not for_us:
            self.send_error(HTTPStatus.FORBIDDEN, "Open the preview by its own address")
        elif self.path == "/metrics" and self.server.metrics is not None:
            self._send_metrics(self.server.metrics)
        elif not self.server.pictures:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif self.path in FILES:
            self._send_file(*FILES[self.path])
        elif self.path == "/stream.mjpg":
            self._send_stream()
        elif self.path == "/still.jpg":
            self._send_still()
        elif self.path == "/state":
            self._send_states()
        else:
            self.send_error(HTTPStatus.NOT_FOUND)

    def _is_for_us(self) -> bool:
        """Refuse foreign names for a loopback server.

        A web page elsewhere could point its own name at 127.0.0.1 and so read the camera.

        Raises:
            ValueError: the header is no name at all.
        """
        name = urlsplit(f"//{self.headers.get('Host', '')}").hostname
        return not self.server.only_loopback or is_loopback(name or "")

    def _send_file(self, path: Path, content_type: str) -> None:
        self._send_head(content_type)
        self.wfile.write(path.read_bytes())

    def _send_metrics(self, metrics: Metrics) -> None:
        text = metrics.text()
        self._send_head(CONTENT_TYPE)
        self.wfile.write(text.encode())

    def _send_still(self) -> None:
        """Answer the next picture, as a file."""
        with suppress(OSError), closing(self.server.latest.watch()) as pictures:
            jpeg = next(pictures, b"")
            self._send_head("image/jpeg", {"Content-Disposition": "attachment; filename=fer-edge.jpg"})
            self.wfile.write(jpeg)

    def _send_states(self) -> None:
        """Answer faces and events as they come, as server-sent events."""
        self._send_head("text/event-stream")
        with suppress(OSError), closing(self.server.latest.watch_states()) as states:
            setup = {"labels": self.server.labels, "colours": {**EMOTION_COLOURS, "other": OTHER}}
            self.wfile.write(f"event: setup\ndata: {json.dumps(setup)}\n\n".encode())
            for state in states:
                self.wfile.write(f"data: {json.dumps(state)}\n\n".encode())
                time.sleep(1 / STATES_PER_SECOND)

    def _send_stream(self) -> None:
        self._send_head(f"multipart/x-mixed-replace; boundary={BOUNDARY}")
        # Leaving is how a viewer ends a stream that has no end; a stalled one is sent away.
        with suppress(OSError), closing(self.server.latest.watch()) as pictures:
            for jpeg in pictures:
                head = f"--{BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
                self.wfile.write(head.encode("ascii") + jpeg + b"\r\n")

    def _send_head(self, content_type: str, more: dict[str, str] | None = None) -> None:
        self.send_response(HTTPStatus.OK)
        for name, value in (more or {}).items():
            self.send_header(name, value)
        self.send_header("Content-Security-Policy", POLICY)
        self.send_header("X-Content-Type-Options", "nosniff")
        self.send_header("Content-Type", content_type)
        self.send_header("Cache-Control", "no-store")
        self.send_header("Cross-Origin-Resource-Policy", "same-origin")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Keep requests off the terminal, which belongs to the events."""
