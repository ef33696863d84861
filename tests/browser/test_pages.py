"""The pain pages in a real browser: played from the first try to the points, in both languages, by mouse and by keyboard."""

from __future__ import annotations

import itertools
import json
import shutil
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import pytest
from play_kit import COURSE, HANDOUT, ROOT, Asker, rows, running, serving
from test_release import plant

from grader import manifest
from grader.play import book

ROUNDS, POINTS = 15, 4  # tries of each panel, enough for every assignment's evidence; and of each map
PHONE = 360  # CSS pixels


@pytest.fixture
def toy(tmp_path):
    plant(tmp_path, HANDOUT)
    return tmp_path / "toy"


@contextmanager
def page_of(folder: Path, tab, lang: str = "en", **how):
    """Run the kit on *folder* as a student does and open its page."""
    with running(manifest.load(folder).name, folder, lang) as (_, address):
        yield tab(address, **how)


def tries(page, panel: str) -> int:
    """Return the number of tries as the page shows it."""
    shown = page.locator(f"#{panel} .small dd").first
    return int(shown.text_content().split("/")[0])


def wait_until(asked, what: str, seconds: float = 15.0):
    """Wait until *asked* returns something true; return it. (The page's own policy forbids the driver's eval-based waiting.)"""
    end = time.monotonic() + seconds
    while not (told := asked()):
        assert time.monotonic() < end, f"waited {seconds:g} s for {what}"
        time.sleep(0.02)
    return told


def wait_for_tries(page, panel: str, count: int) -> None:
    wait_until(lambda: tries(page, panel) >= count, f"try {count} on {panel}: {page.locator(f'#{panel} .error').text_content()}")


