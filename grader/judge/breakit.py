"""Break it: her tests in one worker, a known program in another, and the judge in between."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from typing import Any

from grader.errors import SuiteError
from grader.evidence import EvidenceError
from grader.model import Assignment, Submission
from grader.student.errors import StudentError, WorkerGone, WorkerKilled, WorkerLate
from grader.student.line import Budget, Program, Worker
from grader.student.process import Starter
from grader.student.proxy import Proxy, Student
from grader.student.session import Relayed, Session

FILE = "break_it.py"


class BreakIt:
    """The ``break_it`` fixture. Each question is answered once for a submission and remembered."""

    def __init__(
        self,
        assignment: Assignment,
        submission: Submission,
        starter: Starter,
        program: Callable[[Mapping[str, bytes]], Program],
        target: Callable[[bytes], Program],
    ) -> None:
        if assignment.private is None:
            raise SuiteError("break-it programs are the staff's")
        self._folder = assignment.private / "break"
        self._assignment = assignment
        self._submission = submission
        self._starter = starter
        self._program = program
        self._target = target
        limits = assignment.limits
        self._budget = Budget(seconds=limits.seconds * 2, memory=limits.memory, cap=limits.cap, output=limits.output)
        self._answers: dict[tuple[str, str], bool | WorkerGone] = {}
        self._names: tuple[str, ...] | None = None

    @property
    def wrong(self) -> tuple[str, ...]:
        """The ids of the wrong programs that her tests are tried on."""
        return self._ids("wrong")

    @property
    def tests(self) -> int:
        """How many ``test_*`` functions she wrote."""
        return len(self._tests())

    def failed_right(self) -> list[str]:
        """Return the ids of the right programs that one of her tests fails."""
        return [name for name in self._ids("right") if self._raises("right", name)]

    def caught(self, name: str) -> bool:
        """Return whether one of her tests raises on the wrong program *name*."""
        return self._raises("wrong", name)

    def _ids(self, kind: str) -> tuple[str, ...]:
        return tuple(sorted(path.stem for path in (self._folder / kind).glob("*.py")))

    @cached_property
    def _mine(self) -> Program:
        files = self._submission.files
        if FILE not in files:
            raise EvidenceError(f"{FILE} was not handed in. / 没有交 {FILE}。")
        whole = self._program(files)
        kept = {name: data for name, data in whole.files.items() if name == FILE or name in self._assignment.given}
        return Program(kept, "break_it", whole.packages)  # her own solution is not there: tests are for any program

    def _tests(self) -> tuple[str, ...]:
        if self._names is None:
            try:
                self._names = self._look()
            except WorkerKilled:
                self._names = self._look()
        return self._names

    def _look(self) -> tuple[str, ...]:
        worker = self._starter.start(self._mine, self._budget)
        try:
            return tuple(sorted(name for name in worker.names() if name.startswith("test_")))
        finally:
            worker.close()

    def _raises(self, kind: str, name: str) -> bool:
        """Run her tests on one program, in a fresh pair of workers; True if one raised (or the program under test died of it).

        The pair is the program's own: a test that remembers what it saw before must not tell a right program from a wrong one by its turn.
        """
        key = (kind, name)
        if key not in self._answers:
            source = (self._folder / kind / f"{name}.py").read_bytes()
            answer, killed = self._ask(source)  # how she ended is remembered too: a loop of hers costs its limit once, not in every check
            self._answers[key] = self._ask(source)[0] if killed else answer  # once more: a kill is nobody's zero
        answer = self._answers[key]
        if isinstance(answer, WorkerGone):
            raise answer.with_traceback(None)
        return answer

    def _ask(self, source: bytes) -> tuple[bool | WorkerGone, bool]:
        """Run her tests on one program; return what they said or how she ended, and whether somebody killed one of the two."""
        tests = self._tests()
        hers = self._starter.start(self._mine, self._budget)
        target = self._starter.start(self._target(source), self._budget)
        answer: bool | WorkerGone
        try:
            answer = _one_raises(hers, target, tests)
        except WorkerGone as error:
            answer = error
        finally:
            hers.close()
            target.close()
        return answer, any(isinstance(worker.gone, WorkerKilled) for worker in (hers, target))


def _one_raises(hers: Worker, target: Worker, tests: Sequence[str]) -> bool:
    target_session = Session(target)
    student = Student(target_session, target.names())
    hers.names()
    session = Session(hers)
    for test in tests:
        session.relay = Relay(student, target_session)
        try:
            _plain(session.call(session.get(0, test)._number, [Relayed(0)], {}))
        except WorkerLate:
            raise
        except (StudentError, WorkerGone):
            if target.gone is None and hers.gone is not None:
                raise  # her own tests crashed: that is no catch
            return True
    return False


def _plain(result: Any) -> Any:
    """Return the plain value of a promise; what is plain already is returned as it is."""
    return result._session.value(result) if isinstance(result, Proxy) else result


class Relay:
    """Carries operations from her worker to the program's worker; every value is decoded and encoded again on the way."""

    def __init__(self, student: Student, session: Session) -> None:
        self._session = session
        self._student = student
        self._handles: list[Any] = [student]

    def __call__(self, kind: str, number: int, args: tuple[Any, ...], kwargs: dict[str, Any]) -> Any:
        if not 0 <= number < len(self._handles):
            raise ValueError("no such object")
        thing = self._handles[number]
        values = [self._inward(arg) for arg in args]
        named = {name: self._inward(value) for name, value in kwargs.items()}
        return self._outward(self._perform(kind, thing, values, named))

    def _perform(self, kind: str, thing: Any, args: list[Any], kwargs: dict[str, Any]) -> Any:  # noqa: PLR0911  # a table of verbs
        session = self._session
        if kind == "get":
            return _plain(getattr(thing, str(args[0])))
        if kind == "set":
            setattr(thing, str(args[0]), args[1])
            session.flush()
            return None
        if kind == "call":
            return _plain(thing(*args, **kwargs))
        if kind == "item":
            return _plain(thing[args[0]])
        if kind == "setitem":
            thing[args[0]] = args[1]
            session.flush()
            return None
        if kind == "operator":
            sign, other, reflected = args
            pair = (other, thing) if reflected else (thing, other)
            return _plain(session.operator(str(sign), *pair))
        if kind == "builtin":
            return _plain(session.operator(str(args[0]), thing))
        if kind == "list":
            return list(thing)
        if kind == "identity":
            return session.identity(thing)
        raise ValueError(f"unknown relay {kind!r}")

    def _inward(self, value: Any) -> Any:
        """Turn what came from her worker into what the program's worker understands."""
        if isinstance(value, Relayed):
            return self._handles[value.number] if 0 <= value.number < len(self._handles) else None
        if isinstance(value, Proxy):  # a function or object of hers: callable from over there
            return lambda *args: self._inward(_plain(value(*[self._outward(arg) for arg in args])))
        if type(value) in (list, tuple):
            return type(value)(self._inward(item) for item in value)
        if type(value) is dict:
            return {key: self._inward(item) for key, item in value.items()}
        return value

    def _outward(self, value: Any) -> Any:
        if isinstance(value, Proxy):
            self._handles.append(value)
            return Relayed(len(self._handles) - 1)
        if callable(value):  # student.tensor and its like are functions of the judge's
            return lambda *args, **kwargs: self._outward(
                value(*map(self._inward, args), **{key: self._inward(item) for key, item in kwargs.items()})
            )
        if type(value) in (list, tuple):
            return type(value)(self._outward(item) for item in value)
        if type(value) is dict:
            return {key: self._outward(item) for key, item in value.items()}
        return value
