"""A second witness, for what the numbers of the checks cannot separate, or hide behind a style.

An assignment may hold ``tests/witness.py``. Each ``look_STAGE_...(student)`` in it asks her program something that no check asks,
through the wire: how often a function is called, on which objects, how far it moves. Each ``read_STAGE_...(tree)`` is the last resort
and reads her source. Both return a plain value that is the same in every right style; ``grade audit`` writes down what each wrong
program answers. An answer counts for mistakes that show first in that stage of the ramp, and none earns a point.
"""

from __future__ import annotations

import ast
import importlib.util
from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from types import ModuleType
from typing import Any

from grader.errors import GraderFault, SuiteError
from grader.model import Assignment
from grader.student.errors import StudentError, WorkerGone
from grader.student.line import Budget, Program
from grader.student.process import Starter
from grader.student.proxy import Student
from grader.student.session import Session
from grader.student.trace import normalise
from grader.tutor.trace import UNWRITTEN, Token, is_rare, matches

LOOK, READ = "look_", "read_"
SOURCE = 1 << 16  # bytes of a source that is read
SECONDS = 2.0  # for all the looks together; a right program needs milliseconds

Seen = Mapping[str, tuple[Token, ...]]


@dataclass(frozen=True)
class Signs:
    """What the witness says of the known programs: ``right`` of the right ones, ``programs`` of each wrong one, by the question's name."""

    right: Seen = field(default_factory=dict)
    programs: Mapping[str, Seen] = field(default_factory=dict)

    def of(self, program: str) -> set[str]:
        """Return the questions to which *program* answers otherwise than a right one."""
        answers = self.programs.get(program, {})
        return {name for name, answer in answers.items() if name in self.right and not matches(answer, self.right[name])}

    def against(self, program: str, stage: str, seen: Seen) -> bool:
        """Return whether *seen* speaks against *program*, whose home is *stage*: an answer there is another than its own.

        Only the questions count to which *program* answers otherwise than a right one. Where *program* itself ends in an error, nothing
        is said: which error is style. Nor is it by a part that is not written yet.
        """
        answers = self.programs.get(program, {})
        asked = [name for name in self._at(program, stage) & seen.keys() if not _error(answers[name]) and UNWRITTEN not in seen[name]]
        return any(not matches(answers[name], seen[name]) for name in asked)

    def strange(self, stage: str, seen: Seen, programs: Iterable[str]) -> bool:
        """Return whether *seen* shows something wrong at *stage* that none of *programs* would show: an answer there that is no right one,
        to a question that all of them answer rightly. A part that is not written yet says nothing.
        """
        looks = {name for name in self.right.keys() & seen.keys() if name.startswith(LOOK) and stage_of(name) == stage}
        wrong = {name for name in looks if UNWRITTEN not in seen[name] and not matches(seen[name], self.right[name])}
        return bool(wrong.difference(*(self.of(program) for program in programs)))

    def vouches(self, program: str, stage: str, seen: Seen) -> bool:
        """Return whether *seen* holds an answer that *program* gives and no right one does, with a number in it that no accident gives."""
        answers = self.programs.get(program, {})
        mine = [name for name in self._at(program, stage) & seen.keys() if matches(answers[name], seen[name])]
        return any(is_rare(token) for name in mine for token in seen[name])

    def proves(self, program: str, stage: str, seen: Seen, misconceptions: Callable[[str], Collection[str]]) -> bool:
        """Return whether *seen* shows what *program* alone shows. Programs that share one of their *misconceptions* are no others."""
        answers, own = self.programs.get(program, {}), set(misconceptions(program))
        mine = [name for name in self._at(program, stage) & seen.keys() if name.startswith(LOOK) and matches(answers[name], seen[name])]
        others = [told for other, told in self.programs.items() if own.isdisjoint(misconceptions(other))]
        return any(not _error(answers[name]) and all(not matches(answers[name], told.get(name, ())) for told in others) for name in mine)

    def _at(self, program: str, stage: str) -> set[str]:
        return {name for name in self.of(program) if stage_of(name) == stage}

    def wholly(self, program: str, seen: Seen) -> bool:
        """Return whether every answer is the one that *program* gives."""
        answers = self.programs.get(program, {})
        return bool(answers) and all(name in seen and matches(answer, seen[name]) for name, answer in answers.items())


