"""The program of the zygote, with workers that put no layer on: measured against the real one, and started by nothing else."""

import runpy
import sys

sys.path.append(sys.argv[1])

from grader.worker import seal

seal.seal = lambda policy: []
runpy.run_module("grader.worker", run_name="__main__", alter_sys=False)
