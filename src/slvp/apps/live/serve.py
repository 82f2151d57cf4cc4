"""Pictures over HTTP: a page, and JPEG after JPEG as browsers show them (multipart)."""

from __future__ import annotations

import html
import socket
import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import cast

import cv2

from slvp.errors import UserError
from slvp.types import UInt8Array

STREAM = "/stream.mjpg"
MAX_WATCHERS = 16
_QUALITY = 85  # of JPEG
_PATIENCE = 10.0  # seconds after which a client that takes nothing is let go
_QUEUE = 256 * 1024  # bytes on their way to a client; more would be pictures that grow old
_BOUNDARY = "slvp-frame"

_PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>slvp live</title>
<style>
body {{ margin: 0; background: #111; color: #eee; font: 16px sans-serif; text-align: center }}
img {{ max-width: 100%; max-height: 90vh }}
</style></head>
<body><img src="{stream}" alt="live video"><p>{sentences}</p></body></html>
"""


class _Board:
    """The newest picture, for any number of readers, each at its own pace."""

    def __init__(self) -> None:
        self._changed = threading.Condition()
        self._jpeg, self._number = b"", 0
        self._watchers = 0
        self._closed = False

    @property
    def watchers(self) -> int:
        with self._changed:
            return self._watchers

    def post(self, jpeg: bytes) -> None:
        with self._changed:
            self._jpeg, self._number = jpeg, self._number + 1
            self._changed.notify_all()

    def close(self) -> None:
        with self._changed:
            self._closed = True
            self._changed.notify_all()

    def join(self) -> int | None:
        """Count a watcher in, and return which picture is the newest; None if there are too many.

        Whoever sees that there is a watcher may post at once: this watcher is to get that picture.
        """
        with self._changed:
            if self._watchers >= MAX_WATCHERS:
                return None
            self._watchers += 1
            return self._number

    def leave(self) -> None:
        with self._changed:
            self._watchers -= 1

    def pictures(self, given: int) -> Iterator[bytes]:
        """Give the newest picture whenever there is a later one than the last given, to the end."""
        while not self._closed:
            jpeg, number = self._after(given)
            if number != given:
                given = number
                yield jpeg

    def _after(self, number: int) -> tuple[bytes, int]:
        """Wait for a picture with another number, or for the end."""
        with self._changed:
            self._changed.wait_for(lambda: self._closed or self._number != number)
            return self._jpeg, self._number


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address: tuple[str, int], page: str) -> None:
        self.board, self.page = _Board(), page.encode()
        if ":" in address[0]:
            self.address_family = socket.AF_INET6
        super().__init__(address, _Handler)

    def server_bind(self) -> None:
        # HTTPServer's own would look the host's name up, which takes seconds on some machines.
        super(ThreadingHTTPServer, self).server_bind()

    def handle_error(self, request: object, client_address: object) -> None:
        """Say nothing: clients come and go."""


class _Handler(BaseHTTPRequestHandler):
    timeout = _PATIENCE

    def do_GET(self) -> None:
        board, path = cast("_Server", self.server).board, self.path.partition("?")[0]
        if path == "/":
            self._send_page()
        elif path != STREAM:
            self.send_error(HTTPStatus.NOT_FOUND)
        elif (newest := board.join()) is None:
            self.send_error(HTTPStatus.SERVICE_UNAVAILABLE, "too many watch already")
        else:
            try:
                self._send_pictures(board, newest)
            except OSError:  # the client went away, or takes nothing
                self.close_connection = True
            finally:
                board.leave()

    def _send_page(self) -> None:
        page = cast("_Server", self.server).page
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", "text/html; charset=utf-8")
        self.send_header("Content-Length", str(len(page)))
        self.end_headers()
        self.wfile.write(page)

    def _send_pictures(self, board: _Board, given: int) -> None:
        self.connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, _QUEUE)
        self.send_response(HTTPStatus.OK)
        self.send_header("Content-Type", f"multipart/x-mixed-replace; boundary={_BOUNDARY}")
        self.send_header("Cache-Control", "no-store")
        self.end_headers()
        for jpeg in board.pictures(given):
            head = (
                f"--{_BOUNDARY}\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            )
            self.wfile.write(head.encode() + jpeg + b"\r\n")
        self.wfile.write(f"--{_BOUNDARY}--\r\n".encode())

    def log_message(self, *_: object) -> None:
        """Say nothing of each request."""


class Served:
    """Pictures that browsers fetch.

    Attributes:
        url: of the page.
    """

    closed = False

    def __init__(self, server: _Server, host: str) -> None:
        self._board = server.board
        named = f"[{host}]" if ":" in host else host
        self.url = f"http://{named}:{server.server_address[1]}/"

    @property
    def watchers(self) -> int:
        """How many clients watch."""
        return self._board.watchers

    def show(self, image_HW3: UInt8Array, time: float) -> None:
        """Offer a picture to all who watch; who is slow gets a later one."""
        if self._board.watchers:
            bgr_HW3 = cv2.cvtColor(image_HW3, cv2.COLOR_RGB2BGR)
            _, jpeg = cv2.imencode(".jpg", bgr_HW3, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            self._board.post(jpeg.tobytes())


@contextmanager
def serving(host: str, port: int, sentences: Sequence[str]) -> Iterator[Served]:
    """Serve pictures over HTTP until the block ends: a page at ``/``, the stream beside it.

    Args:
        host: address to listen at.
        port: 0 takes a free one.
        sentences: shown on the page.

    Raises:
        UserError: the port is taken or not allowed, or the host isn't one of this machine.
    """
    if not 0 <= port < 1 << 16:
        raise UserError(f"--serve {port}: expected a port from 0 to 65535")
    page = _PAGE.format(stream=STREAM, sentences=html.escape("; ".join(sentences)))
    try:
        server = _Server((host, port), page)
    except OSError as error:
        raise UserError(
            f"--serve {port}: can't listen at {host} ({error.strerror}); name another port or host"
        ) from error
    thread = threading.Thread(target=server.serve_forever, name="http", daemon=True)
    thread.start()
    try:
        yield Served(server, host)
    finally:
        server.board.close()
        server.shutdown()
        server.server_close()
        thread.join()
