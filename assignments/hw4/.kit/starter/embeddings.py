"""Homework 4: a letter gets a place on a map, and a small net reads the map.

Everything is counted in *letters by number*: ``.`` is 0 (it starts and ends a word), ``a`` is 1 ... ``z`` is 26, so V = 27.
Losses are in nats per character: ln 27 = 3.296 is what a program earns that finds all 27 equally likely.

A model is a list of five tensors, always in this order (d = places on the map, H = hidden neurons):

====  ==================  =============================================
C     (V, d)              the map: one row for each letter
W1    (block * d, H)      first layer; letter 0 of the context owns rows 0 .. d-1, letter 1 the next d, and so on
b1    (H,)
W2    (H, V)              second layer
b2    (V,)
====  ==================  =============================================
"""

from __future__ import annotations

import math
import os
import random

import torch

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"


# --- given -----------------------------------------------------------------------------------------------------------


def init_params(seed, block=3, d=8, hidden=100, V=27):
    """Return five float32 tensors on the CPU, drawn from *seed*: [C, W1, b1, W2, b2]. Given; nothing to write here."""
    g = torch.Generator().manual_seed(seed)
    fan_in = block * d
    return [
        torch.randn((V, d), generator=g),
        torch.randn((fan_in, hidden), generator=g) * (5 / 3) / math.sqrt(fan_in),
        torch.zeros(hidden),
        torch.randn((hidden, V), generator=g) * 0.01,
        torch.zeros(V),
    ]


def rate_at(step, steps, lr):
    """Return the learning rate for *step* (0, 1, ..., steps - 1): *lr*, and a tenth of it once 70% of the steps are done. Given."""
    return lr if step < 0.7 * steps else lr / 10


def settle(device):
    """Make torch repeatable on *device* ("cpu" or "cuda"). Call it before the first tensor moves. Given."""
    if str(device).startswith("cuda"):
        os.environ.setdefault("CUBLAS_WORKSPACE_CONFIG", ":4096:8")  # must stand before CUDA starts
        torch.use_deterministic_algorithms(True, warn_only=True)
        torch.backends.cuda.matmul.allow_tf32 = False
        torch.backends.cudnn.allow_tf32 = False


# --- stage: table ----------------------------------------------------------------------------------------------------


def table(words, k):
    """Count which letter follows which context of *k* letters.

    words: list of str, lower case a-z. k: int, at least 1. Neither is changed.
    Returns a dict: context (str of exactly k characters) -> dict of next character (str) -> count (int).
    A word begins after k dots and ends with one dot: ``table(["ab"], 2)`` is ``{"..": {"a": 1}, ".a": {"b": 1}, "ab": {".": 1}}``.
    Only what was seen has an entry: no zeros are stored.
    Raises ValueError if k is below 1.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# --- stage: data -----------------------------------------------------------------------------------------------------


def build_dataset(words, block, alphabet=ALPHABET):
    """Turn words into examples: *block* letters of context, and the letter that comes next.

    words: list of str. block: int, at least 1. alphabet: str; alphabet[0] is the mark that starts and ends a word.
    Returns (X, Y): X of shape (N, block) and Y of shape (N,), both int64 tensors on the CPU.
    N = sum of (len(word) + 1): a word of n letters gives n + 1 examples, the last one's Y is 0.
    The examples stand in the order of the words; the first context of *every* word is all zeros.
    Raises ValueError for a letter that is not in the alphabet.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def split(words, seed):
    """Deal the *different* words into homework, mock exam and exam.

    words: list of str, may hold a word twice; it is not changed. seed: int.
    Returns (train, dev, test), three lists of str: no word stands twice, no word stands in two lists, none is lost.
    Of n different words, train gets about 80% (int(0.8 * n)), dev the next 10% (up to int(0.9 * n)), test the rest.
    The same words and seed give the same lists; another seed deals otherwise. Which word goes where must not depend on its rank.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# --- stage: embed ----------------------------------------------------------------------------------------------------


def embed(C, X):
    """Look up every letter's place on the map.

    C: (V, d) float tensor. X: (N, block) int64 tensor of letter numbers, on C's device. Neither is changed.
    Returns (N, block, d), of C's dtype: out[n, j] is the row of C for the letter X[n, j].
    When C asks for a gradient, the news must find its way from the result back to C.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def embed_backward(dout, X, V):
    """Walk back through ``embed`` by hand: how much is each row of the map to blame?

    dout: (N, block, d) float tensor, the blame that arrives at ``embed``'s result. X: (N, block) int64. V: int, rows of the map.
    Returns dC: (V, d), of dout's dtype and device. A letter that was looked up three times hears three messages;
    one that never was looked up has a row of zeros. Neither argument is changed; do not use autograd here.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# --- stage: forward --------------------------------------------------------------------------------------------------


def forward(params, X):
    """The whole net: map, first layer, tanh, second layer.

    params: [C, W1, b1, W2, b2] as at the top of this file. X: (N, block) int64, on the params' device. Neither is changed.
    Returns logits (N, V), of the params' dtype: any real numbers, *not* probabilities. Row n depends on X[n] alone.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# --- stage: nll ------------------------------------------------------------------------------------------------------


