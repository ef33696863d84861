"""Neuron, Layer and MLP, with knobs that the suite itself sets."""

import math

import pytest
from graphs import close

PLAIN = (type(None), bool, int, float, str, list, tuple, dict)


def knobs_of(student, part, count):
    """Return the knobs of *part*, *count* different objects."""
    assert type(part) not in PLAIN, "Neuron, Layer and MLP make objects"
    knobs = student.value(part.parameters())
    assert type(knobs) in (list, tuple), "parameters() returns a list"
    assert len(knobs) == count, "one weight for each input and one bias for each neuron"
    assert not any(type(knob) in PLAIN for knob in knobs), "the knobs are Values"
    return list(knobs)


def answers_of(student, answers, count):
    """Return *answers*, a list of *count* Values."""
    answers = student.value(answers)
    assert type(answers) in (list, tuple), "a layer and a net answer with a list, even of one"
    assert len(answers) == count, "one answer from each neuron of the last layer"
    assert not any(type(answer) in PLAIN for answer in answers), "an answer is a Value"
    return answers


def data_of(answer):
    """Return the number of one answer."""
    assert type(answer) not in PLAIN, "an answer is a Value"
    return answer.data


def turn(rng, knobs):
    """Set every knob to a random number; return the numbers."""
    numbers = [rng.uniform(-1, 1) for _ in knobs]
    for knob, number in zip(knobs, numbers, strict=True):
        knob.data = number
    return numbers


def layer(numbers, x, nout):
    """Return (answers, numbers left) of one layer of *nout* neurons on plain floats."""
    size = len(x) + 1
    rows = [numbers[k * size : (k + 1) * size] for k in range(nout)]
    answers = [math.tanh(sum(w * s for w, s in zip(row[:-1], x, strict=True)) + row[-1]) for row in rows]
    return answers, numbers[nout * size :]


def net(numbers, x, nouts):
    for nout in nouts:
        x, numbers = layer(numbers, x, nout)
    return x


@pytest.mark.stage("net", points=1.5, zh="神经元：旋钮、求和、压扁。")
def test_a_neuron_is_knobs_a_sum_and_a_squash(student, rng):
    """A neuron is knobs, a sum with its bias, and a squash."""
    for nin in (1, 3):
        x = [rng.uniform(-1, 1) for _ in range(nin)]
        neuron = student.Neuron(nin)
        numbers = turn(rng, knobs_of(student, neuron, nin + 1))
        assert data_of(neuron(x)) == close(layer(numbers, x, 1)[0][0])
        inputs = [student.Value(signal) for signal in x]
        assert data_of(neuron(inputs)) == close(layer(numbers, x, 1)[0][0])


@pytest.mark.stage("net", points=1, zh="一层：几个神经元看同样的输入。")
def test_a_layer_asks_each_of_its_neurons(student, rng):
    """A layer asks each of its neurons about the same inputs, and answers with a list."""
    for nin, nout in ((2, 3), (2, 1)):
        x = [rng.uniform(-1, 1) for _ in range(nin)]
        several = student.Layer(nin, nout)
        numbers = turn(rng, knobs_of(student, several, nout * (nin + 1)))
        answers = answers_of(student, several(x), nout)
        for answer, want in zip(answers, layer(numbers, x, nout)[0], strict=True):
            assert answer.data == close(want)


@pytest.mark.stage("net", points=1.5, zh="多层：前一层的答案是后一层的输入。")
def test_a_net_feeds_each_layer_to_the_next(student, rng):
    """In a net each layer's answers are the next layer's inputs."""
    for nin, nouts in ((3, [4, 4, 1]), (2, [3, 2])):
        x = [rng.uniform(-1, 1) for _ in range(nin)]
        model = student.MLP(nin, nouts)
        sizes = [nin, *nouts]
        count = sum(sizes[k + 1] * (sizes[k] + 1) for k in range(len(nouts)))
        numbers = turn(rng, knobs_of(student, model, count))
        answers = answers_of(student, model(x), nouts[-1])
        for answer, want in zip(answers, net(numbers, x, nouts), strict=True):
            assert answer.data == close(want)


@pytest.mark.stage("net", points=1, zh="每个旋钮都是自己：转一个，只动一个。")
def test_every_knob_is_its_own(student, rng):
    """Every knob is its own object, and turning any of them is felt."""
    model = student.MLP(2, [2, 1])
    knobs = knobs_of(student, model, 9)
    assert len({student.identity(knob) for knob in knobs}) == 9
    numbers = turn(rng, knobs)
    x = [rng.uniform(0.5, 1), -rng.uniform(0.5, 1)]
    for k in range(9):
        knobs[k].data = numbers[k] + 0.5
        moved = [*numbers[:k], numbers[k] + 0.5, *numbers[k + 1 :]]
        assert answers_of(student, model(x), 1)[0].data == close(net(moved, x, [2, 1])[0])
        knobs[k].data = numbers[k]


@pytest.mark.stage("net", points=1, zh="从整张网的答案出发，一次回走就告诉每个旋钮。")
def test_one_walk_back_tells_every_knob(student, rng):
    """One walk back from the answer tells every knob of the net what it owes."""
    nouts, weight = [3, 1], rng.uniform(2, 4)
    x = [rng.uniform(0.3, 1), -rng.uniform(0.3, 1)]
    model = student.MLP(2, nouts)
    knobs = knobs_of(student, model, 13)
    numbers = turn(rng, knobs)
    (weight * answers_of(student, model(x), 1)[0]).backward()
    got = student.value([knob.grad for knob in knobs])
    for grad, want in zip(got, _slopes(numbers, x, weight), strict=True):
        assert grad == close(want)


def _slopes(numbers, x, weight):
    """Return weight * d net / d knob for MLP(2, [3, 1]), written out by hand."""
    hidden, last = layer(numbers, x, 3)
    out = layer(last, hidden, 1)[0][0]
    top = weight * (1 - out**2)
    below = []
    for k in range(3):
        news = top * last[k] * (1 - hidden[k] ** 2)
        below += [news * x[0], news * x[1], news]
    return [*below, *(top * signal for signal in hidden), top]
