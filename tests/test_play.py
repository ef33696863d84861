"""The pain pages without a browser: who may ask, what is kept, what is told, and that every number is the assignment's own."""

from __future__ import annotations

import errno
import http.client
import importlib
import json
import os
import re
import shutil
import signal
import socket
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from click.testing import CliRunner
from play_kit import COURSE, HANDOUT, ROOT, Asker, rows, running, serving
from test_release import plant

import grader.play
from grader import cli, manifest
from grader.errors import CourseError, SuiteError
from grader.play import book, log, machine, notebook, server, view

PAGE = Path(grader.play.__file__).parent / "page"
ANSWERS = {"answers": {"least": "0", "why": "because"}}


@pytest.fixture
def toy(tmp_path):
    """A small handout with a page."""
    plant(tmp_path, HANDOUT)
    return tmp_path / "toy"


@pytest.fixture
def page(toy):
    with serving(toy) as served:
        yield served


@pytest.fixture
def asker(page):
    return Asker(page.address)


# --- who may come in ---------------------------------------------------------------------------------------------------------


def test_the_page_listens_on_this_machine_alone(page):
    assert page.socket.getsockname()[0] == "127.0.0.1"


@pytest.mark.parametrize("token", ["", "x", "x" * 32, "data"])
def test_without_the_token_nothing_is_told_or_done(asker, toy, token):
    """Another user of the machine can reach the port; the token is what she does not know."""
    asker.token = token
    assert asker.get("data")[0] == 403
    assert asker.attempt(1) == 403
    assert rows(toy) == []


@pytest.mark.parametrize("host", ["evil.example", "evil.example:{port}", "127.0.0.1", "127.0.0.1:1", None])
def test_a_foreign_host_is_turned_away(asker, page, toy, host):
    """A site whose name resolves to 127.0.0.1 would otherwise be the page's own origin."""
    headers = {"Host": host.format(port=page.server_port) if host else None}
    assert asker.raw("GET", f"/{asker.token}/data", headers=headers)[0] in (400, 403)
    assert asker.post("try", {"panel": "one", "input": {"x": 1}}, headers)[0] in (400, 403)
    assert rows(toy) == []


@pytest.mark.parametrize(
    "headers",
    [
        {"Origin": "http://evil.example"},
        {"Origin": "null"},
        {"Origin": None},
        {"Origin": "http://127.0.0.1:1"},
        {"Sec-Fetch-Site": "cross-site"},
        {"Sec-Fetch-Site": "same-site"},
        {"Content-Type": "text/plain"},
        {"Content-Type": None},
    ],
    ids=str,
)
def test_only_the_page_itself_may_record(asker, toy, headers):
    """Even somebody who knows the address cannot have another site's script or form play for her."""
    assert asker.post("try", {"panel": "one", "input": {"x": 1}}, headers)[0] in (403, 415)
    assert rows(toy) == []


def test_every_answer_forbids_the_browser_to_reach_out(asker):
    for path in (f"/{asker.token}/", f"/{asker.token}/data", f"/{asker.token}/play.js", "/wrong/"):
        headers = asker.raw("GET", path)[1]
        assert headers["Content-Security-Policy"].startswith("default-src 'none'")
        assert "frame-ancestors 'none'" in headers["Content-Security-Policy"]
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert headers["Cross-Origin-Resource-Policy"] == "same-origin"


def test_the_link_on_the_command_line_works_once(page):
    """Every user can read it there. Whoever comes second is told so, and whoever came first is shut out."""
    asker, told = Asker(page.address), []
    page.told = told.append
    link = page.link.removeprefix(asker.origin)
    status, headers, _ = asker.raw("GET", link)
    assert (status, headers["Location"]) == (302, f"/{asker.token}/")
    assert asker.get("state")[0] == 200
    assert asker.raw("GET", link)[0] == 403
    assert asker.get("state")[0] == 403
    assert told == [page.address]
    assert Asker(page.address).get("state")[0] == 200


def test_a_wrong_link_changes_nothing(page):
    asker = Asker(page.address)
    assert asker.raw("GET", "/once/guess")[0] == 403
    assert asker.get("state")[0] == 200


# --- what is kept ------------------------------------------------------------------------------------------------------------


