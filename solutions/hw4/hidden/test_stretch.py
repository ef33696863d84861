"""Stretch: who lives near whom, and what the map is worth when everybody has moved."""

import hw4_data as data
import hw4_exact as exact
import numpy as np
import pytest
from hw4_cross import array, tensors


@pytest.mark.stage("stretch", points=2, zh="地图上离得最近的邻居，从近到远。")
def test_neighbours_are_the_nearest_on_the_map(student, rng):
    """Neighbours are the nearest letters on the map, the nearest first."""
    alphabet = "." + data.LETTERS
    g = np.random.default_rng(rng.getrandbits(64))
    for places in (2, 8):
        C = g.standard_normal((data.V, places)) * g.uniform(0.5, 2, (1, places))
        for i in g.choice(data.V, 4, replace=False):
            far = np.sqrt(((C - C[i]) ** 2).sum(axis=1))
            want = [alphabet[j] for j in np.argsort(far) if j != i][:5]
            got = student.value(student.neighbours(student.tensor(C, "float64"), alphabet[i], 5))
            assert type(got) in (list, tuple), "neighbours must return a list of letters. / 应返回字母列表。"
            assert list(got) == want, f"the neighbours of {alphabet[i]!r} are not the nearest, nearest first. / 邻居不对。"
    with pytest.raises(ValueError):
        student.value(student.neighbours(student.tensor(C, "float64"), "!", 3))


@pytest.mark.stage("stretch", points=2, zh="字母互换了位置，网络就认不得了：损失上升。")
def test_a_scrambled_map_is_worth_less(student, rng, given):
    """When the letters trade places the net is lost: the loss rises, and nothing else has changed."""
    world = data.world(given("pain").words(), rng)
    X, Y = data.encode(world.train, data.BLOCK)
    start = data.initial(rng)
    params = exact.descend(start, X, Y, [1.0] * 200, 256, rng.randrange(10**6))
    sent = tensors(student, params)
    answer = student.value(student.scramble(sent, rng.randrange(10**6)))
    assert type(answer) in (list, tuple) and len(answer) == 5, "scramble must return five tensors. / 应返回五个张量。"
    names = ("C", "W1", "b1", "W2", "b2")
    got = [array(student, p, was.shape, name) for p, was, name in zip(answer, params, names, strict=True)]
    for new, was, name in zip(got[1:], params[1:], names[1:], strict=True):
        assert (new == was).all(), f"scramble changed {name}; only the rows of C trade places. / 只有 C 的行交换位置。"
    assert sorted(map(tuple, got[0])) == sorted(map(tuple, params[0].astype(float))), "the new C must hold the same rows. / 新的 C 应是同样的行。"
    assert (got[0] != params[0]).any(axis=1).mean() > 0.5, "most letters must move. / 多数字母应搬家。"
    for p, was, name in zip(sent, params, names, strict=True):
        assert (array(student, p, was.shape, name) == was).all(), f"scramble changed the {name} that it was given. / 不要改动传入的 {name}。"
    before, after = (exact.loss(exact.forward(p, X[:5000]), Y[:5000]) for p in (params, got))
    assert after > before + 0.1, f"the loss went from {before:.3f} to {after:.3f}: nobody has moved far. / 损失没有上升。"
