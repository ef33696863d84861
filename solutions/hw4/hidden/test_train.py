"""Stage train: the loss that is reached, and what cheats cannot show. One training of 1,000 steps, side trainings of 200.

The judge owns the words, the letters' names, the split, the start, the steps and the score. Reported losses are not used.
"""

import hw4_data as data
import hw4_exact as exact
import numpy as np
import pytest
from hw4_cross import array, held_out_loss, knows_no_more, logits, source_fits, train

NAMES = ("C", "W1", "b1", "W2", "b2")
SIDE = (200, 1.0, data.BATCH)  # steps, lr, batch: 200 steps of the fixed recipe are too few to tell, so the step is longer


def setting(rng, given):
    """Return a secret world, its training examples and a start."""
    world = data.world(given("pain").words(), rng)
    return world, *data.encode(world.train, data.BLOCK), data.initial(rng)


def arrays(student, params, start):
    return [array(student, p, was.shape, f"trained {name}") for p, was, name in zip(params, start, NAMES, strict=True)]


@pytest.mark.stage("train", points=3, zh="一千步之后，在从没见过的词上，损失不超过 2.465。")
def test_a_thousand_steps_reach_the_loss_on_words_never_seen(student, rng, given, device, submission):
    """After 1,000 steps the loss on words never seen is at most 2.465 nats."""
    source_fits(submission)
    world, X, Y, start = setting(rng, given)
    params = train(student, start, X, Y, (data.STEPS, data.RATE, data.BATCH), rng.randrange(10**6), device)
    reached = held_out_loss(student, params, world.held, device)
    assert reached <= data.THRESHOLD, f"held-out loss {reached:.3f} nats, and {data.THRESHOLD} is asked for. / 没见过的词上的损失是 {reached:.3f}。"
    moved = np.roll(array(student, params[0], start[0].shape, "trained C"), 1, axis=0)  # the letters trade places
    without = held_out_loss(student, [student.tensor(moved, "float32", device), *params[1:]], world.held, device)
    assert without > reached + 0.1, "with the letters' places exchanged the loss is as good: it does not come from C. / 换了字母的位置，损失照样好：它不是靠 C 得来的。"


@pytest.mark.stage("train", points=1, zh="五个张量都在学，地图 C 也不例外。")
def test_all_five_tensors_learn(student, rng, given, device, submission):
    """All five tensors learn, the map C among them."""
    source_fits(submission)
    _, X, Y, start = setting(rng, given)
    params = train(student, start, X, Y, (50, 0.5, data.BATCH), rng.randrange(10**6), device)
    probe = X[rng.sample(range(len(X)), 512)]
    before = exact.loss(exact.forward(start, X[:4000]), Y[:4000])
    after = exact.loss(logits(student, params, X[:4000], device), Y[:4000])
    knows_no_more(student, params, after, lambda own: (exact.loss(answer, Y[:4000]) for answer in exact.readings(own, X[:4000])))
    for got, was, name in zip(arrays(student, params, start), start, NAMES, strict=True):
        assert np.abs(got - was).max() > 1e-4, f"{name} did not move in 50 steps. / 走了 50 步，{name} 没有动。"
    assert after < before - 0.2, f"50 steps took the loss from {before:.3f} to {after:.3f} only. / 50 步只把损失降到 {after:.3f}。"
    out = logits(student, params, probe, device)
    assert np.ptp(out, axis=0).max() > 0.1, "the output does not vary with the input. / 输出不随输入变化。"
    flat = [student.tensor(np.zeros_like(start[0]), "float32", device), *params[1:]]
    assert np.abs(logits(student, flat, probe, device) - out).max() > 0.1, "with an empty map the output is the same: forward does not use C. / 没有用到 C。"


@pytest.mark.stage("train", points=1, zh="学习率为零，什么也不学；不为零，才会学。")
def test_a_rate_of_zero_learns_nothing(student, rng, given, device, submission):
    """With lr = 0 nothing is learnt; with lr above 0 something is."""
    source_fits(submission)
    world, X, Y, start = setting(rng, given)
    seed = rng.randrange(10**6)
    still = train(student, start, X, Y, (SIDE[0], 0.0, SIDE[2]), seed, device)
    for got, was, name in zip(arrays(student, still, start), start, NAMES, strict=True):
        assert np.abs(got - was).max() < 1e-6, f"{name} moved although lr is 0. / 学习率是 0，{name} 却动了。"
    stays = held_out_loss(student, still, world.held, device)
    assert abs(stays - np.log(data.V)) < 0.05, f"with lr = 0 the loss is {stays:.3f}, and must stay near ln 27 = 3.296. / 应停在 3.296 附近。"
    falls = held_out_loss(student, train(student, start, X, Y, SIDE, seed, device), world.held, device)
    assert falls < stays - 0.5, f"with lr = {SIDE[1]:g} and {SIDE[0]} steps the loss only went to {falls:.3f}. / 损失只降到 {falls:.3f}。"


@pytest.mark.stage("train", points=1, zh="两个起点、两个种子，学到的参数不会相同。")
def test_two_starts_end_in_two_places(student, rng, given, device, submission):
    """Two starts and two seeds end in two places, both of them learnt."""
    source_fits(submission)
    world, X, Y, start = setting(rng, given)
    ends = []
    for begin, seed in zip((start, data.initial(rng), start), rng.sample(range(10**6), 3), strict=True):
        params = train(student, begin, X, Y, SIDE, seed, device)
        reached = held_out_loss(student, params, world.held, device)
        assert reached < 2.75, f"{SIDE[0]} steps at lr = {SIDE[1]:g} end at {reached:.3f} nats. / 损失是 {reached:.3f}。"
        ends.append(arrays(student, params, start))
    for other, why in ((ends[1], "another start / 换了起点"), (ends[2], "another seed / 换了种子")):
        moved = max(np.abs(one - two).max() for one, two in zip(ends[0], other, strict=True))
        assert moved > 1e-4, f"{why}: all five tensors are the same. / 五个张量竟然全都相同。"
    drift = np.abs(ends[0][0] - start[0]).mean()
    apart = np.abs(ends[0][0] - ends[1][0]).mean()
    assert drift < apart, "the map did not grow out of the start that was given. / 地图不是从给定的起点长出来的。"


@pytest.mark.stage("train", points=2, zh="答案打乱之后就学不到东西；能学到的话，知识是从别处来的。")
def test_shuffled_answers_teach_nothing(student, rng, given, device, submission):
    """With the answers shuffled nothing useful is learnt: knowledge comes from the data."""
    source_fits(submission)
    world, X, Y, start = setting(rng, given)
    seed, nonsense = rng.randrange(10**6), Y.copy()
    np.random.default_rng(rng.getrandbits(64)).shuffle(nonsense)
    taught = held_out_loss(student, train(student, start, X, Y, SIDE, seed, device), world.held, device)
    fooled = held_out_loss(student, train(student, start, X, nonsense, SIDE, seed, device), world.held, device)
    floor = exact.entropy_of_targets(data.encode(world.held, data.BLOCK)[1])
    assert taught < 2.75, f"{SIDE[0]} steps on the right answers end at {taught:.3f} nats. / 损失是 {taught:.3f}。"
    assert fooled > floor - 0.02, f"shuffled answers gave {fooled:.3f} nats; a fair program cannot pass below {floor:.3f}. / 打乱答案后损失不该这么低。"
