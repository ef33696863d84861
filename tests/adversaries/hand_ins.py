"""Hand-ins whose form is the attack: links, devices, archives, notebooks, repositories. And the honest ones, which keep their marks."""

from __future__ import annotations

import io
import json
import os
import tarfile
import zipfile
from pathlib import Path

from cases import ALL_POINTS, MODULE, MODULE_POINTS, Case, Course, Make, attack, files, program, with_tests


def plain(data: bytes) -> Make:
    """A folder whose module is *data*."""
    return files(micrograd__py=data)


def encoded(change) -> Make:
    """The reference, its text turned into bytes by *change*."""
    return lambda course, place: files(micrograd__py=change(course.reference))(course, place)


def linked(target: str) -> Make:
    """A folder whose module is a symbolic link."""

    def make(course: Course, place: Path) -> None:
        place.mkdir(parents=True)
        (place / MODULE).symlink_to(course.places.get(target, target))

    return make


def _fifo(course: Course, place: Path) -> None:
    place.mkdir(parents=True)
    os.mkfifo(place / MODULE)


def _folder_as_module(course: Course, place: Path) -> None:
    (place / MODULE).mkdir(parents=True)


def _sparse(course: Course, place: Path) -> None:
    place.mkdir(parents=True)
    with (place / MODULE).open("wb") as stream:
        stream.truncate(1 << 30)


def _link_itself(course: Course, place: Path) -> None:
    place.parent.mkdir(parents=True, exist_ok=True)
    place.symlink_to(course.root / "solutions" / "hw2", target_is_directory=True)


def _beside(**contents: bytes) -> Make:
    def make(course: Course, place: Path) -> None:
        files(micrograd__py=course.reference, **contents)(course, place)

    return make


def zipped(*entries: tuple[str, bytes | None], times: int = 1, link: str = "") -> Make:
    """A zip; None as content stands for the reference. *link* makes the first entry a symbolic link to it."""

    def make(course: Course, place: Path) -> None:
        with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, data in entries * times:
                info = zipfile.ZipInfo(name)
                if link:
                    info.external_attr = 0o120777 << 16
                archive.writestr(info, course.reference if data is None else (link.encode() if link else data))

    return make


def _encrypted(course: Course, place: Path) -> None:
    zipped((MODULE, None))(course, place)
    data = bytearray(place.read_bytes())
    data[6] |= 1
    data[data.rindex(b"PK\x01\x02") + 8] |= 1
    place.write_bytes(data)


def _lying_zip(course: Course, place: Path) -> None:
    zipped((MODULE, None))(course, place)
    data = bytearray(place.read_bytes())
    at = data.rindex(b"PK\x01\x02") + 24
    data[at : at + 4] = (10).to_bytes(4, "little")
    place.write_bytes(data)


def _cut_zip(course: Course, place: Path) -> None:
    zipped((MODULE, None))(course, place)
    place.write_bytes(place.read_bytes()[:-200])


def _zip_bomb(course: Course, place: Path) -> None:
    with zipfile.ZipFile(place, "w", zipfile.ZIP_DEFLATED) as archive, archive.open(MODULE, "w") as stream:
        for _ in range(256):
            stream.write(b"#" * (1 << 20))


def tarred(name: str = MODULE, kind: bytes = tarfile.REGTYPE, link: str = "", mode: str = "w:gz") -> Make:
    def make(course: Course, place: Path) -> None:
        data = course.reference.encode() if kind == tarfile.REGTYPE else b""
        info = tarfile.TarInfo(name)
        info.type, info.linkname, info.size = kind, link, len(data)
        with tarfile.open(place, mode) as archive:  # type: ignore[call-overload]
            archive.addfile(info, io.BytesIO(data))

    return make


def notebook(*cells: tuple[str, str], metadata: dict | None = None, code: bool = True) -> Make:
    """A notebook: the reference in a code cell (unless *code* is off) and other cells of ``(type, source)``."""

    def make(course: Course, place: Path) -> None:
        made = [_cell("code", course.reference, None)] if code else []
        made += [_cell(kind, source, metadata) for kind, source in cells]
        place.write_text(json.dumps({"cells": made, "metadata": metadata or {}, "nbformat": 4, "nbformat_minor": 5}), encoding="utf-8")

    return make


def _cell(kind: str, source: str, metadata: dict | None) -> dict:
    cell = {"cell_type": kind, "id": "x", "metadata": metadata or {}, "source": source}
    if kind == "code":
        html = {"text/html": "<script>alert(1)</script>"}
        cell |= {"outputs": [{"output_type": "display_data", "data": html, "metadata": {}}], "execution_count": 1}
    return cell


