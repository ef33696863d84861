"""The hidden checks of zero_grad, train_step and train: movement, on random knobs and points."""

import statistics

import lab
import pytest
from pytest import approx

XS = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
YS = [1.0, -1.0, -1.0, 1.0]
SETTLED = 0.05  # the right loop ends below 0.004, the forgetful one above 1


@pytest.mark.stage("zero", points=3, zh="擦完以后，每块黑板上都是 0。")
def test_the_board_is_wiped(student, rng):
    """After zero_grad every grad is 0, whatever stood there."""
    knobs = student.Net([rng.uniform(-1, 1) for _ in range(41)]).parameters()
    for j in range(0, 41, 5):
        knobs[j].grad = rng.uniform(1, 9)
    student.value(student.zero_grad(knobs))
    assert [student.value(knobs[j].grad) for j in range(0, 41, 5)] == approx([0.0] * 9, abs=0.0)


@pytest.mark.stage("zero", points=3, zh="擦的是黑板，旋钮本身一点没动，也还是原来那些旋钮。")
def test_the_knobs_stay(student, rng):
    """zero_grad leaves the data of each knob, and the very knobs, as they were."""
    place = [rng.uniform(1, 2) for _ in range(4)]
    model = student.Linear(place)
    knobs = model.parameters()
    for j in range(4):
        knobs[j].grad = rng.uniform(1, 9)
    before = [student.identity(knobs[j]) for j in range(4)]
    student.value(student.zero_grad(knobs))
    again = model.parameters()
    assert [student.identity(again[j]) for j in range(4)] == before, "the model's knobs are other objects now"
    assert lab.read(student, again, 4) == approx(place, abs=0.0), "zero_grad moved a knob"
    assert [student.value(again[j].grad) for j in range(4)] == approx([0.0] * 4, abs=0.0), "the boards were not wiped"


def line(student, rng):
    """Return a random straight line over there, where its knobs stand, points, and the exact slopes."""
    while True:
        place = [rng.uniform(-1, 1) for _ in range(4)]
        xs, ys = lab.points(rng, count=6)
        slopes = lab.line_slopes(place, xs, ys)
        if min(map(abs, slopes)) > 0.05:  # every knob has somewhere to go
            break
    lab.check_engine(student, "Linear", place, xs, ys, slopes)
    return student.Linear(place), place, xs, ys, slopes


@pytest.mark.stage("step", points=5, zh="每一步里，权重只听这一步的斜率。")
def test_the_weights_hear_this_step_alone(student, rng):
    """In each step the weights move by the slope of that step alone."""
    model, place, xs, ys, slopes = line(student, rng)
    rows = lab.ratios(student, model, place, slopes, lambda: student.train_step(model, xs, ys, 0.05), 0.05, 3)
    assert [row[:3] for row in rows] == [approx([1.0] * 3, rel=1e-6)] * 3, "the weights did not move as this step's slope asks"


@pytest.mark.stage("step", points=4, zh="偏置的黑板也要擦。")
def test_the_biases_hear_this_step_alone(student, rng):
    """In each step the bias moves by the slope of that step alone: its board is wiped too."""
    model, place, xs, ys, slopes = line(student, rng)
    rows = lab.ratios(student, model, place, slopes, lambda: student.train_step(model, xs, ys, 0.05), 0.05, 3)
    assert [row[3] for row in rows] == approx([1.0] * 3, rel=1e-6), "the bias did not move as this step's slope asks"


@pytest.mark.stage("step", points=4, zh="换成 41 个旋钮的网络，也是一样。")
def test_a_net_moves_the_same_way(student, rng):
    """A net of 41 knobs moves by the slope of each step alone, too."""
    place = [rng.uniform(-1, 1) for _ in range(41)]
    slopes = lab.net_slopes(place, XS, YS)
    lab.check_engine(student, "Net", place, XS, YS, slopes)
    model = student.Net(place)
    rows = lab.ratios(student, model, place, slopes, lambda: student.train_step(model, XS, YS, 0.05), 0.05, 2)
    assert rows == [approx([1.0] * 41, rel=1e-6)] * 2, "the knobs of the net did not move as this step's slope asks"


@pytest.mark.stage("step", points=3, zh="返回的是走之前的损失。")
def test_the_loss_is_told_before_the_step(student, rng):
    """train_step returns the loss before the step."""
    for lr in (0.0, 0.05):
        model, place, xs, ys, _ = line(student, rng)
        assert student.train_step(model, xs, ys, lr) == approx(lab.line_loss(place, xs, ys), rel=1e-9)


@pytest.mark.stage("train", points=4, zh="train 里的每一步，都不受前一步的影响。")
def test_no_step_hears_the_step_before(student, rng):
    """In train no step hears the slope of the step before: 1, 2, 3 tiny steps go 1, 2, 3 times as far."""
    lr = 1e-6  # so small that the slope stays the same to the first order
    model, place, xs, ys, slopes = line(student, rng)
    rows = lab.ratios(student, model, place, slopes, lambda: student.train(model, xs, ys, lr, 1), lr, 3)
    assert rows == [approx([1.0] * 4, rel=1e-3)] * 3, "trained again from the same place, the model did not move as at first"
    for steps in (1, 2, 3):
        model = student.Linear(place)
        student.value(student.train(model, xs, ys, lr, steps))
        now = lab.read(student, model.parameters(), 4)
        far = [(a - b) / (-lr * g) for a, b, g in zip(now, place, slopes, strict=True)]
        assert far == approx([float(steps)] * 4, rel=1e-3), f"{steps} tiny steps did not go {steps} times as far as one"


@pytest.mark.stage("train", points=3, zh="40 个点，200 步：损失真的停在低处。")
def test_the_line_settles(student, rng):
    """On 40 points of a line the loss settles below 0.05 within 200 steps, and stays there."""
    xs, ys = lab.points(rng)
    model = student.Linear([0.0] * 4)
    history = student.value(student.train(model, xs, ys, 0.05, 200))
    assert isinstance(history, list), "train must return a list"
    assert len(history) == 200, f"history needs 200 losses, not {len(history)}"
    lost = next((step for step, loss in enumerate(history, 1) if loss != loss), None)
    assert lost is None, f"the loss is NaN from step {lost} on"
    reached = lab.line_loss(lab.read(student, model.parameters(), 4), xs, ys)
    assert reached <= SETTLED, f"after 200 steps the loss is {reached:.3g}; at most {SETTLED} is due"
    assert statistics.fmean(history[-20:]) <= SETTLED, "the last 20 losses of the history are not low"


@pytest.mark.stage("train", points=1, zh="history 里每一步一个损失，都是走之前的。")
def test_the_history_has_a_loss_for_each_step(student, rng):
    """The history holds the loss before each step, and is empty for no steps."""
    model, place, xs, ys, slopes = line(student, rng)
    moved = [k - 0.02 * g for k, g in zip(place, slopes, strict=True)]
    told = student.value(student.train(model, xs, ys, 0.02, 2))
    assert told == approx([lab.line_loss(place, xs, ys), lab.line_loss(moved, xs, ys)], rel=1e-9)
    assert student.value(student.train(model, xs, ys, 0.02, 0)) == []
