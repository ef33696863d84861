"""One check: one submission, one command, from its start to its verdict, as a whole process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import kit, measure, peers, work
from bench.measure import Contender, Row

TIERS = (1, 2)


def rows(repeats: int, slow: int, *, torch: bool = False) -> list[Row]:
    """Return all contenders on the reference, interleaved; those that take seconds run *slow* times."""
    program = work.with_torch(work.reference()) if torch else work.reference()
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        contenders: dict[str, Contender] = {}
        for tier in TIERS:
            contenders[f"grade check, tier {tier}"] = kit.check(folder / f"tier{tier}", program, tier=tier, torch=torch)
        for number, (name, setup) in enumerate(peers.PEERS.items()):
            contenders[name] = setup(folder / str(number), {"s0001": program}, torch).one()
        if not torch:
            plain = measure.environment()
            contenders["grade --help"] = Contender(work.grade("--help"), folder, plain, measure.nothing)
            contenders["python -c pass"] = Contender([work.PYTHON, "-c", "pass"], folder, plain, measure.nothing)
        for tier in TIERS:  # last, because those that wait keep their memory
            contenders[f"grade check again, tier {tier}"] = kit.check_again(folder / f"again{tier}", program, tier=tier, torch=torch)
        try:
            return measure.interleaved(contenders, repeats, rounds={"otter run": slow, "nbgrader autograde": slow})
        finally:
            kit.end_waiting(folder)
