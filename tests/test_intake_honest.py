"""Honest hand-ins get in, whatever container, editor or operating system they come from."""

from __future__ import annotations

import gzip
import json
import tarfile
from pathlib import Path

import pytest
from intake_kit import HONEST, assignment, tar_entry, tar_of, zip_of

from grader.errors import CourseError
from grader.intake import Rejected, admit, scan, strays


def folder_of(path: Path, **files: bytes) -> Path:
    path.mkdir(parents=True)
    for name, data in files.items():
        (path / name.replace("__", ".")).write_bytes(data)
    return path


def test_one_digest_whatever_the_container(tmp_path):
    """A folder, a zip, a tar.gz and a tar of the same files are the same submission."""
    folder = folder_of(tmp_path / "alice", micrograd__py=HONEST, pain__jsonl=b"{}\n", notes__txt=b"mine")
    packed = zip_of(tmp_path / "a.zip", ("micrograd.py", HONEST), ("pain.jsonl", b"{}\n"))
    entries = ((tar_entry("micrograd.py"), HONEST), (tar_entry("pain.jsonl"), b"{}\n"))
    sources = [folder, packed, tar_of(tmp_path / "a.tgz", *entries), tar_of(tmp_path / "a.tar", *entries, mode="w")]
    found = [admit(source, assignment(), "alice") for source in sources]
    assert {one.digest for one in found} == {found[0].digest}
    assert found[0].digest.startswith("sha256:")
    assert all(one.files == {"micrograd.py": HONEST, "pain.jsonl": b"{}\n"} for one in found)


def test_the_digest_tells_contents_and_names_apart(tmp_path):
    """Moving a byte from one file to the next is another submission."""
    one = folder_of(tmp_path / "a", micrograd__py=HONEST, pain__jsonl=b"ab", break_it__py=b"c")
    two = folder_of(tmp_path / "b", micrograd__py=HONEST, pain__jsonl=b"a", break_it__py=b"bc")
    assert admit(one, assignment(), "x").digest != admit(two, assignment(), "x").digest


@pytest.mark.parametrize("home", ["hw2/", "./hw2/", "my work/", "./", "assignments/hw2/"])
def test_a_handout_folder_packed_whole_is_found(tmp_path, home):
    """Most people zip the folder, not its files."""
    packed = zip_of(tmp_path / "a.zip", (home + "micrograd.py", HONEST), (home + "pain.jsonl", b"{}"), (home + "tests/test_x.py", b""))
    tar = tar_of(tmp_path / "a.tar.gz", (tar_entry(home + "micrograd.py"), HONEST), (tar_entry(home + "pain.jsonl"), b"{}"))
    assert set(admit(packed, assignment(), "a").files) == {"micrograd.py", "pain.jsonl"}
    assert admit(tar, assignment(), "a").digest == admit(packed, assignment(), "a").digest


def test_a_folder_in_a_folder_is_found(tmp_path):
    """The same on disk, as an unpacked zip leaves it."""
    folder_of(tmp_path / "alice" / "hw2", micrograd__py=HONEST)
    assert admit(tmp_path / "alice", assignment(), "alice").files == {"micrograd.py": HONEST}


def test_the_assignments_own_folder_wins(tmp_path):
    """In a folder with all homeworks, the one of this name is meant."""
    packed = zip_of(tmp_path / "a.zip", ("hw1/micrograd.py", b"old"), ("hw2/micrograd.py", HONEST))
    assert admit(packed, assignment(), "a").files["micrograd.py"] == HONEST


def test_what_tools_leave_behind_does_no_harm(tmp_path):
    """Finder's twins, a virtual environment's links and caches are passed over."""
    link = tar_entry("hw2/.venv/bin/python", tarfile.SYMTYPE, "/usr/bin/python3")
    tar = tar_of(tmp_path / "a.tgz", (link, b""), (tar_entry("hw2/micrograd.py"), HONEST), (tar_entry("__MACOSX/hw2/._micrograd.py"), b"x"))
    assert admit(tar, assignment(), "a").files == {"micrograd.py": HONEST}