def stage_of(question: str) -> str:
    """Return the stage that a question is about: ``look_topo_length`` is about ``topo``."""
    return question.split("_")[1]


def _error(answer: tuple[Token, ...]) -> bool:
    return len(answer) == 1 and str(answer[0]).startswith("!")


def path_of(assignment: Assignment) -> Path:
    """Return where the assignment's witness lies, if it has one."""
    return assignment.folder / "tests" / "witness.py"


def questions(assignment: Assignment) -> ModuleType | None:
    """Load the assignment's witness; None if it has none. Raises SuiteError if it cannot be loaded, or asks nothing."""
    path = path_of(assignment)
    if not path.is_file():
        return None
    spec = importlib.util.spec_from_file_location(f"witness_of_{assignment.name}", path)
    if spec is None or spec.loader is None:
        raise SuiteError(f"{path}: cannot be loaded")
    module = importlib.util.module_from_spec(spec)
    try:
        spec.loader.exec_module(module)
    except Exception as error:
        raise SuiteError(f"{path}: cannot be loaded: {type(error).__name__}: {error}") from None
    asked = [*_named(module, LOOK), *_named(module, READ)]
    if not asked:
        raise SuiteError(f"{path}: no function is called {LOOK}... or {READ}...; write one, or drop the file")
    stages = [stage.name for stage in assignment.stages]
    for name in asked:
        if stage_of(name) not in stages:
            raise SuiteError(f"{path}: {name} begins with no stage; write look_STAGE_... or read_STAGE_..., a stage of {', '.join(stages)}")
    return module


def _named(module: ModuleType, start: str) -> dict[str, Callable[[Any], Any]]:
    return {name: thing for name, thing in vars(module).items() if name.startswith(start) and callable(thing)}


def ask(module: ModuleType, starter: Starter, program: Program) -> Seen:
    """Return what *program* answers to every question of *module*. What ends it early leaves the later questions unanswered."""
    return {**_looked(module, starter, program), **_read(module, program)}


def _looked(module: ModuleType, starter: Starter, program: Program) -> dict[str, tuple[Token, ...]]:
    looks = _named(module, LOOK)
    if not looks:
        return {}
    worker = starter.start(program, Budget(seconds=SECONDS))
    found: dict[str, tuple[Token, ...]] = {}
    try:
        student = Student(Session(worker), worker.names())
        for name, look in looks.items():
            found[name] = _answer(name, look, student)
    except (StudentError, WorkerGone):
        pass
    finally:
        worker.close()
    return found


def _answer(name: str, look: Callable[[Any], Any], student: Student) -> tuple[Token, ...]:
    try:
        value = student.value(look(student))
    except WorkerGone:
        raise
    except SuiteError:
        raise
    except StudentError as error:
        return (f"!{error.type_name}",)
    except Exception as error:  # her answer was of another kind than the question can use
        return (f"!{type(error).__name__}",)
    return normalise([("value", value)])


def _read(module: ModuleType, program: Program) -> dict[str, tuple[Token, ...]]:
    source = program.files.get(f"{program.module}.py", b"")
    if len(source) > SOURCE:
        return {}
    try:
        tree = ast.parse(source)
        return {name: normalise([("value", read(tree))]) for name, read in _named(module, READ).items()}
    except (SyntaxError, ValueError, RecursionError, MemoryError):  # text of hers that Python itself cannot read, or not so deep
        return {}


def caller(assignment: Assignment, starter: Callable[[], Starter], program: Program) -> Callable[[], Seen]:
    """Return what asks the witness of *program*, once and when it is needed. An assignment without a witness is silent."""
    answers: list[Seen] = []

    def call() -> Seen:
        if not answers:
            module = questions(assignment)
            try:
                answers.append({} if module is None else ask(module, starter(), program))
            except GraderFault:  # the checks say what is wrong with our machinery; the witness only adds
                answers.append({})
        return answers[0]

    return call
