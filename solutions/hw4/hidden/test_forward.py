"""Stage forward: the whole net, by pinned numbers and by numerical gradients."""

import hw4_data as data
import hw4_exact as exact
import numpy as np
import pytest
from hw4_cases import N, small_net
from hw4_cross import array, close, letters, logits, tensors


@pytest.mark.stage("forward", points=1, zh="参数固定时，输出的每一个数都是确定的。")
def test_pinned_parameters_give_pinned_logits(student, rng):
    """With all parameters pinned, every logit is a known number."""
    params, X, _ = small_net(rng)
    close(logits(student, tensors(student, params, "float64"), X), exact.forward(params, X), "forward(params, X)")


@pytest.mark.stage("forward", points=1, zh="改动第二个样本，第一行不能跟着动。")
def test_a_row_depends_on_its_own_context_alone(student, rng):
    """A row depends on its own context: change example 2 and row 1 stays."""
    params, X, _ = small_net(rng)
    sent = tensors(student, params, "float64")
    before = logits(student, sent, X)
    for k in (1, N - 1):
        other = X.copy()
        other[k] = (other[k] + 1 + np.arange(3)) % data.V
        after = logits(student, sent, other)
        moved = np.abs(after - before).max(axis=1) > 1e-9
        assert moved[k], f"row {k} did not move although its own context changed. / 第 {k} 行的上文变了，它却没动。"
        assert not np.delete(moved, k).any(), f"only example {k} was changed, and other rows moved too. / 只改了样本 {k}，别的行也动了。"


@pytest.mark.stage("forward", points=1, zh="“abc”和“cba”不是一回事：顺序要紧。")
def test_the_order_of_the_letters_matters(student, rng):
    """'abc' and 'cba' are not the same: the order of the letters matters."""
    params, X, _ = small_net(rng)
    got = logits(student, tensors(student, params, "float64"), X)
    assert np.abs(got[0] - got[1]).max() > 1e-6, "a context and its reverse gave the same logits. / 上文倒过来，输出竟然相同。"


@pytest.mark.stage("forward", points=2, zh="五个张量的每一个参数，梯度都与数值梯度相符。")
def test_every_gradient_agrees_with_a_nudge(student, rng):
    """The gradient of each of the 251 parameters agrees with what a nudge does."""
    params, X, news = small_net(rng)
    learning = tensors(student, params, "float64", "cpu", True)
    context, eps = letters(student, X), 1e-6
    (student.forward(learning, context) * student.tensor(news, "float64")).sum().backward()
    got = [array(student, p.grad, was.shape, f"{name}.grad") for p, was, name in zip(learning, params, ("C", "W1", "b1", "W2", "b2"), strict=True)]

    def readout(which, nudged):
        sent = list(fixed)
        sent[which] = student.tensor(nudged, "float64")
        return student.forward(sent, context)

    fixed = tensors(student, params, "float64")
    for which, (was, grad) in enumerate(zip(params, got, strict=True)):
        want = np.zeros_like(was)
        for place in np.ndindex(was.shape):
            sides = []
            for sign in (eps, -eps):
                nudged = was.copy()
                nudged[place] += sign
                sides.append(readout(which, nudged))
            up, down = (array(student, side, (N, data.V), "forward(params, X)") for side in sides)
            want[place] = ((up - down) * news).sum() / (2 * eps)
        assert np.abs(want).max() > 1e-3, "a nudge of a whole tensor changes nothing: forward must use all five. / 五个张量都要用上。"
        close(grad, want, ("C", "W1", "b1", "W2", "b2")[which] + ".grad", 1e-5, 1e-7)
