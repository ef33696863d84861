"""Keep the zygote's memory in huge pages: a fork then copies one entry of its tables where it would copy 512, and its end drops one.

With torch loaded a process holds some 37,000 small pages, and a fork and its end cost 16 ms; in huge pages 5 ms.
"""

from __future__ import annotations

import contextlib

HUGE = 2 << 20  # bytes
MADV_COLLAPSE = 25  # Linux 6.1; an older kernel refuses, and nothing is lost but time


def gather() -> None:
    """Ask the kernel to gather what this process wrote in huge pages. For a process in which something large has loaded ctypes anyway."""
    import ctypes

    with contextlib.suppress(OSError, AttributeError, ValueError, IndexError):
        madvise = ctypes.CDLL(None).madvise
        madvise.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_int]
        with open("/proc/self/maps", encoding="utf-8", errors="replace") as file:
            rows = [line.split() for line in file]
        for span, access, *_, name in (row if len(row) > 5 else [*row, ""] for row in rows):
            start, end = (int(number, 16) for number in span.split("-"))
            start, end = -(-start // HUGE) * HUGE, end // HUGE * HUGE
            if access == "rw-p" and name in ("", "[heap]") and end > start:
                madvise(start, end - start, MADV_COLLAPSE)
