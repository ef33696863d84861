"""Stage sweep: a learning rate is graded by running it again."""

import hw4_data as data  # before numpy: it sets the number of threads
import hw4_exact as exact
import numpy as np
import pytest
from hw4_cross import array, letters, tensors

RATES = [0.001, 0.01, 0.1, 0.5, 1.0, 5.0, 20.0, 50.0]
STEPS, RERUN, BATCH = 60, 200, 256
SLACK = 0.1  # nats: how far the chosen rate's rerun may lie above the best


def chosen(student, start, X, Y, seed):
    sent = tensors(student, start)
    lr = student.value(student.lr_sweep(sent, letters(student, X), letters(student, Y), list(RATES), STEPS, BATCH, seed))
    if isinstance(lr, np.ndarray) and lr.shape == ():
        lr = float(lr)
    assert type(lr) in (float, int), f"lr_sweep must return one of lrs, a float; received a {type(lr).__name__}. / 应返回一个数。"
    assert any(abs(lr - rate) <= 1e-6 * rate for rate in RATES), f"lr_sweep returned {lr:g}, which is not one of lrs. / {lr:g} 不在 lrs 里。"
    return float(lr), sent


@pytest.mark.stage("sweep", points=2, zh="选中的学习率再跑一遍，损失要离最好的不远。")
def test_the_chosen_rate_does_well_when_it_is_run_again(student, rng, given):
    """The chosen rate, run again by the judge, comes close to the best one."""
    words = data.world(given("pain").words(), rng)
    start = data.initial(rng)
    X, Y = data.encode(words.train, data.BLOCK)
    lr, _ = chosen(student, start, X, Y, rng.randrange(10**6))
    heldX, heldY = data.encode(words.held[:1500], data.BLOCK)
    seed = rng.randrange(10**6)

    reruns = {}
    for rate in {0.5, 1.0, lr}:  # of RATES, one of these two is the best: see docs/CALIBRATION.md
        with np.errstate(all="ignore"):
            end = exact.descend(start, X, Y, [rate] * RERUN, BATCH, seed)
            reruns[rate] = exact.loss(exact.forward(end, heldX), heldY)
    best, again = min(reruns.values()), reruns[lr]
    assert again <= best + SLACK, f"run again for {RERUN} steps, the chosen rate {lr:g} ends {again - best:.2f} nats above the best. / 选中的 {lr:g} 再跑一遍并不好。"


@pytest.mark.stage("sweep", points=1, zh="每个学习率都从同一个起点出发；传入的参数不变，会爆炸的不能获胜。")
def test_every_rate_starts_from_the_same_place(student, rng):
    """Every rate starts from the same place: params stay, and an explosion never wins."""
    words = data.random_words(rng, 200)
    X, Y = data.encode(words, data.BLOCK)
    start = data.initial(rng, hidden=20)
    lr, sent = chosen(student, start, X, Y, rng.randrange(10**6))
    for p, was, name in zip(sent, start, ("C", "W1", "b1", "W2", "b2"), strict=True):
        assert (array(student, p, was.shape, name) == was).all(), f"lr_sweep changed {name}. / lr_sweep 改动了 {name}。"
    assert 0.1 <= lr <= 5, f"the rate {lr:g} is no step that falls fast without tumbling. / {lr:g} 不是合适的步长。"
