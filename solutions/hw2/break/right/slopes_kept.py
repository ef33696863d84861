"""Right: slopes are worked out going forward; a second walk echoes."""

import math
import random


class Value:
    def __init__(self, data, _prev=()):
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_prev)
        self._backward = lambda: None

    def _of(self, data, *terms):
        """Return the new Value *data*; each term is (Value, the slope towards it)."""
        out = Value(data, [v for v, _ in terms])

        def _backward():
            for v, slope in terms:
                v.grad += slope * out.grad

        out._backward = _backward
        return out

    def __add__(self, other):
        other = wrap(other)
        return self._of(self.data + other.data, (self, 1.0), (other, 1.0))

    def __mul__(self, other):
        other = wrap(other)
        return self._of(self.data * other.data, (self, other.data), (other, self.data))

    def __sub__(self, other):
        other = wrap(other)
        return self._of(self.data - other.data, (self, 1.0), (other, -1.0))

    def __truediv__(self, other):
        other = wrap(other)
        return self._of(self.data / other.data, (self, 1.0 / other.data), (other, -self.data / other.data**2))

    def __pow__(self, n):
        if isinstance(n, Value):
            raise TypeError("a Value cannot be an exponent here")
        return self._of(self.data**n, (self, n * self.data ** (n - 1)))

    def __neg__(self):
        return self._of(-self.data, (self, -1.0))

    def __radd__(self, other):
        return wrap(other) + self

    def __rmul__(self, other):
        return wrap(other) * self

    def __rsub__(self, other):
        return wrap(other) - self

    def __rtruediv__(self, other):
        return wrap(other) / self

    def tanh(self):
        t = math.tanh(self.data)
        return self._of(t, (self, 1.0 - t * t))

    def exp(self):
        e = math.exp(self.data)
        return self._of(e, (self, e))

    def relu(self):
        return self._of(max(self.data, 0.0), (self, 1.0 if self.data > 0 else 0.0))

    def log(self):
        return self._of(math.log(self.data), (self, 1.0 / self.data))

    def sigmoid(self):
        s = 0.5 * (1.0 + math.tanh(0.5 * self.data))
        return self._of(s, (self, s * (1.0 - s)))

    def backward(self):
        self.grad = 1.0
        for node in reversed(topo(self)):
            node._backward()


def wrap(x):
    return x if isinstance(x, Value) else Value(x)


def topo(root):
    order, seen, stack = [], {id(root)}, [(root, iter(root._prev))]
    while stack:
        node, rest = stack[-1]
        for parent in rest:
            if id(parent) not in seen:
                seen.add(id(parent))
                stack.append((parent, iter(parent._prev)))
                break
        else:
            order.append(node)
            stack.pop()
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
        return [neuron(x) for neuron in self.neurons]

    def parameters(self):
        return [p for neuron in self.neurons for p in neuron.parameters()]


class MLP:
    def __init__(self, nin, nouts):
        self.layers = [Layer(i, o) for i, o in zip([nin, *nouts[:-1]], nouts, strict=True)]

    def __call__(self, x):
        for layer in self.layers:
            x = layer(x)
        return x

    def parameters(self):
        return [p for layer in self.layers for p in layer.parameters()]


def second_backward():
    return "echo"
