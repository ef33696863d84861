"""A program of many habits, for the rules of the boundary."""

import math


class Value:
    """A number that remembers."""

    def __init__(self, data, prev=()):
        self.data = data
        self.grad = 0.0
        self.prev = prev

    def __add__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data + other.data, (self, other))

    def __mul__(self, other):
        other = other if isinstance(other, Value) else Value(other)
        return Value(self.data * other.data, (self, other))

    __rmul__ = __mul__

    def __pow__(self, exponent):
        if not isinstance(exponent, (int, float)):
            raise TypeError("only plain numbers")
        return Value(self.data**exponent)

    def __float__(self):
        return float(self.data)

    def touch(self):
        self.grad += 1.0


class Odd(float):
    """A float with ideas of its own."""

    def __eq__(self, other):
        return True

    __hash__ = float.__hash__


class Own(ValueError):
    """An exception of her own."""


def odd():
    return Odd(2.0)


def slope(f, params, i, h=1e-5):
    old = params[i]
    params[i] = old + h
    up = f(params)
    params[i] = old - h
    down = f(params)
    params[i] = old
    return (up - down) / (2 * h)


def leaky(params):
    params[0] = 9.0
    params.append(5)


def deep_change(table):
    table["a"][0] = 1


def same(x):
    return x


def boom():
    return {}["k"]


def own():
    raise Own("mine")


def die():
    import os

    os._exit(3)


def hang():
    while True:
        pass


def prints():
    for _ in range(20000):
        print("x" * 50)
    return 1


def double(array):
    result = array * 2
    array[0, 0] = -1.0
    return result


def scalar():
    import numpy

    return numpy.float64(1.5)


def many(n):
    return [Value(float(i)) for i in range(n)]


def total(values):
    result = Value(0.0)
    for value in values:
        result = result + value
    return result


def call_twice(f):
    return f(1.0) + f(2.0)


def call_back(f, depth):
    return f(depth)


def swallow(f):
    try:
        f(1.0)
    except Exception:
        return 7
    return 0


def length(text):
    return len(text)


def special():
    return [math.nan, math.inf, -0.0, 1e-320, 0.1 + 0.2, 2**200]


class Counter:
    """Counts its steps, and stumbles once."""

    def __init__(self, stumble=-1):
        self.count = 0
        self.stumble = stumble
        self.kept = None

    def step(self):
        self.count += 1
        if self.count == self.stumble:
            raise Own(f"at {self.count}")
        return self

    def shout(self):
        print("x" * 1000)
        return self.step()

    def keep(self, f):
        self.kept = f

    def call_kept(self):
        self.kept(self.count)
        self.count += 1