def _repository(course: Course, place: Path) -> None:
    """A folder with a hostile ``.git`` in it: hooks, filters, a monitor, a bare repository inside."""
    script = f"#!/bin/sh\ntouch /tmp/{course.places['MARK']}-git\n"
    files(
        micrograd__py=course.reference,
        _0git_0config="",
        sub_0HEAD="ref: refs/heads/main\n",
        sub_0config=f"[core]\nfsmonitor = {script!r}\n",
    )(course, place)
    hooks = place / ".git" / "hooks"
    hooks.mkdir(parents=True)
    for name in ("post-checkout", "pre-commit", "fsmonitor-watchman"):
        (hooks / name).write_text(script, encoding="utf-8")
        (hooks / name).chmod(0o755)
    config = f'[core]\n\tfsmonitor = touch /tmp/{course.places["MARK"]}-git\n\thooksPath = hooks\n[filter "x"]\n\tsmudge = touch /tmp/x\n'
    (place / ".git" / "config").write_text(config, encoding="utf-8")
    (place / ".git" / "HEAD").write_text("ref: refs/heads/main\n", encoding="utf-8")
    (place / ".gitattributes").write_text("* filter=x\n", encoding="utf-8")
    (place / ".gitmodules").write_text('[submodule "x"]\n\tpath = x\n\turl = ext::sh -c "touch /tmp/x"\n', encoding="utf-8")


def honest() -> list[Case]:
    """Programs that a grader may not punish: each must keep all that it earns."""
    bom = encoded(lambda text: b"\xef\xbb\xbf" + text.encode())
    crlf = encoded(lambda text: text.replace("\n", "\r\n").encode())
    cookie = encoded(lambda text: b"# -*- coding: utf-8 -*-\n" + text.encode())
    found = [Case("honest", name, make, exactly=MODULE_POINTS) for name, make in {"bom": bom, "crlf": crlf, "cookie": cookie}.items()]
    guard = "\nprint('hello', flush=True)\nif __name__ == '__main__':\n    raise SystemExit('run by hand')\n"
    found.append(Case("honest", "guard-and-noise", program("right", guard), exactly=MODULE_POINTS))
    found.append(
        Case(
            "honest", "threads", program("right", "import threading\nt = threading.Thread(target=print)\nt.start(); t.join()"), exactly=70.0
        )
    )
    once = "import builtins\nif hasattr(builtins, 'started'): raise RuntimeError('already started')\nbuiltins.started = True"
    found.append(Case("honest", "starts-once-in-a-process", program("right", once), exactly=MODULE_POINTS))
    numbers = (
        "import numpy as np\n_i = Value.__init__\ndef _n(self, data, _prev=()): _i(self, np.float64(data), _prev)\nValue.__init__ = _n"
    )
    found.append(Case("honest", "numpy-scalars", program("right", numbers), exactly=MODULE_POINTS))
    found.append(Case("honest", "nothing-to-see", attack("return 0"), exactly=MODULE_POINTS))

    def whole(course: Course, place: Path) -> None:
        with_tests(course.tests)(course, place)

    return [
        *found,
        Case("honest", "everything", whole, exactly=ALL_POINTS),
        Case("honest", "zip", zipped((MODULE, None)), 70.0, suffix=".zip"),
    ]


