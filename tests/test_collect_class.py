"""Twenty students push to a real git server, each in her own way; each work is collected as it stood, and none harms another."""

from __future__ import annotations

import datetime as dt
import json
import os
import shutil
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from git_kit import git, serve, student

from grader import collect, manifest
from grader.roster import Person

ROOT = Path(__file__).resolve().parent.parent
pytestmark = pytest.mark.skipif(shutil.which("git") is None or os.name != "posix", reason="NOT RUN: needs git and a POSIX shell")
DEADLINE = dt.datetime(2026, 10, 1, 12, 0, tzinfo=dt.UTC)
EARLY, LATE = DEADLINE - dt.timedelta(hours=2), DEADLINE + dt.timedelta(hours=2)
LFS = "version https://git-lfs.github.com/spec/v1\noid sha256:" + "0" * 64 + "\nsize 12345\n"
HISTORY = 200  # commits of a mebibyte each


def tag(work: Path, when: dt.datetime) -> str:
    name = f"submit/hw2/{when:%Y%m%dT%H%M%SZ}-{git(work, 'rev-parse', 'HEAD')[:10]}"
    git(work, "tag", name)
    git(work, "push", "--quiet", "origin", name)
    return name


def commit(work: Path, when: dt.datetime, *options: str) -> None:
    git(work, "add", "-A")
    git(work, "commit", "--quiet", "--allow-empty", "-m", "more", *options, when=when)


def program(work: Path, text: str) -> None:
    (work / "micrograd.py").write_text(text, encoding="utf-8")


# What each student does after her first push, which was in time and holds `x = 'first'`.


def nothing(work: Path, bare: Path) -> None:
    pass


def tagged(work: Path, bare: Path) -> None:
    tag(work, EARLY)


def tagged_twice(work: Path, bare: Path) -> None:
    tag(work, EARLY)
    program(work, "x = 'second'\n")
    commit(work, EARLY + dt.timedelta(hours=1))
    tag(work, EARLY + dt.timedelta(hours=1))


def tagged_late(work: Path, bare: Path) -> None:
    program(work, "x = 'late'\n")
    commit(work, LATE)
    git(work, "push", "--quiet", "origin", "main")
    tag(work, LATE)


def forced_with_tag(work: Path, bare: Path) -> None:
    tag(work, EARLY)
    program(work, "x = 'rewritten'\n")
    commit(work, LATE, "--amend")
    git(work, "push", "--quiet", "--force", "origin", "main")


def forced_without_tag(work: Path, bare: Path) -> None:
    program(work, "x = 'rewritten'\n")
    commit(work, LATE, "--amend")
    git(work, "push", "--quiet", "--force", "origin", "main")


def deleted_tag(work: Path, bare: Path) -> None:
    name = tag(work, EARLY)
    git(work, "push", "--quiet", "origin", f":refs/tags/{name}")


def annotated_tag(work: Path, bare: Path) -> None:
    name = f"submit/hw2/{EARLY:%Y%m%dT%H%M%SZ}-{git(work, 'rev-parse', 'HEAD')[:10]}"
    git(work, "tag", "-a", name, "-m", "mine", when=EARLY)
    git(work, "push", "--quiet", "origin", name)


def odd_tags(work: Path, bare: Path) -> None:
    for name in ("submit/hw2/20261301T000000Z-abcdef0123", "submit/hw1/20260901T000000Z-abcdef0123", "submit/hw2/yesterday"):
        git(work, "tag", name)
        git(work, "push", "--quiet", "origin", name)


def hooks(work: Path, bare: Path) -> None:
    """Hooks in the work tree, where a careless clone with core.hooksPath would find them, and in the served repository itself."""
    for folder in (work / "hooks", work / ".githooks", bare / "hooks"):
        folder.mkdir(exist_ok=True)
        for name in ("post-checkout", "post-merge", "reference-transaction"):
            (folder / name).write_text(f"#!/bin/sh\necho {name} >> {work.parent / 'owned'}\n")
            if folder != bare / "hooks":
                (folder / name).chmod(0o755)
    commit(work, EARLY)
    git(work, "push", "--quiet", "origin", "main")


def submodule(work: Path, bare: Path) -> None:
    (work / ".gitmodules").write_text('[submodule "x"]\n path = x\n url = ext::sh -c "touch owned"\n', encoding="utf-8")
    git(work, "update-index", "--add", "--cacheinfo", f"160000,{git(work, 'rev-parse', 'HEAD')},x")
    git(work, "add", ".gitmodules")
    git(work, "commit", "--quiet", "-m", "module", when=EARLY)
    git(work, "push", "--quiet", "origin", "main")


