"""Frames and the safe encoding: what the judge and a worker say to each other, and nothing that could execute.

A *message* is a JSON value and a list of byte strings (blobs: the raw bytes of arrays). It travels as one or more frames; a frame is a
big-endian length (its top bit says "more follows") and at most 1 MiB of payload. What the judge *tells* a worker is marshalled instead,
which is faster: the worker need not doubt it. Plain values stand for themselves; what JSON lacks is an object with one key:

===========================  ==========================================================
``{"t": [...]}``             tuple
``{"d": [[k, v], ...]}``     dict
``{"h": n, "T": "Value"}``   handle: object *n* over there, with its type's name for messages
``{"p": n}``                 promise: the result of operation *n*
``{"c": n}``                 callback *n* of the judge's
``{"r": n}``                 a program relayed by the judge (break it)
``{"a": [dtype, shape, n]}`` array: its bytes are blob *n*
===========================  ==========================================================

Both sides use this file; it imports nothing of the grader.
"""

from __future__ import annotations

import json
import marshal
import socket
import struct
from collections.abc import Callable, Sequence

TYPE_CHECKING = False  # `typing` takes longer to import than all of this file
if TYPE_CHECKING:
    from typing import Any

FRAME = 1 << 20  # bytes of payload in one frame
JSON_CAP = 1 << 20  # bytes of JSON that the judge accepts in one message
DEPTH = 32
COUNT = 200_000  # values in one message
STRING = 4096  # characters that a student's string may have
INT_BITS = 4096
MORE = 1 << 31
DTYPES = {
    "bool": 1, "int8": 1, "int16": 2, "int32": 4, "int64": 8, "uint8": 1, "uint16": 2, "uint32": 4, "uint64": 8,
    "float16": 2, "float32": 4, "float64": 8,
}  # fmt: skip


class Violation(Exception):
    """The other side broke the protocol: its connection is over."""


class Closed(Exception):
    """The other side is gone."""


class OutOfTime(Exception):
    """No complete message came before the deadline, and the waiting was in vain."""


_to_json = json.JSONEncoder(separators=(",", ":"), check_circular=False).encode  # made once: thousands of messages go through it


def pack(message: Any, blobs: Sequence[bytes] = ()) -> bytes:
    """Return the frames of one message."""
    text = _to_json(message).encode("ascii")
    head = _to_json([len(text), *map(len, blobs)]).encode("ascii") if blobs else b"[%d]" % len(text)
    return pack_bytes(b"".join((struct.pack(">I", len(head)), head, text, *blobs)))


def pack_bytes(payload: bytes) -> bytes:
    """Return the frames of one payload."""
    if len(payload) <= FRAME:
        return struct.pack(">I", len(payload)) + payload
    frames = []
    for start in range(0, len(payload), FRAME):
        chunk = payload[start : start + FRAME]
        more = MORE if start + FRAME < len(payload) else 0
        frames += [struct.pack(">I", len(chunk) | more), chunk]
    return b"".join(frames)


def unpack(payload: bytes | bytearray, *, json_cap: int) -> tuple[Any, list[bytes]]:
    """Return the message and blobs of one payload. Raises Violation for anything malformed."""
    view = memoryview(payload)
    try:
        (head_size,) = struct.unpack_from(">I", view)
        sizes = json.loads(bytes(view[4 : 4 + head_size])) if head_size <= FRAME else None
        if type(sizes) is not list or not sizes or not all(type(n) is int and n >= 0 for n in sizes):
            raise Violation("the head of a message is malformed")
        if sizes[0] > json_cap:
            raise Violation(f"a message of {sizes[0]} bytes of JSON; at most {json_cap} are read")
        if 4 + head_size + sum(sizes) != len(view):
            raise Violation("the lengths in a message lie")
        start = 4 + head_size
        message = json.loads(bytes(view[start : start + sizes[0]]))
        start += sizes[0]
        blobs = []
        for size in sizes[1:]:
            blobs.append(bytes(view[start : start + size]))
            start += size
    except (ValueError, struct.error, RecursionError) as error:
        raise Violation(f"a message is not JSON: {type(error).__name__}") from None
    return message, blobs


