"""Hostile and broken hand-ins are refused with one line that names the entry and the reason."""

from __future__ import annotations

import contextlib
import gzip
import io
import os
import random
import socket
import struct
import sys
import tarfile
import tracemalloc
import zipfile
from pathlib import Path

import pytest
from intake_kit import HONEST, assignment, tar_entry, tar_of, zip_of

from grader.intake import Rejected, admit, fingerprint
from grader.intake import names as intake_names

posix = pytest.mark.skipif(sys.platform == "win32", reason="NOT RUN: Windows has no FIFO, device or unprivileged link")


def refused(source: Path, match: str) -> Rejected:
    with pytest.raises(Rejected, match=match) as caught:
        admit(source, assignment(), "eve")
    assert "\n" not in caught.value.text
    assert caught.value.zh != caught.value.text
    return caught.value


def info(name: str, mode: int = 0o100644) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name)
    entry.external_attr, entry.create_system = mode << 16, 3
    return entry


BAD_NAMES = [
    ("../evil.py", "out of the archive"),
    ("hw2/../../evil.py", "out of the archive"),
    ("/etc/cron.d/x", "absolute"),
    ("C:/x.py", "absolute"),
    ("hw2\\x.py", "backslash"),
    ("x" * 2000, "too long"),
]


@pytest.mark.parametrize(("name", "reason"), BAD_NAMES)
def test_a_name_that_leads_elsewhere_refuses_the_archive(tmp_path, name, reason):
    """Nothing would be extracted, but nobody honest writes such a name."""
    refused(zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST), (name, b"x")), reason)
    refused(tar_of(tmp_path / "a.tgz", (tar_entry("micrograd.py"), HONEST), (tar_entry(name), b"x")), reason)


def test_a_nul_in_a_name_is_seen_before_it_is_cut(tmp_path):
    """Readers that stop at the NUL would see a harmless name."""
    path = zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST), ("evil.pyXmicrograd", b"x"))
    path.write_bytes(path.read_bytes().replace(b"evil.pyX", b"evil.py\0"))
    refused(path, "NUL")
    tar = tar_of(tmp_path / "a.tar", (tar_entry("micrograd.py"), HONEST), (tar_entry("é" * 60 + "Xx"), b"x"), mode="w")
    tar.write_bytes(tar.read_bytes().replace(("é" * 60 + "Xx").encode(), ("é" * 60).encode() + b"\0x"))
    refused(tar, "NUL|damaged")


@pytest.mark.parametrize("twin", ["micrograd.py", "Micrograd.py", "MICROGRAD.PY", "./micrograd.py"])
def test_twins_are_refused(tmp_path, twin):
    """Two readers could read two different files."""
    with pytest.warns(UserWarning, match="Duplicate") if twin == "micrograd.py" else contextlib.nullcontext():  # zipfile warns the maker
        path = zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST), (twin, b"x = 2"))
    refused(path, "twice|capitals")
    refused(tar_of(tmp_path / "a.tgz", (tar_entry("micrograd.py"), HONEST), (tar_entry(twin), b"x = 2")), "twice|capitals")


def test_a_file_that_is_also_a_folder_is_refused(tmp_path):
    """micrograd.py and micrograd.py/ are twins too."""
    refused(zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST), ("micrograd.py/", b"")), "twice")


@pytest.mark.parametrize(("mode", "kind"), [(0o120777, "link"), (0o010644, "pipe"), (0o020644, "device"), (0o140644, "socket")])
def test_a_zip_entry_that_is_no_file_is_refused(tmp_path, mode, kind):
    """A link's target is never looked at."""
    refused(zip_of(tmp_path / "a.zip", (info("micrograd.py", mode), b"/etc/passwd")), f"micrograd.py: is a {kind}")
    refused(zip_of(tmp_path / "b.zip", ("micrograd.py", HONEST), (info("pain.jsonl", mode), b"x")), f"pain.jsonl: is a {kind}")


