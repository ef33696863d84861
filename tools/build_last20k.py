"""Build assignments/hw4/last20k.txt from the PyPI package ``names`` 0.3.0, and prove that it is the same each time.

``python tools/build_last20k.py`` writes the file; ``--check`` only compares.
Needs ``pip install names==0.3.0``; nothing else uses that package.
"""

from __future__ import annotations

import hashlib
import sys
from importlib import metadata, util
from pathlib import Path

VERSION = "0.3.0"
COUNT = 20_000
SOURCE_SHA256 = "b0e2b3743ccbad641ca48b344c24cdebcd1d9a1f76dc6dbf05986f2919f0b4e1"
RESULT_SHA256 = "ecab48c0264a0bc68eb85b7f07f9ae2d4e2a5a285dd75aea94050e5545435ea6"
TARGET = Path(__file__).parents[1] / "assignments" / "hw4" / "last20k.txt"


def source() -> bytes:
    """Return the bytes of ``dist.all.last`` as installed. Raises SystemExit when the package is missing or another version."""
    try:
        version = metadata.version("names")
    except metadata.PackageNotFoundError:
        raise SystemExit(f"the package names is not installed; pip install names=={VERSION}") from None
    if version != VERSION:
        raise SystemExit(f"names {version} is installed, and this list is made from {VERSION}; pip install names=={VERSION}")
    spec = util.find_spec("names")
    assert spec is not None
    assert spec.origin is not None
    return (Path(spec.origin).parent / "dist.all.last").read_bytes()


def last_names(raw: bytes, count: int = COUNT) -> list[str]:
    """Return the *count* most frequent last names, lower case, most frequent first (the file is sorted by rank)."""
    rows = [line.split() for line in raw.decode("ascii").splitlines()]
    ranks = [int(row[3]) for row in rows]
    if ranks != sorted(ranks):
        raise SystemExit("dist.all.last is not sorted by rank")
    names = list(dict.fromkeys(row[0].lower() for row in rows))[:count]
    if any(not (name.isascii() and name.isalpha()) for name in names):
        raise SystemExit("a name holds something other than the letters a to z")
    return names


def main() -> int:
    raw = source()
    if hashlib.sha256(raw).hexdigest() != SOURCE_SHA256:
        raise SystemExit("dist.all.last is not the file that this list was made from")
    text = "".join(f"{name}\n" for name in last_names(raw)).encode("ascii")
    digest = hashlib.sha256(text).hexdigest()
    if digest != RESULT_SHA256:
        raise SystemExit(f"built {digest}, expected {RESULT_SHA256}")
    if "--check" in sys.argv[1:]:
        same = TARGET.is_file() and TARGET.read_bytes() == text
        print(f"{TARGET.name}: {'as built' if same else 'differs from what the package gives'}")
        return 0 if same else 1
    TARGET.write_bytes(text)
    print(f"{TARGET.name}: {COUNT} names, sha256 {digest}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
