"""``python pool.py WORKERS JOBS.json``: commands, so many at a time: the peers' ``--workers``. Exit 0 when none ended above 1."""

from __future__ import annotations

import json
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path


def main() -> int:
    jobs = json.loads(Path(sys.argv[2]).read_text(encoding="utf-8"))

    def run(job: dict[str, list[str] | str]) -> int:
        null = subprocess.DEVNULL
        return subprocess.run(job["command"], cwd=job["cwd"], stdin=null, stdout=null, stderr=null, check=False).returncode

    with ThreadPoolExecutor(int(sys.argv[1])) as pool:
        return max(pool.map(run, jobs)) > 1


if __name__ == "__main__":
    raise SystemExit(main())
