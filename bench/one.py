"""One check: edit, ``grade check hw2``, verdict, as a whole process."""

from __future__ import annotations

import tempfile
from pathlib import Path

from bench import measure, work


def rows(repeats: int) -> list[measure.Row]:
    """Return the kit on tiers 1 to 3 and bare pytest, interleaved."""
    with tempfile.TemporaryDirectory() as folder:
        made = work.handout(Path(folder))
        bare = measure.environment(PYTEST_DISABLE_PLUGIN_AUTOLOAD="1")

        def kit(tier: int) -> measure.Cost:
            return measure.run(work.grade("check", work.HOMEWORK), made, measure.environment(GRADE_TIER=str(tier)))

        return measure.interleaved(
            {
                "bare pytest, in-process": lambda: measure.run(work.bare_pytest(made / "tests", made), made, bare),
                "grade check, tier 1": lambda: kit(1),
                "grade check, tier 2": lambda: kit(2),
                "grade check, tier 3": lambda: kit(3),
                "grade --help": lambda: measure.run(work.grade("--help"), made),
                "python -c pass": lambda: measure.run([work.PYTHON, "-c", "pass"], made),
            },
            repeats,
        )
