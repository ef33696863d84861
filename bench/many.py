"""A class: many submissions, two at a time; and whether all contenders give every submission the same score."""

from __future__ import annotations

import tempfile
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from bench import kit, measure, peers, work
from bench.measure import Contender, Row

SLOW = ("otter run", "nbgrader autograde")


@dataclass(frozen=True, slots=True)
class Agreement:
    """What the contenders said of the submissions: the scores of each, in points of twenty."""

    scores: dict[str, dict[str, float]]

    def check(self) -> None:
        """Stop where two contenders disagree about a submission: they did not do the same work."""
        due = next(iter(self.scores.values()))
        for name, found in self.scores.items():
            for student, score in found.items():
                if abs(score - due[student]) > 1e-6:
                    raise SystemExit(f"bench: {name} gives {student} {score:g} of 20 points, others {due[student]:g}")

    @property
    def words(self) -> str:
        submissions = max(map(len, self.scores.values()))
        seen = ", ".join(f"{score:g}" for score in sorted(set(next(iter(self.scores.values())).values()), reverse=True))
        return f"{len(self.scores)} contenders, {submissions} submissions, one score each: {seen} of 20 points."


def rows(size: int, few: int, rounds: int, *, peers_size: int | None = None, torch: bool = False) -> tuple[list[Row], Agreement]:
    """Return all contenders on *size* submissions in turn; the peers on *peers_size*, the slow ones on *few*: theirs cost the same each."""
    with tempfile.TemporaryDirectory() as made:
        folder = Path(made)
        programs = work.programs(size, torch=torch)
        contenders: dict[str, Contender] = {}
        scores: dict[str, Callable[[], dict[str, float]]] = {}
        for tier in (1, 2):
            name = f"grade run, 2 workers, tier {tier}"
            made_kit = contenders[name] = kit.many(folder / f"tier{tier}", programs, tier=tier, torch=torch)
            scores[name] = lambda contender=made_kit: kit.scores(contender)
        for number, (name, setup) in enumerate(peers.PEERS.items()):
            some = dict(list(programs.items())[: few if name in SLOW else peers_size])
            home = folder / f"peer{number}"
            stand = setup(home, some, torch)
            contenders[name] = stand.many(home, len(some))
            scores[name] = stand.scores
        if not torch:
            contenders["grade run, public and hidden suite"] = kit.many_whole(folder / "whole", programs)
        found = measure.interleaved(contenders, rounds)
        said = {name: read() for name, read in scores.items()}
        if not torch:
            said["grade check"] = _checked(folder / "check", dict(list(programs.items())[:8]))
        agreement = Agreement(said)
        agreement.check()
        return found, agreement


def _checked(folder: Path, programs: dict[str, str]) -> dict[str, float]:
    home = work.handout(folder)
    return {student: kit.check_score(home, program, 1) for student, program in programs.items()}
