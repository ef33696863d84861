"""The command line: lazy, two languages, four exit codes, JSON alone on stdout."""

from __future__ import annotations

import errno
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import time
import zipfile
from importlib import metadata
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from test_release import plant

from grader import cli, handin, manifest, release
from grader.cli import group, speak
from grader.errors import CourseError, GraderFault

HANDOUT = {
    "hw1/assignment.toml": """name = "hw1"
title = "Doubling"
submit = { module = "double", files = ["double.py", "pain.jsonl"] }
stage = [{ name = "double", part = "solution", public = 20, hidden = 80 }]
""",
    "hw1/double.py": "def double(number):\n    return number + number\n",
    "hw1/.kit/starter/double.py": "def double(number):\n    raise NotImplementedError()\n",
}


@pytest.fixture
def home(tmp_path, monkeypatch):
    """A student's folder with one unpacked handout, as the current folder."""
    plant(tmp_path, HANDOUT)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(*arguments: str, lang: str = "en", **variables: str):
    """Run the group in this process."""
    return CliRunner(env={"GRADE_LANG": lang, **variables}).invoke(cli.main, list(arguments))


def failing(error: BaseException) -> group.LazyGroup:
    """A group whose one command raises *error*."""

    @click.command()
    def command() -> None:
        raise error

    module = type(sys)("grade_failing")
    module.command = command  # type: ignore[attr-defined]
    sys.modules["grade_failing"] = module
    return group.LazyGroup({("All", "全部"): {"fail": group.Entry("grade_failing:command", "fails", "失败")}}, name="grade")


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_of_the_table_exists(name):
    """A line of the help that cannot be run would be a lie."""
    module, _, attribute = cli.COMMANDS[name].target.partition(":")
    assert isinstance(getattr(importlib.import_module(module), attribute), click.Command)


def test_every_command_that_exists_is_in_the_table():
    """A module of grader/cli with a command that the help does not list would be found by nobody."""
    folder = Path(cli.__file__).parent
    modules = {path.stem for path in folder.glob("*.py") if re.search(r"^def command\(", path.read_text(encoding="utf-8"), re.MULTILINE)}
    assert modules == {entry.target.partition(":")[0].rpartition(".")[2] for entry in cli.COMMANDS.values()}


@pytest.mark.parametrize("name", sorted(cli.COMMANDS))
def test_every_command_helps_in_both_languages(name):
    """Its own help is in the reader's language, options too."""
    en, zh = (subprocess_help(name, lang) for lang in ("en", "zh"))
    assert not re.search(r"[\u4e00-\u9fff]", en)
    assert re.search(r"[\u4e00-\u9fff]", zh.partition("--lang")[0]), "the command's own lines"
    assert "--verbose" in en
    assert "--verbose" in zh


def subprocess_help(name: str, lang: str) -> str:
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", "--lang", lang, name, "--help"], capture_output=True, text=True, encoding="utf-8", check=True
    )
    return done.stdout


def test_help_names_every_command_and_imports_none():
    """The table is enough: neither a command, nor pytest, numpy or rich is imported."""
    probe = (
        "import sys\nfrom grader.cli import main\n"
        "try:\n    main(['--help'])\nexcept SystemExit as end:\n    assert not end.code, end.code\n"
        "heavy = ('pytest', 'numpy', 'rich', 'torch', 'sqlalchemy')\n"
        "print(sorted(name for name in sys.modules if name.startswith('grader') or name in heavy), file=sys.stderr)"
    )
    done = subprocess.run([sys.executable, "-c", probe], capture_output=True, text=True, encoding="utf-8", check=True)
    assert done.stderr.strip() == "['grader', 'grader.cli', 'grader.cli.group', 'grader.cli.speak']"
    for name, entry in cli.COMMANDS.items():
        assert re.search(rf"^  {name} +{re.escape(entry.en)}$", done.stdout, re.MULTILINE), name
    assert done.stdout.index("For students:") < done.stdout.index("For staff:")


