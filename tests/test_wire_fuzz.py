"""A worker may send anything: the judge answers with a value or with the worker's end, within its time and its memory."""

from __future__ import annotations

import json
import math
import os
import socket
import struct
import threading
import time
import tracemalloc
from collections.abc import Callable
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from grader import wire
from grader.student.errors import StudentError, WorkerGone, WorkerLate
from grader.student.line import Budget, Output, Program, Worker
from grader.student.proxy import Proxy
from grader.student.session import Session

EXAMPLES = 600 if os.environ.get("GRADE_TEST_ALL") == "1" else 80
PLAIN = (float, int, str, bool, type(None))


class Control:
    """The far end's process: there is none to end here."""

    def __init__(self) -> None:
        self.ended = 0
        self.waited = 0.0

    def ready(self) -> int:
        return 0

    def spent(self) -> dict[str, float]:
        return {}

    def end(self, grace: float = 0.0) -> int:
        self.ended += 1
        return 9

    def drop(self, then: Callable[[], None], soon: bool = False) -> None:
        self.ended += 1
        then()


class Far:
    """The other end of a worker's socket: sends what it is told, whatever it is asked, then hangs up (or does not)."""

    def __init__(self, chunks: list[tuple[bytes, float]], *, hang_up: bool = True, seconds: float = 0.5, cap: int = 1) -> None:
        ours, self._sock = socket.socketpair()
        reading, writing = os.pipe()
        os.close(writing)
        self.control = Control()
        self.worker = Worker(ours, Output(reading, 1), self.control, Budget(seconds=seconds, cap=cap))  # type: ignore[arg-type]
        self.session = Session(self.worker)
        self._thread = threading.Thread(target=self._send, args=(chunks, hang_up), daemon=True)
        self._thread.start()

    def _send(self, chunks: list[tuple[bytes, float]], hang_up: bool) -> None:
        try:
            for data, pause in chunks:
                self._sock.sendall(data)
                time.sleep(pause)
            if hang_up:
                self._sock.shutdown(socket.SHUT_WR)
        except OSError:
            return

    def close(self) -> None:
        self.worker.close()
        self._sock.close()
        self._thread.join(5)


def framed(text: bytes, blobs: tuple[bytes, ...] = (), sizes: list[Any] | None = None) -> bytes:
    """Frame a message whose JSON is *text*, honestly unless *sizes* say otherwise."""
    head = json.dumps([len(text), *map(len, blobs)] if sizes is None else sizes).encode()
    payload = struct.pack(">I", len(head)) + head + text + b"".join(blobs)
    return b"".join(
        struct.pack(">I", len(payload[at : at + wire.FRAME]) | (wire.MORE if at + wire.FRAME < len(payload) else 0))
        + payload[at : at + wire.FRAME]
        for at in range(0, len(payload), wire.FRAME)
    )


def is_plain(value: Any, depth: int = 0) -> bool:
    """Exactly the types that may cross, all the way down; no subclass of any."""
    kind = type(value)
    if kind in PLAIN or kind is Proxy:
        return True
    if kind in (list, tuple):
        return depth <= wire.DEPTH + 1 and all(is_plain(item, depth + 1) for item in value)
    if kind is dict:
        return all(is_plain(key, depth + 1) and is_plain(item, depth + 1) for key, item in value.items())
    return kind.__module__ == "numpy" and kind.__name__ == "ndarray" and value.dtype.name in wire.DTYPES


def talk(session: Session) -> list[Any]:
    """Do what a check does: operators, calls with a list and a callback, arrays, identities; return the values."""
    got = [session.value(session.get(0, "x")), session.identity(session.get(0, "y"))]
    got.append(session.call(0, [[1.0, 2.0], lambda *args: args[0] if args else 1.0], {}))
    got += session.values([session.get(0, "a"), session.get(0, "b")])
    got.append(session.value(session.get(0, "z"), "arrays"))
    session.flush()
    return got


def outcome(far: Far) -> list[Any]:
    """Talk until something ends it; only a student's exception and the worker's end may."""
    seen: list[Any] = []
    try:
        for _ in range(20):
            try:
                seen += talk(far.session)
            except StudentError:
                continue
            except (SystemExit, KeyboardInterrupt, GeneratorExit):
                pytest.fail("an exception that ends the judge")
    except WorkerGone:
        _stays_gone(far)
    far.close()
    return seen


def _stays_gone(far: Far) -> None:
    """Once ended, a worker is ended: its process is, and every further question says so."""
    assert far.worker.gone is not None
    assert far.control.ended > 0
    with pytest.raises(WorkerGone):
        far.session.value(Proxy(far.session, 1))


def _ask_often(far: Far, times: int) -> None:
    for _ in range(times):
        far.session.value(far.session.get(0, "x"))


