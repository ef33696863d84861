"""On top: Neuron, Layer, MLP, with knobs set by the suite."""

import math

import pytest
from says import expect

PLAIN = (type(None), bool, int, float, str, list, tuple, dict)


def is_a_value(thing):
    """Say whether *thing* is an object of the student's, as far as one can see from here."""
    return type(thing) not in PLAIN


def set_knobs(student, part, numbers):
    """Give the knobs of *part* these numbers, in order; return the knobs."""
    assert is_a_value(part), "Neuron, Layer and MLP must make objects / Neuron、Layer、MLP 要做出对象"
    knobs = student.value(part.parameters())
    assert type(knobs) in (list, tuple), "parameters() must return a list / parameters() 要返回一个列表"
    assert len(knobs) == len(numbers), f"{len(numbers)} knobs, got {len(knobs)} / 应有 {len(numbers)} 个旋钮，得到 {len(knobs)}"
    for knob, number in zip(knobs, numbers, strict=True):
        assert is_a_value(knob), "parameters() must list the Values themselves / parameters() 要列出 Value 本身"
        knob.data = number
    return knobs


def listed(student, answers, count):
    """Return *answers* as a list of *count* Values."""
    answers = student.value(answers)
    assert type(answers) in (list, tuple), "the answer must be a list, even of one / 答案要是一个列表，哪怕只有一个"
    assert len(answers) == count, f"{count} answers, got {len(answers)} / 应有 {count} 个答案，得到 {len(answers)}"
    assert all(map(is_a_value, answers)), "each answer must be a Value / 每个答案都要是 Value"
    return answers


@pytest.mark.stage("net", points=0.5, zh="神经元：旋钮乘输入，加起来，再压扁。")
def test_a_neuron_by_hand(student):
    """A neuron: knobs times inputs, a sum, a squash."""
    neuron = student.Neuron(2)
    set_knobs(student, neuron, [0.5, -1.0, 0.25])
    answer = neuron([2.0, 1.0])
    assert is_a_value(answer), f"the answer must be a Value, got {answer} / 答案要是 Value，得到 {answer}"
    expect("w = 0.5, -1; b = 0.25; x = 2, 1", answer.data, math.tanh(0.25))


@pytest.mark.stage("net", points=0.5, zh="一层：每个神经元给一个答案。")
def test_a_layer_by_hand(student):
    """A layer: one answer from each neuron."""
    layer = student.Layer(1, 2)
    set_knobs(student, layer, [1.0, 0.5, -2.0, 0.0])
    first, second = listed(student, layer([0.5]), 2)
    expect("first neuron, w = 1, b = 0.5, x = 0.5", first.data, math.tanh(1.0))
    expect("second neuron, w = -2, b = 0, x = 0.5", second.data, math.tanh(-1.0))


@pytest.mark.stage("net", points=0.5, zh="多层：前一层的答案喂给后一层。")
def test_a_net_by_hand(student):
    """A net: each layer feeds the next."""
    net = student.MLP(1, [1, 1])
    set_knobs(student, net, [2.0, 0.0, -1.0, 0.5])
    (out,) = listed(student, net([0.5]), 1)
    expect("two layers of one neuron, x = 0.5", out.data, math.tanh(0.5 - math.tanh(1.0)))


@pytest.mark.stage("net", points=0.5, zh="整张网有 41 个旋钮，一次回走全都知道自己的责任。")
def test_a_net_learns_its_blame(student):
    """MLP(3, [4, 4, 1]) has 41 knobs, and one walk back reaches its last bias."""
    net = student.MLP(3, [4, 4, 1])
    numbers = [(2 * k - 41) / 60 for k in range(41)]  # none of them zero, no two alike
    last = set_knobs(student, net, numbers)[-1]
    (out,) = listed(student, net([0.9, -0.7, 0.4]), 1)
    out.backward()
    signal, rest = [0.9, -0.7, 0.4], iter(numbers)
    for nout in (4, 4, 1):
        signal = [math.tanh(sum(next(rest) * s for s in signal) + next(rest)) for _ in range(nout)]
    expect("knobs from -41/60 to 39/60, x = 0.9, -0.7, 0.4: the net's answer", out.data, signal[0])
    expect("the same: the last bias's grad", last.grad, 1 - signal[0] ** 2)