@pytest.mark.parametrize(
    ("error", "code", "says"),
    [
        (CourseError("mend me", zh="请改我"), 2, "grade: mend me\n"),
        (
            OSError(28, "No space left on device", "/x/y"),
            2,
            "grade: /x/y: the disk is full; free some space and run the same command again",
        ),
        (GraderFault("the wall fell"), 3, "grade: the wall fell\nThis is the kit's fault, not yours"),
        (PermissionError(13, "Permission denied", "double.py"), 2, "grade: double.py: Permission denied; give yourself the right"),
        (OSError(errno.ENOSPC, "No space left on device"), 2, "grade: the output: the disk is full; free some space"),
        (FileNotFoundError(2, "No such file", "kit.py"), 3, "grade: FileNotFoundError: "),
        (RuntimeError("odd"), 3, "grade: RuntimeError: odd\nThis is the kit's fault"),
        (KeyboardInterrupt(), 130, "\nStopped.\n"),
        (click.Abort(), 130, "\nStopped.\n"),
        (click.UsageError("bad words"), 2, "grade: bad words\nTry 'grade fail --help'.\n"),
    ],
)
def test_an_error_becomes_one_line_and_an_exit_code(error, code, says):
    """No traceback unless asked for, and nothing on stdout."""
    done = CliRunner(env={"GRADE_LANG": "en"}).invoke(failing(error), ["fail"])
    assert (done.exit_code, done.stdout) == (code, "")
    assert done.stderr.startswith(says)
    assert "Traceback" not in done.stderr


def test_an_error_speaks_chinese_when_asked():
    done = CliRunner(env={"GRADE_LANG": "zh"}).invoke(failing(CourseError("mend me", zh="请改我")), ["fail"])
    assert done.stderr == "grade：请改我\n"


@pytest.mark.parametrize("arguments", [["--verbose", "fail"], ["fail", "--verbose"]])
def test_verbose_adds_the_traceback_wherever_it_stands(arguments):
    done = CliRunner(env={"GRADE_LANG": "en"}).invoke(failing(CourseError("mend me")), arguments)
    assert done.exit_code == 2
    assert "Traceback (most recent call last)" in done.stderr


@pytest.mark.parametrize(
    ("arguments", "lang", "says"),
    [
        (("resett",), "en", "grade: No such command 'resett'. Did you mean 'reset'?\nTry 'grade --help'."),
        (("resett",), "zh", "grade：没有命令 'resett'。你是想输入 'reset' 吗？\n用法见 'grade --help'。"),
        (("qqqq",), "en", "grade: No such command 'qqqq'. See 'grade --help'."),
        (("reset",), "en", "grade: Missing argument 'HW'.\nTry 'grade reset --help'."),
        (("reset",), "zh", "grade：缺少参数 'HW'。"),
        (("reset", "--bad", "hw1"), "zh", "grade：没有选项 '--bad'。"),
        (("--lang", "fr", "reset"), "en", "grade: Invalid value for '--lang'"),
        (("reset", "hw9"), "en", "grade: no assignment 'hw9' here (known: hw1)\n"),
        (("reset", "hw9"), "zh", "grade：这里没有作业 'hw9'（已知：hw1）\n"),
        (("reset", "hw1", "x"), "zh", "grade：hw1 没有 'x' 的初始文件（已知：double.py）\n"),
    ],
)
def test_a_slip_on_the_line_is_mended_in_one_line(home, arguments, lang, says):
    """Exit 2, the word that was wrong, the nearest right one, and where to read on."""
    done = run(*arguments, lang=lang)
    assert (done.exit_code, done.stdout) == (2, "")
    assert done.stderr.startswith(says)


