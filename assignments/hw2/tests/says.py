"""How a public check speaks: what was looked at, what came, what should have come."""

import pytest


def expect(what, got, want):
    """Pass if *got* is the number *want*, up to rounding; else say so in one line. True is no 1.0: it says yes, and counts nothing."""
    assert got == pytest.approx(want, rel=1e-9, abs=1e-9), f"{what}: got {got}, should be {want:.6g} / 得到 {got}，应为 {want:.6g}"
    assert str(got) not in ("True", "False"), f"{what}: got {got}, should be the number {want:.6g} / 得到 {got}，应为数 {want:.6g}"


def tell(out, news):
    """Let *out* hear *news* from above, and hand it on with its own rule. topo and backward() play no part."""
    out.grad = news
    out._backward()