def test_a_try_is_computed_by_the_assignment_and_kept(asker, toy):
    status, answer = asker.post("try", {"panel": "one", "input": {"x": 1.5}})
    (row,) = rows(toy)
    assert status == 200
    assert row == {"t": row["t"], "kind": "square", "input": {"x": 1.5}, "result": {"y": 2.25}}
    assert re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\dZ", row["t"])
    assert answer["state"]["panels"]["one"]["tries"] == 1
    assert [value["value"] for value in answer["view"]["values"]] == [2.25, 0.5]


def test_looking_records_nothing(asker, toy):
    status, answer = asker.post("look", {"panel": "one", "input": {"x": 1.5}})
    assert (status, answer["view"]["values"][0]["value"]) == (200, 2.25)
    assert rows(toy) == []


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"[1]",
        b"{",
        b'{"panel": "one", "input": {"x": "1"}}',
        b'{"panel": "none", "input": {"x": 1}}',
        b'{"panel": "one", "input": {"x": NaN}}',
        b'{"panel": ["one"], "input": {"x": 1}}',
        b"[" * 100_000,
        b'{"panel": "one", "input": {"x": 1e400}}',
        b"\xff",
    ],
    ids=range(10),
)
def test_a_malformed_try_is_refused_and_not_kept(asker, toy, body):
    status, _, answer = asker.raw("POST", f"/{asker.token}/try", body)
    assert status == 400
    assert json.loads(answer)["error"]["en"]
    assert rows(toy) == []
    assert asker.attempt(1) == 200, "the page lives on"


@pytest.mark.parametrize("headers", [{"Content-Length": None}, {"Content-Length": "-1"}, {"Content-Length": "999999999"}], ids=str)
def test_a_question_of_no_or_too_great_length_is_not_read(asker, headers):
    assert asker.raw("POST", f"/{asker.token}/try", b"", headers)[0] in (411, 413)


def test_many_tabs_at_once_lose_nothing(toy):
    """Two kits in two terminals, four tabs each: every answered try is one whole line."""
    with serving(toy) as one, serving(toy) as other:
        askers = [Asker(served.address) for served in (one, other) * 4]
        threads = [threading.Thread(target=lambda tab: [tab.attempt(n) for n in range(20)], args=(tab,)) for tab in askers]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert Asker(one.address).get("state")[1]["tries"] == 160
    assert sorted(row["input"]["x"] for row in rows(toy)) == sorted(list(range(20)) * 8)


@pytest.mark.skipif(sys.platform == "win32", reason="SIGKILL")
def test_a_killed_kit_loses_no_answered_try(toy):
    """kill -9 in the middle; the next kit shows what there was."""
    with running("toy", toy) as (process, address):
        asker, answered = Asker(address), 0

        def play():
            nonlocal answered
            try:
                while asker.attempt(answered) == 200:
                    answered += 1
            except (OSError, http.client.HTTPException):
                return

        thread = threading.Thread(target=play)
        thread.start()
        while answered < 20 and thread.is_alive():
            thread.join(0.01)
        os.kill(process.pid, signal.SIGKILL)
        thread.join()
    assert answered >= 20
    assert [row["input"]["x"] for row in rows(toy)][:answered] == list(range(answered))
    with running("toy", toy) as (_, address):
        assert Asker(address).get("state")[1]["tries"] == len(rows(toy)) >= answered


@pytest.mark.parametrize(
    ("before", "kept"),
    [
        (b'{"t": "", "kind": "square", "input": {"x": 1}, "result": {"y": 1}}', 2),
        (b'{"t": "", "kind": "square", "input": {"x": 1}, "result": {"y": 1}}\n{"t": "", "ki', 2),
        (b'{"t": "", "ki', 1),
        (b"", 1),
    ],
    ids=["no newline", "half a second line", "half a line", "empty"],
)
def test_a_torn_end_does_not_spoil_the_log(asker, toy, before, kept):
    """A power cut or an editor leaves a line without its end: the next try must not share it."""
    (toy / "pain.jsonl").write_bytes(before)
    assert asker.attempt(3) == 200
    assert len(rows(toy)) == kept
    assert rows(toy)[-1]["input"] == {"x": 3}


