"""Another right style: a Value holds no gradient; a table beside the graph does, and .grad looks it up."""

import itertools
import math
import random

GRADS = {}
_numbers = itertools.count()


class Value:
    def __init__(self, data, _prev=(), _backward=None):
        self._number = next(_numbers)
        self.data = data
        self._prev = tuple(_prev)
        self._rule = _backward

    @property
    def grad(self):
        return GRADS.get(self._number, 0.0)

    @grad.setter
    def grad(self, blame):
        GRADS[self._number] = blame

    def _backward(self):
        if self._rule is not None:
            for parent, slope in zip(self._prev, self._rule(), strict=True):
                parent.grad += slope * self.grad

    def __add__(self, other):
        other = value(other)
        return Value(self.data + other.data, (self, other), lambda: (1.0, 1.0))

    def __radd__(self, other):
        return value(other) + self

    def __mul__(self, other):
        other = value(other)
        return Value(self.data * other.data, (self, other), lambda: (other.data, self.data))

    def __rmul__(self, other):
        return value(other) * self

    def __neg__(self):
        return Value(-self.data, (self,), lambda: (-1.0,))

    def __sub__(self, other):
        return self + -value(other)

    def __rsub__(self, other):
        return value(other) + -self

    def __pow__(self, n):
        if not isinstance(n, (int, float)):
            return NotImplemented
        return Value(self.data**n, (self,), lambda: (n * self.data ** (n - 1),))

    def __truediv__(self, other):
        return self * value(other) ** -1

    def __rtruediv__(self, other):
        return value(other) * self**-1

    def tanh(self):
        return Value(math.tanh(self.data), (self,), lambda: (1 / math.cosh(self.data) ** 2,))

    def exp(self):
        return Value(math.exp(self.data), (self,), lambda: (math.exp(self.data),))

    def relu(self):
        return Value(max(self.data, 0), (self,), lambda: (0.5 * ((self.data > 0) + (self.data >= 0)),))

    def log(self):
        return Value(math.log(self.data), (self,), lambda: (1 / self.data,))

    def sigmoid(self):
        if self.data < -700:
            return Value(0.0, (self,), lambda: (0.0,))
        return 1 / (1 + (-self).exp()) if self.data < 700 else Value(1.0, (self,), lambda: (0.0,))

    def backward(self):
        # Values are numbered as they are made, so whoever used a Value has a higher number than it.
        family = sorted(topo(self), key=lambda node: -node._number)
        for node in family:
            GRADS.pop(node._number, None)
        GRADS[self._number] = 1.0
        for node in family:
            node._backward()


def value(x):
    return x if isinstance(x, Value) else Value(x)


def topo(root):
    family, waiting = {}, [root]
    while waiting:
        node = waiting.pop()
        if node._number not in family:
            family[node._number] = node
            waiting += node._prev
    return [family[number] for number in sorted(family)]


class Neuron:
    def __init__(self, nin):
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)

    def __call__(self, x):
        return sum((w * s for w, s in zip(self.w, x, strict=True)), self.b).tanh()

    def parameters(self):
        return [*self.w, self.b]


class Layer:
    def __init__(self, nin, nout):
        self.neurons = [Neuron(nin) for _ in range(nout)]

    def __call__(self, x):
        return [n(x) for n in self.neurons]

    def parameters(self):
        return [p for n in self.neurons for p in n.parameters()]


class MLP:
    def __init__(self, nin, nouts):
        sizes = [nin, *nouts]
        self.layers = [Layer(a, b) for a, b in zip(sizes[:-1], nouts, strict=True)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]


def second_backward():
    return "fresh"