@pytest.mark.parametrize(
    ("kind", "reason"),
    [
        (tarfile.SYMTYPE, "link"),
        (tarfile.LNKTYPE, "link"),
        (tarfile.CHRTYPE, "device"),
        (tarfile.BLKTYPE, "device"),
        (tarfile.FIFOTYPE, "pipe"),
    ],
)
def test_a_tar_entry_that_is_no_file_is_refused(tmp_path, kind, reason):
    """Hard links too: they name what another entry holds."""
    refused(tar_of(tmp_path / "a.tgz", (tar_entry("micrograd.py", kind, "/etc/passwd"), b"")), f"micrograd.py: is a {reason}")


def test_an_unknown_or_sparse_tar_entry_is_refused(tmp_path):
    """What we cannot name we do not read."""
    refused(tar_of(tmp_path / "a.tar", (tar_entry("micrograd.py", b"V"), b""), mode="w"), "neither")
    sparse = tar_entry("micrograd.py")
    sparse.pax_headers = {"GNU.sparse.major": "1", "GNU.sparse.minor": "0"}
    refused(tar_of(tmp_path / "b.tar", (sparse, HONEST), mode="w"), "sparse")


def test_an_encrypted_zip_is_refused(tmp_path):
    """We have no password, and ask for none."""
    path = zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST))
    data = bytearray(path.read_bytes())
    data[6] |= 1
    data[data.index(b"PK\x01\x02") + 8] |= 1
    path.write_bytes(bytes(data))
    refused(path, "encrypted")


@pytest.mark.parametrize("stated", [5, 400])
def test_a_zip_that_lies_about_a_size_is_refused(tmp_path, stated):
    """Shorter or longer: the entry is not what the listing says."""
    path = zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST * 10))
    data = bytearray(path.read_bytes())
    at = data.index(b"PK\x01\x02")
    struct.pack_into("<L", data, at + 24, stated)
    path.write_bytes(bytes(data))
    refused(path, "damaged|not as long")


def test_a_zip_bomb_costs_no_memory(tmp_path):
    """64 MiB of zeros behind a small archive: at most the cap is unpacked, whatever the listing says."""
    path = zip_of(tmp_path / "a.zip", ("micrograd.py", bytes(64 << 20)))
    refused(path, "micrograd.py: is larger than 64 KiB")
    data = bytearray(path.read_bytes())
    struct.pack_into("<L", data, data.index(b"PK\x01\x02") + 24, 1000)
    path.write_bytes(bytes(data))
    tracemalloc.start()
    refused(path, "damaged|larger|not as long")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


def test_a_zip_with_a_huge_or_lying_listing_is_refused(tmp_path):
    """The listing's length is checked before it is read."""
    many = zip_of(tmp_path / "a.zip", *[(f"f{i}", b"") for i in range(10_001)])
    refused(many, "more than 10,000 entries")
    small = zip_of(tmp_path / "b.zip", *[(f"{i}{'x' * 240}", b"") for i in range(9_000)], ("micrograd.py", HONEST))
    refused(small, "entries")


def test_a_rare_compression_is_refused(tmp_path):
    """LZMA lets an archive choose how much memory its reader takes."""
    refused(zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST), method=zipfile.ZIP_LZMA), "rare compression")


def test_a_gzip_bomb_stops_at_the_cap(tmp_path):
    """Zeros after zeros: reading stops, and memory stays small."""
    tar = io.BytesIO()
    with tarfile.open(fileobj=tar, mode="w") as archive:
        entry = tar_entry("big")
        entry.size = 96 << 20
        archive.addfile(entry, io.BytesIO(bytes(96 << 20)))
    (tmp_path / "a.tgz").write_bytes(gzip.compress(tar.getvalue(), 1))
    tracemalloc.start()
    refused(tmp_path / "a.tgz", "unpacks to more than 64 MiB")
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 4 << 20


@pytest.mark.parametrize("kind", [b"x", b"L"])
def test_a_huge_extended_header_is_refused(tmp_path, kind):
    """Names need no megabytes."""
    entry = tar_entry("header", kind)
    entry.size = 1 << 20
    with open(tmp_path / "a.tar", "wb") as stream:
        stream.write(entry.tobuf(tarfile.USTAR_FORMAT) + bytes(1 << 20) + bytes(1024))
    refused(tmp_path / "a.tar", "damaged")


