"""Another right style: numpy scalars all the way."""

import random

import numpy as np


class Value:
    def __init__(self, data, _prev=()):
        self.data = np.float64(data)
        self.grad = np.float64(0.0)
        self._prev = tuple(_prev)
        self._backward = lambda: None

    def _made(self, data, *parents_and_slopes):
        out = Value(data, tuple(parent for parent, _ in parents_and_slopes))

        def _backward():
            for parent, slope in parents_and_slopes:
                parent.grad = parent.grad + slope * out.grad

        out._backward = _backward
        return out

    def __add__(self, other):
        other = as_value(other)
        return self._made(self.data + other.data, (self, np.float64(1)), (other, np.float64(1)))

    def __mul__(self, other):
        other = as_value(other)
        return self._made(self.data * other.data, (self, other.data), (other, self.data))

    def __pow__(self, n):
        if isinstance(n, Value):
            return (self.log() * n).exp()
        return self._made(self.data ** np.float64(n), (self, n * self.data ** np.float64(n - 1)))

    def tanh(self):
        t = np.tanh(self.data)
        return self._made(t, (self, 1 - t**2))

    def exp(self):
        e = np.exp(self.data)
        return self._made(e, (self, e))

    def relu(self):
        return self._made(np.maximum(self.data, 0.0), (self, np.float64(self.data > 0)))

    def log(self):
        if self.data <= 0:
            raise ValueError("log needs a number above zero")
        return self._made(np.log(self.data), (self, 1 / self.data))

    def sigmoid(self):
        e = np.exp(-np.abs(self.data))
        s = 1 / (1 + e) if self.data >= 0 else e / (1 + e)
        return self._made(s, (self, s * (1 - s)))

    def __neg__(self):
        return self * -1.0

    def __sub__(self, other):
        return self + (-1.0) * as_value(other)

    def __truediv__(self, other):
        return self * as_value(other) ** -1

    def __radd__(self, other):
        return self + other

    def __rmul__(self, other):
        return self * other

    def __rsub__(self, other):
        return as_value(other) - self

    def __rtruediv__(self, other):
        return as_value(other) / self

    def backward(self):
        order = topo(self)
        for node in order:
            if node._prev:
                node.grad = np.float64(0.0)
        self.grad = np.float64(1.0)
        for node in reversed(order):
            node._backward()


def as_value(x):
    return x if isinstance(x, Value) else Value(x)


def topo(root):
    order, seen, stack = [], set(), [root]
    while stack:
        node = stack[-1]
        waiting = [p for p in node._prev if p not in seen]
        if waiting and node not in seen:
            stack.extend(waiting)
            continue
        stack.pop()
        if node not in seen:
            seen.add(node)
            order.append(node)
    return order


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
    return "accumulate"
