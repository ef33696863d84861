"""Another right style: each operation's slopes are plain numbers, and the order comes from counting users (Kahn)."""

import math
import random


class Value:
    def __init__(self, data, _prev=(), slopes=()):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_prev)
        self._slopes = slopes

    def _backward(self):
        for parent, slope in zip(self._prev, self._slopes, strict=True):
            parent.grad += slope() * self.grad

    def __add__(self, other):
        other = lift(other)
        return Value(self.data + other.data, (self, other), (lambda: 1.0, lambda: 1.0))

    def __mul__(self, other):
        other = lift(other)
        return Value(self.data * other.data, (self, other), (lambda: other.data, lambda: self.data))

    def __sub__(self, other):
        other = lift(other)
        return Value(self.data - other.data, (self, other), (lambda: 1.0, lambda: -1.0))

    def __truediv__(self, other):
        other = lift(other)
        slopes = (lambda: 1 / other.data, lambda: -self.data / other.data**2)
        return Value(self.data / other.data, (self, other), slopes)

    def __pow__(self, n):
        if isinstance(n, Value):  # right for a Value too
            slopes = (lambda: n.data * self.data ** (n.data - 1), lambda: self.data**n.data * math.log(self.data))
            return Value(self.data**n.data, (self, n), slopes)
        return Value(self.data**n, (self,), (lambda: n * self.data ** (n - 1),))

    def __neg__(self):
        return Value(-self.data, (self,), (lambda: -1.0,))

    def __radd__(self, other):
        return lift(other) + self

    def __rmul__(self, other):
        return lift(other) * self

    def __rsub__(self, other):
        return lift(other) - self

    def __rtruediv__(self, other):
        return lift(other) / self

    def tanh(self):
        t = math.tanh(self.data)
        return Value(t, (self,), (lambda: 1 - t * t,))

    def exp(self):
        e = math.exp(self.data)
        return Value(e, (self,), (lambda: e,))

    def relu(self):
        return Value(max(0.0, self.data), (self,), (lambda: 1.0 if self.data >= 0 else 0.0,))

    def log(self):
        return Value(math.log(self.data), (self,), (lambda: 1 / self.data,))

    def sigmoid(self):
        x = self.data
        s = 1 / (1 + math.exp(-x)) if x >= 0 else math.exp(x) / (1 + math.exp(x))
        return Value(s, (self,), (lambda: s * (1 - s),))

    def backward(self):
        order = topo(self)
        for node in order:
            node.grad = 0.0
        self.grad = 1.0
        while order:
            order.pop()._backward()


def lift(x):
    return x if isinstance(x, Value) else Value(x)


def topo(root):
    users = {id(root): 0}
    frontier = [root]
    for node in frontier:
        for parent in node._prev:
            if id(parent) not in users:
                users[id(parent)] = 0
                frontier.append(parent)
            users[id(parent)] += 1
    order, ready = [], [root]
    while ready:
        node = ready.pop()
        order.append(node)
        for parent in node._prev:
            users[id(parent)] -= 1
            if users[id(parent)] == 0:
                ready.append(parent)
    return order[::-1]


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