def test_a_file_changed_by_others_is_seen(asker, toy):
    """The text mode, an editor, a deleted file: the log on the disk is the only state."""
    asker.attempt(1)
    with (toy / "pain.jsonl").open("a", encoding="utf-8") as file:
        file.write('not a try\n{"t": "", "kind": "square", "input": {"x": 0}, "result": {"y": 0}}\n')
    standing = asker.get("state")[1]["panels"]["one"]
    assert (standing["tries"], standing["best"]) == (2, 0)
    (toy / "pain.jsonl").unlink()
    assert asker.get("state")[1]["tries"] == 0


def test_a_try_that_cannot_be_written_is_not_claimed(asker, toy):
    (toy / "pain.jsonl").mkdir()
    status, answer = asker.post("try", {"panel": "one", "input": {"x": 1}})
    assert status in (400, 409, 500)
    assert "error" in answer


@pytest.mark.parametrize("name", ["try", "predict"])
def test_a_disk_that_is_full_half_way_keeps_nothing_by_halves(asker, toy, monkeypatch, name):
    """What just fitted of a line would spoil the log; half a prediction would count as made."""
    asker.attempt(1)
    write = os.write

    def full(descriptor, content):
        if len(content) < 20:
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))
        return write(descriptor, content[: len(content) // 2])

    monkeypatch.setattr(log.os, "write", full)
    body = {"try": {"panel": "one", "input": {"x": 2}}, "predict": ANSWERS}[name]
    status, answer = asker.post(name, body)
    monkeypatch.undo()
    assert (status, "No space left" in answer["error"]["en"], "无法写入" in answer["error"]["zh"]) == (409, True, True)
    assert [row["input"] for row in rows(toy)] == [{"x": 1}]
    assert [path.name for path in toy.iterdir() if "prediction" in path.name] == []
    assert asker.post(name, body)[0] == 200


# --- the question ------------------------------------------------------------------------------------------------------------


def test_the_machine_answers_only_after_the_prediction(asker, toy):
    assert asker.get("data")[1]["state"]["truth"] is None
    status, answer = asker.post("predict", ANSWERS)
    assert status == 200
    assert answer["state"]["truth"] == {"least": "0", "why": None}
    made = json.loads((toy / "prediction.json").read_text(encoding="utf-8"))
    assert made["answers"] == ANSWERS["answers"]
    assert set(made) == {"t", "answers"}


def test_a_prediction_is_made_once(asker, toy):
    asker.post("predict", ANSWERS)
    before = (toy / "prediction.json").read_bytes()
    assert asker.post("predict", {"answers": {"least": "1", "why": "now I know"}})[0] == 409
    assert (toy / "prediction.json").read_bytes() == before


@pytest.mark.parametrize("broken", [b"", b'{"t": "2026', b"\xff", b"[1]", b'{"answers": 1}', b"[" * 100_000], ids=range(6))
def test_a_broken_prediction_does_not_count_as_made(asker, toy, broken):
    """It reveals nothing, and is set aside when she predicts."""
    (toy / "prediction.json").write_bytes(broken)
    state = asker.get("state")[1]
    assert (state["prediction"], state["truth"]) == (None, None)
    assert asker.post("predict", ANSWERS)[0] == 200
    assert (toy / "prediction.json.bak").read_bytes() == broken
    assert json.loads((toy / "prediction.json").read_text(encoding="utf-8"))["answers"] == ANSWERS["answers"]


def test_a_prediction_that_cannot_be_read_is_said_so(asker, toy):
    (toy / "prediction.json").mkdir()
    assert asker.get("state")[1]["truth"] is None
    status, answer = asker.post("predict", ANSWERS)
    assert status == 409
    assert "move it away" in answer["error"]["en"]


@pytest.mark.parametrize(("lang", "says"), [("en", "cut off"), ("zh", "不完整")])
def test_the_terminal_says_that_a_broken_prediction_was_set_aside(toy, lang, says):
    (toy / "prediction.json").write_bytes(b'{"t"')
    with running("toy", toy, lang) as (process, address):
        assert Asker(address).get("state")[0] == 200
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
    assert says in said
    assert (toy / "prediction.json.bak").exists()


@pytest.mark.parametrize(
    "answers", [None, {}, {"least": "0"}, {"least": "0", "why": "  "}, {"least": "7", "why": "x"}, {"least": 0, "why": "x"}], ids=str
)
def test_a_prediction_answers_every_question(asker, toy, answers):
    assert asker.post("predict", {"answers": answers})[0] == 400
    assert not (toy / "prediction.json").exists()


# --- her own program ---------------------------------------------------------------------------------------------------------


def test_her_program_waits_for_the_prediction(asker):
    assert asker.post("machine", {"panel": "one"})[0] == 409


def test_her_program_plays_once_its_checks_pass(toy):
    """The starter is told what is open; the finished program plays, and her tries are quoted back to her."""
    assignment = manifest.load(toy)
    with serving(toy, lambda panel: machine.play(assignment, panel)) as page:
        asker = Asker(page.address)
        asker.attempt(2)
        asker.attempt(1)
        asker.post("predict", ANSWERS)
        status, answer = asker.post("machine", {"panel": "one"})
        assert (status, answer["ready"]) == (200, False)
        assert "0 of 1" in answer["why"]["en"]
        (toy / "toy.py").write_text("def double(number):\n    return number + number\n", encoding="utf-8")
        status, answer = asker.post("machine", {"panel": "one"})
        assert (status, answer["ready"]) == (200, True)
        assert answer["frames"][0]["say"]["en"] == "6"
        assert answer["quote"] == {"en": "you: 2 tries, 1; it: 6", "zh": "你 2 次；它 6"}


@pytest.mark.parametrize(
    "source",
    [
        "import os\ndef double(n):\n    if n == 3: os._exit(0)\n    return 2 * n\n",
        "def double(n):\n    if n == 3: raise ValueError('no')\n    return 2 * n\n",
        "def double(n):\n    return object() if n == 3 else 2 * n\n",
        "syntax error(",
    ],
    ids=["leaves", "raises", "returns no number", "does not load"],
)
def test_a_program_that_misbehaves_ends_only_its_game(toy, source):
    (toy / "toy.py").write_text(source, encoding="utf-8")
    assignment = manifest.load(toy)
    answer = machine.play(assignment, "one")
    assert answer["ready"] is False
    assert answer["why"]["en"]


# --- how long she was at it ------------------------------------------------------------------------------------------------------


def test_long_pauses_do_not_count():
    """An hour at lunch is not an hour of trying."""
    instants = ["2026-01-01T10:00:00Z", "2026-01-01T10:01:00Z", "2026-01-01T11:01:00Z", "2026-01-01T11:02:00+00:00", "nonsense"]
    assert log.minutes(tuple(log.Try(t, "k", 0, 0) for t in instants)) == pytest.approx(1 + log.PAUSE / 60 + 1)


def test_numbers_that_are_none_are_not_drawn():
    tries = [log.Try("", "k", {}, result) for result in (1.0, float("inf"), None, True, "2", {"y": 3})]
    panel = {"history": {"series": [{"path": "result"}, {"path": "result.y"}]}}
    assert [series["points"] for series in view.history(panel, tries)["series"]] == [[[1, 1.0]], [[6, 3]]]


# --- the description -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("edit", "says"),
    [
        (("PAGE = {", "ELSE = {"), "needs a list of panels"),
        (('"kind": "square"', '"kind": "cube"'), "'cube'; pain.py knows: square"),
        (('"controls": [X], ', ""), "has no 'controls'"),
        (('"panels": [', '"panels": [{"id": "one", "kind": None, "title": "", "controls": []},'), "two panels have one id"),
        (('"panels": [', '"panels": [{"id": "two", "beside": "tow", "kind": None, "title": "", "controls": []},'), "stands beside 'tow'"),
    ],
)
def test_a_page_ill_described_is_refused_in_words(toy, edit, says):
    path = toy / "page.py"
    path.write_text(path.read_text(encoding="utf-8").replace(*edit), encoding="utf-8")
    with pytest.raises(SuiteError, match=re.escape(says)):
        book.read("toy", toy)


def texts(value, where=""):
    """Yield every text in two languages of a description, with its place."""
    if isinstance(value, dict):
        if "en" in value or "zh" in value:
            yield where, value
        for key, inner in value.items():
            yield from texts(inner, f"{where}.{key}")
    elif isinstance(value, list):
        for number, inner in enumerate(value):
            yield from texts(inner, f"{where}[{number}]")


def started(panel):
    """Return the input that the page begins with, as the page makes it."""
    if panel.get("form") == "list":
        return [control["start"] for control in panel["controls"]]
    made = dict(panel.get("fixed", {}))
    for control in panel["controls"]:
        (made.setdefault(control["in"], {}) if "in" in control else made)[control["id"]] = control.get("start", 1)
    return made


@pytest.mark.parametrize("name", COURSE)
def test_every_page_of_the_course_can_be_played(name):
    """Each panel draws its first picture, each try of it recomputes, and each text is there in both languages."""
    read = book.read(name, ROOT / "assignments" / name)
    spoken = list(texts(read.page.PAGE)) + list(texts(read.questions))
    for panel in read.panels.values():
        given = started(panel)
        drawn = read.look(panel["id"], given)
        json.dumps(drawn, allow_nan=False)
        spoken += texts(drawn)
        if panel["kind"] is not None:
            assert read.evaluate(panel["kind"], given) == read.evaluate(panel["kind"], json.loads(json.dumps(given)))
    assert [where for where, text in spoken if not (str(text.get("en", "")).strip() and str(text.get("zh", "")).strip())] == []


def with_machines():
    """Return (assignment, panel) for every panel on which a program of hers can play."""
    return [
        (name, panel) for name in COURSE for panel, told in book.read(name, ROOT / "assignments" / name).panels.items() if "machine" in told
    ]


@pytest.mark.parametrize(("name", "panel"), with_machines())
def test_the_reference_plays_on_every_stage(tmp_path, name, panel):
    """What a student can reach, the reference reaches; and the starter is told to wait."""
    folder = tmp_path / name
    shutil.copytree(ROOT / "assignments" / name, folder)
    assignment = manifest.load(folder)
    shutil.copy(ROOT / "assignments" / name / ".kit/starter" / assignment.source_name, folder)
    assert machine.play(assignment, panel)["ready"] is False
    shutil.copy(ROOT / "solutions" / name / assignment.source_name, folder)
    played = machine.play(assignment, panel)
    assert played["ready"] is True
    assert len(played["frames"]) > 1
    assert all(frame["say"]["en"] and frame["say"]["zh"] for frame in played["frames"])


def test_the_page_is_small_and_reaches_nowhere():
    """Offline, no tracker, under 300 KiB with all that it loads."""
    files = [path for path in PAGE.rglob("*") if path.is_file()]
    assert {path.name for path in files} == {name for name, _ in server.FILES.values()}
    assert sum(path.stat().st_size for path in files) < 300 * 1024
    addresses = {found for path in files for found in re.findall(r"(?:https?:)?//[\w.-]+\.\w+[\w./]*", path.read_text(encoding="utf-8"))}
    assert addresses == {"http://www.w3.org/2000/svg"}, "a name of the SVG language, never fetched"


def luminance(colour):
    parts = [int(colour[at : at + 2], 16) / 255 for at in (1, 3, 5)]
    red, green, blue = [part / 12.92 if part <= 0.04045 else ((part + 0.055) / 1.055) ** 2.4 for part in parts]
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_texts_and_lines_stand_out_from_their_ground(scheme):
    """WCAG: 4.5 for text, 3 for what is drawn; in light and dark."""
    blocks = re.findall(r":root \{(.*?)\}", (PAGE / "play.css").read_text(encoding="utf-8"), re.DOTALL)
    spelled = dict(re.findall(r"--([\w-]+): (#\w+)", blocks[["light", "dark"].index(scheme)]))
    colours = {name: value if len(value) == 7 else "#" + "".join(2 * digit for digit in value[1:]) for name, value in spelled.items()}

    def contrast(one, other):
        high, low = sorted((luminance(colours[one]), luminance(colours[other])), reverse=True)
        return (high + 0.05) / (low + 0.05)

    texts_on = [
        ("ink", "paper"),
        ("ink", "card"),
        ("soft", "card"),
        ("soft", "paper"),
        ("on-press", "press"),
        ("press", "paper"),
        ("good", "card"),
        ("bad", "card"),
        ("t1", "hot"),
    ]
    assert {pair: contrast(*pair) for pair in texts_on if contrast(*pair) < 4.5} == {}
    drawn_on = [(f"t{tone}", ground) for tone in range(5) for ground in ("card", "paper")]
    assert {pair: contrast(*pair) for pair in drawn_on if contrast(*pair) < 3} == {}


# --- in a notebook -----------------------------------------------------------------------------------------------------------------


@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # ipywidgets' and ipykernel's own
@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", COURSE)
def test_a_notebook_cell_keeps_the_same_tries(tmp_path, name, lang):
    """The real ipywidgets take every control; a click records a try that recomputes, and says what it gave."""
    widgets = importlib.import_module("ipywidgets")
    folder = tmp_path / name
    shutil.copytree(ROOT / "assignments" / name, folder, ignore=shutil.ignore_patterns("*.jsonl"))
    shown = notebook.show(name, lang, folder)
    read = book.read(name, folder)
    open_now = [panel for panel in read.panels.values() if panel["kind"] is not None and "after" not in panel]
    for panel, box in zip(open_now, shown.children, strict=True):
        text, *controls, button, out = box.children
        assert text.value
        assert all(isinstance(control, widgets.ValueWidget) and control.description for control in controls)
        for control in controls:
            if isinstance(control, widgets.FloatSlider):
                control.value = control.max
        button.click()
        assert re.match(r"(try|第几次) 1: ", out.value), f"{panel['id']}: {out.value}"
    assert len(rows(folder)) == len(shown.children) == len(set(shown.titles)) > 0
    assert all(row["result"] == json.loads(json.dumps(read.evaluate(row["kind"], row["input"]))) for row in rows(folder))


@pytest.mark.filterwarnings("ignore::DeprecationWarning")
def test_the_points_of_a_map_can_be_moved_in_a_cell(tmp_path):
    """One list and two sliders move any letter; the others stay where they were put."""
    folder = tmp_path / "hw4"
    shutil.copytree(ROOT / "assignments" / "hw4", folder, ignore=shutil.ignore_patterns("*.jsonl"))
    _text, which, x, y, button, _out = notebook.show("hw4", "en", folder).children[1].children
    before = book.read("hw4", folder).pain.GRID
    x.value, y.value = 0.5, -0.5
    which.value = 1
    assert [x.value, y.value] == pytest.approx(before["b"])
    y.value = 0.25
    button.click()
    (row,) = rows(folder)
    letters = row["input"]["letters"]
    assert letters["a"] == [0.5, -0.5]
    assert letters["b"] == [before["b"][0], 0.25]
    assert {name: place for name, place in letters.items() if name not in "ab"} == {n: list(p) for n, p in before.items() if n not in "ab"}


def test_without_ipywidgets_a_notebook_is_told_what_to_do(toy, monkeypatch):
    monkeypatch.setitem(sys.modules, "ipywidgets", None)
    with pytest.raises(CourseError, match="pip install ipywidgets"):
        notebook.show("toy", "en", toy)


# --- the command ---------------------------------------------------------------------------------------------------------------------


def run(folder, *arguments):
    return CliRunner(env={"GRADE_LANG": "en"}).invoke(cli.main, ["play", *arguments])


def test_play_without_a_page_says_what_to_do(toy, monkeypatch):
    (toy / "page.py").unlink()
    monkeypatch.chdir(toy)
    result = run(toy, "toy")
    assert result.exit_code == 2
    assert "grade play toy --text" in result.stderr


def test_a_port_that_is_taken_is_said_so(toy, monkeypatch):
    monkeypatch.chdir(toy)
    with socket.create_server(("127.0.0.1", 0)) as taken:
        result = run(toy, "toy", "--no-browser", "--port", str(taken.getsockname()[1]))
    assert result.exit_code == 2
    assert "--port" in result.stderr


@pytest.mark.parametrize("lang", ["en", "zh"])
def test_the_text_mode_is_the_assignments_own(toy, lang):
    """`--text` needs no page and no browser, and works in the assignment's folder."""
    (toy / "page.py").unlink()
    done = subprocess.run(
        [sys.executable, "-m", "grader.cli", "play", "toy", "--text", "--lang", lang], cwd=toy, capture_output=True, text=True, check=False
    )
    assert (done.returncode, done.stdout.strip()) == (0, f"pain in the terminal --lang {lang}")


def test_ctrl_c_ends_the_page_politely(toy):
    with running("toy", toy) as (process, address):
        Asker(address).attempt(1)
        process.send_signal(signal.SIGINT)
        said = process.stderr.read()
        assert process.wait(10) == 0
    assert "1 tries are kept" in said
