"""The homeworks' own ``pain.py`` in a terminal: what it keeps when the disk, a file, the keyboard or its reader gets in its way."""

from __future__ import annotations

import json
import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from play_kit import ROOT, rows

from grader.play import book

TYPED = {"hw1": "0 1.5", "hw2": "nudge c", "hw3": "7", "hw4": "2 0.1"}  # one try of each homework
NAMES = sorted(TYPED)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="signals and limits of POSIX")
WHOLE = b'{"t": "x", "kind": "k", "input": 1, "result": 2}'
DISK = 64  # bytes that may be written to one file, where a test makes the disk full

pytestmark = pytest.mark.parametrize("name", NAMES)


@pytest.fixture
def home(name, tmp_path):
    """The homework as she has it, nothing tried yet."""
    folder = tmp_path / name
    shutil.copytree(ROOT / "assignments" / name, folder, ignore=shutil.ignore_patterns("*.jsonl", "prediction.json*", "__pycache__"))
    return folder


def pain(home: Path, *arguments: str, typed: bytes = b"", full: bool = False, **variables: str) -> subprocess.CompletedProcess[bytes]:
    """Run ``python pain.py`` as she does, or ``grade play --text`` with ``play`` as the argument; on a full disk if asked."""
    plain = [sys.executable, "pain.py", "--lang", "en", *arguments]
    text = [sys.executable, "-m", "grader.cli", "play", home.name, "--text", "--lang", "en"]
    return subprocess.run(
        text if arguments == ("play",) else plain,
        cwd=home,
        input=typed,
        capture_output=True,
        timeout=60,
        check=False,
        env={**os.environ, "PYTHONDONTWRITEBYTECODE": "1", "PYTHONIOENCODING": "", **variables},
        preexec_fn=_full if full else None,
    )


def _full() -> None:
    import resource

    resource.setrlimit(resource.RLIMIT_FSIZE, (DISK, DISK))


def answers(home: Path) -> list[str]:
    """Return an answer to each question."""
    questions = book.read(home.name, home).questions
    return [question["choices"][0]["id"] if question["choices"] else "I believe so" for question in questions]


def lines(home: Path) -> bytes:
    return "".join(f"{answer}\n" for answer in answers(home)).encode()


def one_line(done: subprocess.CompletedProcess[bytes], *says: str) -> None:
    """Demand exit code 2 and one line that says so."""
    (told,) = done.stderr.decode().splitlines()
    assert done.returncode == 2
    assert [word for word in says if word not in told] == []


def test_the_shared_lines_are_the_same_in_each_homework(name):
    """Who mends one mends all."""

    def shared(homework: str) -> str:
        text = (ROOT / "assignments" / homework / "pain.py").read_text(encoding="utf-8")
        return text.partition("# --- her files")[2].partition("# --- the terminal")[0]

    assert shared(name) == shared(NAMES[0]) != ""


# --- every try is kept ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("torn", "kept"), [(b'{"a"', 1), (b'{"t": "x", "kind": "\xe4\xbd', 1), (WHOLE, 2)], ids=["half a line", "half a letter", "no newline"]
)
@pytest.mark.parametrize("before", [b"", WHOLE + b"\n"], ids=["alone", "after a line"])
def test_a_torn_end_does_not_spoil_the_next_try(home, name, torn, kept, before):
    """As in the browser: half a line is moved to pain.jsonl.bak, a whole one gets its end."""
    (home / "pain.jsonl").write_bytes(before + torn)
    done = pain(home, "play", typed=TYPED[name].encode() + b"\n")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(rows(home)) == kept + before.count(b"\n")
    assert (home / "pain.jsonl").read_bytes().startswith(before)
    assert (home / "pain.jsonl.bak").read_bytes() == torn if kept == 1 else not (home / "pain.jsonl.bak").exists()


@POSIX
@pytest.mark.parametrize("before", [b"", WHOLE + b"\n", WHOLE], ids=["empty", "a line", "no newline"])
def test_a_full_disk_keeps_the_log_whole(home, name, before):
    """Half a try that just fitted would cost her all the others."""
    (home / "pain.jsonl").write_bytes(before)
    one_line(pain(home, typed=TYPED[name].encode() + b"\n", full=True), "pain.jsonl")
    assert (home / "pain.jsonl").read_bytes().rstrip() == before.rstrip()


@pytest.mark.parametrize(("lang", "says"), [("en", "nothing more can be kept"), ("zh", "无法继续保存")])
def test_a_log_that_cannot_be_written_is_said_in_one_line(home, name, lang, says):
    (home / "pain.jsonl").mkdir()
    one_line(pain(home, "--lang", lang, typed=TYPED[name].encode() + b"\n", PYTHONIOENCODING="utf-8"), "pain.jsonl", says)


def test_letters_of_another_encoding_do_not_end_the_game(home, name):
    done = pain(home, "play", typed=b"caf\xe9\n" + TYPED[name].encode() + b"\n", LC_ALL="C.UTF-8")
    assert (done.returncode, done.stderr) == (0, b"")
    assert len(rows(home)) == 1


