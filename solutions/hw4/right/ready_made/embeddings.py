"""Homework 4 with what torch has ready: one-hot rows, cross_entropy, an optimiser."""

import math
import random
from collections import Counter, defaultdict

import torch
from torch.nn import functional as F

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"


def table(words, k):
    if k < 1:
        raise ValueError("k must be at least 1")
    counts = defaultdict(Counter)
    for word in words:
        padded = "." * k + word + "."
        for i in range(k, len(padded)):
            counts[padded[i - k : i]][padded[i]] += 1
    return counts


def build_dataset(words, block, alphabet=ALPHABET):
    xs, ys = [], []
    for word in words:
        ids = [0] * block + [alphabet.index(letter) for letter in word] + [0]
        windows = torch.tensor(ids).unfold(0, block + 1, 1)
        xs.append(windows[:, :-1])
        ys.append(windows[:, -1])
    return torch.cat(xs), torch.cat(ys)


def split(words, seed):
    unique = list(dict.fromkeys(words))
    order = torch.randperm(len(unique), generator=torch.Generator().manual_seed(seed)).tolist()
    shuffled = [unique[i] for i in order]
    cuts = 0, int(0.8 * len(unique)), int(0.9 * len(unique)), len(unique)
    return [shuffled[a:b] for a, b in zip(cuts, cuts[1:], strict=False)]


def embed(C, X):
    return F.one_hot(X, num_classes=C.shape[0]).to(C.dtype) @ C


def embed_backward(dout, X, V):
    hot = F.one_hot(X, num_classes=V).to(dout.dtype)
    return torch.einsum("nbv,nbd->vd", hot, dout)


def forward(params, X):
    C, W1, b1, W2, b2 = params
    x = embed(C, X).flatten(start_dim=1)
    return F.linear(torch.tanh(F.linear(x, W1.T, b1)), W2.T, b2)


def nll(logits, Y):
    return F.cross_entropy(logits, Y)


def lr_sweep(params, X, Y, lrs, steps, batch, seed):
    best, lowest = lrs[0], math.inf
    for lr in lrs:
        mine = [p.clone().detach().requires_grad_(True) for p in params]
        optimiser = torch.optim.SGD(mine, lr=lr)
        g = torch.Generator().manual_seed(seed)
        for _ in range(steps):
            rows = torch.randint(len(X), (batch,), generator=g)
            optimiser.zero_grad()
            nll(forward(mine, X[rows]), Y[rows]).backward()
            optimiser.step()
        with torch.no_grad():
            rows = torch.randint(len(X), (2000,), generator=g)
            score = nll(forward(mine, X[rows]), Y[rows]).item()
        if score < lowest:
            best, lowest = lr, score
    return best


def train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device="cpu"):
    mine = [torch.nn.Parameter(p.to(device)) for p in params]
    X, Y = X.to(device), Y.to(device)
    optimiser = torch.optim.SGD(mine, lr=lr)
    g = torch.Generator().manual_seed(seed)
    losses = []
    for step in range(steps):
        if step == math.ceil(0.7 * steps):
            for group in optimiser.param_groups:
                group["lr"] = lr / 10
        rows = torch.randint(len(X), (batch,), generator=g).to(device)
        loss = nll(forward(mine, X[rows]), Y[rows])
        optimiser.zero_grad(set_to_none=True)
        loss.backward()
        optimiser.step()
        losses.append(float(loss))
    return mine, losses


def neighbours(C, letter, n, alphabet=ALPHABET):
    i = alphabet.find(letter)
    if i < 0:
        raise ValueError(f"{letter!r} is not a letter")
    distances = torch.cdist(C[i : i + 1].detach(), C.detach(), compute_mode="donot_use_mm_for_euclid_dist")[0]
    return [alphabet[j] for j in sorted(range(len(C)), key=lambda j: float(distances[j])) if j != i][:n]


def scramble(params, seed):
    C = params[0].detach().clone()
    rows = list(range(len(C)))
    random.Random(seed).shuffle(rows)
    moved = C.clone()
    for here, there in zip(rows, rows[1:] + rows[:1], strict=True):
        moved[here] = C[there]
    return [moved] + [p.detach().clone() for p in params[1:]]
