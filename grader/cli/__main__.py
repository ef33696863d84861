"""``python -m grader.cli``: the same commands where the console script is not on the PATH."""

from grader.cli import run

run()