@pytest.mark.parametrize("cut", [1, 3, 10, 60, 200, 600])
def test_a_cut_archive_is_refused(tmp_path, cut):
    """A download that broke off is the student's to repeat, never a zero in silence."""
    packed = zip_of(tmp_path / "a.zip", ("micrograd.py", os.urandom(2000).hex().encode()))
    packed.write_bytes(packed.read_bytes()[:-cut])
    refused(packed, "damaged")
    tar = tar_of(tmp_path / "a.tgz", (tar_entry("micrograd.py"), os.urandom(2000).hex().encode()))
    tar.write_bytes(tar.read_bytes()[:-cut])
    refused(tar, "damaged|no micrograd")


def test_arbitrary_bytes_never_raise_anything_else(tmp_path):
    """A thousand seeded mutations of archives: admitted or refused, nothing in between."""
    rng = random.Random(7)
    seeds = [
        zip_of(tmp_path / "z", ("hw2/micrograd.py", HONEST), ("pain.jsonl", b"{}")).read_bytes(),
        tar_of(tmp_path / "t", (tar_entry("hw2/micrograd.py"), HONEST), (tar_entry("é" * 80), b"x"), mode="w").read_bytes(),
        tar_of(tmp_path / "g", (tar_entry("micrograd.py"), HONEST)).read_bytes(),
    ]
    admitted = 0
    for number in range(1000):
        data = bytearray(seeds[number % 3])
        for _ in range(rng.randint(1, 6)):
            data[rng.randrange(min(len(data), 2000))] = rng.choice((0, 1, 0x7F, 0xFF, rng.randrange(256)))
        (tmp_path / "m.zip").write_bytes(bytes(data))
        try:
            admitted += len(admit(tmp_path / "m.zip", assignment(), "eve").files) > 0
        except Rejected:
            continue
    assert 0 < admitted < 1000


@posix
def test_links_pipes_and_devices_on_disk_are_never_opened(tmp_path):
    """A link to a classmate's work, a pipe that would block, a device that never ends."""
    (tmp_path / "other.py").write_bytes(HONEST)
    makers = {
        "link": lambda p: p.symlink_to(tmp_path / "other.py"),
        "pipe": os.mkfifo,
        "folder": lambda p: p.mkdir(),
        "device": lambda p: os.mknod(p, 0o20644, os.makedev(1, 5)),
    }
    if os.geteuid() != 0:
        makers.pop("device")  # only root may make one, so only root can hand one in
    for kind, make in makers.items():
        home = tmp_path / f"with-{kind}"
        home.mkdir()
        make(home / "micrograd.py")
        refused(home, f"micrograd.py: is a {kind}")
        (home / "nested").mkdir()
        os.rename(home / "micrograd.py", home / "nested" / "micrograd.py")
        refused(home, f"micrograd.py: is a {kind}")


@posix
def test_a_hand_in_that_is_itself_a_link_or_a_socket_is_refused(tmp_path):
    """alice -> bob would hand in Bob's work."""
    (tmp_path / "bob").mkdir()
    (tmp_path / "bob" / "micrograd.py").write_bytes(HONEST)
    (tmp_path / "alice").symlink_to("bob")
    refused(tmp_path / "alice", "is a link")
    (tmp_path / "alice.zip").symlink_to("/dev/zero")
    refused(tmp_path / "alice.zip", "is a link")
    (tmp_path / "carol").mkdir()
    (tmp_path / "carol" / "hw2").symlink_to("../bob")
    refused(tmp_path / "carol", "no micrograd.py")
    with socket.socket(socket.AF_UNIX) as server:
        server.bind(os.path.relpath(tmp_path / "s"))
        refused(tmp_path / "s", "is a socket")
    refused(Path("/dev/zero"), "is a device")


def test_a_sparse_gigabyte_is_refused_at_once(tmp_path):
    """Its size is known before a byte is read."""
    for name in ("micrograd.py", "pain.jsonl"):
        home = tmp_path / name.partition(".")[0]
        home.mkdir()
        (home / "micrograd.py").write_bytes(HONEST)
        with open(home / name, "wb") as stream:
            stream.truncate(1 << 30)
        refused(home, f"{name}: is larger than")
    with open(tmp_path / "a.zip", "wb") as stream:
        stream.truncate(1 << 30)
    refused(tmp_path / "a.zip", "larger than")


