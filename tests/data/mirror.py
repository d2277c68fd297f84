"""A server on this machine that answers as it is told, well or badly, in the place of a mirror."""

import socket
import ssl
import struct
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

CERTIFICATES = Path(__file__).parent / "tls"
"""``trusted.pem``, ``elsewhere.pem`` (of another host) and ``expired.pem``, each with its key."""


@dataclass
class Answer:
    """What the mirror says.

    Attributes:
        behave: in the place of all the rest.
    """

    body: bytes = b""
    status: int = 200
    headers: dict[str, str] = field(default_factory=dict)
    behave: Callable[["Handler"], None] | None = None


class Mirror(ThreadingHTTPServer):
    """Keeps the names that it was asked for."""

    daemon_threads = True

    def __init__(self, answer: Callable[[str], Answer], certificate: str | None) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.answer = answer
        self.asked: list[str] = []
        self.closing = threading.Event()
        self.scheme = "http"
        if certificate is not None:
            context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
            context.load_cert_chain(CERTIFICATES / f"{certificate}.pem")
            # Without a handshake at once, which one client could make all others wait for.
            self.socket = context.wrap_socket(
                self.socket, server_side=True, do_handshake_on_connect=False
            )
            self.scheme = "https"

    @property
    def url(self) -> str:
        return f"{self.scheme}://127.0.0.1:{self.server_port}/"

    def handle_error(self, *_: Any) -> None:
        """A client that hangs up is one of the things that are tried."""


class Handler(BaseHTTPRequestHandler):
    server: Mirror

    def do_GET(self) -> None:
        name = self.path.removeprefix("/")
        self.server.asked.append(name)
        answer = self.server.answer(name)
        if answer.behave is not None:
            answer.behave(self)
            return
        self.begin(answer)
        self.wfile.write(answer.body)

    def begin(self, answer: Answer) -> None:
        """Send all but the body."""
        self.send_response(answer.status)
        for header, value in {"Content-Length": str(len(answer.body)), **answer.headers}.items():
            self.send_header(header, value)
        self.end_headers()
        self.wfile.flush()

    def log_message(self, *_: Any) -> None:
        pass


def says(lines: bytes) -> Answer:
    """These bytes, which need not be HTTP, and no more."""

    def say(handler: Handler) -> None:
        handler.wfile.write(lines)

    return Answer(behave=say)


def stalls(body: bytes, after: int | None) -> Answer:
    """So many bytes of the body and then nothing; None: not even a header."""

    def stall(handler: Handler) -> None:
        if after is not None:
            handler.begin(Answer(body))
            handler.wfile.write(body[:after])
            handler.wfile.flush()
        handler.server.closing.wait(30)

    return Answer(behave=stall)


def drips(body: bytes, seconds: float) -> Answer:
    """The body byte by byte, with a pause after each."""

    def drip(handler: Handler) -> None:
        handler.begin(Answer(body))
        for place in range(len(body)):
            handler.wfile.write(body[place : place + 1])
            handler.wfile.flush()
            if handler.server.closing.wait(seconds):
                return

    return Answer(behave=drip)


def resets(body: bytes, after: int) -> Answer:
    """So many bytes of the body, and then the line is torn down."""

    def reset(handler: Handler) -> None:
        handler.begin(Answer(body))
        handler.wfile.write(body[:after])
        handler.wfile.flush()
        time.sleep(0.05)  # what was sent must not be torn down with it
        no_farewell = struct.pack("ii", 1, 0)
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, no_farewell)
        handler.connection.close()

    return Answer(behave=reset)


@contextmanager
def serving(answer: Callable[[str], Answer], certificate: str | None = None) -> Iterator[Mirror]:
    """A mirror that answers until the context ends."""
    server = Mirror(answer, certificate)
    threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
    try:
        yield server
    finally:
        server.closing.set()
        server.shutdown()
        server.server_close()
