"""Proxies: the student's module and objects as a suite sees them. Every operation is a promise; see docs/BOUNDARY.md."""

from __future__ import annotations

import operator
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any, Protocol

from grader.errors import SuiteError

_UNASKED: Any = type("Unasked", (), {"__repr__": lambda self: "<not asked>"})()


class Session(Protocol):
    """What a proxy asks of the session that it belongs to."""

    def op(self, kind: str, *rest: Any) -> Proxy: ...
    def operator(self, sign: str, *operands: Any) -> Any: ...
    def get(self, number: int, name: str) -> Proxy: ...
    def set(self, number: int, name: str, value: Any) -> None: ...
    def delete(self, number: int, name: str) -> None: ...
    def item(self, number: int, key: Any) -> Proxy: ...
    def set_item(self, number: int, key: Any, value: Any) -> None: ...
    def call(self, number: int, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any: ...
    def value(self, proxy: Proxy, mode: str = "plain") -> Any: ...
    def identity(self, proxy: Proxy) -> int: ...
    def tensor(self, values: Any, dtype: str, device: str, requires_grad: bool) -> Proxy: ...


class Proxy:
    """An object over there, or the promise of one. ``_value`` is set once a plain value has come, ``_type`` once an object has."""

    __slots__ = ("_number", "_session", "_type", "_value")

    def __init__(self, session: Session, number: int) -> None:
        _set_session(self, session)
        _set_number(self, number)

    # structure

    def __getattr__(self, name: str) -> Any:
        if name[:1] == "_":
            if name == "_value":  # a slot that nothing was put into: most promises are never asked for
                return _UNASKED
            if name == "_type":
                return ""
            if name.startswith("__") and name.endswith("__"):  # copy, pickle, numpy and pytest look for these: none crosses
                raise AttributeError(name)
        return self._session.get(self._number, name)

    def __setattr__(self, name: str, value: Any) -> None:
        if name in Proxy.__slots__:
            object.__setattr__(self, name, value)
        else:
            self._session.set(self._number, name, value)

    def __delattr__(self, name: str) -> None:
        self._session.delete(self._number, name)

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        return self._session.call(self._number, args, kwargs)

    def __getitem__(self, key: Any) -> Any:
        return self._session.item(self._number, key)

    def __setitem__(self, key: Any, value: Any) -> None:
        self._session.set_item(self._number, key, value)

    # what forces

    def _force(self) -> Any:
        if self._value is not _UNASKED:
            return self._value
        if self._type:
            return self
        return self._session.value(self)

    def _plain(self, sign: str) -> Any:
        """Return ``sign(value)``: here for a plain value, over there for an object."""
        value = self._force()
        if value is self:
            return self._session.value(self._session.operator(sign, self))
        return value

    def __float__(self) -> float:
        return float(_numeric(self._plain("float")))

    def __int__(self) -> int:
        return int(_numeric(self._plain("int")))

    def __index__(self) -> int:
        value = self._plain("int")
        if type(value) not in (int, bool):
            raise TypeError(f"expected a whole number, received {_show(value)}")
        return int(value)

    def __bool__(self) -> bool:
        return bool(self._plain("bool"))

    def __len__(self) -> int:
        value = self._force()
        if value is self:
            value = self._session.value(self._session.operator("len", self))
            return value if type(value) is int and value >= 0 else 0
        return len(value)

    def __iter__(self) -> Iterator[Any]:
        value = self._force()
        if value is self:
            value = self._session.value(self._session.op("l", self._number))
        return iter(value)

    def __str__(self) -> str:
        return str(self._plain("str"))

    def __repr__(self) -> str:
        if self._value is not _UNASKED:
            return repr(self._value)
        return f"<{self._type or 'value'} of the student's>"

    def __round__(self, digits: int | None = None) -> Any:
        return round(_numeric(self._force()), digits)

    def __contains__(self, item: Any) -> bool:
        return item in list(self)

    def __hash__(self) -> int:
        raise SuiteError("a handle has no hash here; use student.identity(x)")

    # comparison

    def __eq__(self, other: object) -> Any:
        mine, theirs = self._both(other)
        return False if mine is self else mine == theirs

    def __ne__(self, other: object) -> Any:
        mine, theirs = self._both(other)
        return True if mine is self else mine != theirs

    def __lt__(self, other: Any) -> Any:
        return self._order(other, operator.lt)

    def __le__(self, other: Any) -> Any:
        return self._order(other, operator.le)

    def __gt__(self, other: Any) -> Any:
        return self._order(other, operator.gt)

    def __ge__(self, other: Any) -> Any:
        return self._order(other, operator.ge)

    def _both(self, other: Any) -> tuple[Any, Any]:
        mine = self._force()
        theirs = other._force() if isinstance(other, Proxy) else other
        if mine is self and isinstance(theirs, Proxy):
            raise SuiteError("two handles were compared; whose __eq__ would decide? Compare student.identity(a) with student.identity(b)")
        return mine, theirs

    def _order(self, other: Any, test: Callable[[Any, Any], Any]) -> Any:
        mine, theirs = self._both(other)
        return test(_numeric_or_text(mine), theirs)


# The slots' own setters: thousands of promises are made in a check, and Proxy.__setattr__ belongs to the student's objects.
_set_session = Proxy.__dict__["_session"].__set__
_set_number = Proxy.__dict__["_number"].__set__


def _numeric(value: Any) -> Any:
    if type(value) in (int, float, bool):
        return value
    raise TypeError(f"expected a number, received {_show(value)}")


def _numeric_or_text(value: Any) -> Any:
    if isinstance(value, Proxy):
        raise TypeError(f"expected a number, received {_show(value)}")
    return value


def _show(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _install_operators() -> None:
    signs = {
        "add": "+",
        "sub": "-",
        "mul": "*",
        "truediv": "/",
        "floordiv": "//",
        "mod": "%",
        "pow": "**",
        "matmul": "@",
        "and": "&",
        "or": "|",
    }
    for name, sign in signs.items():
        setattr(Proxy, f"__{name}__", lambda self, other, sign=sign: self._session.operator(sign, self, other))
        setattr(Proxy, f"__r{name}__", lambda self, other, sign=sign: self._session.operator(sign, other, self))
    for name in ("neg", "pos", "abs"):
        setattr(Proxy, f"__{name}__", lambda self, name=name: self._session.operator(name, self))


_install_operators()


class Student:
    """The ``student`` fixture: the module over there, and three helpers."""

    __slots__ = ("_names", "_session")

    def __init__(self, session: Session, names: frozenset[str]) -> None:
        object.__setattr__(self, "_session", session)
        object.__setattr__(self, "_names", names)

    def __getattr__(self, name: str) -> Any:
        if name not in self._names:
            raise AttributeError(f"the student's program has no {name!r}")
        return self._session.get(0, name)

    def __setattr__(self, name: str, value: Any) -> None:
        self._session.set(0, name, value)

    def value(self, thing: Any) -> Any:
        """Return the plain value of *thing*, an array or tensor as a numpy array. The promises in a list are asked for in one message;
        what turns out to be an object or a tensor there stays a handle."""
        if isinstance(thing, Proxy):
            return thing._value if thing._value is not _UNASKED else self._session.value(thing, "arrays")
        open_ = {id(item): item for item in _promises(thing)}
        if not open_:
            return thing
        found = dict(zip(open_, self._session.values(list(open_.values())), strict=True))
        return _filled(thing, found)

    def identity(self, thing: Any) -> int:
        """Return a number that is equal for the same object only."""
        if not isinstance(thing, Proxy):
            raise SuiteError(f"identity is for the student's objects, not for {thing!r}")
        number: int = self._session.identity(thing)
        return number

    def tensor(self, values: Any, dtype: str = "float32", device: str = "cpu", requires_grad: bool = False) -> Any:
        """Make a torch tensor over there; return its handle."""
        return self._session.tensor(values, dtype, device, requires_grad)


def _promises(thing: Any) -> Iterator[Proxy]:
    """Yield the promises in a container that have not been asked for."""
    if isinstance(thing, Proxy):
        if thing._value is _UNASKED and not thing._type:
            yield thing
    elif type(thing) in (list, tuple):
        for item in thing:
            yield from _promises(item)
    elif type(thing) is dict:
        yield from _promises(list(thing.values()))


def _filled(thing: Any, found: dict[int, Any]) -> Any:
    if isinstance(thing, Proxy):
        return found.get(id(thing), thing if thing._value is _UNASKED else thing._value)
    if type(thing) in (list, tuple):
        return type(thing)(_filled(item, found) for item in thing)
    if type(thing) is dict:
        return {key: _filled(item, found) for key, item in thing.items()}
    return thing
