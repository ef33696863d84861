"""One source, two editions: the notebook is cut by nbgrader, shows no solution, and earns what the .py earns."""

from __future__ import annotations

import json
import sys
import zipfile
from pathlib import Path

import pytest
from test_release import MANIFEST, PUBLIC, REFERENCE, plant, unpacked

from grader import handout, intake, judge, manifest, practice, release, wall
from grader.errors import CourseError, SuiteError
from grader.intake import notebook as notebooks
from grader.intake.refusal import Rejected
from grader.student.process import starter

pytest.importorskip("nbgrader", reason="NOT RUN: nbgrader is not installed (make setup)")
pytestmark = pytest.mark.filterwarnings("ignore::DeprecationWarning", "ignore::ResourceWarning")  # nbgrader's own

from grader import edition  # noqa: E402  # after nbgrader is known to be there

COURSE = Path(__file__).parent.parent
CLASS = '''\
class Box:
    """A box."""

    ### BEGIN SOLUTION
    colour = sorted(["red", "blue"])[0]
    ### END SOLUTION
'''
METHOD = """\

    def open(self):
        ### BEGIN SOLUTION
        return self.colour.upper().strip()
        ### END SOLUTION
"""


@pytest.fixture
def course(tmp_path):
    """A course of one small assignment, with the solution's text in both languages."""
    files = {
        "assignments/hw1/assignment.toml": MANIFEST,
        "assignments/hw1/text/3_solution.md": "# Doubling\n\nHello.\n\n## Ramp\n\nAdd.\n",
        "assignments/hw1/text/3_solution.zh.md": "# 两倍\n\n你好。\n\n## 坡道\n\n加。\n",
        "assignments/hw1/tests/test_double.py": PUBLIC,
        "solutions/hw1/double.py": REFERENCE,
    }
    plant(tmp_path / "course", files)
    return tmp_path / "course"


@pytest.fixture
def assignment(course):
    return manifest.find("hw1", course)


def module_of(notebook: object) -> str:
    """Return what intake makes of a notebook: the module's text."""
    return notebooks.module_text("hw.ipynb", edition.encoded(notebook)).decode()


def telling(text: str) -> list[str]:
    """Return the lines that are not empty."""
    return [line for line in text.splitlines() if line.strip()]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ('"""Doc."""\nimport a\n\nX = 1\n\n# on f\ndef f():\n    pass\n', ['"""Doc."""\nimport a\n\nX = 1', "# on f\ndef f():\n    pass"]),
        ("@wrap\ndef f():\n    pass\n\n\nf = 2\nclass F:\n    pass\n", ["@wrap\ndef f():\n    pass", "f = 2", "class F:\n    pass"]),
        (
            "a = 1\n### BEGIN SOLUTION\ndef f():\n    pass\ndef g():\n    pass\n### END SOLUTION\n\ndef h():\n    pass\n",
            ["a = 1", "### BEGIN SOLUTION\ndef f():\n    pass\ndef g():\n    pass\n### END SOLUTION", "def h():\n    pass"],
        ),
    ],
)
def test_a_cell_is_a_top_level_definition_or_what_stands_between_them(source, expected):
    """Comments and decorators go with what follows them; a solution region is never split."""
    assert [part.source for part in edition.parts(source, "x.py")] == expected


def test_cells_have_names_that_nobody_else_has():
    """nbgrader knows a cell by its name, and a function may be defined twice."""
    assert [part.name for part in edition.parts("def f():\n    pass\nx = 1\ndef f():\n    pass\n", "x.py")] == ["f", "given", "f-2"]


@pytest.mark.parametrize("name", manifest.names(COURSE))
def test_the_notebooks_cells_are_the_starter_and_the_reference(name):
    """Joined by intake, what nbgrader cut is line by line what the kit cuts, and the uncut notebook is the reference."""
    ours = manifest.find(name, COURSE)
    reference = handout.read_source(ours.private / ours.source_name)
    assert telling(module_of(edition.source_notebook(ours))) == telling(reference)
    assert telling(module_of(edition.student_notebook(ours))) == telling(handout.starter(ours)[ours.source_name].decode())


