"""Serve the pain page of one assignment to one person on this machine.

Built on the standard library's ``http.server``: nothing to install before the first try, kept by Python's own maintainers, and enough
for three files and six questions that one browser asks over loopback. What it leaves out is what guards this page, and stands here:

* it listens on 127.0.0.1 only, and every address begins with a random token, so that no other user of the machine can guess one;
* ``Host`` must be this very address (a foreign name that resolves to 127.0.0.1 is turned away), and a question that changes anything
  must come from the page itself (``Origin``, ``Sec-Fetch-Site``) as JSON, which no form of another site can send;
* the browser is opened with a link that works once, since a command line can be read by every user; if somebody else was quicker,
  the second visit shuts both out, and the terminal shows a new address;
* the page may load and reach nothing but itself (Content-Security-Policy), and may not be framed.
"""

from __future__ import annotations

import json
import secrets
import socket
import sys
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from grader.errors import CourseError, GraderFault
from grader.play import view
from grader.play.book import Book
from grader.play.log import Log

HOST = "127.0.0.1"
BODY = 1 << 18  # bytes of one question
IDLE = 120.0  # seconds that a browser may keep a connection open without asking
FILES = {"": ("index.html", "text/html"), "play.css": ("play.css", "text/css"), "play.js": ("play.js", "text/javascript")}
HEADERS = {
    "Content-Security-Policy": "default-src 'none'; script-src 'self'; style-src 'self'; img-src data:; connect-src 'self'; "
    "base-uri 'none'; form-action 'none'; frame-ancestors 'none'",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}

Played = Callable[[str], dict[str, Any]]  # panel -> what her own program did there


@dataclass
class Door:
    """Who may come in: the token of every address, and the link that opens a browser once."""

    token: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    once: str = field(default_factory=lambda: secrets.token_urlsafe(24))
    used: bool = False
    lock: threading.Lock = field(default_factory=threading.Lock)

    def enter(self, given: str) -> str | None:
        """Return the token for the first visitor who knows the link; any later one has the token changed, and gets None."""
        with self.lock:
            if not secrets.compare_digest(given.encode(), self.once.encode()):
                return None
            if self.used:
                self.token = secrets.token_urlsafe(24)
                return None
            self.used = True
            return self.token