def test_the_language_comes_from_the_option_the_variable_or_the_locale(monkeypatch):
    """In this order; anything but Chinese is English."""
    for name in ("GRADE_LANG", "LC_ALL", "LC_MESSAGES", "LANG"):
        monkeypatch.delenv(name, raising=False)
    if sys.platform != "win32":
        assert speak.default_language() == "en"
    monkeypatch.setenv("LANG", "zh_CN.UTF-8")
    assert speak.default_language() == "zh"
    monkeypatch.setenv("LC_ALL", "de_DE.UTF-8")
    assert speak.default_language() == "en"
    monkeypatch.setenv("GRADE_LANG", "zh")
    assert speak.default_language() == "zh"
    assert "No such command" in run("--lang", "en", "resett", lang="zh").stderr


def test_every_option_has_an_environment_variable(home, tmp_path):
    """GRADE_<COMMAND>_<OPTION> is the option, and the line wins over it."""
    (tmp_path / "away").mkdir()
    assert run("submit", "hw1", GRADE_SUBMIT_OUT=str(tmp_path / "away")).exit_code == 0
    assert len(list((tmp_path / "away").glob("hw1-submission-*.zip"))) == 1


def test_an_option_is_set_by_the_variable_that_is_called_as_it_is(home):
    """``--json`` by GRADE_STATUS_JSON: whatever the code behind it calls it."""
    assert json.loads(run("status", GRADE_STATUS_JSON="1").stdout)[0]["assignment"] == "hw1"
    commands = {name: cli.main.get_command(click.Context(cli.main), name) for name in cli.COMMANDS}
    gradebook = commands["gradebook"]
    assert isinstance(gradebook, click.Group)
    commands |= {f"gradebook_{name}": gradebook.get_command(click.Context(gradebook), name) for name in gradebook.commands}
    for name, command in commands.items():
        for option in (param for param in command.params if isinstance(param, click.Option)):
            word = max(option.opts, key=len).removeprefix("--").replace("-", "_")
            assert option.envvar == f"GRADE_{name}_{word}".upper()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows lets nobody take away the folder that a program is in")
@pytest.mark.parametrize("arguments", [["check", "hw1"], ["status"], ["reset", "hw1"]])
def test_a_folder_that_is_gone_is_told_so(tmp_path, arguments):
    (tmp_path / "gone").mkdir()
    words = " ".join([sys.executable, "-P", "-c", "'from grader.door import run; run()'", *arguments])
    done = subprocess.run(
        ["sh", "-c", f"cd gone && rmdir ../gone && {words}"], cwd=tmp_path, env={**os.environ, "GRADE_LANG": "en"}, capture_output=True,
        text=True, encoding="utf-8", check=False, timeout=60,
    )  # fmt: skip
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr.startswith("grade: the folder that you are in is not there any more; go into")


@pytest.mark.skipif(sys.platform == "win32", reason="a closed pipe is told otherwise on Windows")
def test_nobody_reading_on_is_no_failure(home):
    """``grade status | true``: exit 1 would say that checks failed."""
    line = f"{sys.executable} -m grader.cli status"
    done = subprocess.run(
        ["sh", "-c", f"(sleep 0.2; {line}; echo $? >&2) | true"], cwd=home, capture_output=True, text=True, check=True, timeout=60
    )
    assert done.stderr == "0\n"


def test_chinese_survives_a_console_of_another_encoding(home):
    """A Windows code page, or a C locale, must not turn a message into an exception."""
    environment = {**os.environ, "PYTHONIOENCODING": "ascii", "GRADE_LANG": "zh"}
    done = subprocess.run([sys.executable, "-m", "grader.cli", "nope"], cwd=home, env=environment, capture_output=True, check=False)
    assert done.returncode == 2
    assert "没有命令 'nope'" in done.stderr.decode("utf-8")


