"""Secret worlds for homework 4: the words behind a secret alphabet, dealt by a secret seed. numpy only; nothing here is sent but what a check sends."""

from __future__ import annotations

import os
import random
from dataclasses import dataclass

for _library in ("OPENBLAS", "OMP", "MKL"):  # the judge's small products are far slower on many threads than on one
    os.environ.setdefault(f"{_library}_NUM_THREADS", "1")

import numpy as np  # noqa: E402  (it reads those when it is imported)

V = 27
LETTERS = "abcdefghijklmnopqrstuvwxyz"
BLOCK, PLACES, HIDDEN, BATCH, STEPS, RATE = 3, 8, 100, 256, 1000, 0.2
THRESHOLD = 2.465  # nats per held-out character; docs/CALIBRATION.md says why
STRETCH = {"block": 5, "places": 10, "hidden": 200, "batch": 128, "steps": 12_000, "threshold": 2.19}
SOURCE_CAP = 64 * 1024  # bytes: more could carry the word list itself


@dataclass(frozen=True)
class World:
    """One grading's data: words in permuted letters. ``held`` (a fifth of the words) never leaves the judge."""

    train: list[str]
    held: list[str]


def permuted(words: list[str], rng: random.Random) -> list[str]:
    """Return *words* with every letter replaced by another, after a permutation drawn from *rng*."""
    letters = list(LETTERS)
    rng.shuffle(letters)
    code = str.maketrans(LETTERS, "".join(letters))
    return [word.translate(code) for word in words]


def world(words: list[str], rng: random.Random) -> World:
    """De-duplicate, permute the letters, and deal four fifths of the words to ``train``."""
    mine = permuted(sorted(set(words)), rng)
    rng.shuffle(mine)
    cut = int(0.8 * len(mine))
    return World(mine[:cut], mine[cut:])


def encode(words: list[str], block: int) -> tuple[np.ndarray, np.ndarray]:
    """Return contexts (N, block) and targets (N,), int64, in the order of the words."""
    xs, ys = [], []
    for word in words:
        row = [0] * block + [ord(letter) - 96 for letter in word] + [0]
        for i in range(block, len(row)):
            xs.append(row[i - block : i])
            ys.append(row[i])
    return np.array(xs, dtype=np.int64), np.array(ys, dtype=np.int64)


def initial(rng: random.Random, block: int = BLOCK, places: int = PLACES, hidden: int = HIDDEN) -> list[np.ndarray]:
    """Return [C, W1, b1, W2, b2], float32, drawn from *rng*: the init seed is the judge's, so stored weights are worth nothing."""
    g = np.random.default_rng(rng.getrandbits(64))
    fan_in = block * places
    return [
        g.standard_normal((V, places)).astype(np.float32),
        (g.standard_normal((fan_in, hidden)) * (5 / 3) / fan_in**0.5).astype(np.float32),
        np.zeros(hidden, dtype=np.float32),
        (g.standard_normal((hidden, V)) * 0.01).astype(np.float32),
        np.zeros(V, dtype=np.float32),
    ]


def random_words(rng: random.Random, count: int, longest: int = 8) -> list[str]:
    """Return made-up words over few letters, so that doubled letters and repeated contexts are common."""
    letters = rng.sample(LETTERS, 9)
    return ["".join(rng.choice(letters) for _ in range(rng.randint(1, longest))) for _ in range(count)]


def every_context() -> np.ndarray:
    """Return all contexts of BLOCK letters that a word can show, (18279, 3): dots stand only in front."""
    grid = np.stack(np.meshgrid(*[np.arange(V)] * BLOCK, indexing="ij"), axis=-1).reshape(-1, BLOCK)
    possible = np.ones(len(grid), dtype=bool)
    for i in range(1, BLOCK):
        possible &= ~((grid[:, i] == 0) & (grid[:, i - 1] != 0))
    return grid[possible].astype(np.int64)


def row_numbers(X: np.ndarray) -> np.ndarray:
    """Return, for contexts (N, BLOCK), their rows in ``every_context()``."""
    weights = V ** np.arange(BLOCK - 1, -1, -1)
    table = np.full(V**BLOCK, -1)
    table[every_context() @ weights] = np.arange(len(every_context()))
    return table[X @ weights]


def one_place_each(words: list[str], block: int, rng: random.Random) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return contexts, targets and weights of *one* random place in each word, shuffled.

    Two places of one word would give a target away: the later context shows it. A place stands for its word's len + 1 places.
    """
    rows = []
    for word in words:
        place = rng.randrange(len(word) + 1)
        row = [0] * block + [ord(letter) - 96 for letter in word] + [0]
        rows.append((row[place : place + block], row[place + block], len(word) + 1))
    rng.shuffle(rows)
    xs, ys, weights = zip(*rows, strict=True)
    return np.array(xs, dtype=np.int64), np.array(ys, dtype=np.int64), np.array(weights, dtype=np.float64)
