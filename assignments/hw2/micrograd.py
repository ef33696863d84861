"""A number that remembers where it came from, so that blame can walk back to it.

Write the parts marked YOUR CODE HERE from top to bottom: forward, local rules, order, backward, then the net.
"""

import math
import random


def as_value(x):
    """Return *x* itself if it is a Value, else a new Value that holds the number *x*. (Given.)"""
    return x if isinstance(x, Value) else Value(x)


class Value:
    """One number in a calculation.

    data       float: the number itself
    grad       float: its blame, how many units the root moves when this number moves by one unit; 0.0 at first
    _prev      tuple of the Values that it was made from, in order; () for a number that nobody made (a leaf)
    _backward  function without arguments: hands this Value's grad on to those in _prev. A leaf's does nothing

    Each of + * ** tanh exp relu makes exactly one new Value. An operand may be a Value or a plain number.
    No operation changes its operands' data, and none changes a grad before a _backward is called.
    """

    def __init__(self, data, _prev=()):
        """*data*: a number. *_prev*: tuple of the Values that this one was made from. (Given.)"""
        self.data = data
        self.grad = 0.0
        self._prev = tuple(_prev)
        self._backward = lambda: None

    def __repr__(self):
        return f"Value(data={self.data}, grad={self.grad})"

    # ---- Ramps 1 and 2: for each operation first the number, then the rule of blame -----------------------------

    def __add__(self, other):
        """Return self + other as one new Value.

        _backward: changes self.grad and other.grad, by what out.grad says that each of them owes.
        """
        other = as_value(other)
        out = Value(0.0, (self, other))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out

    def __mul__(self, other):
        """Return self * other as one new Value.

        _backward: changes self.grad and other.grad.
        """
        other = as_value(other)
        out = Value(0.0, (self, other))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out

    def __pow__(self, n):
        """Return self ** n as one new Value. *n* is a plain number, fixed: it is no knob and gets no blame.

        Raises TypeError if n is a Value. _backward: changes self.grad.
        """
        out = Value(0.0, (self,))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out

    def tanh(self):
        """Return tanh(self) as one new Value, between -1 and 1. math.tanh knows the number.

        _backward: changes self.grad.
        """
        out = Value(0.0, (self,))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out

    def exp(self):
        """Return e ** self as one new Value. math.exp knows the number.

        _backward: changes self.grad.
        """
        out = Value(0.0, (self,))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out

    def relu(self):
        """Return self where it is above zero, else 0, as one new Value.

        _backward: changes self.grad. Exactly at zero any slope from 0 to 1 is accepted.
        """
        out = Value(0.0, (self,))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out

    # ---- The rest of school arithmetic. Build these from the operations above: they need no _backward of their own

    def __neg__(self):
        """Return -self, a Value."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def __sub__(self, other):
        """Return self - other, a Value. *other*: a Value or a number."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def __truediv__(self, other):
        """Return self / other, a Value. *other*: a Value or a number, not zero."""
        # YOUR CODE HERE
        raise NotImplementedError()

    # Python calls these when a plain number stands on the LEFT: 2 + a is a.__radd__(2).

    def __radd__(self, other):
        """Return other + self, a Value. *other*: a number."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def __rmul__(self, other):
        """Return other * self, a Value. *other*: a number."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def __rsub__(self, other):
        """Return other - self, a Value. *other*: a number."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def __rtruediv__(self, other):
        """Return other / self, a Value. *other*: a number. self is not zero."""
        # YOUR CODE HERE
        raise NotImplementedError()

    # ---- Ramp 4 (write topo, ramp 3, further down, first) -------------------------------------------------------

    def backward(self):
        """Fill in .grad for every Value that self was made from; self is the root of the walk. Returns None.

        Called on a fresh graph, where every grad is 0.0. What a second call on the same graph does is your
        choice: see second_backward (stretch).
        """
        # YOUR CODE HERE
        raise NotImplementedError()

    # ---- Stretch ------------------------------------------------------------------------------------------------

    def log(self):
        """Return the natural logarithm of self, a Value (one new Value, or built from others).

        Raises ValueError if self.data is not above zero.
        """
        out = Value(0.0, (self,))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out

    def sigmoid(self):
        """Return 1 / (1 + e ** -self), a Value between 0 and 1 (one new Value, or built from others).

        Must survive -1000 and +1000 (about 0 and about 1), where e ** 1000 is too big for a float.
        """
        out = Value(0.0, (self,))
        # YOUR CODE HERE
        raise NotImplementedError()

        def _backward():
            # YOUR CODE HERE
            raise NotImplementedError()

        out._backward = _backward
        return out


# ---- Ramp 3 -------------------------------------------------------------------------------------------------------


def topo(root):
    """Return a list of root and every Value that it was made from, however far back.

    Each Value stands in the list once (the same object, not an equal number); each stands after all those in its
    _prev; so root is last. Any such order is right. Changes nothing. Must survive a chain of 5,000 operations:
    Python allows a function to call itself only about 1,000 deep.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# ---- On top: a net made of Values -----------------------------------------------------------------------------------


class Neuron:
    """Knobs, a sum and a squash: tanh(w[0]*x[0] + ... + w[nin-1]*x[nin-1] + b)."""

    def __init__(self, nin):
        """*nin*: the number of inputs. Makes w, a list of nin Values, and b, a Value. (Given.)"""
        self.w = [Value(random.uniform(-1, 1)) for _ in range(nin)]
        self.b = Value(0.0)

    def __call__(self, x):
        """Return the neuron's answer, one Value. *x*: a list of nin numbers or Values; not changed."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def parameters(self):
        """Return the list of all knobs: the nin weights in order, then the bias. The Values themselves, no copies."""
        # YOUR CODE HERE
        raise NotImplementedError()


class Layer:
    """Several neurons that look at the same inputs."""

    def __init__(self, nin, nout):
        """*nin* inputs for each of *nout* neurons, kept in the list neurons. (Given.)"""
        self.neurons = [Neuron(nin) for _ in range(nout)]

    def __call__(self, x):
        """Return the list of nout answers, each a Value; always a list, even of one. *x*: nin numbers or Values."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def parameters(self):
        """Return the list of all knobs, neuron after neuron."""
        # YOUR CODE HERE
        raise NotImplementedError()


class MLP:
    """Layers in a row: each one's answers are the next one's inputs."""

    def __init__(self, nin, nouts):
        """*nin* inputs, then layers of *nouts* neurons: MLP(3, [4, 4, 1]) has 41 knobs. (Given.)"""
        sizes = [nin, *nouts]
        self.layers = [Layer(sizes[i], sizes[i + 1]) for i in range(len(nouts))]

    def __call__(self, x):
        """Return the last layer's answers, a list of nouts[-1] Values. *x*: nin numbers or Values."""
        # YOUR CODE HERE
        raise NotImplementedError()

    def parameters(self):
        """Return the list of all knobs, layer after layer."""
        # YOUR CODE HERE
        raise NotImplementedError()


# ---- Stretch: your contract ------------------------------------------------------------------------------------------


def second_backward():
    """Return the name of the contract that your backward() keeps when it is called again on the same graph.

    With u = v * v; L = u * v at v = 3, the first call gives v.grad = 27. After the second call v.grad is

    "echo"        72: nothing is wiped, so old blame in the middle of the graph is handed on again
    "accumulate"  54: the middle is wiped first; leaves add the new blame to the old
    "fresh"       27: everything is wiped first
    "refuse"      27: the second call raises RuntimeError and changes nothing
    """
    # YOUR CODE HERE
    raise NotImplementedError()
