"""The hidden checks of the stretch: friction, and a big batch told in parts."""

import lab
import pytest
from pytest import approx

NARROW, LR, STEPS = (1.0, 0.3, 0.3), 0.05, 100


def glided(place, xs, ys, lr, steps, keep):
    """Return the history and the last place of a walk with memory, by the judge's own numbers."""
    knobs, speed, history = list(place), [0.0] * 4, []
    for _ in range(steps):
        history.append(lab.line_loss(knobs, xs, ys))
        speed = [keep * v + g for v, g in zip(speed, lab.line_slopes(knobs, xs, ys), strict=True)]
        knobs = [k - lr * v for k, v in zip(knobs, speed, strict=True)]
    return history, knobs


@pytest.mark.stage("stretch", points=3, zh="有记忆、有摩擦：每一步的速度都对。")
def test_memory_with_friction(student, rng):
    """glide remembers its speed and loses part of it at each step, as keep says."""
    xs, ys = lab.points(rng, count=6)
    place = [rng.uniform(-1, 1) for _ in range(4)]
    for keep in (0.0, 0.6, 1.0):
        model = student.Linear(place)
        told = student.value(student.glide(model, xs, ys, 0.02, 4, keep))
        history, end = glided(place, xs, ys, 0.02, 4, keep)
        assert told == approx(history, rel=1e-9), "the history is not that of a walk with memory"
        assert lab.read(student, model.parameters(), 4) == approx(end, rel=1e-9), "the knobs are not where they should be"


@pytest.mark.stage("stretch", points=3, zh="在狭长的山谷里，带摩擦的走法赢过普通下坡。")
def test_friction_beats_plain_descent(student, rng):
    """In a long, narrow valley your own choice of friction ends at less than half the loss of plain descent."""
    xs, ys = lab.points(rng, scale=NARROW)
    _, end = glided([0.0] * 4, xs, ys, LR, STEPS, 0.0)
    plain = lab.line_loss(end, xs, ys)
    model = student.Linear([0.0] * 4)
    student.value(student.glide(model, xs, ys, LR, STEPS))
    reached = lab.line_loss(lab.read(student, model.parameters(), 4), xs, ys)
    assert reached < plain / 2, f"with your friction the loss is {reached:.3g}, plain descent has {plain:.3g}; less than half is due"


@pytest.mark.stage("stretch", points=4, zh="分几批讲完再走一步，等于一个大批次。")
def test_parts_add_up_to_a_bigger_batch(student, rng):
    """One accumulated step moves the knobs as one step on all the examples together."""
    place = [rng.uniform(-1, 1) for _ in range(4)]
    model = student.Linear(place)
    for parts in (1, 2, 5):
        xs, ys = lab.points(rng, count=4 * parts)
        batches = [[xs[k : k + 4], ys[k : k + 4]] for k in range(0, len(xs), 4)]
        knobs = model.parameters()
        for j in range(4):
            knobs[j].data = place[j]
        student.value(student.accumulate(model, batches, 0.1))
        wanted = [k - 0.1 * g for k, g in zip(place, lab.line_slopes(place, xs, ys), strict=True)]
        assert lab.read(student, knobs, 4) == approx(wanted, rel=1e-9), "the step is not that of all the examples together"