def filters(work: Path, bare: Path) -> None:
    (work / ".gitattributes").write_text("*.py filter=evil ident text eol=crlf working-tree-encoding=UTF-16\n", encoding="utf-8")
    git(work, "add", ".gitattributes")
    git(work, "commit", "--quiet", "-m", "filters", when=EARLY)
    git(work, "push", "--quiet", "origin", "main")


def lfs(work: Path, bare: Path) -> None:
    program(work, LFS)
    commit(work, EARLY)
    git(work, "push", "--quiet", "origin", "main")


def link(work: Path, bare: Path) -> None:
    (work / "micrograd.py").unlink()
    (work / "micrograd.py").symlink_to("/etc/passwd")
    commit(work, EARLY)
    git(work, "push", "--quiet", "origin", "main")


def no_module(work: Path, bare: Path) -> None:
    (work / "micrograd.py").unlink()
    commit(work, EARLY)
    git(work, "push", "--quiet", "origin", "main")


def empty(work: Path, bare: Path) -> None:
    git(bare, "update-ref", "-d", "refs/heads/main")


def replaced(work: Path, bare: Path) -> None:
    """A replacement of the handed-in commit: what git log shows is not what was pushed."""
    first = git(work, "rev-parse", "HEAD")
    program(work, "x = 'replacement'\n")
    commit(work, LATE)
    git(work, "replace", first, "HEAD")
    git(work, "push", "--quiet", "--force", "origin", f"{first}:refs/heads/main", "refs/replace/*:refs/replace/*")


def absurd_date(work: Path, bare: Path) -> None:
    tree = git(work, "rev-parse", "HEAD^{tree}")
    raw = f"tree {tree}\nauthor s <s@e.org> 99999999999 +9999\ncommitter s <s@e.org> 99999999999 +9999\n\nfar away\n"
    command = ["git", "-C", str(work), "hash-object", "-t", "commit", "-w", "--stdin", "--literally"]
    made = subprocess.run(command, input=raw, capture_output=True, text=True, check=True).stdout.strip()
    git(work, "push", "--quiet", "--force", "origin", f"{made}:refs/heads/main")


def gone(work: Path, bare: Path) -> None:
    shutil.rmtree(bare)


def vanishing(work: Path, bare: Path) -> None:
    """Answers the first question of a collect and is gone before the second; see ``class_server``."""
    (bare / "vanish").touch()


# name -> (what she does, the status and what her module then says)
CLASS: dict[str, tuple[Callable[[Path, Path], None], str, str]] = {
    "nothing": (nothing, "new", "first"),
    "tagged": (tagged, "new", "first"),
    "tagged_twice": (tagged_twice, "new", "second"),
    "tagged_late": (tagged_late, "new", "first"),
    "forced_with_tag": (forced_with_tag, "new", "first"),
    "forced_without": (forced_without_tag, "nothing", "no commit up to"),
    "deleted_tag": (deleted_tag, "new", "first"),
    "annotated_tag": (annotated_tag, "new", "first"),
    "odd_tags": (odd_tags, "new", "first"),
    "hooks": (hooks, "new", "first"),
    "submodule": (submodule, "refused", "is a submodule"),
    "filters": (filters, "new", "first"),
    "lfs": (lfs, "refused", "Git LFS"),
    "link": (link, "refused", "link"),
    "no_module": (no_module, "refused", "has no micrograd.py"),
    "empty": (empty, "nothing", ""),
    "replaced": (replaced, "new", "first"),
    "absurd_date": (absurd_date, "nothing", ""),
    "gone": (gone, "nothing", ""),
    "vanishing": (vanishing, "nothing", ""),
}


