"""Which hand-ins share code beyond the starter's; optional, by copydetect, and a hint where to look at most."""

from __future__ import annotations

import io
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any

_K, _WINDOW = 15, 5  # tokens that two files must share in a row to be seen at all
_CROWD = 0.3  # a piece of code that this share of the class has says nothing about two of them


@dataclass(frozen=True, slots=True)
class Pair:
    """Two students and the share of the smaller one's own code that both have."""

    one: str
    two: str
    share: float


def similar(sources: Mapping[str, bytes], starter: bytes = b"", *, least: float = 0.6, most: int = 30) -> list[Pair] | None:
    """Return the pairs that share at least *least*, the likest first; None where copydetect is not installed."""
    try:
        from copydetect import CodeFingerprint  # type: ignore[import-not-found, import-untyped, unused-ignore]  # optional, without types
    except ModuleNotFoundError:
        return None
    boilerplate = set(_fingerprint(CodeFingerprint, "starter.py", starter)) if starter.strip() else set()
    prints = {who: set(_fingerprint(CodeFingerprint, "module.py", source)) - boilerplate for who, source in sources.items()}
    owners: dict[int, list[str]] = defaultdict(list)
    for who, mine in prints.items():
        for piece in mine:
            owners[piece].append(who)
    common = {piece for piece, whose in owners.items() if len(whose) > max(2, _CROWD * len(prints))}
    shared: dict[tuple[str, str], int] = defaultdict(int)
    for piece, whose in owners.items():
        if piece not in common:
            for pair in combinations(sorted(whose), 2):
                shared[pair] += 1
    pairs = [Pair(one, two, n / max(1, min(len(prints[one] - common), len(prints[two] - common)))) for (one, two), n in shared.items()]
    return sorted((pair for pair in pairs if pair.share >= least), key=lambda pair: (-pair.share, pair.one, pair.two))[:most]


def _fingerprint(maker: Any, name: str, source: bytes) -> list[int]:
    text = source.decode("utf-8", "replace")
    print_ = maker(name, _K, _WINDOW, fp=io.StringIO(text), filter=True)
    return [int(piece) for piece in print_.hashes]
