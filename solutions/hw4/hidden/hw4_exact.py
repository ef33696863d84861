"""The judge's own arithmetic for homework 4, float64 numpy: no torch, and nothing of the student's."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from hw4_data import V


def log_softmax(logits: np.ndarray) -> np.ndarray:
    """Return log-probabilities of (N, V) logits; each row's probabilities sum to 1 and a shift of a row changes nothing."""
    z = logits.astype(np.float64)
    z = z - z.max(axis=1, keepdims=True)
    return z - np.log(np.exp(z).sum(axis=1, keepdims=True))


def surprises(logits: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return (N,): the nats of each example."""
    return -log_softmax(logits)[np.arange(len(Y)), Y]


def loss(logits: np.ndarray, Y: np.ndarray) -> float:
    """Return the mean nats per character."""
    return float(surprises(logits, Y).mean())


def forward(params: list[np.ndarray], X: np.ndarray) -> np.ndarray:
    """Return the logits (N, V) of the net as its docstring states it."""
    C, W1, b1, W2, b2 = (p.astype(np.float64) for p in params)
    return np.tanh(C[X].reshape(len(X), -1) @ W1 + b1) @ W2 + b2


def readings(params: list[np.ndarray], X: np.ndarray) -> Iterator[np.ndarray]:
    """Yield the logits (N, V) of the same net under each way to lay the places before W1: letter by letter as the docstring
    says, coordinate by coordinate, and all letters added up. Who reads otherwise than said has lost points for it elsewhere."""
    yield forward(params, X)
    C, W1, b1, W2, b2 = (p.astype(np.float64) for p in params)
    places = C[X]
    yield np.tanh(places.transpose(0, 2, 1).reshape(len(X), -1) @ W1 + b1) @ W2 + b2
    yield np.tanh(places.sum(axis=1) @ W1.reshape(X.shape[1], C.shape[1], -1).sum(axis=0) + b1) @ W2 + b2


def gradients(params: list[np.ndarray], X: np.ndarray, dlogits: np.ndarray) -> list[np.ndarray]:
    """Return the gradients of sum(dlogits * forward(params, X)), in the order of params."""
    C, W1, b1, W2, _ = params
    flat = C[X].reshape(len(X), -1)
    hidden = np.tanh(flat @ W1 + b1)
    dpre = (dlogits @ W2.T) * (1 - hidden**2)
    dC = np.zeros_like(C)
    np.add.at(dC, X.reshape(-1), (dpre @ W1.T).reshape(-1, C.shape[1]))
    return [dC, flat.T @ dpre, dpre.sum(axis=0), hidden.T @ dlogits, dlogits.sum(axis=0)]


def descend(params: list[np.ndarray], X: np.ndarray, Y: np.ndarray, rates: list[float], batch: int, seed: int) -> list[np.ndarray]:
    """Train a copy of *params* by the judge's own arithmetic (float32, one step for each rate) and return it."""
    mine = [p.copy() for p in params]
    g = np.random.default_rng(seed)
    with np.errstate(all="ignore"):  # a rate that explodes is one of the answers
        for rate in rates:
            rows = g.integers(0, len(X), batch)
            z = np.tanh(mine[0][X[rows]].reshape(batch, -1) @ mine[1] + mine[2]) @ mine[3] + mine[4]
            d = np.exp(z - z.max(axis=1, keepdims=True))
            d /= d.sum(axis=1, keepdims=True)
            d[np.arange(batch), Y[rows]] -= 1
            for p, slope in zip(mine, gradients(mine, X[rows], d / batch), strict=True):
                p -= np.float32(rate) * slope.astype(np.float32)
    return mine


def counts(X: np.ndarray, Y: np.ndarray) -> np.ndarray:
    """Return (27, 27, 27, 27) counts of the letter after three letters."""
    table = np.zeros((V, V, V, V))
    last = X[:, -3:]
    np.add.at(table, (last[:, 0], last[:, 1], last[:, 2], Y), 1)
    return table


def table_surprises(table: np.ndarray, X: np.ndarray, Y: np.ndarray, smooth: float = 0.3) -> np.ndarray:
    """Return (N,): the nats of each example under the smoothed table of three letters."""
    last = X[:, -3:]
    rows = table[last[:, 0], last[:, 1], last[:, 2]] + smooth
    return -np.log(rows[np.arange(len(Y)), Y] / rows.sum(axis=1))


def entropy_of_targets(Y: np.ndarray) -> float:
    """Return the nats per character of the best guess that ignores the context."""
    share = np.bincount(Y, minlength=V) / len(Y)
    share = share[share > 0]
    return float(-(share * np.log(share)).sum())


Pair = tuple[np.ndarray, np.ndarray]


def from_one_place_each(logits: np.ndarray, sample: tuple[np.ndarray, np.ndarray, np.ndarray], every: Pair, seen: Pair, params: list[np.ndarray]) -> float:
    """Return the nats per character on *every* held-out place, estimated from one place of each word.

    Only contexts whose targets no other context gives away are sent. What the judge can work out at all places by itself takes the
    sampling noise out: the estimate is that known mean plus the weighted mean of (hers - known) on the sample, which is unbiased for any
    known. Two are at hand, a table of three letters counted from *seen* and the judge's own forward of her *params*; the steadier one is used.
    When her forward does what its docstring says, the second leaves no noise at all.
    """
    X, Y, weights = sample
    hers, table = surprises(logits, Y), counts(*seen)
    known = [(table_surprises(table, X, Y), table_surprises(table, *every))]
    known.append((surprises(forward(params, X), Y), surprises(forward(params, every[0]), every[1])))
    here, everywhere = min(known, key=lambda pair: float(np.var(hers - pair[0])))
    return float(everywhere.mean() + (weights * (hers - here)).sum() / weights.sum())
