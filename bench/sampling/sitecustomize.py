"""On PYTHONPATH, with BENCH_SAMPLES naming a file: every millisecond, write down where the main thread is. For bench.floor only.

One line a sample: process, nanoseconds, and the frames from the innermost outwards as ``file:function``. Written as they come, because a
judge's fork ends without saying goodbye. The worker behind the wall is not sampled: it gets no variables.
"""

import atexit
import os
import signal
import sys
import time

EVERY = 0.001
DEPTH = 40


def _start(path):
    out = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
    clock = time.monotonic_ns

    def note(_number, frame):
        names = []
        while frame is not None and len(names) < DEPTH:
            names.append(f"{frame.f_code.co_filename}:{frame.f_code.co_name}")
            frame = frame.f_back
        os.write(out, f"{os.getpid()} {clock()} {'|'.join(names)}\n".encode())

    def tick():
        os.write(out, f"{os.getpid()} {clock()} START\n".encode())
        signal.setitimer(signal.ITIMER_REAL, EVERY, EVERY)

    signal.signal(signal.SIGALRM, note)
    signal.siginterrupt(signal.SIGALRM, False)
    os.register_at_fork(after_in_child=tick)
    atexit.register(signal.setitimer, signal.ITIMER_REAL, 0)  # the interpreter's end restores the signal's deadly default
    tick()


if os.environ.get("BENCH_SAMPLES"):
    try:
        _start(os.environ["BENCH_SAMPLES"])
    except (OSError, ValueError) as error:
        print(f"bench: no samples: {error}", file=sys.stderr)
