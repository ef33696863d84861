"""Stage sweep: the length of the step."""

import pytest
from look4 import START, examples, numbers


@pytest.mark.stage("sweep", points=1, zh="太短走不动，太长会摔倒；选中间的。")
def test_neither_crawling_nor_tumbling(student):
    """0.0001 crawls and 300 tumbles: the best lies between."""
    X, Y = examples(student)
    lr = student.value(student.lr_sweep([student.tensor(t) for t in START], X, Y, [0.0001, 0.001, 1.0, 100.0, 300.0], 40, 32, 1))
    assert lr == 1.0


@pytest.mark.stage("sweep", points=1, zh="试完之后，传入的参数和原来一样。")
def test_the_sweep_leaves_the_params_alone(student):
    """After the sweep the params are what they were: each rate walked with a copy."""
    X, Y = examples(student)
    params = [student.tensor(t, "float64") for t in START]
    assert student.value(student.lr_sweep(params, X, Y, [0.01, 0.5], 10, 32, 1)) == 0.5
    for p, was, name in zip(params, START, ("C", "W1", "b1", "W2", "b2"), strict=True):
        shape = (len(was), len(was[0])) if isinstance(was[0], list) else (len(was),)
        assert numbers(student, p, shape, name).tolist() == was, f"lr_sweep changed {name}. / lr_sweep 改动了 {name}。"