@pytest.mark.parametrize("form", [tarfile.USTAR_FORMAT, tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_every_kind_of_tar_with_long_names_is_read(tmp_path, form):
    """Long and Chinese names take extended headers, in two dialects."""
    folder = "d" * 90 if form == tarfile.USTAR_FORMAT else "作业" * 60
    tar = tar_of(tmp_path / "a.tar", (tar_entry(f"{folder}/micrograd.py"), HONEST), mode="w", form=form)
    assert admit(tar, assignment(), "a").files == {"micrograd.py": HONEST}


def test_an_archive_is_known_by_what_it_is(tmp_path):
    """A tar.gz called .zip is still a tar.gz."""
    tar = tar_of(tmp_path / "a.zip", (tar_entry("micrograd.py"), HONEST))
    assert admit(tar, assignment(), "a").files == {"micrograd.py": HONEST}


@pytest.mark.parametrize(
    "source",
    [
        b"\xef\xbb\xbfx = 1\n",
        b"x = 1\r\ny = '\xc3\xa9'\r\n",
        b"# -*- coding: latin-1 -*-\nx = '\xe9'\n",
        "# coding: gbk\nx = '梯度'\n".encode("gbk"),
        b"# \xe4\xbd\xa0\nx = 1",
    ],
)
def test_text_as_python_reads_it_is_honest_and_stays_as_it_is(tmp_path, source):
    """A BOM, CRLF or a PEP 263 cookie costs nothing, and not a byte is changed."""
    path = tmp_path / "bob.py"
    path.write_bytes(source)
    assert admit(path, assignment(), "bob").files == {"micrograd.py": source}


def notebook(*cells: dict[str, object]) -> bytes:
    return json.dumps({"nbformat": 4, "nbformat_minor": 5, "metadata": {}, "cells": cells}).encode()


def code(text: object, **metadata: object) -> dict[str, object]:
    return {"cell_type": "code", "source": text, "metadata": metadata, "outputs": [{"output_type": "stream", "text": "<script>"}]}


def test_a_notebooks_code_cells_are_the_module(tmp_path):
    """Markdown, outputs, test cells and scratch cells are not part of it."""
    cells = [
        {"cell_type": "markdown", "source": "<script>alert(1)</script>"},
        code(["import math\n", "x = 1"]),
        code("%timeit x", tags=["scratch"]),
        code("assert False", nbgrader={"grade": True, "solution": False}),
        code("y = (x\n     %z)\ns = '''\n%not magic\n!no\n'''  # 50%? !\n"),
    ]
    path = tmp_path / "hw2.ipynb"
    path.write_bytes(notebook(*cells))
    text = admit(path, assignment(), "a").files["micrograd.py"].decode()
    assert text == "import math\nx = 1\n\n\ny = (x\n     %z)\ns = '''\n%not magic\n!no\n'''  # 50%? !\n"


def test_a_notebook_in_a_folder_stands_in_for_the_module(tmp_path):
    """nbgrader's own layout: student/assignment/assignment.ipynb; a .py beside it wins."""
    folder_of(tmp_path / "a" / "hw2", hw2__ipynb=notebook(code("x = 1")))
    assert admit(tmp_path / "a", assignment(), "a").files == {"micrograd.py": b"x = 1\n"}
    (tmp_path / "a" / "hw2" / "micrograd.py").write_bytes(HONEST)
    assert admit(tmp_path / "a", assignment(), "a").files == {"micrograd.py": HONEST}
    packed = zip_of(tmp_path / "n.zip", ("hw2.ipynb", notebook(code("x = 1"))))
    assert admit(packed, assignment(), "a").files == {"micrograd.py": b"x = 1\n"}


@pytest.mark.parametrize("line", ["%matplotlib inline", "%%time", "!pip install x", "  !ls", "?x", "x?"])
def test_a_notebook_with_magics_gets_a_clear_line(tmp_path, line):
    """The message names the cell, the line and the way out."""
    path = tmp_path / "a.ipynb"
    path.write_bytes(notebook(code("a = 1"), code(f"b = 2\n{line}\n")))
    with pytest.raises(Rejected, match=r"cell 2, line 2 .*scratch"):
        admit(path, assignment(), "a")


def test_the_hand_ins_instant_is_kept_apart_from_its_name(tmp_path):
    """The same files later are the same submission, handed in later."""
    folder = folder_of(tmp_path / "a", micrograd__py=HONEST)
    early, late = (admit(folder, assignment(), "a", instant=t) for t in ("2026-01-01T00:00:00+00:00", "2026-01-02T00:00:00+00:00"))
    assert early.digest == late.digest
    assert early.instant < late.instant
    assert admit(folder, assignment(), "a").instant.endswith("+00:00")


def test_scan_finds_one_hand_in_a_student(tmp_path):
    """Folders, archives, notebooks and bare modules; a roster and hidden files are passed over, and a note beside her work."""
    folder_of(tmp_path / "ada", micrograd__py=HONEST)
    for name in ("bob.zip", "cy.tar.gz", "di.ipynb", "ed.py", "roster.csv", ".DS_Store", "fay.rar", "ada.txt"):
        (tmp_path / name).write_bytes(b"")
    assert [student for student, _ in scan(tmp_path, assignment())] == ["ada", "bob", "cy", "di", "ed", "fay"]


def test_a_file_that_nobody_hands_in_makes_no_student(tmp_path):
    """Notes, tools' files and a file without an ending are named, and are nobody's; a foreign archive, or a document, is a hand-in."""
    folder_of(tmp_path / "ada", micrograd__py=HONEST)
    others = ["Makefile", "a.tar.zip.log", "marks.xlsx", "notes.md", "page.html", "x\x1b.json", "y.db"]
    documents = ["s1.RAR", "s2.tar.xz", "s3.pdf", "s4.docx", "s5.txt"]
    for name in (*others, *documents, "bob.zip", "roster.csv", "README.md", ".DS_Store"):
        (tmp_path / name).write_bytes(b"")
    (tmp_path / "fay.md").symlink_to("ada")
    assert strays(tmp_path) == others
    assert [student for student, _ in scan(tmp_path, assignment())] == ["ada", "bob", "fay.md", "s1", "s2", "s3", "s4", "s5"]


def test_scan_refuses_two_hand_ins_of_one_student(tmp_path):
    """Which one counts is not ours to guess; all pairs are named at once."""
    folder_of(tmp_path / "ada", micrograd__py=HONEST)
    for name in ("ada.zip", "bob.zip", "bob.py", "bob.tar"):
        (tmp_path / name).write_bytes(b"")
    with pytest.raises(
        CourseError, match=r"ada and ada\.zip are both of ada; bob\.py and bob\.tar and bob\.zip are all of bob; keep one of each"
    ):
        scan(tmp_path, assignment())


@pytest.mark.parametrize("make", [lambda p: p.mkdir(), lambda p: p.write_text("x"), lambda p: None])
def test_scan_says_when_there_is_no_class_folder(tmp_path, make):
    """Empty, a file or missing: one line with the remedy."""
    make(tmp_path / "class")
    with pytest.raises(CourseError, match="class"):
        scan(tmp_path / "class", assignment())


def test_a_tar_of_two_gzip_members_is_read(tmp_path):
    """Parallel compressors write several members."""
    plain = tar_of(tmp_path / "a.tar", (tar_entry("micrograd.py"), HONEST), mode="w").read_bytes()
    (tmp_path / "a.tgz").write_bytes(gzip.compress(plain[:700]) + gzip.compress(plain[700:]))
    assert admit(tmp_path / "a.tgz", assignment(), "a").files == {"micrograd.py": HONEST}


@pytest.mark.parametrize("encoding", ["big5", "gbk", "cp932"])
def test_half_a_character_is_no_backslash(tmp_path, encoding):
    """Windows writes names in its own code page, and zip does not say in which; their second bytes may look like backslashes."""
    folder = {"big5": "功課", "gbk": "俓課", "cp932": "表題"}[encoding].encode(encoding)
    assert b"\\" in folder
    packed = zip_of(tmp_path / "a.zip", ("@@@@/micrograd.py", HONEST))
    packed.write_bytes(packed.read_bytes().replace(b"@@@@", folder))
    assert admit(packed, assignment(), "a").files == {"micrograd.py": HONEST}
    packed = zip_of(tmp_path / "b.zip", ("folder@micrograd.py", HONEST))
    packed.write_bytes(packed.read_bytes().replace(b"@", b"\\"))
    with pytest.raises(Rejected, match="has a backslash"):
        admit(packed, assignment(), "b")


def test_an_archive_in_a_hand_in_is_named(tmp_path):
    """In a zip and in a folder: what to do with it is said, in place of that nothing is there."""
    inner = zip_of(tmp_path / "hw2.zip", ("micrograd.py", HONEST)).read_bytes()
    folder_of(tmp_path / "ada")
    (tmp_path / "ada" / "hw2.zip").write_bytes(inner)
    for source in (zip_of(tmp_path / "bob.zip", ("hw2.zip", inner)), tmp_path / "ada"):
        with pytest.raises(Rejected, match=r"has no micrograd\.py, but hw2\.zip, an archive in it; unpack that"):
            admit(source, assignment(), "a")