@pytest.mark.parametrize("name", manifest.names(COURSE))
def test_no_cell_of_a_students_notebook_shows_a_solution(name):
    """And the instructor's, read the same way, shows many: the guard can see."""
    ours = manifest.find(name, COURSE)
    for notebook, seen in ((edition.student_notebook(ours), False), (edition.source_notebook(ours), True)):
        cells = {cell.id: cell.source.encode() for cell in notebook.cells}
        assert bool(handout.leaks(ours, cells)) is seen


def test_a_notebook_earns_what_the_module_earns(tmp_path):
    """Reference and starter, each as .py and as .ipynb, through intake and the hidden suite: the same verdict on each check."""
    ours = manifest.find("hw2", COURSE)
    reference = ours.private / ours.source_name
    plant(tmp_path, {f"starter/{ours.source_name}": handout.starter(ours)[ours.source_name].decode()})
    pairs = []
    for label, source, notebook in (
        ("reference", reference, edition.source_notebook(ours)),
        ("starter", tmp_path / "starter" / ours.source_name, edition.student_notebook(ours)),
    ):
        path = tmp_path / label / "hw2.ipynb"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(edition.encoded(notebook))
        pairs.append([intake.admit(hers, ours, "ada") for hers in (source, path)])
    workers = starter(wall.probe(), ours.packages)
    cheap = ("hidden/test_floats.py", "hidden/test_rules.py", "hidden/test_topo.py")

    def work(bench: judge.Bench) -> list[list[dict[str, str]]]:
        grades = [[bench.grade(hers, 0, lambda check: check.id.startswith(cheap)) for hers in pair] for pair in pairs]
        return [[{v.id: v.outcome.value for v in grade.verdicts} for grade in pair] for pair in grades]

    try:
        (module, notebook), (bare, cut) = judge.with_suite(ours, ["hidden"], lambda: workers, work)
    finally:
        workers.close()
    assert len(module) > 10
    assert notebook == module
    assert set(module.values()) == {"PASS"}
    assert cut == bare
    assert "PASS" not in bare.values()


def test_the_release_writes_one_archive_a_language_the_same_bytes_on_each_run(assignment, tmp_path):
    """The notebook takes the module's place, as work and as starter; text and name are of the archive's language."""
    release.release(assignment, tmp_path / "a")
    first, again = (release.release_notebook(assignment, tmp_path / folder) for folder in ("a", "b"))
    assert [done.archive.name for done in first] == ["hw1-student-notebook.zip", "hw1-student-notebook.zh.zip"]
    assert [done.archive.read_bytes() for done in first] == [done.archive.read_bytes() for done in again]
    english, chinese = (zipfile.ZipFile(done.archive) for done in first)
    assert "hw1/double.py" not in english.namelist()
    assert english.read("hw1/hw1.ipynb") == english.read("hw1/.kit/starter/hw1.ipynb")
    assert "## Ramp" in english.read("hw1/hw1.ipynb").decode()
    assert "坡道" in chinese.read("hw1/hw1.ipynb").decode()


def test_the_metadata_is_nbgraders_third_version(assignment):
    """Solution cells can be written in and not deleted; given cells are locked; each has a checksum."""
    cells = [cell for cell in edition.student_notebook(assignment).cells if cell.cell_type == "code"]
    given, solution = (cell.metadata for cell in cells)
    assert {given.nbgrader.schema_version, solution.nbgrader.schema_version} == {3}
    assert (given.nbgrader.locked, given.editable, given.nbgrader.solution) == (True, False, False)
    assert (solution.nbgrader.locked, solution.deletable, solution.nbgrader.solution) == (False, False, True)
    assert "editable" not in solution
    assert given.nbgrader.checksum != solution.nbgrader.checksum


def test_a_region_in_a_class_leaves_no_exception_there(assignment):
    """It would be raised when the class is read, not when a method is called."""
    plant(assignment.private, {"double.py": REFERENCE + "\n\n" + CLASS})
    module = module_of(edition.student_notebook(assignment))
    assert module.count("raise NotImplementedError()") == 1
    assert module.count("# YOUR CODE HERE") == 2
    compile(module, "double.py", "exec")