@pytest.mark.parametrize("typed", ["x y", "1 2 3 4", "", "+ +"])
def test_what_is_no_try_is_answered_in_words(home, name, typed):
    """No word of Python's own."""
    done = pain(home, typed=f"{typed}\n".encode())
    assert (done.returncode, done.stderr) == (0, b"")
    for own in (b"unpack", b"literal", b"could not convert", b"out of range"):
        assert own not in done.stdout
    assert rows(home) == []


# --- the prediction ------------------------------------------------------------------------------------------------------------


def test_a_prediction_is_made_once(home, name):
    assert pain(home, "predict", typed=lines(home)).returncode == 0
    before = (home / "prediction.json").read_bytes()
    assert list(json.loads(before)["answers"].values()) == answers(home)
    pain(home, "predict", typed=lines(home).replace(b"I", b"You"))
    assert (home / "prediction.json").read_bytes() == before
    assert sorted(path.name for path in home.glob("*prediction*")) == ["prediction.json"]


def test_a_prediction_that_was_made_meanwhile_stays(home, name):
    """On the page, say, while the terminal was asking."""
    with asking(home, "predict") as process:
        (home / "prediction.json").write_text('{"t": "", "answers": {}}', encoding="utf-8")
        _, said = process.communicate(lines(home), timeout=60)
    assert (process.returncode, said.count(b"\n")) == (2, 1)
    assert (home / "prediction.json").read_text(encoding="utf-8") == '{"t": "", "answers": {}}'


@POSIX
def test_a_full_disk_leaves_no_part_of_a_prediction(home, name):
    """She predicts again when there is room."""
    one_line(pain(home, "predict", typed=lines(home), full=True), "prediction.json")
    assert [path.name for path in home.iterdir() if "prediction" in path.name] == []
    assert pain(home, "predict", typed=lines(home)).returncode == 0
    assert (home / "prediction.json").exists()


def test_an_answer_in_another_encoding_is_kept(home, name):
    typed = lines(home).replace(b"I believe so", b"caf\xe9", 1)
    done = pain(home, "predict", typed=typed, LC_ALL="C")
    assert (done.returncode, done.stderr) == (0, b"")
    assert "caf\ufffd" in json.loads((home / "prediction.json").read_text(encoding="utf-8"))["answers"].values()


@pytest.mark.parametrize("broken", [b"", b'{"t": "2026', b"\xff\xfe", b"[1]", b"{}", b"[" * 100_000], ids=range(6))
def test_a_broken_prediction_is_set_aside(home, name, broken):
    """A full disk or an editor left it; it must not lock her out."""
    (home / "prediction.json").write_bytes(broken)
    done = pain(home, "predict", typed=lines(home))
    assert (done.returncode, done.stderr) == (0, b"")
    assert b"prediction.json.bak" in done.stdout.splitlines()[0]
    assert (home / "prediction.json.bak").read_bytes() == broken
    assert list(json.loads((home / "prediction.json").read_text(encoding="utf-8"))["answers"].values()) == answers(home)


def test_nothing_is_revealed_after_a_broken_prediction(home, name):
    """In hw2 and hw4 there is no ``reveal``: ``predict`` itself shows the machine's answers, once hers are written down."""
    apart = name in ("hw1", "hw3")
    assert (b"reveal" in pain(home, "--help").stdout) is apart
    (home / "prediction.json").write_bytes(b'{"t"')
    done = pain(home, "reveal")
    assert b"machine:" not in done.stdout
    assert done.returncode == 2
    if apart:
        assert done.stderr == b""
        assert b"First predict" in done.stdout
    else:
        assert b"invalid choice: 'reveal'" in done.stderr


def test_a_prediction_that_cannot_be_read_is_said_in_one_line(home, name):
    (home / "prediction.json").mkdir()
    one_line(pain(home, "predict", typed=lines(home)), "prediction.json")


# --- leaving -------------------------------------------------------------------------------------------------------------------


class asking(subprocess.Popen):
    """A pain.py (or ``grade play --text``) that has shown its first prompt."""

    def __init__(self, home: Path, *arguments: str) -> None:
        text = ["-m", "grader.cli", "play", home.name, "--text"]
        command = text if arguments == ("play",) else ["pain.py", *arguments]
        pipes = dict.fromkeys(("stdin", "stdout", "stderr"), subprocess.PIPE)
        super().__init__([sys.executable, *command, "--lang", "en"], cwd=home, start_new_session=True, **pipes)
        said = b""
        while not said.endswith(b"> "):
            more = os.read(self.stdout.fileno(), 4096)
            assert more, said
            said += more


@pytest.mark.parametrize("arguments", [(), ("predict",)], ids=["try", "predict"])
def test_ctrl_d_leaves_politely(home, name, arguments):
    done = pain(home, *arguments)
    assert (done.returncode, done.stderr) == (0, b"")
    assert not (home / "prediction.json").exists()


@POSIX
@pytest.mark.parametrize("arguments", [(), ("predict",), ("play",)], ids=["try", "predict", "grade play --text"])
def test_ctrl_c_leaves_politely(home, name, arguments):
    with asking(home, *arguments) as process:
        os.killpg(process.pid, signal.SIGINT)
        out, said = process.communicate(timeout=60)
    assert said == b""
    assert process.returncode in ((0, 130) if arguments == ("play",) else (0,))
    assert (b"pain.jsonl" in out) == (arguments != ("predict",))
    assert not (home / "prediction.json").exists()