def play_once(page, panel: dict, turn: int) -> None:
    """Make one try on *panel*, another one each turn, as a person with a mouse would."""
    name, controls = panel["id"], panel["controls"]
    sliders = [control for control in controls if control["type"] == "slider"]
    for control in controls:
        place = f"#{name}-{control['in'] + '-' if 'in' in control else ''}{control['id']}"
        if control["type"] == "choice":
            options = [option["id"] if isinstance(option, dict) else option for option in control["options"]]
            page.check(f"input[name={name}-{control['id']}][value='{options[turn % len(options)]}']")
        elif control["type"] == "number":
            page.fill(place, str(turn))
    if sliders:
        slider = page.locator(f"#{name}-{sliders[turn % len(sliders)]['id']}")
        box = slider.bounding_box()
        share = 0.05 + 0.015 * turn  # to one side, then to the other: a click on the thumb itself would move nothing
        slider.click(position={"x": box["width"] * (share if turn // len(sliders) % 2 else 1 - share), "y": box["height"] / 2})
    if panel.get("record") == "button":
        page.click(f"#{name} .try")
    elif any(control["type"] == "point" for control in controls):
        point = page.locator(f"#{name} .pad button").nth(turn)
        point.scroll_into_view_if_needed()
        box = point.bounding_box()
        page.mouse.move(box["x"] + 8, box["y"] + 8)
        page.mouse.down()
        page.mouse.move(box["x"] + 30, box["y"] - 20, steps=3)
        page.mouse.up()


def answer(page, questions: list[dict]) -> None:
    for question in questions:
        if question["choices"]:
            page.check(f"input[name=q-{question['id']}] >> nth=0")
        else:
            page.fill(f"#q-{question['id']}", "I believe so / 我猜是这样")
    page.click("#the-question button[type=submit]")
    page.wait_for_selector("#the-question .truth")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", COURSE)
def test_from_the_first_try_to_the_points(copy, tab, picture, name, lang):
    """Every panel is played by hand, the question answered; the judge recomputes the evidence and gives full points for it."""
    folder = copy(name)
    read = book.read(name, folder)
    with page_of(folder, tab, lang) as page:
        assert page.locator("h1").text_content() == read.page.PAGE["title"][lang]
        assert page.evaluate("document.documentElement.lang") == {"en": "en", "zh": "zh-CN"}[lang]
        assert page.locator("#the-question .truth").count() == 0
        for panel in read.panels.values():
            if panel.get("after") == "question":
                assert page.locator(f"#{panel['id']}.locked").count() == 1
                continue
            for turn in range(ROUNDS):
                play_once(page, panel, turn)
                wait_for_tries(page, panel["id"], turn + 1)
        picture(page, f"{name}-{lang}-tried")
        answer(page, read.questions)
        assert page.locator(".locked").count() == 0
        picture(page, f"{name}-{lang}-answered")
    assert len(rows(folder)) >= 10
    done = subprocess.run(
        [sys.executable, str(Path(__file__).parent / "points.py"), name, str(folder)], capture_output=True, text=True, check=False, cwd=ROOT
    )
    assert done.returncode == 0, done.stderr
    assert {part: earned == due > 0 for part, (earned, due) in json.loads(done.stdout).items()} == {"pain": True, "question": True}, (
        done.stderr
    )


@pytest.mark.parametrize(
    "name", [name for name in COURSE if any("machine" in p for p in book.read(name, ROOT / "assignments" / name).panels.values())]
)
def test_her_own_code_plays_against_her_log(copy, tab, picture, name):
    """Before it passes she is told what is open; then it plays on the same picture, and her tries are quoted back to her."""
    folder = copy(name)
    read = book.read(name, folder)
    panel = next(panel for panel in read.panels.values() if "machine" in panel)
    source = manifest.load(folder).source_name
    with page_of(folder, tab) as page:
        play_once(page, panel, 0)
        wait_for_tries(page, panel["id"], 1)
        answer(page, read.questions)
        page.click(f"#{panel['id']} .machine button")
        wait_until(lambda: "grade check" in page.locator(f"#{panel['id']} .why").text_content(), "what is still open", 60)
        shutil.copy(ROOT / "solutions" / name / source, folder)
        page.click(f"#{panel['id']} .machine button")
        page.wait_for_selector(f"#{panel['id']} .quote", timeout=60_000)
        assert "1 tries" in page.locator(f"#{panel['id']} .quote").text_content()
        first = page.locator(f"#{panel['id']} .frame").text_content()
        page.get_by_role("button", name="Next").first.click()
        assert page.locator(f"#{panel['id']} .frame").text_content() != first
        bar = page.locator(f"#{panel['id']} .machine input[type=range]")
        bar.focus()
        page.keyboard.press("End")
        picture(page, f"{name}-machine")
        assert bar.input_value() == bar.get_attribute("max")
    assert len(rows(folder)) == 1, "what the machine did is not hers"


def test_the_keyboard_alone_is_enough(toy, tab):
    """Tab to the knob, turn it, hear the result; a row of presses is one try, made when she pauses."""
    with page_of(toy, tab) as page:
        for _ in range(20):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.type") == "range":
                break
        for _ in range(3):
            page.keyboard.press("ArrowRight")
        wait_for_tries(page, "one", 1)
        wait_until(lambda: "1.69" in page.locator("#live").text_content(), "the result to be read out")
        assert page.evaluate("getComputedStyle(document.activeElement).outlineStyle") == "solid"
        for _ in range(12):
            page.keyboard.press("Tab")
            if page.evaluate("document.activeElement.type") == "radio":
                break
        page.keyboard.press("Space")
        page.keyboard.press("Tab")
        page.keyboard.type("because it is flat there")
        page.keyboard.press("Tab")
        page.keyboard.press("Enter")
        page.wait_for_selector("#the-question .truth")
    assert [row["input"] for row in rows(toy)] == [{"x": 1.3}]


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("name", COURSE)
def test_a_screen_reader_gets_names_and_values(copy, tab, name, lang):
    """Every control has a name, every slider says its value, every picture has its numbers in words."""
    with page_of(copy(name), tab, lang) as page:
        page.wait_for_timeout(500)
        nameless = page.evaluate(
            """() => [...document.querySelectorAll('main input, main button, main textarea')]
                .filter((one) => !one.labels?.[0]?.textContent.trim() && !one.getAttribute('aria-label') && !one.textContent.trim())
                .map((one) => one.outerHTML)"""
        )
        assert nameless == []
        assert page.evaluate(
            "() => [...document.querySelectorAll('main input[type=range]')].every((one) => one.getAttribute('aria-valuetext'))"
        )
        assert page.evaluate(
            "() => [...document.querySelectorAll('main svg:not([aria-hidden])')].every((one) => /\\d/.test(one.getAttribute('aria-label')))"
        )
        headings = page.evaluate("() => [...document.querySelectorAll('h1, h2, h3')].map((one) => Number(one.tagName[1]))")
        assert headings[0] == 1
        assert all(later - sooner <= 1 for sooner, later in itertools.pairwise(headings))


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", COURSE)
def test_a_phones_width_is_enough(copy, tab, picture, name, scheme):
    """Nothing is cut off and nothing scrolls sideways, in light and dark."""
    with page_of(copy(name), tab, width=PHONE, height=700, color_scheme=scheme) as page:
        page.wait_for_timeout(300)
        picture(page, f"{name}-phone-{scheme}")
        assert page.evaluate("document.documentElement.scrollWidth") <= PHONE
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(int(part) for part in ground[4:-1].split(",")) > 384) is (scheme == "light")


@pytest.mark.parametrize("lang", ["en", "zh"])
@pytest.mark.parametrize("width", [1100, 800, PHONE])
def test_the_trained_map_stands_beside_hers(copy, tab, picture, width, lang):
    """Once she has predicted, both maps are seen at one glance, their edges level; on a phone the trained one follows below."""
    folder = copy("hw4")
    read = book.read("hw4", folder)
    with page_of(folder, tab, lang, width=width, height=900) as page:
        assert page.locator("#trained .pad").count() == 0, "not before the prediction"
        answer(page, read.questions)
        page.wait_for_selector("#trained .pad")
        page.wait_for_timeout(300)
        picture(page, f"hw4-maps-{width}-{lang}")
        hers, theirs = (page.locator(f"#{name} .pad").bounding_box() for name in ("map", "trained"))
        assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert hers["width"] == pytest.approx(theirs["width"], abs=2)
    if width > PHONE:
        assert hers["x"] + hers["width"] < theirs["x"]
        assert hers["y"] == pytest.approx(theirs["y"], abs=1)
        assert hers["width"] > 0.38 * width
    else:
        assert hers["y"] + hers["height"] < theirs["y"]


def test_a_reload_and_a_second_tab_show_the_same(toy, tab):
    """The log is the state: a reload keeps it, and a try in one tab shows in the other."""
    with running("toy", toy) as (_, address):
        one, other = tab(address), tab(address)
        play_once(one, {"id": "one", "controls": [{"id": "x", "type": "slider"}]}, 1)
        wait_for_tries(one, "one", 1)
        wait_for_tries(other, "one", 1)
        knob = one.locator("#one-x").input_value()
        one.reload()
        one.wait_for_selector("body[data-ready]")
        assert tries(one, "one") == 1
        assert one.locator("#one-x").input_value() == knob


def test_a_killed_kit_is_said_so_and_nothing_is_lost(toy, tab):
    """The page does not pretend: what was not recorded is called so, and the next kit shows what was."""
    knob = {"id": "one", "controls": [{"id": "x", "type": "slider"}]}
    with running("toy", toy) as (process, address):
        page = tab(address)
        play_once(page, knob, 1)
        wait_for_tries(page, "one", 1)
        process.kill()
        process.wait()
        play_once(page, knob, 5)
        page.wait_for_selector("#banner:not([hidden])")
        assert "grade play toy" in page.locator("#banner").text_content()
        wait_until(lambda: page.locator("#one .error").text_content().startswith("Not recorded"), "the try to be called lost")
    assert len(rows(toy)) == 1
    with page_of(toy, tab) as page:
        assert tries(page, "one") == 1


def test_another_site_cannot_play_even_with_the_address(toy, browser):
    """A page of another origin tries all that a browser lets it try; nothing is recorded and nothing is read."""
    with serving(toy) as served, serving(toy) as elsewhere:
        context = browser.new_context()
        page = context.new_page()
        page.goto(f"{elsewhere.origin}/")  # another port: another origin
        told = page.evaluate(
            """async (address) => {
                const body = JSON.stringify({ panel: "one", input: { x: 1 } });
                const ways = [
                    () => fetch(address + "try", { method: "POST", mode: "no-cors", body }),
                    () => fetch(address + "try", { method: "POST", headers: { "Content-Type": "application/json" }, body }),
                    () => fetch(address + "data"),
                ];
                const read = [];
                for (const way of ways) { try { read.push(await (await way()).text()); } catch (error) { read.push(""); } }
                return read;
            }""",
            served.address,
        )
        context.close()
        assert told == ["", "", ""]
        assert rows(toy) == []
        assert Asker(served.address).attempt(1) == 200, "the page itself still may"


def test_the_language_can_be_changed_at_any_time(toy, tab):
    """Both languages are in the page: no reload, no try lost, and a reload keeps the choice."""
    with page_of(toy, tab) as page:
        play_once(page, {"id": "one", "controls": [{"id": "x", "type": "slider"}]}, 1)
        wait_for_tries(page, "one", 1)
        page.click("#lang")
        assert page.locator("#one h2").text_content() == "一个旋钮"
        assert tries(page, "one") == 1
        page.reload()
        page.wait_for_selector("body[data-ready]")
        assert page.locator("h1").text_content() == "玩具"


def test_the_widest_panel_redraws_while_a_knob_is_dragged(copy, tab):
    """Dragging one of the most sliders that any panel has: the picture follows, and does not wait for the knob to be let go.

    How many frames a second that gives is printed; a quiet machine shows 35 to 41, and a busy one is no fault of the page.
    """
    widest = max(
        ((len(panel["controls"]), name, panel) for name in COURSE for panel in book.read(name, ROOT / "assignments" / name).panels.values()
         if panel.get("form") == "list"), key=lambda found: found[0],
    )  # fmt: skip
    count, name, panel = widest
    assert count > 40
    with page_of(copy(name), tab) as page:
        knob = page.locator(f"#{panel['id']}-{panel['controls'][count // 2]['id']}")
        knob.scroll_into_view_if_needed()
        rate = frames_a_second(page, knob.element_handle())
        print(f"\n{count} knobs: {rate:.0f} frames a second")
        assert rate > 1


def frames_a_second(page, knob, seconds: float = 2.0) -> float:
    """Return how often the picture was drawn while the knob moved with every frame of the browser."""
    drawn = page.evaluate(
        """([knob, seconds]) => new Promise((done) => {
            const before = window.frames_drawn, began = performance.now();
            const move = (now) => {
                knob.value = Math.sin(now / 300);
                knob.dispatchEvent(new Event("input"));
                if (now - began < seconds * 1000) requestAnimationFrame(move);
                else done((window.frames_drawn - before) / ((now - began) / 1000));
            };
            requestAnimationFrame(move);
        })""",
        [knob, seconds],
    )
    return float(drawn)


def test_the_kit_answers_for_every_assignment(copy):
    """Each assignment's page is served; tools/screenshots.py measures how soon."""
    for name in COURSE:
        with running(name, copy(name)) as (_, address):
            assert Asker(address).get("data")[0] == 200
