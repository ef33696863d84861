"""Another right style: __slots__, one _backward that knows the operation by name, and a second walk that is refused."""

import math
import random


class Value:
    __slots__ = ("_op", "_prev", "_told", "data", "grad")

    def __init__(self, data, _prev=(), _op=""):
        self.data, self.grad, self._prev, self._op, self._told = data, 0.0, tuple(_prev), _op, False

    def _backward(self):
        news, out = self.grad, self.data
        match self._prev:
            case (a, b):
                if self._op == "+":
                    a.grad, b.grad = (a.grad + 2 * news,) * 2 if a is b else (a.grad + news, b.grad + news)
                else:
                    from_b, from_a = b.data * news, a.data * news
                    a.grad = a.grad + from_b
                    b.grad = b.grad + from_a
            case (a,):
                slope = {
                    "tanh": lambda: 1 - out * out,
                    "exp": lambda: out,
                    "relu": lambda: float(out > 0),
                    "log": lambda: 1 / a.data,
                    "sigmoid": lambda: out - out * out,
                }.get(self._op)
                a.grad = a.grad + news * (slope() if slope else self._op * a.data ** (self._op - 1))

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other), "+")

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other), "*")

    def __pow__(self, n):
        assert isinstance(n, (int, float)), "only plain numbers as exponents"
        return Value(self.data**n, (self,), n)

    def tanh(self):
        return Value(math.tanh(self.data), (self,), "tanh")

    def exp(self):
        return Value(math.exp(self.data), (self,), "exp")

    def relu(self):
        return Value(self.data * (self.data > 0), (self,), "relu")

    def log(self):
        return Value(math.log(self.data), (self,), "log")

    def sigmoid(self):
        return Value(0.5 + 0.5 * math.tanh(self.data / 2), (self,), "sigmoid")

    def __neg__(self):
        return self * -1

    def __sub__(self, other):
        return self + -1 * other

    def __rsub__(self, other):
        return -self + other

    def __truediv__(self, other):
        return self * (other**-1)

    def __rtruediv__(self, other):
        return self**-1 * other

    __radd__, __rmul__ = __add__, __mul__

    def backward(self):
        if self._told:
            raise RuntimeError("this graph has been walked back already")
        self._told = True
        self.grad = 1.0
        for node in topo(self)[::-1]:
            node._backward()


def topo(root):
    order, seen = [], set()
    path = [(root, iter(root._prev))]
    seen.add(root)
    while path:
        _, rest = path[-1]
        step = next((p for p in rest if p not in seen), None)
        if step is None:
            order.append(path.pop()[0])
        else:
            seen.add(step)
            path.append((step, iter(step._prev)))
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
    return "refuse"
