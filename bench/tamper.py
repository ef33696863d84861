"""A submission that knows nothing and tampers: what each contender gives it."""

from __future__ import annotations

import tempfile
from dataclasses import dataclass
from pathlib import Path

from bench import kit, peers, work

TAMPER = '''

def _tamper():
    """Make every check that this process holds, or can load, an empty function."""
    import gc
    import types

    try:
        import bodies
    except ImportError:
        pass
    for thing in gc.get_objects():
        if type(thing) is types.FunctionType and thing.__name__.startswith("test_") and not thing.__closure__:
            names = thing.__code__.co_varnames[: thing.__code__.co_argcount]
            if names == ("student",):
                thing.__code__ = (lambda student: None).__code__


_tamper()
'''


@dataclass(frozen=True, slots=True)
class Given:
    """The points of twenty that a contender gave: to the starter, which has done nothing, and to the same program when it tampers."""

    name: str
    honest: float
    tampered: float


def rows() -> list[Given]:
    """Return what every contender gives the two programs."""
    programs = {"s0001": work.starter(), "s0002": work.starter() + TAMPER}
    found = []
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        home = work.handout(folder / "handout")
        for tier in (1, 2, 3):
            honest, tampered = (kit.check_score(home, program, tier) for program in programs.values())
            found.append(Given(f"grade check, tier {tier}", honest, tampered))
        for number, (name, setup) in enumerate(peers.PEERS.items()):
            at = folder / f"peer{number}"
            stand = setup(at, programs, False)
            contender = stand.many(at, len(programs))
            code = contender.run().code
            if code > 1:
                raise SystemExit(f"bench: {name} ended with status {code}")
            scores = stand.scores()
            found.append(Given(name, scores["s0001"], scores["s0002"]))
    return found
