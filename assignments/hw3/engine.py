"""Two small models that know their own slopes (given; nothing to do here).

Each model has knobs, ``model.parameters()``, and each knob is a ``Value`` with two numbers: ``data``, what it is, and
``grad``, the board on which its slope is written. ``loss = model.loss(xs, ys)`` scores the model; ``loss.backward()``
*adds* the slope of the loss to the ``grad`` of each knob. It adds because a knob can be used in several places, and
each place has its own part to tell (homework 2).
"""

from __future__ import annotations

import math


class Value:
    """A knob: ``data`` (float) is where it stands, ``grad`` (float) is the sum of the slopes that were told to it."""

    __slots__ = ("data", "grad")

    def __init__(self, data: float) -> None:
        self.data = data
        self.grad = 0.0


class Loss:
    """What ``model.loss`` returns: ``data`` (float) is the loss; ``backward()`` tells each knob its slope, once for each call."""

    __slots__ = ("_told", "data", "grad")

    def __init__(self, data: float, told: list[tuple[Value, float]]) -> None:
        self.data = data
        self.grad = 0.0
        self._told = told

    def backward(self) -> None:
        """Add the slope of this loss to the ``grad`` of each knob, as it was where the knobs stood when the loss was made."""
        self.grad = 1.0
        for knob, slope in self._told:
            knob.grad += slope


class Linear:
    """A straight line in three numbers: guess = w1*x1 + w2*x2 + w3*x3 + b. Four knobs.

    Its loss is the *mean* over the examples of (guess - wish) squared.
    """

    def __init__(self, knobs: list[float]) -> None:
        """knobs: 4 floats, three weights and the bias."""
        if len(knobs) != 4:
            raise ValueError(f"Linear needs 4 knobs, not {len(knobs)}")
        *weights, bias = knobs
        self.weights = [Value(weight) for weight in weights]
        self.biases = [Value(bias)]

    def parameters(self) -> list[Value]:
        """Return all the knobs, the weights first; always the same objects."""
        return [*self.weights, *self.biases]

    def loss(self, xs: list[list[float]], ys: list[float]) -> Loss:
        """Return the mean squared error on the examples. xs: m rows of 3 floats; ys: m floats."""
        knobs = [knob.data for knob in self.parameters()]
        total, slopes = 0.0, [0.0] * 4
        for x, y in zip(xs, ys):
            row = (*x, 1.0)
            error = sum(knob * value for knob, value in zip(knobs, row)) - y
            total += error * error / len(xs)
            for j, value in enumerate(row):
                slopes[j] += 2 * error * value / len(xs)
        return Loss(total, list(zip(self.parameters(), slopes)))


class Net:
    """Nine neurons in three layers (3 numbers in, then 4, 4 and 1 tanh neurons). 41 knobs.

    Its loss is the *sum* over the examples of (guess - wish) squared.
    """

    SIZES = (3, 4, 4, 1)

    def __init__(self, knobs: list[float]) -> None:
        """knobs: 41 floats; neuron after neuron, each its weights and then its bias."""
        if len(knobs) != 41:
            raise ValueError(f"Net needs 41 knobs, not {len(knobs)}")
        values = [Value(knob) for knob in knobs]
        self.layers: list[list[list[Value]]] = []
        at = 0
        for fan_in, neurons in zip(self.SIZES, self.SIZES[1:]):
            width = fan_in + 1
            self.layers.append([values[at + k * width : at + (k + 1) * width] for k in range(neurons)])
            at += width * neurons
        self.weights = [knob for layer in self.layers for neuron in layer for knob in neuron[:-1]]
        self.biases = [neuron[-1] for layer in self.layers for neuron in layer]

    def parameters(self) -> list[Value]:
        """Return all the knobs, neuron after neuron; always the same objects."""
        return [knob for layer in self.layers for neuron in layer for knob in neuron]

    def loss(self, xs: list[list[float]], ys: list[float]) -> Loss:
        """Return the sum of the squared errors on the examples. xs: m rows of 3 floats; ys: m floats."""
        slopes = {id(knob): 0.0 for knob in self.parameters()}
        total = 0.0
        for x, y in zip(xs, ys):
            outs = self._outs(x)
            error = outs[-1][0] - y
            total += error * error
            self._tell(outs, [2 * error], slopes)
        return Loss(total, [(knob, slopes[id(knob)]) for knob in self.parameters()])

    def _outs(self, x: list[float]) -> list[list[float]]:
        """Return what each layer says for the example *x*, the numbers that went in first."""
        outs = [list(x)]
        for layer in self.layers:
            below = outs[-1]
            outs.append([math.tanh(sum(w.data * v for w, v in zip(neuron, below)) + neuron[-1].data) for neuron in layer])
        return outs

    def _tell(self, outs: list[list[float]], blame: list[float], slopes: dict[int, float]) -> None:
        """Add one example's slopes to *slopes*, from the last layer to the first."""
        for number in range(len(self.layers) - 1, -1, -1):
            below, sent = outs[number], [0.0] * len(outs[number])
            for neuron, out, heard in zip(self.layers[number], outs[number + 1], blame):
                here = heard * (1 - out * out)
                for j, value in enumerate(below):
                    slopes[id(neuron[j])] += here * value
                    sent[j] += here * neuron[j].data
                slopes[id(neuron[-1])] += here
            blame = sent
