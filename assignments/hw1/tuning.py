"""Homework 1: let the slope turn the knobs.

A *knob* is one number in a list ``params``. A *loss* is a function of the whole list that says how wrong the guesses
are, as one number: 0 is perfect. Fill the five places marked YOUR CODE HERE, from the top down; each is a few lines.
Only the standard library is needed.
"""

import math


def neuron(params, x):
    """Return the guess of one neuron, a number between -1 and 1 (given; nothing to do here).

    params: list of n + 1 floats, the weights of the n inputs and then the bias. x: list of n floats.
    """
    total = sum(weight * value for weight, value in zip(params, x)) + params[-1]
    return math.tanh(total)


def loss(params, xs, ys):
    """Return how wrong the neuron is on all examples, as one float.

    The error of an example is its guess, ``neuron(params, x)``, minus its wish y. The loss is the sum of the squares
    of the errors: never below 0, and 0 only when every guess is its wish.

    params: list of n + 1 floats. xs: list of m rows of n floats each. ys: list of m floats, the wishes.
    Nothing is changed.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def slope(f, params, i, h=None):
    """Return how much f changes for each unit that knob i is turned up, near where it stands now.

    f: a function that takes a list of knobs and returns one float. params: list of floats. i: which knob, 0 is the
    first. h: how far to nudge the knob (in knob units), above 0. None means that you choose; choose well.

    Unit of the answer: loss units per knob unit. Above 0: turning knob i up makes f larger.
    ``params`` holds the same numbers after the call as before.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def gradient(f, params, h=None):
    """Return the slopes of all the knobs: a list of floats, as long as ``params``, in the same order.

    f, params, h: as for ``slope``. ``params`` holds the same numbers after the call as before.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def descend(f, params, lr, steps, slopes=None):
    """Walk downhill: measure all the slopes, then turn all the knobs, ``steps`` times over.

    f: a function that takes a list of knobs and returns one float. params: the list of floats to start from; it is
    not changed. lr: the length of a move, in knob units for a slope of 1; above 0. steps: how many moves, 0 or more.
    slopes: a function that takes the list of knobs and returns the list of all their slopes. None means your own
    ``gradient(f, knobs)``. (Ask ``slopes`` once for each move: one day you will plug in a faster one.)

    Returns ``(knobs, history)``: the new list of knobs, and the list of the steps + 1 losses that were passed on the
    way: ``history[0]`` is f at the start and ``history[-1]`` is f at the knobs returned.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def v_curve(f, params, i, exact, hs):
    """Stretch: return how far off ``slope`` is for each size of nudge.

    f, params, i: as for ``slope``. exact: the true slope of knob i, a float. hs: list of nudges.
    Returns a list of floats, as long as hs: the distance (never below 0) between ``slope(f, params, i, h)`` and exact.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def best_nudge(hs, errors):
    """Stretch: return the nudge of hs whose error is smallest; errors is as long as hs, each from 0 up.

    Where two are equally small, either will do. Raises ValueError if hs is empty.
    """
    # YOUR CODE HERE
    raise NotImplementedError()
