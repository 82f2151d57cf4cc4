"""Videos, a camera of the network and other things that tests of ``slvp live`` need."""

import threading
import time
from fractions import Fraction
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import cv2
import numpy as np

from slvp.video import VideoWriter


def write_clip(path, frames=12, rate=10, height=48, width=80):
    noise = np.random.default_rng(0)
    with VideoWriter(path, frame_rate=Fraction(rate)) as writer:
        for _ in range(frames):
            writer.write(noise.integers(0, 256, (height, width, 3), dtype=np.uint8))
    return path


class Camera:
    """Serves MJPEG at ``url`` until told to break, and again when told to mend.

    Args:
        sizes: height and width of the pictures, one pair for each connection; then the last one.
        per_connection: pictures after which a connection is closed; None for no end.
    """

    def __init__(self, sizes=((48, 80),), per_connection=None, rate=25):
        self.sizes, self.per_connection, self.rate = list(sizes), per_connection, rate
        self.connections = self.sent = 0
        self._server = None
        self._port = 0
        self.mend()

    @property
    def url(self):
        return f"http://127.0.0.1:{self._port}/video"

    def mend(self):
        camera = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self):
                camera._serve(self)

            def log_message(self, *_):
                pass

        class Server(ThreadingHTTPServer):
            def handle_error(self, *_):
                pass

        self._broken = threading.Event()
        self._server = Server(("127.0.0.1", self._port), Handler)
        self._port = self._server.server_address[1]
        threading.Thread(target=self._server.serve_forever, daemon=True).start()

    def break_down(self):
        self._broken.set()
        self._server.shutdown()
        self._server.server_close()

    def _serve(self, handler):
        broken = self._broken
        height, width = self.sizes[min(self.connections, len(self.sizes) - 1)]
        self.connections += 1
        handler.send_response(200)
        handler.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        handler.end_headers()
        sent = 0
        while not broken.is_set() and (self.per_connection is None or sent < self.per_connection):
            image = np.full((height, width, 3), sent * 10 % 256, np.uint8)
            jpeg = cv2.imencode(".jpg", image)[1].tobytes()
            head = f"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: {len(jpeg)}\r\n\r\n"
            handler.wfile.write(head.encode() + jpeg + b"\r\n")
            sent += 1
            self.sent += 1
            time.sleep(1 / self.rate)