SCALARS = st.one_of(
    st.none(), st.booleans(), st.integers(-(1 << 70), 1 << 70), st.floats(), st.text(max_size=20), st.sampled_from(["v", "e", "r", "plain"])
)
TAGS = st.sampled_from(["t", "d", "h", "p", "c", "r", "a", "T", "v", "e", "call", "relay", "args", "kwargs", "on", "ops", "ret"])
TERMS = st.recursive(SCALARS, lambda inner: st.one_of(st.lists(inner, max_size=5), st.dictionaries(TAGS, inner, max_size=3)), max_leaves=20)
REPLIES = st.one_of(
    TERMS,
    st.builds(lambda value: {"v": value}, TERMS),
    st.builds(lambda value, back: {"v": value, "r": back}, TERMS, TERMS),
    st.builds(lambda error: {"e": error}, TERMS),
    st.builds(
        lambda a, b: {"e": [a, b, "", ["f", 1], ["TypeError", "SystemExit", "KeyboardInterrupt"]]}, st.text(max_size=9), st.text(max_size=9)
    ),
    st.builds(lambda n, args, named: {"call": n, "args": args, "kwargs": named}, TERMS, TERMS, TERMS),
    st.builds(lambda n, args: {"call": n, "args": [args], "kwargs": {}}, st.integers(-1, 2), TERMS),
    st.builds(lambda verb, n, args: {"relay": verb, "on": n, "args": [args], "kwargs": {}}, TERMS, TERMS, TERMS),
    st.builds(lambda *parts: {"v": {"a": list(parts)}}, st.sampled_from([*wire.DTYPES, "object"]), TERMS, st.integers(-1, 2)),
)
BLOBS = st.lists(st.binary(max_size=64), max_size=2).map(tuple)
MESSAGES = st.builds(lambda reply, blobs: framed(json.dumps(reply).encode(), blobs), REPLIES, BLOBS)
LYING = st.builds(
    lambda reply, sizes: framed(json.dumps(reply).encode(), (), sizes), REPLIES, st.lists(st.integers(-5, 1 << 40), max_size=3)
)
BYTES = st.binary(max_size=200)
CUT = st.builds(lambda data, at: data[: at % (len(data) + 1)], MESSAGES, st.integers(0, 1 << 20))
STREAMS = st.lists(
    st.tuples(st.one_of(MESSAGES, MESSAGES, MESSAGES, LYING, BYTES, CUT), st.sampled_from([0.0, 0.0, 0.0, 0.01])), max_size=12
)


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(STREAMS)
def test_whatever_comes_is_a_value_or_the_workers_end(chunks):
    """Arbitrary bytes, wrong ids, lying lengths, calls that nobody offered: nothing else is ever raised, and values are plain."""
    started = time.monotonic()
    values = outcome(Far(chunks))
    assert all(map(is_plain, values))
    assert time.monotonic() - started < 20


@settings(max_examples=EXAMPLES, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(REPLIES, max_size=6))
def test_well_formed_frames_with_any_content_are_handled(replies):
    """The frame is right and what it says is anything JSON can say."""
    values = outcome(Far([(framed(json.dumps(reply).encode()), 0.0) for reply in replies]))
    assert all(map(is_plain, values))


HUGE = {
    "deep": framed(b'{"v":' + b"[" * 200_000 + b"]" * 200_000 + b"}"),
    "wide": framed(b'{"v":[' + b"1," * 400_000 + b"1]}"),
    "many-empty": framed(b'{"v":[' + b"[]," * 300_000 + b"[]]}"),
    "long-number": framed(b'{"v":' + b"9" * 900_000 + b"}"),
    "long-string": framed(b'{"v":"' + b"x" * 900_000 + b'"}'),
    "long-escape": framed(b'{"v":"' + b"\\ud800" * 150_000 + b'"}'),
    "not-utf8": framed(b'{"v":"\xff\xfe"}'),
    "nothing": framed(b""),
    "frame-too-long": struct.pack(">I", 0x7FFFFFFF) + b"x" * 5000,
    "no-end": (struct.pack(">I", wire.MORE | wire.FRAME) + bytes(wire.FRAME)) * 4,
    "empty-for-ever": struct.pack(">I", wire.MORE) * 50_000,
    "array-that-lies": framed(b'{"v":{"a":["float64",[1073741824,1073741824],0]}}', (b"x" * 8,)),
    "array-of-nothing": framed(b'{"v":{"a":["float64",[0,2147483648,2147483648],0]}}', (b"",)),
    "many-names": framed(b'{"v":{"d":[' + b'["x",1],' * 90_000 + b'["x",1]]}}'),
    "unhashable": framed(b'{"v":{"d":[[[1],1]]}}'),
    "huge-handle": framed(b'{"v":{"h":' + b"9" * 4000 + b"}}"),
}


