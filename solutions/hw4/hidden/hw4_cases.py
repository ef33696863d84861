"""A small net for the checks of forward: every parameter counts, every letter comes back."""

import hw4_data as data
import numpy as np

D, H, N = 2, 5, 8  # 251 parameters


def small_net(rng):
    """Return five float64 arrays, none small, and contexts (8, 3) of few letters."""
    g = np.random.default_rng(rng.getrandbits(64))
    params = [g.standard_normal(s) * 0.7 for s in ((data.V, D), (3 * D, H), (H,), (H, data.V), (data.V,))]
    few = g.choice(data.V, 7, replace=False)
    X = few[g.integers(0, 7, (N, 3))]
    X[0], X[1] = few[:3], few[2::-1]  # the same letters, the other way round
    return params, X, g.standard_normal((N, data.V))