class Channel:
    """One end of a connection. ``receive`` caps what it reads; both calls raise Closed when the other side is gone."""

    def __init__(self, sock: socket.socket, *, cap: int = 1 << 40, json_cap: int = 1 << 40) -> None:
        self.sock = sock
        self.cap = cap
        self.json_cap = json_cap
        self.frames = 0  # both ways, for the regression guard
        self.bytes = 0
        self._buffer = bytearray()
        self._waiter: Callable[[float | None], None] | None = None
        self._patience: Callable[[float | None], None] | None = None

    def wait_with(self, waiter: Callable[[float | None], None], patience: Callable[[float | None], None] | None = None) -> None:
        """Let *waiter(deadline)* return when the socket is readable (it may do other work, and raises OutOfTime).

        With *patience(deadline)*, which does so when it is writable, the socket must not block.
        """
        self._waiter, self._patience = waiter, patience

    def send(self, message: Any, blobs: Sequence[bytes] = ()) -> None:
        """Send one message."""
        self._send(pack(message, blobs), None)

    def tell(self, message: Any, blobs: Sequence[bytes] = (), deadline: float | None = None) -> None:
        """Send one message as the judge, to a worker that hears it with ``told``. Waits until *deadline* for one that does not read."""
        self._send(pack_bytes(marshal.dumps((message, list(blobs)))), deadline)

    def _send(self, data: bytes, deadline: float | None) -> None:
        self.frames += 1
        self.bytes += len(data)
        try:
            if self._patience is None:
                self.sock.sendall(data)
                return
            view = memoryview(data)
            while view:
                try:
                    view = view[self.sock.send(view) :]
                except BlockingIOError:
                    self._patience(deadline)
        except OSError as error:
            raise Closed(str(error)) from None

    def receive(self, deadline: float | None = None) -> tuple[Any, list[bytes]]:
        """Return the next message and its blobs. Raises Closed, Violation, or OutOfTime."""
        return unpack(self.receive_bytes(deadline), json_cap=self.json_cap)

    def told(self) -> tuple[Any, Sequence[bytes]]:
        """Return what the judge tells next, and the blobs. For a worker alone: what is marshalled can be trusted from nobody else."""
        message, blobs = marshal.loads(self.receive_bytes())
        return message, blobs

    def receive_bytes(self, deadline: float | None = None) -> bytes | bytearray:
        """Return the next payload. Raises Closed, Violation, or OutOfTime."""
        payload = bytearray()
        while True:
            (word,) = struct.unpack(">I", self._exactly(4, deadline))
            size = word & ~MORE
            if size > FRAME or len(payload) + size > self.cap:
                raise Violation(f"a frame of {size} bytes after {len(payload)}; the cap is {self.cap}")
            chunk = self._exactly(size, deadline)
            self.frames += 1
            self.bytes += size + 4
            if not word & MORE:
                return payload + chunk if payload else chunk
            payload += chunk
            if size == 0:
                raise Violation("an empty frame that promises more")

    def _exactly(self, size: int, deadline: float | None) -> bytes:
        buffer = self._buffer
        while len(buffer) < size:
            if self._waiter is not None:
                self._waiter(deadline)
            try:
                chunk = self.read()
            except BlockingIOError:
                continue
            except OSError as error:
                raise Closed(str(error)) from None
            if not chunk:
                raise Closed("the connection ended")
            buffer += chunk
        result = bytes(buffer[:size])
        del buffer[:size]
        return result

    def read(self) -> bytes:
        """Return the next bytes, empty at the end."""
        return self.sock.recv(1 << 16)

    def close(self) -> None:
        self.sock.close()


