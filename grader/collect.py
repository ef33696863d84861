"""Fetch pushed repositories: for each student the tag that she submitted, or the deadline's commit, as plain files.

Git runs with an environment and settings of ours: no hooks, no filters, no submodules, no protocol but the URL's own, no checkout. What
is kept of a repository is what the manifest names.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path

from grader.errors import CourseError
from grader.intake import Rejected, git
from grader.intake.gitref import admit_git
from grader.model import Assignment
from grader.roster import Person

TAG = re.compile(r"refs/tags/submit/(?P<hw>[^/]+)/(?P<utc>\d{8}T\d{6}Z)-(?P<sha>[0-9a-f]{7,40})(?P<peeled>\^\{\})?$")
LOG = "collected.jsonl"
WORK = "refs/grade/work"
_HEADS = "refs/heads/"
DEPTHS = (1, 20, 200)  # commits of a branch that are fetched, one after the other, until the deadline's is among them
SECONDS = 120.0
MEGABYTES = 256  # of one file that a fetch may write: a larger pack is refused


@dataclass(frozen=True, slots=True)
class Collected:
    """What came of one student's repository. ``status`` is ``new``, ``same``, ``nothing`` or ``refused``; ``reason`` says why."""

    id: str
    status: str
    commit: str = ""
    tag: str = ""
    instant: str = ""
    reason: str = ""


def collect(
    assignment: Assignment, people: Iterable[Person], into: Path, deadline: dt.datetime | None, say: Callable[[Collected], None]
) -> list[Collected]:
    """Fetch everyone's work into ``into/<id>/``; one student's trouble never stops the others.

    A student's newest ``submit/hwN/...`` tag at or before *deadline* counts; without one the newest commit of the default branch that is
    not after it. Files get the instant of the hand-in as their time. The log ``collected.jsonl`` gains a line for each.
    """
    results = []
    try:
        into.mkdir(parents=True, exist_ok=True)
        for person in people:
            result = _one(assignment, person, into, deadline)
            with open(into / LOG, "a", encoding="utf-8") as log:
                log.write(json.dumps({"assignment": assignment.name, **asdict(result)}, ensure_ascii=False) + "\n")
            say(result)
            results.append(result)
    except OSError as error:
        where = error.filename or into
        text = f"{where}: cannot be written ({error.strerror}); make room or mend the folder, and run the same command again"
        raise CourseError(text, zh=f"{where}：无法写入（{error.strerror}）；请腾出空间或检查文件夹，然后重新运行") from None
    return results


def _one(assignment: Assignment, person: Person, into: Path, deadline: dt.datetime | None) -> Collected:
    try:
        if not person.repo:
            raise CourseError("the roster names no repository", zh="花名册里没有写仓库地址")
        with tempfile.TemporaryDirectory(prefix="grade-collect-") as folder:
            bare = Path(folder) / person.id  # a refusal names what it refuses
            git = _Git(bare, person.repo)
            ref, commit, instant = git.choose(assignment.name, deadline)
            submission = admit_git(bare, commit, assignment, person.id, instant=instant)
    except (CourseError, ValueError, OverflowError) as error:
        return _without(person, into, error)
    changed = _lay(into / person.id, submission.files, instant)
    return Collected(person.id, "new" if changed else "same", commit, ref, instant)


def _without(person: Person, into: Path, error: Exception) -> Collected:
    """Return why a student's work could not be had, and that what an earlier collect brought stays."""
    if not isinstance(error, CourseError):  # a commit may claim any date
        error = Rejected(person.id, f"its date makes no sense: {error}", zh=f"日期没有意义：{error}")
    status = "refused" if isinstance(error, Rejected) else "nothing"
    if (into / person.id).is_dir():
        kept = into / person.id
        error = CourseError(
            f"{error.text}; {kept} still holds the work of an earlier collect", zh=f"{error.zh}；{kept} 里仍是以前取回的作业"
        )
    return Collected(person.id, status, reason=error.both)


def _lay(folder: Path, files: Mapping[str, bytes], instant: str) -> bool:
    """Put *files* into *folder* at once; return whether anything is new."""
    present = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()} if folder.is_dir() else None
    when = dt.datetime.fromisoformat(instant).timestamp()
    fresh = folder.with_name(f".{folder.name}.new")
    shutil.rmtree(fresh, ignore_errors=True)
    fresh.mkdir()
    for name, data in files.items():
        (fresh / name).parent.mkdir(parents=True, exist_ok=True)
        (fresh / name).write_bytes(data)
        os.utime(fresh / name, (when, when))
    shutil.rmtree(folder, ignore_errors=True)
    fresh.rename(folder)
    return present != dict(files)