def nll(logits, Y):
    """How surprised was the net? The mean, over the examples, of -ln(probability given to the right letter).

    logits: (N, V) float tensor. Y: (N,) int64. Neither is changed.
    Returns a tensor of shape () (nats per character) that autograd can walk back through.
    Adding the same number to a whole row changes nothing: logits of +1000 or -1000 must not make it inf or nan.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# --- stage: sweep ----------------------------------------------------------------------------------------------------


def descend(params, X, Y, rates, batch, seed):
    """Walk downhill, one step for each rate. A helper for ``lr_sweep`` and ``train``; the checks never call it by itself.

    params: five float tensors on X's device, *changed in place*. X: (N, block), Y: (N,), int64. rates: list of float.
    batch: int, examples drawn (with repeats) for each step; draw their row numbers on the CPU from
    ``torch.Generator().manual_seed(seed)``, then move them to X's device, so that every device sees the same ones.
    Returns a list of floats: each step's batch loss, before its nudge.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def lr_sweep(params, X, Y, lrs, steps, batch, seed):
    """Find the step length at which the loss falls fastest without tumbling.

    params: five tensors, *not changed*. X, Y: the examples. lrs: list of float, rising. steps: int, how long each rate may try.
    batch: int, examples in a step. seed: int, for drawing the batches.
    Every rate starts from the same params, is held for the whole try, and is scored by where the loss stands at the end.
    Returns the best of lrs, a float. A rate whose loss is inf or nan never wins.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# --- stage: train ----------------------------------------------------------------------------------------------------


def train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device="cpu"):
    """Guess, score, blame, nudge, again: plain gradient descent on small batches.

    params: five float32 tensors on the CPU to start from; they may be changed. X: (N, block), Y: (N,), int64, on the CPU.
    steps: int. lr: float; use ``rate_at(step, steps, lr)``. batch: int, examples drawn (with repeats) for each step.
    seed: int, for drawing the batches.
    device: "cpu" or "cuda"; call ``settle(device)`` first.
    Returns (params, losses): the five trained tensors on *device*, and a list of *steps* floats, each step's batch loss before its nudge.
    All five tensors learn; lr = 0 changes none.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


# --- stretch ---------------------------------------------------------------------------------------------------------


def neighbours(C, letter, n, alphabet=ALPHABET):
    """Who lives near *letter* on the map?

    C: (V, d) float tensor, not changed. letter: one character of the alphabet. n: int.
    Returns a list of n characters, the nearest first, by straight-line distance between rows of C; never *letter* itself.
    Raises ValueError for a letter that is not in the alphabet.
    """
    # YOUR CODE HERE
    raise NotImplementedError()


def scramble(params, seed):
    """Give the letters each other's places: what is the map worth when everybody has moved?

    params: five tensors, not changed. seed: int.
    Returns five new tensors: the rows of C in another order (at least one row in two has a new place), the other four with the same values.
    """
    # YOUR CODE HERE
    raise NotImplementedError()