def encode(value: Any, special: Callable[[Any], Any], depth: int = 0) -> Any:
    """Return *value* in JSON terms; ``special(x)`` encodes what is not plain (handles, arrays, callables) or raises."""
    kind = type(value)
    if kind is float or kind is str or kind is bool or value is None:
        return value
    if kind is int:
        if value.bit_length() > INT_BITS:
            raise ValueError(f"an integer of {value.bit_length()} bits; at most {INT_BITS} cross")
        return value
    if depth > DEPTH:
        raise ValueError(f"nested more than {DEPTH} deep")
    if kind is list:
        return [encode(item, special, depth + 1) for item in value]
    if kind is tuple:
        return {"t": [encode(item, special, depth + 1) for item in value]}
    if kind is dict:
        return {"d": [[encode(k, special, depth + 1), encode(v, special, depth + 1)] for k, v in value.items()]}
    return special(value)


class Decoder:
    """Turn JSON terms into values, with caps; ``special(tag, body)`` makes handles, arrays and callables."""

    def __init__(self, special: Callable[[str, Any], Any], *, strings: int = STRING, count: int = COUNT) -> None:
        self._special = special
        self._strings = strings
        self._count = count

    def __call__(self, term: Any) -> Any:
        self._left = self._count
        return self._decode(term, 0)

    def _decode(self, term: Any, depth: int) -> Any:
        kind = type(term)
        if kind is float or kind is bool or term is None:
            return term
        if kind is int:
            if term.bit_length() > INT_BITS:
                raise Violation("an integer too long")
            return term
        if kind is str:
            if len(term) > self._strings:
                raise Violation(f"a string of {len(term)} characters")
            return term
        if depth > DEPTH:
            raise Violation("a value nested too deep")
        self._left -= len(term)
        if self._left < 0:
            raise Violation("a value of too many parts")
        if kind is list:
            return [self._decode(item, depth + 1) for item in term]
        return self._object(term, depth)

    def _object(self, term: dict[str, Any], depth: int) -> Any:
        if not 1 <= len(term) <= 2:
            raise Violation("an unknown kind of value")
        tag = next(iter(term))
        body = term[tag]
        if tag == "t" and type(body) is list:
            self._left -= len(body)
            return tuple(self._decode(item, depth + 1) for item in body)
        if tag == "d" and type(body) is list:
            return self._dict(body, depth)
        return self._special(tag, term)

    def _dict(self, pairs: list[Any], depth: int) -> dict[Any, Any]:
        self._left -= 2 * len(pairs)
        result = {}
        for pair in pairs:
            if type(pair) is not list or len(pair) != 2:
                raise Violation("a malformed dict")
            key = self._decode(pair[0], depth + 1)
            if type(key) not in (str, int, float, bool, tuple, type(None)):
                raise Violation("a dict key that is not plain")
            try:
                result[key] = self._decode(pair[1], depth + 1)
            except TypeError:
                raise Violation("a dict key that cannot be hashed") from None
        return result


def array_parts(body: Any, blobs: Sequence[bytes]) -> tuple[str, tuple[int, ...], bytes]:
    """Check an array term against its blob; return dtype name, shape and bytes."""
    if type(body) is not list or len(body) != 3:
        raise Violation("a malformed array")
    dtype, shape, number = body
    if type(dtype) is not str or dtype not in DTYPES or type(shape) is not list or len(shape) > 8:
        raise Violation("an array of a kind that does not cross")
    size = span = DTYPES[dtype]
    for extent in shape:
        if type(extent) is not int or not 0 <= extent <= 1 << 31:
            raise Violation("an array with an impossible shape")
        size *= extent
        span *= max(1, extent)  # numpy refuses a span that does not fit, be the array as empty as it may
    if span > 1 << 62:
        raise Violation("an array with an impossible shape")
    if type(number) is not int or not 0 <= number < len(blobs) or len(blobs[number]) != size:
        raise Violation("an array whose bytes do not match its shape")
    return dtype, tuple(shape), blobs[number]