class _Git:
    """One student's repository, seen through a bare one of ours."""

    def __init__(self, bare: Path, url: str) -> None:
        self._protocol = git.protocol_of(url)
        self._bare = bare
        self._url = url
        self._run("init", "--bare", "--quiet", "--template=", str(bare), folder=False)

    def choose(self, homework: str, deadline: dt.datetime | None) -> tuple[str, str, str]:
        """Return (tag or branch, commit, instant in UTC) of what counts, fetched. Raises CourseError where there is nothing."""
        listing = self._run("ls-remote", "--", self._url, folder=False)
        tags = list(_tags(listing, homework, deadline))
        if tags:
            instant, ref = max(tags)
            self._fetch(f"+{ref}:{WORK}", 1)
            commit = self._run("rev-parse", "--verify", f"{WORK}^{{commit}}").strip()
            return ref.removeprefix("refs/tags/"), commit, instant
        branch = _default(listing, self._url)
        before = [f"--before={deadline.isoformat()}"] if deadline else []
        for depth in DEPTHS:  # most often the newest commit is the one: a long history then stays where it is
            self._fetch(f"+{branch}:{WORK}", depth)
            line = self._run("log", "-1", "--format=%H %cI", *before, WORK).split()
            if line:
                instant = dt.datetime.fromisoformat(line[1]).astimezone(dt.UTC).isoformat()
                return branch.removeprefix(_HEADS), line[0], instant
            if not (self._bare / "shallow").exists():
                break
        text = f"no commit up to {deadline}, and no tag submit/{homework}/..."
        raise CourseError(text, zh=f"{deadline} 之前没有提交，也没有标签 submit/{homework}/...")

    def _fetch(self, refspec: str, depth: int) -> None:
        self._run("fetch", "--quiet", f"--depth={depth}", "--no-tags", self._url, refspec)

    def _run(self, *arguments: str, folder: bool = True) -> str:
        repo = self._bare if folder else None
        ran = git.run(arguments, repo=repo, protocol=self._protocol, seconds=SECONDS, megabytes=MEGABYTES)
        if ran.late:
            text = f"{self._url}: no answer within {SECONDS:g} s; try again, or look at the address"
            raise CourseError(text, zh=f"{self._url}：{SECONDS:g} 秒内没有回应；请重试，或检查地址")
        if ran.over:
            raise CourseError(f"{self._url}: has too many branches and tags to list", zh=f"{self._url}：分支和标签太多，列不完")
        if ran.code != 0:
            en, zh = _reason(ran.said)
            raise CourseError(f"{self._url}: {en[:200]}", zh=f"{self._url}：无法读取仓库：{zh[:200]}")
        return ran.out.decode("utf-8", "replace")


def _reason(said: str) -> tuple[str, str]:
    """Return the line of git's that says why, or words of ours in both languages where it says nothing.

    What follows that line is advice, and what goes before it often the server's own word.
    """
    lines = [line.strip() for line in said.splitlines() if line.strip() and not line.lower().startswith("warning:")]
    fatal = next((number for number, line in enumerate(lines) if line.startswith("fatal:")), None)
    if not lines:
        return f"git failed; more than {MEGABYTES} MB, perhaps", f"git 出错；可能超过了 {MEGABYTES} MB"
    if fatal is None:
        return (lines[-1],) * 2
    return (lines[fatal - 1] if fatal and lines[fatal].startswith("fatal: Could not read") else lines[fatal],) * 2


def _default(listing: str, url: str) -> str:
    """Return HEAD, or, where it names a branch that nobody pushed, the one that was. Raises CourseError for none or several."""
    refs = [ref for _, _, ref in (line.partition("\t") for line in listing.splitlines())]
    heads = [ref for ref in refs if ref.startswith(_HEADS)]
    if "HEAD" in refs:
        return "HEAD"
    if not heads:
        raise CourseError(f"{url}: is empty; nothing was pushed yet", zh=f"{url}：是空的；还没有推送过")
    if len(heads) > 1:
        names = ", ".join(head.removeprefix(_HEADS) for head in heads)
        text = f"{url}: has no default branch, but several others ({names}); choose one in its settings"
        raise CourseError(text, zh=f"{url}：没有默认分支，却有几个其他分支（{names}）；请在设置里选一个")
    return heads[0]


def _tags(listing: str, homework: str, deadline: dt.datetime | None) -> Iterator[tuple[str, str]]:
    """Yield (instant, ref) of the hand-ins among the remote's refs that are not late."""
    for line in listing.splitlines():
        _, _, ref = line.partition("\t")
        match = TAG.fullmatch(ref)
        if match is None or match["hw"] != homework or match["peeled"]:
            continue
        try:
            when = dt.datetime.strptime(match["utc"], "%Y%m%dT%H%M%SZ").replace(tzinfo=dt.UTC)
        except ValueError:
            continue
        if deadline is None or when <= deadline:
            yield when.isoformat(), ref
