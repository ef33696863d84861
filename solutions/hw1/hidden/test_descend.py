"""The hidden checks of descend. The judge hands over exact slopes, so that a slip in slope costs nothing here."""

import nets
import pytest
from pytest import approx

LR, BUDGET, GOAL = 0.1, 60, 0.05


def descend(student, *arguments):
    """Call her descend and return (knobs, history), or fail with a sentence."""
    answer = student.value(student.descend(*arguments))
    assert isinstance(answer, (tuple, list)), "descend must return two things, (knobs, history)"
    assert len(answer) == 2, f"descend must return two things, (knobs, history), not {len(answer)}"
    return answer


def bowl(rng, size):
    """Return f, its slopes and a start: a bowl whose knobs pull at one another."""
    middle = [rng.uniform(-2, 2) for _ in range(size)]
    pull = rng.uniform(0.5, 1)

    def f(knobs):
        away = [knob - m for knob, m in zip(knobs, middle, strict=True)]
        return sum(d * d for d in away) + pull * sum(away) ** 2

    def slopes(knobs):
        away = [knob - m for knob, m in zip(knobs, middle, strict=True)]
        return [2 * d + 2 * pull * sum(away) for d in away]

    return f, slopes, [m + rng.choice((-1, 1)) * rng.uniform(1, 3) for m in middle]


@pytest.mark.stage("descend", points=2, zh="步子足够小时，第一步一定让损失变小。")
def test_the_first_step_goes_down(student, rng):
    """With lr near 0 the first step always lowers the loss."""
    for size in (1, 2, 5):
        f, slopes, start = bowl(rng, size)
        knobs, _ = descend(student, f, list(start), 1e-4, 1, slopes)
        assert f(knobs) < f(start), "one tiny step, and the loss did not fall"


@pytest.mark.stage("descend", points=2, zh="步长等于 lr 乘斜率：谷底附近，步子自己变小。")
def test_the_step_follows_the_slope(student, rng):
    """A move is the slope times lr, so that steps shrink by themselves near the bottom."""
    f, slopes, start = bowl(rng, 1)
    for lr in (0.01, 0.05, 0.2):
        for here in ([start[0]], [start[0] / 8]):
            knobs, _ = descend(student, f, list(here), lr, 1, slopes)
            assert knobs == approx([here[0] - lr * slopes(here)[0]], rel=1e-4)


@pytest.mark.stage("descend", points=3, zh="先把所有斜率量完，再一起转所有旋钮。")
def test_all_knobs_move_at_once(student, rng):
    """All slopes are measured before any knob is turned: no knob sees another's new place within a move."""
    for size in (2, 4):
        f, slopes, start = bowl(rng, size)
        expected = list(start)
        for _ in range(3):
            expected = [knob - 0.05 * g for knob, g in zip(expected, slopes(expected), strict=True)]
        given = list(start)
        knobs, _ = descend(student, f, given, 0.05, 3, slopes)
        assert knobs == approx(expected, rel=1e-4)
        assert given == approx(start, abs=1e-9), "the list that descend was given must keep its numbers; work on a copy"


@pytest.mark.stage("descend", points=2, zh="history 有 steps + 1 个损失，从起点到终点。")
def test_the_history_tells_every_loss(student, rng):
    """The history holds steps + 1 losses, from the start to the knobs returned."""
    f, slopes, start = bowl(rng, 3)
    passed = [f(start)]  # the loss where a walk of 0, 1, 2, ... steps ends
    for steps in (1, 2, 3):
        knobs, history = descend(student, f, list(start), 0.05, steps, slopes)
        assert len(history) == steps + 1, f"after {steps} steps the history needs {steps + 1} losses, not {len(history)}"
        passed.append(f(knobs))
        assert history == approx(passed, rel=1e-9), "the history must hold f at the start, then f after each move"
    _, history = descend(student, f, list(start), 0.05, 0, slopes)
    assert history == approx([f(start)], rel=1e-9), "with 0 steps the history holds the loss at the start alone"


@pytest.mark.stage("descend", points=3, zh="从头到尾：四首歌上，60 步之内损失低于 0.05。")
def test_the_neuron_learns(student, rng):
    """All of it together: your own slopes bring the 4-knob neuron below 0.05 within 60 steps."""
    start = nets.start_that_learns(rng, LR, GOAL, low=8, high=33)
    knobs, history = descend(student, nets.neuron_loss, list(start), LR, BUDGET)
    assert isinstance(knobs, (list, tuple)), "descend must return the list of knobs first"
    assert len(knobs) == 4, f"descend must return as many knobs as it was given: 4, not {len(knobs)}"
    lost = next((step for step, loss in enumerate(history) if loss != loss), None)
    assert lost is None, f"the loss is NaN after step {lost}"
    assert all(type(knob) in (int, float) for knob in knobs), "every knob must be a number"
    reached = nets.neuron_loss(knobs)
    assert reached <= GOAL, f"after {BUDGET} steps the loss is {reached:.3f}; below {GOAL} is due"
    assert len(history) == BUDGET + 1, f"history needs {BUDGET + 1} losses, not {len(history)}"
