"""The hidden checks of the stretch: the V of error against the size of the nudge."""

import math

import pytest


@pytest.mark.stage("stretch", points=6, zh="推得太大不准，推得太小也不准：误差画出来是个 V。")
def test_the_error_is_a_v(student, rng):
    """Too large a nudge is wrong, too small a nudge is wrong: the error draws a V."""
    hs = [10.0**-k for k in range(1, 16)]
    for f, exact in ((lambda knobs: math.exp(knobs[0]), math.exp), (lambda knobs: 1 / knobs[0], lambda x: -1 / x**2)):
        x = rng.uniform(1, 2)
        errors = student.value(student.v_curve(f, [x], 0, exact(x), hs))
        assert isinstance(errors, list), "v_curve must return a list"
        assert len(errors) == len(hs), f"v_curve must return one error for each nudge: {len(hs)}, not {len(errors)}"
        assert all(type(e) in (int, float) and e >= 0 for e in errors), "every error is a number, 0 or above"
        # Down the right arm the error falls tenfold (one-sided) or a hundredfold (both sides) for each tenth of h.
        assert errors[0] > 5 * errors[1], "at h = 0.1 the error should be far larger than at h = 0.01"
        best = min(errors)
        assert best < 1e-5, "no nudge gave a good slope"
        assert errors[-1] > 100 * best, "at h = 1e-15 the rounding of floats should show"
        assert 1 <= errors.index(best) <= 11, "the best nudge should be neither among the largest nor among the smallest"


@pytest.mark.stage("stretch", points=4, zh="最好的一推在 V 的谷底。")
def test_the_best_nudge(student, rng):
    """The best nudge is the one at the bottom of the V, wherever it stands in the list."""
    for size in (1, 4, 9):
        hs = [10.0**-k for k in range(1, size + 1)]
        errors = [rng.uniform(1, 5) for _ in hs]
        bottom = rng.randrange(size)
        errors[bottom] = rng.uniform(0, 0.5)
        assert student.best_nudge(hs, errors) == pytest.approx(hs[bottom], rel=1e-12)
    with pytest.raises(ValueError):  # noqa: PT011 -- what it says is the student's choice
        student.value(student.best_nudge([], []))