@pytest.mark.skipif(sys.platform == "win32", reason="signals of a terminal")
def test_ctrl_c_ends_a_command_with_130_and_one_line(tmp_path):
    """What a terminal sends; the shell sees an interrupted command."""
    (tmp_path / "slow.py").write_text(
        "import time, click\n@click.command()\ndef command():\n    print('ready', flush=True)\n    time.sleep(60)\n"
    )
    probe = (
        "from grader.cli.group import Entry, LazyGroup\n"
        "LazyGroup({('a', 'b'): {'slow': Entry('slow:command', 'x', 'y')}}, name='grade')(['--lang', 'en', 'slow'])"
    )
    with subprocess.Popen(
        [sys.executable, "-c", probe],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env=os.environ | {"PYTHONPATH": str(tmp_path)},
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n"
        time.sleep(0.05)
        process.send_signal(signal.SIGINT)
        _out, err = process.communicate(timeout=10)
    assert (process.returncode, err) == (130, "\nStopped.\n")


def test_reset_puts_the_starter_back_and_keeps_hers(home):
    """Nothing that she wrote is lost, however often she starts again."""
    mine = (home / "hw1/double.py").read_text()
    assert run("reset", "hw1").exit_code == 0
    assert (home / "hw1/double.py").read_text() == HANDOUT["hw1/.kit/starter/double.py"]
    assert (home / "hw1/double.py.1.bak").read_text() == mine
    assert "it is the starter already" in run("reset", "hw1").stderr
    (home / "hw1/double.py").write_text("second\n")
    assert run("reset", "hw1", "double.py").exit_code == 0
    assert (home / "hw1/double.py.1.bak").read_text() == mine
    assert (home / "hw1/double.py.2.bak").read_text() == "second\n"


def test_reset_brings_back_a_file_that_was_deleted(home):
    (home / "hw1/double.py").unlink()
    assert handin.start_again(manifest.find("hw1", home)) == [("double.py", None)]


@pytest.mark.parametrize("name", ["pain.jsonl", "doubel.py", "../double.py"])
def test_reset_refuses_a_file_without_a_starter(home, name):
    """Her own log has no starter; a name that leads elsewhere has none either."""
    done = run("reset", "hw1", name)
    assert done.exit_code == 2
    assert f"hw1 has no starter for '{name}' (" in done.stderr


def test_a_folder_in_the_place_of_a_file_is_told_so(home):
    (home / "hw1/double.py").unlink()
    (home / "hw1/double.py").mkdir()
    for command in (("reset", "hw1"), ("reset", "hw1", "double.py")):
        done = run(*command)
        assert (done.exit_code, done.stderr) == (
            2,
            f"grade: {home.resolve()}/hw1/double.py is a folder; move it away and type this again\n",
        )
    done = run("check", "hw1")
    assert done.exit_code == 2
    assert "double.py is a folder; move it away, and `grade reset hw1 double.py` brings the starter back" in done.stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_no_other_file_of_hers_is_taken_for_the_module(home, lang):
    """What is to be handed in under its own name is no module with a wrong name; her copy of the module is."""
    toml = home / "hw1/assignment.toml"
    toml.write_text(toml.read_text(encoding="utf-8").replace('"pain.jsonl"]', '"break_it.py"]'), encoding="utf-8")
    (home / "hw1/double.py").rename(home / "hw1/break_it.py")
    said = run("submit", "hw1", lang=lang).stderr
    assert said == {"en": "grade: hw1: has no double.py\n", "zh": "grade：hw1：没有 double.py\n"}[lang]
    assert "`grade reset hw1 double.py`" in run("check", "hw1", lang=lang).stderr
    (home / "hw1/double (1).py").write_text("x = 1\n")
    assert "double (1).py" in run("submit", "hw1", lang=lang).stderr


def test_a_place_that_cannot_take_the_zip_is_told_with_its_own_remedy(home, monkeypatch):
    """A folder of that name, a full disk, no right to write: three remedies."""
    assert run("submit", "hw1").exit_code == 0
    (made,) = home.glob("hw1-submission-*.zip")
    made.unlink()
    made.mkdir()
    assert "a folder is in its place: move it away" in run("submit", "hw1").stderr
    made.rmdir()
    for number, remedy in ((errno.ENOSPC, "free some space"), (errno.EACCES, "make the folder writable")):
        monkeypatch.setattr("os.fsync", lambda _, number=number: (_ for _ in ()).throw(OSError(number, os.strerror(number))))
        done = run("submit", "hw1")
        assert (done.exit_code, remedy in done.stderr, list(home.glob("*.zip"))) == (2, True, [])


def test_reset_without_kept_starters_says_where_to_find_one(home):
    (home / "hw1/.kit/starter/double.py").unlink()
    assert "unpack the handout again" in run("reset", "hw1").stderr


def test_submit_packs_the_named_files_and_tells_what_is_missing(home):
    """The zip holds the submission's files alone, is named by its content, and is the same on each run."""
    (home / "hw1/notes.txt").write_text("mine")
    done = run("submit", "hw1")
    assert done.exit_code == 0
    assert "missing  pain.jsonl" in done.stderr
    (first,) = home.glob("hw1-submission-*.zip")
    assert zipfile.ZipFile(first).namelist() == ["hw1/double.py"]
    content = first.read_bytes()
    assert run("submit", "hw1").exit_code == 0
    assert [path.read_bytes() for path in home.glob("hw1-submission-*.zip")] == [content]


@pytest.mark.parametrize(("lang", "says"), [("en", "careful  pain.jsonl, line 2 is not JSON. Mend it"), ("zh", "注意    pain.jsonl")])
def test_submit_names_evidence_that_no_check_can_read(home, lang, says):
    """A log that was cut off is handed in all the same, and she hears of it while she can mend it."""
    (home / "hw1/pain.jsonl").write_text('{"t": ""}\n{"t": "20', encoding="utf-8")
    done = run("--lang", lang, "submit", "hw1")
    assert done.exit_code == 0
    assert says in done.stderr
    (home / "hw1/pain.jsonl").write_text('{"t": ""}\n', encoding="utf-8")
    assert says not in run("--lang", lang, "submit", "hw1").stderr


def test_submit_refuses_what_grading_would_refuse(home):
    """One line that names the file; nothing is written."""
    (home / "hw1/double.py").write_bytes(b"\xff\xfe\x00")
    done = run("submit", "hw1")
    assert done.exit_code == 2
    assert "double.py" in done.stderr
    assert list(home.glob("*.zip")) == []


def test_release_outside_a_course_is_refused(home):
    done = run("release")
    assert done.exit_code == 2
    assert "go into the course repository" in done.stderr


def test_a_handout_of_another_course_cannot_be_released(home):
    """Without solutions/ there is nothing to cut a starter from."""
    with pytest.raises(CourseError, match="only the course's staff"):
        release.release(manifest.find("hw1", home), Path("dist"))


def test_doctor_names_the_wall_and_what_is_missing(home, monkeypatch):
    """The tier, why it is not a better one, and a command for everything that could be better."""
    monkeypatch.setenv("GRADE_TIER", "3")
    done = run("doctor", "--json")
    assert done.exit_code == 0
    found = {row["name"]: row for row in json.loads(done.stdout)}
    assert found["wall"]["en"].startswith("tier 3 (-): ")
    assert found["assignments"]["en"] == "hw1"
    assert all(row["remedy"] for row in found.values() if row["state"] == "missing")


def test_doctor_says_what_a_missing_package_is_for(monkeypatch):
    """A package that cannot be found is named with the command that brings it, in both languages."""
    monkeypatch.setattr("importlib.metadata.version", lambda name: (_ for _ in ()).throw(metadata.PackageNotFoundError(name)))
    assert "missing  rich         needed for progress and tables\n" in run("doctor").stderr
    assert "试试：pip install 'rich'" in run("doctor", lang="zh").stderr
