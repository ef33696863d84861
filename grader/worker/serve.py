"""The student's side of the boundary: load her module, do what the judge asks, answer in plain values.

Nothing here is trusted by the judge: whoever rewrites it can only send other values, or break the protocol.
"""

from __future__ import annotations

import gc
import math
import operator
import os
import socket
import sys
from _thread import get_ident  # `threading` would run its own clean-up in every fork
from collections.abc import Callable, Mapping, Sequence
from types import ModuleType

from grader import wire
from grader.worker import load
from grader.worker.load import text

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

OPERATORS: dict[str, Callable[..., Any]] = {
    "+": operator.add, "-": operator.sub, "*": operator.mul, "/": operator.truediv, "//": operator.floordiv, "%": operator.mod,
    "**": operator.pow, "@": operator.matmul, "&": operator.and_, "|": operator.or_, "^": operator.xor,
    "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
    "neg": operator.neg, "pos": operator.pos, "abs": operator.abs, "not": operator.invert,
    "float": float, "int": int, "bool": bool, "len": len, "str": str, "round": round,
}  # fmt: skip
LIST_CAP = 100_000
UNSEALED = 70  # the exit status of a worker that could not be made
_PLAIN = (float, int, str, bool, type(None), list, tuple, dict)


class Remote:
    """What her ``break_it`` tests see as ``student``: a program in yet another worker, relayed by the judge."""

    def __init__(self, served: Served, number: int) -> None:
        object.__setattr__(self, "_served", served)
        object.__setattr__(self, "_number", number)

    def _ask(self, kind: str, *args: Any, **kwargs: Any) -> Any:
        return object.__getattribute__(self, "_served").relay(kind, object.__getattribute__(self, "_number"), args, kwargs)

    def __getattr__(self, name: str) -> Any:
        return self._ask("get", name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._ask("set", name, value)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._ask("call", *args, **kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._ask("item", key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._ask("setitem", key, value)

    def __len__(self) -> int:
        return int(self._ask("builtin", "len"))

    def __float__(self) -> float:
        return float(self._ask("builtin", "float"))

    def __int__(self) -> int:
        return int(self._ask("builtin", "int"))

    def __bool__(self) -> bool:
        return bool(self._ask("builtin", "bool"))

    def __iter__(self) -> Any:
        return iter(self._ask("list"))

    def __eq__(self, other: object) -> bool:
        return self is other or (isinstance(other, Remote) and self._ask("identity") == other._ask("identity"))

    def __hash__(self) -> int:
        return hash(self._ask("identity"))


def _binary(sign: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: self._ask("operator", sign, other, False)


def _reflected(sign: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: self._ask("operator", sign, other, True)


def _unary(sign: str) -> Callable[[Any], Any]:
    return lambda self: self._ask("builtin", sign)


for _name, _sign in {"add": "+", "sub": "-", "mul": "*", "truediv": "/", "pow": "**", "matmul": "@", "floordiv": "//", "mod": "%"}.items():
    setattr(Remote, f"__{_name}__", _binary(_sign))
    setattr(Remote, f"__r{_name}__", _reflected(_sign))
for _name, _sign in {"lt": "<", "le": "<=", "gt": ">", "ge": ">="}.items():
    setattr(Remote, f"__{_name}__", _binary(_sign))
for _name in ("neg", "pos", "abs", "round"):
    setattr(Remote, f"__{_name}__", _unary(_name))


class Served:
    """One module, served over one channel until the judge hangs up."""

    def __init__(self, channel: wire.Channel, files: Mapping[str, bytes]) -> None:
        self._channel = channel
        self._files = files
        self._objects: dict[int, Any] = {}
        self._numbers: dict[int, int] = {}
        self._next = -1
        self._thread = get_ident()
        self._blobs_in: Sequence[bytes] = ()
        self._blobs_out: list[bytes] = []
        self._failed: dict[str, Any] | None = None  # what was raised by operations that were sent ahead
        self._arrays = False
        self._decode = wire.Decoder(self._special_in, strings=1 << 26, count=1 << 26)

    def serve(self, module: Any) -> bool:
        """Answer batches until the channel closes; True if the judge wants the program afresh."""
        self._objects[0] = module
        try:
            while True:
                message, self._blobs_in = self._channel.told()
                if "renew" in message:
                    return True
                self._answer(message)
        except wire.Closed:
            return False

    def _answer(self, message: Any) -> None:
        """Do what *message* says. Without an ``ask`` the judge does not wait: it hears with its next question if something was raised."""
        self._blobs_out = []
        reply, self._failed = self._failed or self._tried(message), None
        if "ask" not in message:
            self._failed = reply if "e" in reply else None
            return
        _flush()
        self._channel.send(reply, self._blobs_out)

    def _tried(self, message: Any) -> dict[str, Any]:
        try:
            return self._batch(message["ops"], message.get("ask"))
        except wire.Closed:
            raise
        except BaseException as error:
            self._blobs_out = []
            return {"e": describe(error, self._files)}

    def _batch(self, ops: Sequence[Sequence[Any]], ask: Sequence[Any] | None) -> dict[str, Any]:
        reply: dict[str, Any] = {}
        objects, value = self._objects, self._value
        for op in ops:
            kind = op[0]
            if kind == "m":  # the commonest by far: a method, found and called
                _, number, target, name, terms, named = op
                method = objects[number - 1] = getattr(objects[target], name)
                if terms or named:
                    objects[number] = method(*map(value, terms), **{k: value(v) for k, v in named.items()} if named else named)
                else:
                    objects[number] = method()
            elif (restored := self._do(op)) is not None:
                reply["r"] = restored
        if ask is None:
            reply["v"] = None
        elif ask[0] == "identity":
            reply["v"] = self._number(self._objects[ask[1]])
        elif ask[0] == "many":
            reply["v"] = [self._encode(self._objects[number]) for number in ask[1]]
        else:
            value = self._objects[ask[1]]
            array = _as_array(value) if ask[0] == "arrays" else None
            reply["v"] = self._encode(value) if array is None else self._array(array)
        return reply

    def _do(self, op: Sequence[Any]) -> Any:
        kind = op[0]
        objects, value = self._objects, self._value
        if kind == "c":
            named = {k: value(v) for k, v in op[4].items()} if op[4] else {}
            objects[op[1]] = objects[op[2]](*map(value, op[3]), **named)
        elif kind == "g":
            objects[op[1]] = getattr(objects[op[2]], op[3])
        elif kind == "o":
            objects[op[1]] = OPERATORS[op[2]](*map(value, op[3]))
        elif kind == "C":
            return self._call_and_restore(op)
        elif kind == "s":
            setattr(objects[op[1]], op[2], value(op[3]))
        elif kind == "x":
            delattr(objects[op[1]], op[2])
        elif kind == "i":
            objects[op[1]] = objects[op[2]][value(op[3])]
        elif kind == "I":
            objects[op[1]][value(op[2])] = value(op[3])
        elif kind == "l":
            objects[op[1]] = _limited(objects[op[2]])
        elif kind == "t":
            objects[op[1]] = self._tensor(*op[2:])
        else:
            raise wire.Violation(f"unknown operation {kind!r}")
        return None

    def _call_and_restore(self, op: Sequence[Any]) -> Any:
        """Call, then return every argument that was changed, as ``[position or name, new value]`` pairs."""
        args = [self._value(term) for term in op[3]]
        kwargs = {key: self._value(term) for key, term in op[4].items()}
        items = [*enumerate(args), *kwargs.items()]
        watched = [(key, value, _snapshot(value)) for key, value in items if type(value).__name__ in ("list", "dict", "ndarray", "tuple")]
        self._objects[op[1]] = self._objects[op[2]](*args, **kwargs)
        self._arrays = True
        changed = [[key, self._encode(value)] for key, value, before in watched if not _same(value, before)]
        self._arrays = False
        return changed or None

    def _value(self, term: Any) -> Any:
        kind = type(term)
        if kind is float or kind is int or kind is str:
            return term
        if kind is dict and "p" in term:  # the judge's own terms: nothing to be checked
            return self._objects[term["p"]]
        return self._decode(term)

    # values in

    def _special_in(self, tag: str, term: dict[str, Any]) -> Any:
        body = term[tag]
        if tag in ("p", "h"):
            return self._objects[body]
        if tag == "c":
            return lambda *args, **kwargs: self.call(body, args, kwargs)
        if tag == "r":
            return Remote(self, body)
        if tag == "a":
            import numpy

            dtype, shape, raw = wire.array_parts(body, self._blobs_in)
            return numpy.frombuffer(bytearray(raw), dtype=dtype).reshape(shape)
        raise wire.Violation(f"unknown value {tag!r}")

    def _tensor(self, term: Any, dtype: str, device: str, requires_grad: bool) -> Any:
        import torch

        return torch.tensor(self._value(term), dtype=getattr(torch, dtype), device=device, requires_grad=requires_grad)

    # values out

    def _encode(self, value: Any) -> Any:
        return wire.encode(value, self._special_out)

    def _special_out(self, value: Any) -> Any:
        if isinstance(value, Remote):
            return {"r": object.__getattribute__(value, "_number")}
        if type(value).__module__.partition(".")[0] == "numpy":
            if getattr(value, "ndim", None) == 0:
                return wire.encode(value.item(), self._special_out)
            if self._arrays and type(value).__name__ == "ndarray":
                return self._array(value)
        for plain in (float, int, str):
            if isinstance(value, plain):
                return wire.encode(plain(value), self._special_out)
        return {"h": self._number(value), "T": type(value).__name__[:80]}

    def _array(self, array: Any) -> Any:
        if array.dtype.name not in wire.DTYPES:
            raise TypeError(f"an array of dtype {array.dtype.name} cannot be graded")
        self._blobs_out.append(array.tobytes())
        return {"a": [array.dtype.name, list(array.shape), len(self._blobs_out) - 1]}

    def _number(self, value: Any) -> int:
        number = self._numbers.get(id(value))
        if number is None:
            number = self._next
            self._next -= 1
            self._numbers[id(value)] = number
            self._objects[number] = value
        return number

    # calling back

    def call(self, number: int, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        """Call the judge's function *number*; serve what it asks meanwhile."""
        return self._converse({"call": number, "args": list(args), "kwargs": kwargs})

    def relay(self, kind: str, number: int, args: Sequence[Any], kwargs: dict[str, Any]) -> Any:
        return self._converse({"relay": kind, "on": number, "args": list(args), "kwargs": kwargs})

    def _converse(self, request: dict[str, Any]) -> Any:
        if get_ident() != self._thread:
            raise RuntimeError("a function of the course was called from another thread")
        saved = self._blobs_out, self._arrays, self._blobs_in
        self._blobs_out, self._arrays = [], True
        request["args"] = [self._encode(arg) for arg in request["args"]]
        request["kwargs"] = {str(key): self._encode(value) for key, value in request["kwargs"].items()}
        self._channel.send(request, self._blobs_out)
        while True:
            message, self._blobs_in = self._channel.told()
            if "ops" in message:
                self._answer(message)
                continue
            if "raise" in message:
                self._blobs_out, self._arrays, self._blobs_in = saved
                raise _known_exception(message["raise"])
            result = self._decode(message["ret"])
            self._blobs_out, self._arrays, self._blobs_in = saved
            return result


def _known_exception(described: Sequence[str]) -> Exception:
    """Rebuild what a program on the far side of a relay raised, as a built-in where it has one."""
    import builtins

    kind = getattr(builtins, described[0], None)
    usable = isinstance(kind, type) and issubclass(kind, Exception)
    return kind(described[1]) if usable else RuntimeError(": ".join(described))  # type: ignore[misc]


def _limited(value: Any) -> list[Any]:
    result = []
    for item in value:
        result.append(item)
        if len(result) > LIST_CAP:
            raise ValueError(f"more than {LIST_CAP} items")
    return result


def _as_array(value: Any) -> Any:
    """Return *value* as a numpy array if it is an array or a tensor, else None."""
    root = type(value).__module__.partition(".")[0]
    if root == "numpy" and type(value).__name__ == "ndarray":
        return value
    torch = sys.modules.get("torch")
    if torch is not None and isinstance(value, torch.Tensor):
        return value.detach().cpu().contiguous().numpy()
    return None


def _snapshot(value: Any) -> Any:
    kind = type(value)
    if kind is list or kind is tuple:
        return [_snapshot(item) for item in value]
    if kind is dict:
        return [(key, _snapshot(item)) for key, item in value.items()]
    if kind.__name__ == "ndarray":
        return value.tobytes()
    return value


def _same(value: Any, before: Any) -> bool:
    kind = type(value)
    if kind is list or kind is tuple:
        return type(before) is list and len(value) == len(before) and all(map(_same, value, before))
    if kind is dict:
        return len(value) == len(before) and all(k == b[0] and _same(v, b[1]) for (k, v), b in zip(value.items(), before, strict=True))
    if kind.__name__ == "ndarray":
        return bool(value.tobytes() == before)
    return value is before or (kind is type(before) and kind in _PLAIN and (value == before or (kind is float and math.isnan(value))))


def describe(error: BaseException, files: Mapping[str, bytes]) -> list[Any]:
    """Return ``[type, message, traceback, [file, line], built-in bases]``: her files and lines only."""
    lines, where = [], ["", 0]
    trace = error.__traceback__
    depth = 0
    while trace is not None:
        code = trace.tb_frame.f_code
        if code.co_filename in files:
            where = [code.co_filename, trace.tb_lineno]
            depth += 1
            if depth <= 20:
                quoted = _line(files[code.co_filename], trace.tb_lineno)
                lines.append(f'  File "{code.co_filename}", line {trace.tb_lineno}, in {code.co_name}\n    {quoted}')
        trace = trace.tb_next
    if isinstance(error, SyntaxError) and error.filename in files:
        where = [error.filename, error.lineno or 0]
        lines.append(f'  File "{error.filename}", line {error.lineno}\n    {(error.text or "").strip()}')
    name = type(error).__name__
    try:
        message = str(error)
    except Exception:
        message = ""
    if isinstance(error, SyntaxError):
        message = str(error.msg)
    bases = [base.__name__ for base in type(error).__mro__ if base.__module__ == "builtins"]
    return [name[:80], message[:2000], "\n".join(lines)[:4000], where, bases[:8]]


def _line(source: bytes, number: int) -> str:
    lines = text(source).splitlines()
    return lines[number - 1].strip() if 0 < number <= len(lines) else ""


def _flush() -> None:
    try:
        sys.stdout.flush()
        sys.stderr.flush()
    except Exception:  # she may have closed or replaced them
        return


def live(connection: int, output: int, work: Callable[[], None]) -> None:
    """Be the fork that answers at *connection* and prints to *output*: put them where a worker has them, do its *work*, end."""
    code = UNSEALED
    try:
        os.dup2(output, 1)
        os.dup2(output, 2)
        os.dup2(connection, 3)
        work()
        code = 0
    except BaseException as error:
        os.write(2, f"worker: {type(error).__name__}: {error}\n".encode())
    finally:
        os._exit(code)


def connected() -> socket.socket:
    """Return the socket at the place where a worker has its own."""
    return socket.socket(socket.AF_UNIX, socket.SOCK_STREAM, 0, fileno=3)


def disguise() -> None:
    """Leave nothing of how this process was started where a program would look."""
    sys.path[:] = [path for path in sys.path if path != sys.argv[1]]
    sys.argv[:] = ["student"]


def work(
    channel: wire.Channel, program: load.Program, site: list[str], layers: list[str], run: Callable[[], ModuleType] | None = None
) -> None:
    """Be a worker: load the program (*run* does it where all is prepared), say so, serve it; afresh for each check that the judge has."""
    deepest = sys.getrecursionlimit()
    while True:
        try:
            module = (run or load.prepare(program, site, lambda code: channel.send({"code": True}, [code])))()
        except BaseException as error:
            channel.send({"e": describe(error, program.files)})
            return
        names = [name for name in vars(module) if len(name) <= 200][:2000]
        channel.send({"v": {"names": names, "layers": layers}})
        if not Served(channel, program.files).serve(module):
            return
        sys.setrecursionlimit(deepest)
        run = None
        del module
        load.forget(program)
        gc.collect()  # what the check before left in circles counts against the same memory