@pytest.fixture
def class_server(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A git daemon that lets a repository marked ``vanish`` answer once, and takes it away when it is asked again."""
    base = tmp_path / "server"
    base.mkdir()
    hook = tmp_path / "access"
    hook.write_text(
        '#!/bin/sh\n# service, path, host ...\n[ -e "$2/vanish" ] || exit 0\n'
        'if [ -e "$2/asked" ]; then rm -rf "$2"; exit 1; fi\n: >"$2/asked"\n'
    )
    hook.chmod(0o755)
    yield from serve(base, f"--access-hook={hook}")


@pytest.fixture
def group(class_server: tuple[Path, str], tmp_path: Path) -> list[Person]:
    """All twenty, pushed."""
    base, url = class_server
    for name, (act, _, _) in CLASS.items():
        work = student(base, tmp_path, name, EARLY, "x = 'first'\n")
        act(work, base / f"{name}.git")
    assert len(CLASS) == 20
    return [Person(name, repo=f"{url}/{name}.git") for name in CLASS]


def collected(people: list[Person], into: Path) -> dict[str, collect.Collected]:
    assignment = manifest.load(ROOT / "assignments" / "hw2", ROOT / "solutions" / "hw2")
    return {one.id: one for one in collect.collect(assignment, people, into, DEADLINE, lambda one: None)}


def test_each_of_twenty_gets_her_due(group, tmp_path, monkeypatch):
    """Status, reason and content, and nothing of theirs was executed; a second collect finds the same and writes nothing new."""
    monkeypatch.setenv("HOME", str(tmp_path))
    found = collected(group, tmp_path / "into")
    assert {name: one.status for name, one in found.items()} == {name: status for name, (_, status, _) in CLASS.items()}
    for name, (_, status, says) in CLASS.items():
        module = tmp_path / "into" / name / "micrograd.py"
        if status == "new":
            assert module.read_text() == f"x = '{says}'\n", name
            assert {path.name for path in module.parent.iterdir()} <= {"micrograd.py", "break_it.py", "pain.jsonl", "prediction.json"}
        else:
            assert says in found[name].reason, name
            assert found[name].reason, name
            assert not module.exists(), name
    assert not list(tmp_path.rglob("owned"))
    again = collected(group, tmp_path / "into")
    assert {one.status for one in again.values()} <= {"same", "nothing", "refused"}
    log = [json.loads(line) for line in (tmp_path / "into" / collect.LOG).read_text().splitlines()]
    assert len(log) == 40


def test_what_was_collected_survives_what_comes_after(group, class_server, tmp_path):
    """A repository that is gone next time takes nothing away of what was handed in."""
    base, _ = class_server
    assert collected(group, tmp_path / "into")["tagged"].status == "new"
    shutil.rmtree(base / "tagged.git")
    assert collected(group, tmp_path / "into")["tagged"].status == "nothing"
    assert (tmp_path / "into" / "tagged" / "micrograd.py").read_text() == "x = 'first'\n"


def test_a_history_of_200_mib_is_left_where_it_is(class_server, tmp_path, monkeypatch):
    """Only the commit that counts is fetched, with a tag or without: what git may write is held below a fiftieth of the history."""
    base, url = class_server
    bare = base / "heavy.git"
    subprocess.run(["git", "init", "--quiet", "--bare", "-b", "main", str(bare)], check=True)
    command = ["git", "-C", str(bare), "-c", "core.compression=0", "fast-import", "--quiet"]
    feed = subprocess.Popen(command, stdin=subprocess.PIPE)
    assert feed.stdin is not None
    for number in range(HISTORY):
        data, module = os.urandom(1 << 20), f"x = {number}\n".encode()
        when = int((EARLY - dt.timedelta(days=HISTORY - number)).timestamp())
        feed.stdin.write(f"commit refs/heads/main\ncommitter s <s@e.org> {when} +0000\ndata 1\n.\n".encode())
        feed.stdin.write(b"M 644 inline noise.bin\ndata %d\n" % len(data) + data + b"\nM 644 inline micrograd.py\ndata %d\n" % len(module))
        feed.stdin.write(module + b"\n")
    feed.stdin.close()
    assert feed.wait() == 0
    size = sum(path.stat().st_size for path in bare.rglob("*.pack"))
    assert size > HISTORY << 20
    monkeypatch.setattr(collect, "MEGABYTES", 4)
    started = time.monotonic()
    found = collected([Person("heavy", repo=f"{url}/heavy.git")], tmp_path / "into")["heavy"]
    print(f"{size >> 20} MiB of history, collected in {time.monotonic() - started:.1f} s")
    assert (found.status, found.reason) == ("new", "")
    assert (tmp_path / "into" / "heavy" / "micrograd.py").read_text() == f"x = {HISTORY - 1}\n"


def test_a_commit_that_is_too_large_is_told_and_the_next_is_collected(class_server, tmp_path, monkeypatch):
    """A pack beyond the cap ends that fetch, not the disk and not the class."""
    base, url = class_server
    heavy, light = (student(base, tmp_path, name, EARLY, "x = 'first'\n") for name in ("heavy", "light"))
    (heavy / "noise.bin").write_bytes(os.urandom(3 << 20))
    commit(heavy, EARLY)
    git(heavy, "push", "--quiet", "origin", "main")
    monkeypatch.setattr(collect, "MEGABYTES", 2)
    found = collected([Person(name, repo=f"{url}/{name}.git") for name in ("heavy", "light")], tmp_path / "into")
    assert (found["heavy"].status, found["light"].status) == ("nothing", "new")
    assert found["heavy"].reason
    assert light.exists()
