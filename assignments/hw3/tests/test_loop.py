"""The public checks of homework 3: one model, small numbers, and a look at how far the knobs move."""

import pytest
from pytest import approx

# All knobs at 0, one example x = (1, 2, 3) with the wish -1: the guess is 0, the error 1, the loss 1.
# The slopes are 2 * error * x = 2, 4, 6 for the weights, and 2 for the bias.
XS, YS = [[1.0, 2.0, 3.0]], [-1.0]
SLOPES = [2.0, 4.0, 6.0, 2.0]


@pytest.mark.stage("zero", points=2, zh="擦完以后，每块黑板上都是 0。")
def test_the_board_is_wiped(student):
    """After zero_grad every grad is 0."""
    knobs = student.Linear([1.0, 2.0, 3.0, 4.0]).parameters()
    for j in range(4):
        knobs[j].grad = 5.0 + j
    student.value(student.zero_grad(knobs))
    assert [student.value(knobs[j].grad) for j in range(4)] == approx([0.0] * 4)


@pytest.mark.stage("zero", points=2, zh="擦的是黑板，旋钮本身一点没动。")
def test_the_knobs_stay(student):
    """zero_grad wipes the board, not the brain: the data of each knob stays as it was."""
    model = student.Linear([1.0, 2.0, 3.0, 4.0])
    knobs = model.parameters()
    knobs[1].grad = 7.0
    student.value(student.zero_grad(knobs))
    assert [student.value(knobs[j].data) for j in range(4)] == approx([1.0, 2.0, 3.0, 4.0])
    assert knobs[1].grad == 0.0, (
        "zero_grad has to change the grad of the knobs that it was given / zero_grad 要改的，是交给它的那些旋钮的 grad"
    )


@pytest.mark.stage("step", points=4, zh="旋钮放回原处再走一步，走的还是一样远。")
def test_the_second_step_is_like_the_first(student):
    """With the knobs put back, the second step moves as far as the first: it hears its own slope only."""
    model = student.Linear([0.0, 0.0, 0.0, 0.0])
    knobs = model.parameters()
    for step in (1, 2, 3):
        for j in range(4):
            knobs[j].data = 0.0
        student.value(student.train_step(model, XS, YS, 0.5))
        moved = [student.value(knobs[j].data) for j in range(4)]
        assert moved == approx([-0.5 * slope for slope in SLOPES]), (
            f"step {step} moved the knobs to {moved} / 第 {step} 步把旋钮移到了 {moved}"
        )


@pytest.mark.stage("step", points=4, zh="train_step 返回的是走之前的损失。")
def test_the_loss_is_told_before_the_step(student):
    """train_step returns the loss as it was before the step."""
    assert student.train_step(student.Linear([0.0, 0.0, 0.0, 0.0]), XS, YS, 0.01) == approx(1.0)
    # Bias 2: the guess is 2, the error 3, the loss 9.
    assert student.train_step(student.Linear([0.0, 0.0, 0.0, 2.0]), XS, YS, 0.01) == approx(9.0)


@pytest.mark.stage("train", points=4, zh="history 里每一步一个损失。")
def test_the_history_has_a_loss_for_each_step(student):
    """The history holds one loss for each step, the loss before it."""
    # A step with lr 0.01 takes the error from 1 to 0.7: the slopes are 2*x and 2, and 1 + 4 + 9 + 1 = 15.
    assert student.value(student.train(student.Linear([0.0, 0.0, 0.0, 0.0]), XS, YS, 0.01, 2)) == approx([1.0, 0.49])
    history = student.value(student.train(student.Linear([0.0, 0.0, 0.0, 0.0]), XS, YS, 0.01, 5))
    assert len(history) == 5, f"5 steps give 5 losses, not {len(history)} / 走 5 步应有 5 个损失，而不是 {len(history)} 个"
    assert student.value(student.train(student.Linear([0.0, 0.0, 0.0, 0.0]), XS, YS, 0.01, 0)) == []


@pytest.mark.stage("diagnose", points=4, zh="分得清正确的循环和从不擦黑板的循环。")
def test_a_bug_is_named(student):
    """diagnose tells a right loop from one that never wipes."""
    assert student.diagnose([[1.0, 1.0], [1.0, 1.0], [0.999, 1.0], [1.0, 1.001]]) == "right"
    assert student.diagnose([[1.0, 1.0], [2.0, 2.0], [3.001, 3.0], [4.0, 3.999]]) == "never wiped"