def _intake() -> list[Case]:
    refused: dict[str, tuple[Make, str]] = {
        "link-to-solution": (linked("SOLUTION"), "link"),
        "link-to-zero": (linked("/dev/zero"), "link"),
        "link-to-other": (linked("OTHER"), "link"),
        "fifo": (_fifo, "pipe|FIFO"),
        "folder-as-module": (_folder_as_module, "folder|directory"),
        "sparse-gigabyte": (_sparse, "bytes|large|MiB|KiB"),
        "the-hand-in-is-a-link": (_link_itself, "link"),
        "missing": (files(notes__txt="x"), "micrograd"),
        "empty": (plain(b""), "empty"),
        "bad-codec": (plain(b"# coding: utf-8\nx = '\xff\xfe'\n"), "UTF-8"),
        "unknown-codec": (plain(b"# -*- coding: rot13 -*-\nx = 1\n"), "codec|coding|UTF-8"),
        "utf-16": (plain("class Value: pass\n".encode("utf-16")), "UTF-8|NUL|null"),
        "too-long": (plain(b"#" * (1 << 23)), "bytes|large|MiB|KiB"),
    }
    found = [Case("intake", name, make, refused=words) for name, (make, words) in refused.items()]
    bombs = {
        "syntax-error": b"def f(:\n",
        "nul": b"x = 1\0\n",
        "parser-bomb": b"(" * 60000,
        "deep-operators": b"x = " + b"-" * 60000 + b"1\n",
        "long-name": b"x" * 60000 + b" = 1\n",
        "indents": b"".join(b" " * n + b"if 1:\n" for n in range(200)),
        "huge-number": b"x = " + b"9" * 60000 + b"\n",
    }
    found += [Case("intake", name, plain(data), exactly=0.0) for name, data in bombs.items()]
    extras = {
        "stale-bytecode": _beside(__pycache___0micrograd__cpython_311__pyc=b"\0" * 100),
        "library-beside": _beside(micrograd__so=b"\x7fELF", micrograd__cpython_311_x86_64_linux_gnu__so=b"\x7fELF"),
        "package-beside": _beside(micrograd_0____init____py=b"raise SystemExit"),
    }
    return found + [Case("intake", name, make, exactly=MODULE_POINTS) for name, make in extras.items()]


def _archives() -> list[Case]:
    here: list[tuple[str, str, Make, str]] = [
        ("slip", ".zip", zipped(("../" + MODULE, None)), r"\.\."),
        ("absolute", ".zip", zipped(("/tmp/" + MODULE, None)), "absolute"),
        ("backslash", ".zip", zipped(("..\\" + MODULE, None)), r"backslash|\.\."),
        ("twice", ".zip", zipped((MODULE, None), ("x/../" + MODULE, None)), r"\.\.|twice|two"),
        ("colliding", ".zip", zipped((MODULE, None), (MODULE.upper(), None)), "case|collide|differ|twice"),
        ("link", ".zip", zipped((MODULE, b""), link="/etc/passwd"), "link"),
        ("encrypted", ".zip", _encrypted, "encrypt|password"),
        ("lying-size", ".zip", _lying_zip, "size|lies|damaged|bytes|CRC"),
        ("cut", ".zip", _cut_zip, "zip|damaged|cut|broken"),
        ("bomb", ".zip", _zip_bomb, "bytes|large|MiB|KiB"),
        ("tar-slip", ".tar.gz", tarred("../" + MODULE), r"\.\."),
        ("tar-link", ".tar.gz", tarred(kind=tarfile.SYMTYPE, link="/etc/passwd"), "link"),
        ("tar-hard-link", ".tar.gz", tarred(kind=tarfile.LNKTYPE, link="/etc/passwd"), "link"),
        ("tar-device", ".tar", tarred(kind=tarfile.CHRTYPE, mode="w"), "device"),
        ("tar-fifo", ".tar", tarred(kind=tarfile.FIFOTYPE, mode="w"), "pipe|FIFO"),
        ("not-an-archive", ".zip", lambda course, place: place.write_bytes(b"PK\3\4" + os.urandom(500)) and None, "zip|damaged|broken"),
    ]
    found = [Case("archive", name, make, refused=words, suffix=suffix) for name, suffix, make, words in here]
    return [*found, Case("archive", "honest-tar", tarred(), exactly=MODULE_POINTS, suffix=".tar.gz")]


def _notebooks() -> list[Case]:
    script = "<script>alert(1)</script><img src=x onerror=alert(1)>"
    forged = {"nbgrader": {"grade": True, "points": 1000, "locked": False, "grade_id": "x", "solution": False, "schema_version": 3}}
    found = {
        "scripts": notebook(("markdown", script), ("raw", script)),
        "forged-metadata": notebook(("markdown", "x"), metadata=forged),
    }
    cases = [Case("notebook", name, make, exactly=MODULE_POINTS, suffix=".ipynb") for name, make in found.items()]
    refused = {
        "not-json": (lambda course, place: place.write_text("{" * 100000, encoding="utf-8") and None, "notebook|JSON"),
        "no-code": (notebook(("markdown", script), code=False), "code|empty|cell"),
    }
    return cases + [Case("notebook", name, make, refused=words, suffix=".ipynb") for name, (make, words) in refused.items()]


def cases() -> list[Case]:
    """Return the cases of this file."""
    return [*_intake(), *_archives(), *_notebooks(), Case("git", "hostile-repository", _repository, exactly=MODULE_POINTS), *honest()]
