"""Homework 4 in the style of small classes: a coder for letters, a net of modules."""

import contextlib
import copy
import itertools
import math

import torch
from torch import nn

ALPHABET = ".abcdefghijklmnopqrstuvwxyz"


class Coder:
    def __init__(self, alphabet):
        self.numbers = {letter: i for i, letter in enumerate(alphabet)}

    def windows(self, word, block):
        ids = (0,) * block + tuple(self.numbers[letter] for letter in word) + (0,)
        for i in range(len(word) + 1):
            yield ids[i : i + block], ids[i + block]


class Net(nn.Module):
    def __init__(self, params):
        super().__init__()
        self.all = nn.ParameterList([nn.Parameter(p.detach().clone()) for p in params])

    def forward(self, X):
        return forward(list(self.all), X)


def table(words, k):
    if not k >= 1:
        raise ValueError(f"k = {k}")
    seen = {}
    for word in words:
        chain = itertools.chain("." * k, word, ".")
        context = tuple(itertools.islice(chain, k))
        for letter in chain:
            key = "".join(context)
            seen[key] = {**seen.get(key, {}), letter: seen.get(key, {}).get(letter, 0) + 1}
            context = (*context[1:], letter)
    return seen


def build_dataset(words, block, alphabet=ALPHABET):
    coder = Coder(alphabet)
    rows = [row for word in words for row in coder.windows(word, block)]
    xs, ys = zip(*rows, strict=True)
    return torch.tensor(xs), torch.tensor(ys)


def split(words, seed):
    unique = sorted({*words})
    keys = torch.rand(len(unique), generator=torch.Generator().manual_seed(seed))
    dealt = [unique[i] for i in keys.argsort()]
    a, b = round(0.8 * len(dealt)), round(0.9 * len(dealt))
    return dealt[:a], dealt[a:b], dealt[b:]


def embed(C, X):
    return nn.functional.embedding(X, C)


def embed_backward(dout, X, V):
    rows = [dout[X == letter].sum(dim=0) for letter in range(V)]
    return torch.stack(rows)


def forward(params, X):
    C, W1, b1, W2, b2 = params
    pieces = W1.reshape(X.shape[1], C.shape[1], W1.shape[1])
    return torch.tanh(torch.einsum("nbd,bdh->nh", embed(C, X), pieces) + b1) @ W2 + b2


def nll(logits, Y):
    return nn.NLLLoss()(nn.LogSoftmax(dim=1)(logits), Y)


def steps_of(net, X, Y, rates, batch, seed):
    g = torch.Generator().manual_seed(seed)
    for rate in rates:
        rows = torch.randint(len(X), (batch,), generator=g).to(X.device)
        loss = nll(net(X[rows]), Y[rows])
        grads = torch.autograd.grad(loss, list(net.all))
        with torch.no_grad():
            for p, slope in zip(net.all, grads, strict=True):
                p.add_(slope, alpha=-rate)
        yield loss.item()


def lr_sweep(params, X, Y, lrs, steps, batch, seed):
    start = Net(params)
    results = []
    for lr in lrs:
        *_, last, final = steps_of(copy.deepcopy(start), X, Y, [lr] * steps, batch, seed)
        mean = (last + final) / 2
        results.append((mean if math.isfinite(mean) else 1e9, lr))
    return min(results)[1]


def train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device="cpu"):
    with contextlib.suppress(RuntimeError):
        torch.use_deterministic_algorithms(True, warn_only=True)
    net = Net(params).to(device)
    rates = [lr if step < 0.7 * steps else lr / 10 for step in range(steps)]
    losses = list(steps_of(net, X.to(device), Y.to(device), rates, batch, seed))
    return tuple(net.all), losses


def neighbours(C, letter, n, alphabet=ALPHABET):
    here = alphabet.index(letter)
    far = torch.linalg.vector_norm(C - C[here], dim=1)
    far[here] = math.inf
    return [alphabet[i] for i in far.topk(n, largest=False, sorted=True).indices]


def scramble(params, seed):
    C, *rest = (p.detach().clone() for p in params)
    turned = C.flip(0)
    return [turned.roll(seed % len(C), 0), *rest]
