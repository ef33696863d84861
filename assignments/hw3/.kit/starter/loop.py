"""Homework 3: the training loop, and what happens when the board is not wiped.

A model (see ``engine.py``) has knobs, ``model.parameters()``: a list of ``Value``, always the same objects, each with
``data`` (a float: where the knob stands) and ``grad`` (a float: the board on which its slope is written).
``loss = model.loss(xs, ys)`` is the score, ``loss.data`` its number, and ``loss.backward()`` *adds* the slope of this loss
to each knob's ``grad``. xs is a list of m rows of 3 floats, ys a list of m floats. Only the standard library is needed.
"""

from engine import Linear, Net, Value  # noqa: F401 - the checks build their models through this file: leave this line


def zero_grad(params):
    """Wipe the board of each knob: afterwards every ``grad`` is 0.0.

    params: list of Value. Their ``data`` stays as it is, and they stay the same objects. Returns nothing.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def train_step(model, xs, ys, lr):
    """Take one step downhill with the slope of this loss alone, and return the loss *before* the step, as a float.

    Each knob's ``data`` moves by lr times its own slope, against the slope. lr: the length of a step, 0 or more.
    The model may come with clean boards, or from a train_step of yours; how you leave the boards is up to you.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def train(model, xs, ys, lr, steps):
    """Take *steps* steps on the same examples and return the history: a list of floats, the loss before each step.

    The model's knobs are moved. steps: 0 or more; with 0 the list is empty and nothing moves.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def diagnose(history):
    """Return the name of the bug that a loop has, from the way it moved.

    history: list of 4 or more rows ``[w, b]`` of floats, one row for each step. Before each step all knobs were put back
    to where they had been (the boards were not touched), then one step was taken. w says how far the weights moved, b
    how far the biases, where 1 is exactly the move that the slope asked for. The numbers were measured: they are right to
    within 0.01.

    Returns one of these strings:
    "right"              the board is wiped once for each step
    "never wiped"        no board is ever wiped
    "biases forgotten"   the boards of the weights are wiped, those of the biases never
    "wiped too early"    the board is wiped after it was written and before it was read
    "every second step"  the board is wiped before steps 1, 3, 5, ...
    "backward twice"     each step's slope is told two times
    "last example only"  the board is wiped between the examples of one step (what moves then depends on the examples:
                         w and b are the same at each step, and neither 0, nor 1, nor 2)
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def glide(model, xs, ys, lr, steps, keep=None):
    """Stretch: train with memory and friction, and return the history: the loss before each step.

    Each knob has a speed, 0 at first. In each step the speed becomes ``keep`` times the old speed plus the slope, and
    the knob moves by lr times its speed, against it. keep: from 0 (plain descent) to 1 (no friction: the pendulum).
    None means that you choose: choose so that it beats plain descent in a long, narrow valley.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def accumulate(model, batches, lr):
    """Stretch: take *one* step that moves the knobs as a single step on all the batches put together would.

    Here forgetting on purpose helps: a batch that is too big for the memory is told in parts. model: one whose loss is
    the *mean* over its examples (``Linear``). batches: list of 1 or more pairs ``[xs, ys]``, all with the same number of
    examples. Returns nothing. The boards may come unwiped.
    """
    # YOUR CODE HERE
    raise NotImplementedError()
