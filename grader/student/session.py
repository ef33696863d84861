"""One check's conversation with one worker: queue operations, ask for values, answer callbacks, keep the trace."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Protocol

from grader import wire
from grader.errors import SuiteError
from grader.student.errors import StudentError, WorkerGone, student_error_class
from grader.student.proxy import Proxy
from grader.student.trace import kept

NESTING = 8
AHEAD = 256  # operations that the worker begins with while the suite still says what comes next
QUEUE = 2000  # operations without an answer at most: bounds what the two sides hold
TRACE = 4000  # values kept for the tutor


class Line(Protocol):
    """What a session needs of the process behind it (student/process.py)."""

    channel: wire.Channel
    used: float  # seconds of its budget

    def exchange(self, message: Any, blobs: Sequence[bytes] = ()) -> tuple[Any, list[bytes]]: ...

    def tell(self, message: Any) -> None: ...

    def violated(self, why: str) -> WorkerGone: ...


class Session:
    """Promises and values of one worker. After a failure of the worker every further question raises the same again."""

    def __init__(self, line: Line) -> None:
        self._line = line
        self._queue: list[Any] = []
        self._sent = 0  # operations sent ahead, whose answer is due
        self._next = 1
        self._depth = 0
        self._functions: list[Callable[..., Any]] = []
        self._blobs: list[bytes] = []
        self._blobs_in: list[bytes] = []
        self._must_call_now = False
        self._decode = wire.Decoder(self._special_in)
        self._callback_error: BaseException | None = None
        self.relay: Callable[[str, int, tuple[Any, ...], dict[str, Any]], Any] | None = None
        self.trace: list[Any] = []
        self.busy = False  # in the middle of a question
        self.error: StudentError | None = None  # the last one seen, for the report

    # operations, all promises

    def op(self, kind: str, *rest: Any) -> Proxy:
        """Queue an operation that has a result; return its promise."""
        number = self._next
        self._next = number + 1
        queue = self._queue
        queue.append((kind, number, *rest))
        if len(queue) >= AHEAD:
            self._long()
        return Proxy(self, number)

    def _push(self, op: tuple[Any, ...]) -> None:
        self._queue.append(op)
        if len(self._queue) >= AHEAD:
            self._long()

    def operator(self, sign: str, *operands: Any) -> Any:
        """Apply an operator over there."""
        terms = [self._term(operand) for operand in operands]
        self._must_call_now = False
        return self.op("o", sign, terms)

    def get(self, number: int, name: str) -> Proxy:
        mine = self._next  # as op does it, once more: half of what a check asks for is an attribute
        self._next = mine + 1
        queue = self._queue
        queue.append(("g", mine, number, name))
        if len(queue) >= AHEAD:
            self._long()
        return Proxy(self, mine)

    def set(self, number: int, name: str, value: Any) -> None:
        term = self._term(value)
        self._must_call_now = False
        self._push(("s", number, name, term))

    def delete(self, number: int, name: str) -> None:
        self._push(("x", number, name))

    def item(self, number: int, key: Any) -> Proxy:
        return self.op("i", number, self._term(key))

    def set_item(self, number: int, key: Any, value: Any) -> None:
        self._push(("I", number, self._term(key), self._term(value)))
        self._must_call_now = False

    def tensor(self, values: Any, dtype: str, device: str, requires_grad: bool) -> Proxy:
        term = self._term(values)
        self._must_call_now = False
        result = self.op("t", term, dtype, device, requires_grad)
        if self._blobs:
            self._ask(None)
        return result

    def call(self, number: int, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        """Call over there: a promise, unless an argument could be changed or called back."""
        terms = [self._term(arg) for arg in args] if args else ()
        named = {name: self._term(value) for name, value in kwargs.items()} if kwargs else kwargs
        if not self._must_call_now:
            queue, mine = self._queue, self._next
            if number == mine - 1 and queue and queue[-1][0] == "g":  # a method that was asked for just now: both in one
                _, _, target, name = queue[-1]
                queue[-1] = ("m", mine, target, name, terms, named)
                self._next = mine + 1
                return Proxy(self, mine)
            return self.op("c", number, terms, named)
        self._must_call_now = False
        result = Proxy(self, self._next)
        self._next += 1
        self._queue.append(("C", result._number, number, terms, named))  # with its question, whose answer says what it changed
        reply = self._ask(["plain", result._number])
        settled = self._settle(result, reply)
        for target, value in [(self._target(pair, args, kwargs), self._decoded(pair[1])) for pair in reply.get("r") or ()]:
            self._witness("restored", value)
            self._restore(target, value)
        return settled

    def _target(self, pair: Any, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        if type(pair) is list and len(pair) == 2:
            key = pair[0]
            if type(key) is int and 0 <= key < len(args):
                return args[key]
            if type(key) is str and key in kwargs:
                return kwargs[key]
        raise self._line.violated("an argument restored that was never passed")

    # values

    def value(self, proxy: Proxy, mode: str = "plain") -> Any:
        """Return the plain value behind *proxy*; an object stays a Proxy with ``_type`` set."""
        return self._settle(proxy, self._ask([mode, proxy._number]))

    def values(self, proxies: Sequence[Proxy]) -> list[Any]:
        """Return the plain values of many promises, asked for in one message; objects stay handles."""
        reply = self._ask(["many", [proxy._number for proxy in proxies]])
        terms = reply["v"]
        if type(terms) is not list or len(terms) != len(proxies):
            raise self._line.violated("another number of answers than of questions")
        return [self._settle(proxy, {"v": term}) for proxy, term in zip(proxies, terms, strict=True)]

    def identity(self, proxy: Proxy) -> int:
        answer = self._ask(["identity", proxy._number])["v"]
        if type(answer) is not int:
            raise self._line.violated("an identity that is not a number")
        return answer

    def flush(self) -> None:
        """Run what is queued; raise what it raises."""
        if self._queue or self._sent:
            self._ask(None)

    def _long(self) -> None:
        """Let the worker begin with what is queued, or wait for it if it has much to do. What it raises is told with the next answer."""
        if self._blobs:
            return
        alone = not self._depth and not self._functions and self.relay is None  # else it might ask us something before it is asked
        if alone and self._sent < QUEUE:
            queue, self._queue = self._queue, []
            self._sent += len(queue)
            self.busy = True
            self._line.tell({"ops": queue})
        elif self._sent or len(self._queue) >= QUEUE:
            self._ask(None)

    def _settle(self, proxy: Proxy, reply: dict[str, Any]) -> Any:
        value = self._decoded(reply["v"])
        self._witness("value", value)
        if isinstance(value, Proxy):
            proxy._type = value._type
            return proxy
        proxy._value = value
        return value

    def _witness(self, kind: str, value: Any) -> None:
        if len(self.trace) < TRACE:
            started = time.perf_counter()
            self.trace.append((kind, None if kind == "called" else kept(value)))
            self._charge(started)

    def _charge(self, started: float) -> None:
        """Reading a huge answer is her time, not ours: else she could stretch a check by what she sends."""
        spent = time.perf_counter() - started
        if spent > 0.002:
            self._line.used += spent

    def _ask(self, ask: Any) -> dict[str, Any]:
        """Send the queue, serve callbacks until the reply comes, return it. Raises StudentError or WorkerGone."""
        message = {"ops": self._queue, "ask": ask}
        blobs = self._blobs
        self._queue, self._blobs, self._sent = [], [], 0
        self.busy = True
        reply, self._blobs_in = self._line.exchange(message, blobs)
        while True:
            if type(reply) is not dict:
                raise self._line.violated("a reply that is not an object")
            if "call" in reply or "relay" in reply:
                answer = self._answer(reply)
                blobs, self._blobs = self._blobs, []
                reply, self._blobs_in = self._line.exchange(answer, blobs)
                continue
            self.busy = self._depth > 0
            if "e" in reply:
                raise self._student_error(reply["e"])
            if "v" not in reply or type(reply.get("r") or []) is not list:
                raise self._line.violated("a reply without a value")
            return reply

    def _student_error(self, described: Any) -> BaseException:
        original, self._callback_error = self._callback_error, None
        error = student_error(described, self._line)
        self.error = error
        self._witness("raised", error.type_name)
        if original is not None and error.type_name == "RuntimeError" and error.message == _callback_text(original):
            return original
        return error

    # callbacks

    def _answer(self, request: dict[str, Any]) -> dict[str, Any]:
        if self._depth >= NESTING:
            raise self._line.violated(f"callbacks nested more than {NESTING} deep")
        self._depth += 1
        try:
            args, kwargs = self._arguments(request)
            result = self._called(request, args, kwargs)
            self.flush()
            term = self._term(result)
            self._must_call_now = False
            return {"ret": term}
        except WorkerGone:
            raise
        except StudentError as error:
            return {"raise": [error.type_name, error.message]}
        except Exception as error:
            self._callback_error = error
            return {"raise": ["RuntimeError", _callback_text(error)]}
        finally:
            self._depth -= 1

    def _arguments(self, request: dict[str, Any]) -> tuple[tuple[Any, ...], dict[str, Any]]:
        args, kwargs = request.get("args"), request.get("kwargs")
        if type(args) is not list or type(kwargs) is not dict:
            raise self._line.violated("a call without arguments")
        values = tuple(self._decoded(args))
        named = dict(zip(kwargs, self._decoded(list(kwargs.values())), strict=True))
        self._witness("called", values)
        return values, named

    def _called(self, request: dict[str, Any], args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if "relay" in request:
            if self.relay is None or type(request["relay"]) is not str or type(request.get("on")) is not int:
                raise self._line.violated("a relay that nobody offered")
            return self.relay(request["relay"], request["on"], args, kwargs)
        number = request["call"]
        if type(number) is not int or not 0 <= number < len(self._functions):
            raise self._line.violated("a call of a function that was never sent")
        return self._functions[number](*args, **kwargs)

    # values out and in

    def _term(self, value: Any) -> Any:
        kind = type(value)
        if kind is Proxy and value._session is self:
            return {"p": value._number}
        if kind is float or kind is str:
            return value
        if kind is list or kind is dict:
            self._must_call_now = True
        try:
            return wire.encode(value, self._special_out)
        except ValueError as error:
            raise SuiteError(f"this argument cannot cross: {error}") from None

    def _foreign(self, value: Proxy) -> Any:
        raise SuiteError("a handle of one program was given to another")

    def _special_out(self, value: Any) -> Any:
        if isinstance(value, Proxy):
            return {"p": value._number} if value._session is self else self._foreign(value)
        if isinstance(value, Relayed):
            return {"r": value.number}
        kind = type(value)
        if kind.__module__ == "numpy":
            return self._array_out(value)
        if callable(value) and not isinstance(value, type):
            self._must_call_now = True
            if value not in self._functions:
                self._functions.append(value)
            return {"c": self._functions.index(value)}
        raise SuiteError(f"a {kind.__name__} cannot cross to the student's program; see docs/BOUNDARY.md")

    def _array_out(self, value: Any) -> Any:
        if getattr(value, "ndim", None) == 0 or value.dtype.name not in wire.DTYPES:
            return wire.encode(value.item(), self._special_out) if value.ndim == 0 else self._refuse_dtype(value)
        self._must_call_now = True
        self._blobs.append(value.tobytes())
        return {"a": [value.dtype.name, list(value.shape), len(self._blobs) - 1]}

    def _refuse_dtype(self, value: Any) -> Any:
        raise SuiteError(f"an array of dtype {value.dtype.name} cannot cross")

    def _decoded(self, term: Any) -> Any:
        started = time.perf_counter()
        try:
            return self._decode(term)
        except wire.Violation as error:
            raise self._line.violated(str(error)) from None
        finally:
            self._charge(started)

    def _special_in(self, tag: str, term: dict[str, Any]) -> Any:
        body = term[tag]
        if tag == "h" and type(body) is int and abs(body) < 1 << 53:
            name = term.get("T")
            proxy = Proxy(self, body)
            proxy._type = name if type(name) is str and len(name) <= 80 and name.isprintable() else "object"
            return proxy
        if tag == "a":
            import numpy

            dtype, shape, raw = wire.array_parts(body, self._blobs_in)
            return numpy.frombuffer(bytearray(raw), dtype=dtype).reshape(shape)
        if tag == "r" and type(body) is int and self.relay is not None:
            return Relayed(body)
        raise wire.Violation("an unknown kind of value")

    def _restore(self, target: Any, value: Any) -> None:
        """Bring what the student changed in an argument back into the suite's own object, in place."""
        if type(target) is list and type(value) is list:
            if len(target) == len(value):
                for index, (old, new) in enumerate(zip(target, value, strict=True)):
                    target[index] = self._restored(old, new)
            else:
                target[:] = value
        elif type(target) is dict and type(value) is dict:
            merged = {key: self._restored(target.get(key), new) for key, new in value.items()}
            target.clear()
            target.update(merged)
        elif type(target) is tuple and type(value) is tuple:
            for old, new in zip(target, value, strict=False):
                self._restored(old, new)
        elif type(target).__name__ == "ndarray" and getattr(value, "shape", None) == target.shape:
            target[...] = value

    def _restored(self, old: Any, new: Any) -> Any:
        if type(old) is type(new) and type(old) in (list, dict):
            self._restore(old, new)
            return old
        if isinstance(new, Proxy) and isinstance(old, Proxy):
            return old if self.identity(old) == new._number else new
        return new


class Relayed:
    """A handle of the program under her tests, as it travels through her own worker."""

    __slots__ = ("number",)

    def __init__(self, number: int) -> None:
        self.number = number


def student_error(described: Any, line: Line) -> StudentError:
    """Build the exception that *described* tells of. Anything malformed is a violation."""
    if type(described) is not list or len(described) != 5:
        raise line.violated("a malformed exception")
    name, message, trace, where, bases = described
    texts_fit = all(type(text) is str and len(text) <= cap for text, cap in ((name, 80), (message, 2000), (trace, 4000)))
    where_fits = type(where) is list and len(where) == 2 and type(where[0]) is str and len(where[0]) <= 200 and type(where[1]) is int
    if not (texts_fit and where_fits and type(bases) is list and all(type(base) is str for base in bases)):
        raise line.violated("a malformed exception")
    kind = student_error_class(tuple(bases[:8]))
    return kind(name, message, trace, (where[0], where[1]))


def _callback_text(error: BaseException) -> str:
    return f"{type(error).__name__}: {error}"[:1500]
