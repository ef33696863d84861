"""Stage forward, on the device at hand: float32 there agrees with float64 on the CPU."""

import numpy as np
import pytest
from hw4_cases import small_net
from hw4_cross import array, close, letters, tensors


@pytest.mark.stage("forward", points=1, zh="在现有的设备上用 float32，梯度与 CPU 上的 float64 相符。")
def test_the_device_agrees_with_the_cpu(student, rng, device):
    """float32 gradients on the device at hand agree with float64 on the CPU."""
    params, X, news = small_net(rng)
    found = []
    for dtype, where in (("float64", "cpu"), ("float32", device)):
        learning = tensors(student, params, dtype, where, True)
        (student.forward(learning, letters(student, X, where)) * student.tensor(news, dtype, where)).sum().backward()
        found.append([array(student, p.grad, was.shape, "a gradient") for p, was in zip(learning, params, strict=True)])
    for exact, here, name in zip(*found, ("C", "W1", "b1", "W2", "b2"), strict=True):
        assert np.abs(exact).max() > 1e-3, f"{name} has no gradient: forward must use all five. / {name} 没有梯度。"
        close(here, exact, f"{name}.grad on {device}", 1e-3, 1e-5)