def test_a_file_that_grows_while_it_is_read_is_capped(tmp_path, monkeypatch):
    """The count is of bytes read, whatever the listing said."""
    from grader.intake import disk

    (tmp_path / "micrograd.py").write_bytes(b"x" * (intake_names.MODULE_CAP + 1))
    monkeypatch.setattr(disk, "list_folder", lambda folder, _: [intake_names.Item("micrograd.py", "file", 10, folder / "micrograd.py")])
    refused(tmp_path, "larger than 64 KiB")


@pytest.mark.parametrize("data", [b"", b"\n \t\r\n", b"\xef\xbb\xbf", b"\xef\xbb\xbf\n"])
def test_an_empty_module_is_refused(tmp_path, data):
    """An editor that was never saved."""
    (tmp_path / "micrograd.py").write_bytes(data)
    refused(tmp_path, "micrograd.py: is empty")


@pytest.mark.parametrize(
    ("data", "reason"),
    [
        (b"x = 1\ny = '\xff'\n", "line 2 is not UTF-8"),
        (b"# -*- coding: nonsense -*-\nx = 1\n", "declares the encoding nonsense, which Python does not know; save it as UTF-8"),
        (b"# coding: utf-7\nx\n", "encoding utf-7"),
        (b"# coding: unicode_escape\nx\n", "encoding unicode"),
        (b"# coding: rot13\nk\n", "encoding rot-13"),
        (b"\xef\xbb\xbf# coding: latin-1\n", "not UTF-8"),
        ("x = 1\n".encode("utf-16"), "not UTF-8"),
    ],
)
def test_text_that_python_would_not_read_is_refused(tmp_path, data, reason):
    """With the line, so that the student finds it."""
    (tmp_path / "micrograd.py").write_bytes(data)
    refused(tmp_path, reason)


def test_a_missing_module_names_what_is_there(tmp_path):
    """The commonest slip is a wrong name."""
    refused(tmp_path, r"has no micrograd\.py$")
    (tmp_path / "Micrograd.py").write_bytes(HONEST)
    refused(tmp_path, r"has no micrograd\.py \(there is Micrograd\.py; rename")
    refused(tmp_path / "nobody", "is not there")
    (tmp_path / "x.rar").write_bytes(b"Rar!\x1a\x07\0")
    refused(tmp_path / "x.rar", "use a folder, .zip")


def test_two_modules_are_refused(tmp_path):
    """old/ and new/: only the student knows which counts."""
    refused(zip_of(tmp_path / "a.zip", ("old/micrograd.py", b"1"), ("new/micrograd.py", HONEST)), "is in new/ and in old/")


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"{",
        b"[]",
        b"[" * 100_000,
        b'{"cells": 5}',
        b'{"worksheets": []}',
        b"\xff\xfe",
        b'{"cells":[{"cell_type":"code","source":[1]}]}',
    ],
)
def test_a_broken_notebook_is_refused(tmp_path, data):
    """Whatever is wrong with it, one line says so."""
    (tmp_path / "a.ipynb").write_bytes(data)
    refused(tmp_path / "a.ipynb", "a.ipynb")


def test_a_hostile_name_is_shown_harmlessly(tmp_path):
    """A refusal prints the entry's name: no escape sequence, line break or bidi override gets through."""
    refusal = refused(zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST), ("/\x1b[2J\n::error::\u202e<b>", b"")), "absolute")
    assert refusal.text.isprintable()
    assert refusal.zh.isprintable()


def test_a_refused_hand_in_has_a_name_that_changes_with_it(tmp_path):
    """So that a second run does not look at it again, and a mended one is looked at."""
    home = tmp_path / "eve"
    (home / "hw2").mkdir(parents=True)
    (home / "hw2" / "micrograd.py").write_bytes(b"")
    first = fingerprint(home)
    assert first == fingerprint(home)
    (home / "hw2" / "micrograd.py").write_bytes(HONEST)
    mended = fingerprint(home)
    assert mended != first
    (home / "new").write_bytes(b"")
    assert fingerprint(home) not in (first, mended)
    assert fingerprint(tmp_path / "nobody") == fingerprint(tmp_path / "none")