@pytest.mark.parametrize("name", HUGE)
def test_deep_huge_and_endless_answers_end_the_worker_or_are_values(name):
    """Each is refused or read within the memory that the caps allow: the judge's own budget, measured."""
    tracemalloc.start()
    try:
        far = Far([(HUGE[name], 0.0)], seconds=60.0)
        values = outcome(far)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert all(map(is_plain, values))
    assert peak < 64 << 20


def test_a_slow_drip_ends_at_the_checks_limit():
    """One byte now and then is no progress: the limit is the check's, not the frame's."""
    far = Far([(struct.pack(">I", 1000), 0.0), *[(b" ", 0.05)] * 200], seconds=0.4)
    started = time.monotonic()
    with pytest.raises(WorkerLate):
        far.session.value(far.session.get(0, "x"))
    assert time.monotonic() - started < 4.0  # 0.4 s, and patience with a busy machine
    far.close()


def test_a_worker_that_never_reads_is_not_waited_for():
    """A question that it does not take ends it at the limit too."""
    far = Far([], hang_up=False, seconds=0.3)
    started = time.monotonic()
    with pytest.raises(WorkerGone):
        far.session.call(0, [[0.5] * 190_000], {})
    assert time.monotonic() - started < 10.0
    far.close()


def test_what_a_check_keeps_of_large_answers_stays_small():
    """Hundreds of answers of the largest size cost the judge no more than one: a trace keeps their ends only."""
    answer = framed(b'{"v":[' + b"0.5," * 20_000 + b"0.5]}")
    far = Far([(answer, 0.0)] * 40, seconds=600.0)
    tracemalloc.start()
    try:
        _ask_often(far, 40)
        kept, _ = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    far.close()
    assert len(far.session.trace) == 40
    assert kept < 4 << 20  # one answer, decoded, is about 1 MiB


def test_reading_large_answers_is_the_programs_own_time():
    """Who answers with a megabyte to every question runs into the limit, as by any other slowness."""
    answer = framed(b'{"v":[' + b"0.5," * 150_000 + b"0.5]}")
    far = Far([(answer, 0.0)] * 400, seconds=0.5)
    with pytest.raises(WorkerLate):
        _ask_often(far, 400)
    far.close()


def test_floats_cross_exactly():
    """What is honest is not harmed by all this: every float arrives bit by bit, NaN and infinities too."""
    numbers = [0.1, -0.0, 5e-324, 1.7976931348623157e308, math.inf, -math.inf, math.nan]
    far = Far([(framed(json.dumps({"v": numbers}).encode()), 0.0)], seconds=5.0)
    got = far.session.value(far.session.get(0, "x"))
    far.close()
    values = got._value if isinstance(got, Proxy) else got
    assert [struct.pack(">d", value) for value in values] == [struct.pack(">d", value) for value in numbers]


GREETING = framed(json.dumps({"v": {"names": ["x"], "layers": []}}).encode())
CODE = b'{"code":true}'


def greeted(chunks: list[bytes], *, asked: bool, cap: int = 8) -> tuple[bytes | None, str]:
    """Return what was kept as code and how the greeting ended."""
    far = Far([(chunk, 0.0) for chunk in chunks], cap=cap)
    program = Program({"p.py": b""}, "p")
    if asked:
        far.worker.load(program)
    try:
        names = ",".join(sorted(far.worker.names()))
        return program.code, names
    except WorkerGone as error:
        return program.code, str(error)
    finally:
        far.close()


def test_compiled_code_is_kept_once_and_only_where_it_was_asked_for() -> None:
    """The worker's first message may be the code; a second one, or one that nobody asked for, breaks the protocol."""
    code = framed(CODE, (b"abc",))
    far = Far([(code, 0.0), (GREETING, 0.0)])
    program = Program({"p.py": b""}, "p")
    far.worker.load(program)
    assert (far.worker.names(), program.code) == ({"x"}, b"abc")
    far.close()
    assert greeted([GREETING], asked=True) == (None, "x")
    for chunks, asked in (([code, code, GREETING], True), ([code, GREETING], False)):
        assert "greeting" in greeted(chunks, asked=asked)[1]


def test_code_that_is_too_long_or_not_one_piece_is_not_kept() -> None:
    """The kit's memory is not hers: beyond 4 MiB, or in several pieces, the next worker compiles anew."""
    for blobs in ((b"x" * ((4 << 20) + 1),), (b"a", b"b"), ()):
        far = Far([(framed(CODE, blobs), 0.0), (GREETING, 0.0)], cap=8)
        program = Program({"p.py": b""}, "p")
        far.worker.load(program)
        assert (far.worker.names(), program.code) == ({"x"}, None)
        far.close()