def test_a_cell_that_nbgrader_would_cut_otherwise_is_refused(assignment):
    """A class with a region of its own and one in a method: nbgrader knows one stub for a cell."""
    plant(assignment.private, {"double.py": REFERENCE + "\n\n" + CLASS + METHOD})
    with pytest.raises(SuiteError, match=r"\(Box\).*cannot stand in one cell"):
        edition.student_notebook(assignment)


def test_a_text_that_shows_a_solution_is_refused(assignment):
    """Markdown is a way out like any other."""
    plant(assignment.folder, {"text/3_solution.md": "# Doubling\n\n`return number + number*1.0`\n"})
    with pytest.raises(SuiteError, match=r"hw1.ipynb text-2:3: shows a line of the solution"):
        edition.files(assignment)


@pytest.mark.parametrize("line", ["%timeit double(2)", "!pip install numpy"])
def test_a_magic_in_her_notebook_is_named_and_a_scratch_cell_is_hers(assignment, tmp_path, line):
    """The message says which cell and what to do; with the tag the same cell is no part of the program."""
    notebook = json.loads(edition.encoded(edition.source_notebook(assignment)))
    number = len(notebook["cells"]) + 1
    extra = {"cell_type": "code", "id": "mine", "source": f"x = 1\n{line}\n", "metadata": {}, "outputs": [], "execution_count": None}
    notebook["cells"].append(extra)
    path = tmp_path / "hw1.ipynb"
    path.write_text(json.dumps(notebook))
    with pytest.raises(Rejected, match=rf"cell {number}, line 2 .*tag 'scratch'"):
        intake.admit(path, assignment, "ada")
    extra["metadata"] = {"tags": ["scratch"]}
    path.write_text(json.dumps(notebook))
    assert line.encode() not in intake.admit(path, assignment, "ada").files["double.py"]


def test_the_unpacked_notebook_folder_can_be_checked_and_reset(assignment, tmp_path):
    """`grade check` reads the notebook, `grade reset` brings the notebook back, and no .py pushes it aside."""
    from grader import handin

    release.release(assignment, tmp_path / "dist")
    archive = release.release_notebook(assignment, tmp_path / "dist")[0].archive
    hers = manifest.find("hw1", unpacked(archive, tmp_path / "home"))
    path = hers.folder / "hw1.ipynb"
    start = path.read_bytes()
    assert b"raise NotImplementedError()" in practice.my_work(hers).files["double.py"]
    path.write_bytes(start.replace(b"raise NotImplementedError()", b"return 2 * number"))
    assert b"return 2 * number" in practice.my_work(hers).files["double.py"]
    ((name, backup),) = handin.start_again(hers)
    assert (name, path.read_bytes()) == ("hw1.ipynb", start)
    assert b"return 2 * number" in backup.read_bytes()
    assert not (hers.folder / "double.py").exists()


def test_without_nbgrader_the_message_says_what_to_install(assignment, monkeypatch):
    """An extra that most instructors do not need."""
    monkeypatch.setitem(sys.modules, "nbgrader.preprocessors", None)
    with pytest.raises(CourseError, match=r"pip install nbgrader==0.9.6 jupytext"):
        edition.student_notebook(assignment)


def test_the_command_writes_the_notebook_when_asked(course, monkeypatch, capsys):
    """`grade release hw1 --notebook` fills dist/ with both editions, and names them in the checksums."""
    from grader import cli

    monkeypatch.chdir(course)
    monkeypatch.setattr(release, "kit_source", lambda: None)
    with pytest.raises(SystemExit) as left:
        cli.main(["--lang", "en", "release", "hw1", "--notebook"])
    assert left.value.code == 0
    sums = (course / "dist/SHA256SUMS").read_text()
    assert all(name in sums for name in ("hw1-student.zip", "hw1-student-notebook.zip", "hw1-student-notebook.zh.zip"))
    assert "hw1-student-notebook.zip" in capsys.readouterr().err
