"""What the tests of the pain pages share: a small assignment with a page, and a browser's manners without a browser."""

from __future__ import annotations

import http.client
import json
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from grader import manifest
from grader.play import book, log, server

ROOT = Path(__file__).parent.parent
COURSE = [name for name in manifest.names(ROOT) if book.has_page(ROOT / "assignments" / name)]

HANDOUT = {
    "toy/assignment.toml": """name = "toy"
title = "Toy"
submit = { module = "toy", files = ["toy.py", "pain.jsonl", "prediction.json"], given = ["pain.py"] }
stage = [{ name = "double", part = "solution", public = 20, hidden = 80 }]
""",
    "toy/toy.py": "def double(number):\n    raise NotImplementedError()\n",
    "toy/tests/test_toy.py": '''import pytest


@pytest.mark.stage("double", points=20)
def test_double(student):
    """Twice as much."""
    assert student.double(4) == 8
''',
    "toy/pain.py": """import sys

KINDS = {"square": {"en": "a square", "zh": "平方"}}
QUESTIONS = [
    {"id": "least", "en": "Where is it least?", "zh": "哪里最小？", "choices": ["0", "1"]},
    {"id": "why", "en": "Why?", "zh": "为什么？"},
]


def evaluate(kind, input):
    if kind != "square" or type(input) is not dict or type(input.get("x")) not in (int, float):
        raise ValueError("x must be a number")
    return {"y": input["x"] ** 2}


def truth(question):
    return "0" if question == "least" else None


if __name__ == "__main__":
    print("pain in the terminal", *sys.argv[1:])
""",
    "toy/page.py": """import pain

X = {"id": "x", "type": "slider", "min": -2, "max": 2, "step": 0.1, "start": 1, "label": {"en": "x", "zh": "x"}}
PAGE = {
    "title": {"en": "Toy", "zh": "玩具"},
    "panels": [
        {
            "id": "one", "kind": "square", "title": {"en": "One knob", "zh": "一个旋钮"}, "controls": [X], "record": "release",
            "best": {"path": "result.y", "label": {"en": "y", "zh": "y"}},
            "history": {"title": {"en": "y", "zh": "y"}, "series": [{"path": "result.y", "name": {"en": "you", "zh": "你"}}]},
            "machine": {"stages": ["double"], "quote": {"en": "you: {tries} tries, {best}; it: {last}", "zh": "你 {tries} 次；它 {last}"}},
        },
    ],
}


def look(panel, input):
    return {"values": [{"label": {"en": "y", "zh": "y"}, "value": pain.evaluate("square", input)["y"]}], "charts": []}


def felt(panel, input):
    return [{"label": {"en": "seconds", "zh": "秒"}, "value": 0.5}]


def machine(student, panel):
    doubled = student.value(student.double(3))
    return {"frames": [{"say": {"en": f"{doubled}", "zh": f"{doubled}"}, "view": {}}], "told": {"last": doubled}}
""",
}


class Asker:
    """One client of a page: asks as a browser would, unless told otherwise."""

    def __init__(self, address: str) -> None:
        self.origin, self.token = re.fullmatch(r"(http://[^/]+)/([^/]+)/", address).groups()
        self.host = self.origin.removeprefix("http://")

    def raw(self, method: str, path: str, body: bytes | None = None, headers: dict[str, str | None] | None = None):
        """Return (status, headers, body) of one request; a header of None is left out."""
        connection = http.client.HTTPConnection(self.host, timeout=20)
        sent = {
            "Host": self.host,
            **({"Origin": self.origin, "Content-Type": "application/json"} if method == "POST" else {}),
            **(headers or {}),
        }
        connection.putrequest(method, path, skip_host=True, skip_accept_encoding=True)
        for name, value in sent.items():
            if value is not None:
                connection.putheader(name, value)
        if body is not None and "Content-Length" not in sent:
            connection.putheader("Content-Length", str(len(body)))
        connection.endheaders(body)
        answer = connection.getresponse()
        content = answer.read()
        connection.close()
        return answer.status, dict(answer.getheaders()), content

    def get(self, name: str = ""):
        """Return (status, JSON or bytes) of a GET below the token."""
        status, headers, body = self.raw("GET", f"/{self.token}/{name}")
        return status, json.loads(body) if "json" in headers["Content-Type"] else body

    def post(self, name: str, value, headers: dict[str, str | None] | None = None):
        """Return (status, JSON) of a question below the token."""
        status, _, body = self.raw("POST", f"/{self.token}/{name}", json.dumps(value).encode(), headers)
        return status, json.loads(body)

    def attempt(self, x) -> int:
        return self.post("try", {"panel": "one", "input": {"x": x}})[0]


@contextmanager
def serving(folder: Path, played=lambda panel: {"ready": False, "why": {"en": "no", "zh": "不"}}) -> Iterator[server.Server]:
    """Serve the assignment in *folder* from a thread of this process."""
    assignment = manifest.load(folder)
    page = server.Server(book.read(assignment.name, folder), log.Log(folder), "en", played)
    thread = threading.Thread(target=page.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield page
    finally:
        page.shutdown()
        thread.join()
        page.server_close()


@contextmanager
def running(name: str, folder: Path, lang: str = "en") -> Iterator[tuple[subprocess.Popen[str], str]]:
    """Run ``grade play`` as a student does; yield the process and the page's address."""
    command = [sys.executable, "-m", "grader.cli", "play", name, "--no-browser", "--lang", lang]
    process = subprocess.Popen(command, cwd=folder, stderr=subprocess.PIPE, text=True, encoding="utf-8")
    try:
        line = process.stderr.readline()
        found = re.search(r"http://\S+", line)
        assert found, line + process.stderr.read()
        yield process, found.group()
    finally:
        process.kill()
        process.wait()
        process.stderr.close()


def rows(folder: Path) -> list[dict]:
    """Return the log's lines; every one must be JSON."""
    path = folder / "pain.jsonl"
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()] if path.exists() else []
