"""The hidden checks of diagnose: measured histories, with the small errors that measurements have."""

import pytest


def measured(rng, w, b):
    """Return rows [w, b] with errors below 0.01."""
    return [[x + rng.uniform(-0.008, 0.008), y + rng.uniform(-0.008, 0.008)] for x, y in zip(w, b, strict=True)]


def odd(rng):
    """Return a number that is neither 0, nor 1, nor 2, and not near them."""
    return rng.choice((rng.uniform(-3, -0.3), rng.uniform(0.3, 0.7), rng.uniform(1.3, 1.7), rng.uniform(2.3, 4)))


@pytest.mark.stage("diagnose", points=5, zh="从每步都一样的动作里，认出是哪种毛病。")
def test_bugs_that_look_the_same_at_each_step(student, rng):
    """diagnose tells apart the loops that move alike at each step."""
    for _ in range(3):
        n = rng.randint(4, 9)
        w, b = odd(rng), odd(rng)
        loops = {"right": (1, 1), "wiped too early": (0, 0), "backward twice": (2, 2), "last example only": (w, b)}
        for name, (x, y) in loops.items():
            assert student.diagnose(measured(rng, [x] * n, [y] * n)) == name


@pytest.mark.stage("diagnose", points=5, zh="从一步步变化的动作里，认出是哪种毛病。")
def test_bugs_that_change_from_step_to_step(student, rng):
    """diagnose tells apart the loops whose moves change from step to step."""
    for _ in range(3):
        n = rng.randint(4, 9)
        still, grows, every = [1] * n, list(range(1, n + 1)), [1 + k % 2 for k in range(n)]
        loops = {"never wiped": (grows, grows), "biases forgotten": (still, grows), "every second step": (every, every)}
        for name, (w, b) in loops.items():
            assert student.diagnose(measured(rng, w, b)) == name