class Server(ThreadingHTTPServer):
    """One assignment's page. ``address`` is the page's own URL, ``link`` the one that a browser is opened with."""

    daemon_threads = True
    allow_reuse_address = sys.platform != "win32"  # there it would let a second program take the port

    def __init__(self, book: Book, log: Log, lang: str, played: Played, port: int = 0) -> None:
        self.book, self.log, self.lang, self.played = book, log, lang, played
        self.door = Door()
        self.busy = threading.Lock()  # her own program plays once at a time
        folder = Path(__file__).parent / "page"
        self.files = {name: ((folder / file).read_bytes(), kind) for name, (file, kind) in FILES.items()}
        self.told: Callable[[str], None] = lambda address: None  # called with the new address when the old one was shut
        try:
            super().__init__((HOST, port), Handler)
        except OSError as error:
            raise CourseError(
                f"port {port} cannot be used ({error.strerror}); leave --port out and a free one is taken",
                zh=f"端口 {port} 不能用（{error.strerror}）；去掉 --port 会自动选一个空闲端口",
            ) from None

    def server_bind(self) -> None:
        self.socket.bind(self.server_address)  # without the base class's look-up of the machine's name, which can take seconds
        self.server_address = self.socket.getsockname()
        self.server_name, self.server_port = HOST, int(self.server_address[1])

    @property
    def origin(self) -> str:
        return f"http://{HOST}:{self.server_port}"

    @property
    def address(self) -> str:
        return f"{self.origin}/{self.door.token}/"

    @property
    def link(self) -> str:
        return f"{self.origin}/once/{self.door.once}"

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Stay quiet when a browser hangs up; anything else shows in the terminal in one line, and the page lives on."""
        error = sys.exception()
        if not isinstance(error, (ConnectionError, TimeoutError)):
            sys.stderr.write(f"grade: {type(error).__name__}: {error}\n")


class Refused(Exception):
    """A question that is not answered: the status, and why."""

    def __init__(self, status: int, en: str, zh: str = "") -> None:
        super().__init__(en)
        self.status = status
        self.en, self.zh = en, zh or en


class Handler(BaseHTTPRequestHandler):
    """One browser's connection."""

    server: Server
    protocol_version = "HTTP/1.1"
    timeout = IDLE
    wbufsize = -1  # head and body leave as one packet: a second would wait for the browser to acknowledge the first
    server_version, sys_version = "grade", ""

    def setup(self) -> None:
        super().setup()
        self.connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def log_message(self, format: str, *args: Any) -> None:
        """Keep the terminal quiet; an address must not end up in a log either."""

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, work: Callable[[], None]) -> None:
        """Check where the question comes from, do *work*, and turn what goes wrong into words; the page lives on."""
        try:
            if self.headers.get("Host") not in (f"{HOST}:{self.server.server_port}", f"localhost:{self.server.server_port}"):
                raise Refused(403, "this page is for this machine only")
            work()
        except Refused as refused:
            self._refuse(refused)
        except ValueError as error:
            self._refuse(Refused(400, str(error)))
        except (CourseError, GraderFault) as error:
            self._refuse(Refused(409, error.in_language("en"), error.in_language("zh")))
        except OSError:  # the browser hung up
            raise
        except Exception as error:
            self._refuse(Refused(500, f"{type(error).__name__}: {error}"))

    def _get(self) -> None:
        if self.path.startswith("/once/"):
            self._enter(self.path.removeprefix("/once/"))
            return
        name = self._inside()
        if name == "data":
            self._json(200, view.description(self.server.book, self.server.log, self.server.lang))
        elif name == "state":
            self._json(200, view.state(self.server.book, self.server.log))
        elif name in self.server.files:
            body, kind = self.server.files[name]
            self._send(200, body, kind)
        else:
            raise Refused(404, "nothing here")

    def _post(self) -> None:
        name = self._inside()
        self._check_sender()
        answer = QUESTIONS.get(name)
        if answer is None:
            raise Refused(404, "nothing here")
        self._json(200, answer(self.server, self._body()))

    def _inside(self) -> str:
        """Return what is asked for below the token."""
        _, token, *rest = [*self.path.partition("?")[0].split("/"), ""][:4]
        if not secrets.compare_digest(token.encode(), self.server.door.token.encode()):
            raise Refused(
                403,
                "this address is not valid (any more); the terminal shows the one that is",
                "这个地址无效（或已失效），请看终端里的地址",
            )
        return rest[0]

    def _check_sender(self) -> None:
        if self.headers.get("Origin") not in (self.server.origin, f"http://localhost:{self.server.server_port}"):
            raise Refused(403, "only the page itself may ask this")
        if self.headers.get("Sec-Fetch-Site", "same-origin") != "same-origin":
            raise Refused(403, "only the page itself may ask this")
        if self.headers.get_content_type() != "application/json":
            raise Refused(415, "questions are JSON")

    def _body(self) -> dict[str, Any]:
        length = self.headers.get("Content-Length", "")
        if not length.isdecimal() or self.headers.get("Transfer-Encoding"):
            raise Refused(411, "the length is missing")
        if int(length) > BODY:
            raise Refused(413, "too long")
        try:
            body = json.loads(self.rfile.read(int(length)), parse_constant=_no_constant)
        except RecursionError:
            raise ValueError("not JSON") from None
        if not isinstance(body, dict):
            raise ValueError("a question is a JSON object")
        return body

    def _enter(self, given: str) -> None:
        first = not self.server.door.used
        token = self.server.door.enter(given)
        if token is not None:
            self._send(302, b"", "text/plain", {"Location": f"/{token}/"})
            return
        if not first and secrets.compare_digest(given.encode(), self.server.door.once.encode()):
            self.server.told(self.server.address)
        raise Refused(403, "this link has been used; the terminal shows a new address", "这个链接已经用过了，请看终端里的新地址")

    def _refuse(self, refused: Refused) -> None:
        self.close_connection = True  # what was not read of the question must not be taken for the next one
        self._json(refused.status, {"error": {"en": refused.en, "zh": refused.zh}})

    def _json(self, status: int, value: Any) -> None:
        self._send(status, json.dumps(value, ensure_ascii=False, allow_nan=False).encode(), "application/json")

    def _send(self, status: int, body: bytes, kind: str, more: dict[str, str] | None = None) -> None:
        self.send_response_only(status)
        for name, value in {**HEADERS, **(more or {}), "Content-Type": f"{kind}; charset=utf-8", "Content-Length": str(len(body))}.items():
            self.send_header(name, value)
        if self.close_connection:
            self.send_header("Connection", "close")
        self.end_headers()
        self.wfile.write(body)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a number")


def _look(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    panel = server.book.panel(body.get("panel"))
    return {"view": server.book.look(panel["id"], body.get("input"))}


def _try(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    panel, given = server.book.panel(body.get("panel")), body.get("input")
    if panel["kind"] is None:
        raise ValueError(f"nothing is recorded on the panel {panel['id']!r}")
    made = server.log.append(panel["kind"], given, server.book.evaluate(panel["kind"], given))
    shown = {**server.book.look(panel["id"], given)}
    shown["values"] = [*shown.get("values", ()), *server.book.felt(panel["id"], given)]
    return {"try": {"t": made.t, "result": made.result}, "view": shown, "state": view.state(server.book, server.log)}


def _predict(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    server.log.predict(view.answers(server.book, body.get("answers")))
    return {"state": view.state(server.book, server.log)}


def _machine(server: Server, body: dict[str, Any]) -> dict[str, Any]:
    panel = server.book.panel(body.get("panel"))
    if "machine" not in panel:
        raise ValueError(f"no program plays on the panel {panel['id']!r}")
    if server.log.prediction() is None:
        raise Refused(409, "First the question: write your prediction down.", "先回答问题，写下你的预测。")
    with server.busy:
        played = server.played(panel["id"])
    if played.get("ready"):
        played["quote"] = view.quote(panel, server.log.tries(), played)
        chart = view.history(panel, [one for one in server.log.tries() if one.kind == panel["kind"]])
        if chart is not None:
            played["history"] = {**chart, "series": [*chart["series"], *played.get("overlay", ())]}
    return played


QUESTIONS: dict[str, Callable[[Server, dict[str, Any]], dict[str, Any]]] = {
    "look": _look,
    "try": _try,
    "predict": _predict,
    "machine": _machine,
}
