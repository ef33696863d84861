"""The real formgrader in a real browser opens on what we write, takes a mark, and runs nothing of a student's."""

from __future__ import annotations

import dataclasses
import shutil
import time
from collections.abc import Iterator
from pathlib import Path

import pytest
from gradebook_kit import grade, verdict
from intake_kit import assignment
from jupyter_kit import jupyter

from grader.gradebook import open_store
from grader.model import Outcome
from grader.nbgrader_sync import sync
from grader.nbgrader_sync.cells import WORK, cell_name
from grader.roster import Person
from grader.rules import load

pytest.importorskip("nbgrader", reason="NOT RUN: nbgrader is not installed (pip install nbgrader==0.9.6 jupytext)")
playwright = pytest.importorskip("playwright.sync_api", reason="NOT RUN: playwright is not installed (pip install playwright)")
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
pytestmark = [
    pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning"),  # nbgrader's and jupyter's own
    pytest.mark.skipif(CHROMIUM is None, reason="NOT RUN: no Chromium here; install it with: apt-get install chromium"),
]

LIVE = (
    "<script>window.PWNED=1</script><img src=x onerror='window.PWNED=1'>\"><svg onload=window.PWNED=1>"
    "</code></pre></textarea></title></script><script>window.PWNED=1</script> [x](javascript:window.PWNED=1)"
)
TRICKY = f"```\n````\n</div>{LIVE}\n```\n# heading {{{{7*7}}}} {LIVE}\n"
FILES = {"micrograd.py": f"# {LIVE}\nx = '''{LIVE}'''\n".encode(), "essay.md": TRICKY.encode()}
CHECK = "public/test_a.py::test_x"


@pytest.fixture(scope="module")
def course(tmp_path_factory) -> Iterator[tuple[object, Path]]:
    """A synced course with one hostile student."""
    root = tmp_path_factory.mktemp("course")
    (root / "course.toml").write_text('name = "nets"\n[assignment.hw2]\ndeadline = "2026-03-01"\n[assignment.hw2.written]\nessay = 5\n')
    with open_store(root / "g.sqlite") as book:
        book.import_roster([Person("eve", f"{LIVE}, {LIVE}", f"{LIVE}@x.org"), Person("ada", "Lovelace, Ada")])
        lost = verdict(1, Outcome.FAIL, message=LIVE, question=LIVE, where=LIVE, output=LIVE, traceback=LIVE)
        for student in ("ada", "eve"):
            checks = [dataclasses.replace(lost, id=CHECK), dataclasses.replace(lost, concept=LIVE), verdict(2)]
            book.append(grade(student, *checks), handed_in="2026-02-01T00:00:00+00:00")
        yield book, root


def synced(course: tuple[object, Path]) -> int:
    book, root = course
    return sync(book, assignment(), load(root / "course.toml"), root / "nbgrader", lambda _: FILES).home


@pytest.fixture(scope="module")
def server(course) -> Iterator[str]:
    """Jupyter with formgrader, on the course's folder."""
    synced(course)
    extension = "--ServerApp.jpserver_extensions={'nbgrader.server_extensions.formgrader': True}"
    with jupyter("server", course[1] / "nbgrader", course[1], "formgrader/manage_assignments", extension) as address:
        yield address("formgrader/{}")


@pytest.fixture(scope="module")
def page(server, playwright_engine) -> Iterator[object]:
    """A browser in which nothing but this machine can be reached."""
    browser = playwright_engine.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
    tab = browser.new_page()
    tab.route("**/*", lambda route: route.continue_() if route.request.url.startswith("http://127.0.0.1") else route.abort())
    tab.set_default_timeout(60_000)
    tab.goto(server.format("manage_assignments"), wait_until="load")  # the token becomes a cookie here; a hand-in's own page makes none
    yield tab
    browser.close()


def submission_of(course: tuple[object, Path], student: str) -> str:
    from nbgrader.api import Gradebook

    theirs = Gradebook(f"sqlite:///{course[1] / 'nbgrader' / 'gradebook.db'}")
    found = theirs.find_submission_notebook("hw2", "hw2", student).id
    theirs.close()
    return str(found)


@pytest.mark.parametrize(
    "where",
    [
        "manage_assignments",
        "manage_students",
        "manage_students/eve",
        "manage_submissions/hw2",
        "gradebook",
        "gradebook/hw2",
        "gradebook/hw2/hw2",
    ],
)
def test_every_list_opens_and_runs_nothing(server, page, where):
    """Assignments, students and their submissions, by the server's own pages."""
    answer = page.goto(server.format(where), wait_until="load")
    assert answer.status == 200
    page.wait_for_function("document.body.innerText.match(/hw2|eve|Lovelace/)")
    assert page.evaluate("window.PWNED") is None


def test_a_hand_in_is_shown_marked_and_brought_home(course, server, page):
    """Every check is there; a score and a comment that are typed in come home with the next sync; nothing of hers ran."""
    page.goto(server.format(f"submissions/{submission_of(course, 'eve')}/"), wait_until="load")
    page.wait_for_function("document.querySelectorAll('input.score').length > 0")
    assert page.evaluate("window.PWNED") is None
    assert page.evaluate("document.querySelectorAll('svg[onload], img[onerror], a[href^=javascript]').length") == 0
    assert page.evaluate("document.querySelectorAll('input.score').length") == 4
    shown = page.evaluate("document.body.innerText")
    for item in (CHECK, "hidden/test_local.py::test_1", "hidden/test_local.py::test_2"):
        assert item in shown
    assert "window.PWNED" in shown  # her text is there to be read
    page.wait_for_function("[...document.querySelectorAll('input.score')].some(e => e.placeholder)")  # drawn before filled
    placeholders = page.evaluate("[...document.querySelectorAll('input.score')].map(e => e.placeholder)")
    assert placeholders == ["0", "0", "5", ""]
    type_in(page, "input.score", 3, "4")
    type_in(page, "textarea.comment", 0, "see me")
    page.wait_for_function("document.querySelectorAll('textarea.comment').length == 2")
    time.sleep(1)
    assert synced(course) == 2
    marks = course[0].marks("hw2")
    assert marks["eve", "essay"].points == 4.0
    assert marks["eve", WORK].comment == "see me"
    assert synced(course) == 0
    assert cell_name(CHECK).startswith("public-test_a-test_x-")


def type_in(page: object, selector: str, index: int, text: str) -> None:
    """Type into a field and leave it: formgrader saves then."""
    with page.expect_response(lambda answer: answer.request.method == "PUT" and answer.status == 200):
        field = page.locator(selector).nth(index)
        field.fill(text)
        field.dispatch_event("change")
