"""One check for each rule of docs/BOUNDARY.md. A name that ends in ``_fails`` must fail, in-process and walled."""

import contextlib
import math

import pytest
from pytest import approx

LONG = 5000
rule = pytest.mark.stage("rules", points=20 / 40)


@rule
def test_operators_are_hers(student):
    """Arithmetic between handles and numbers is the student's own."""
    a, b = student.Value(2.0), student.Value(3.0)
    c = 2 * a * b + 1
    assert c.data == 13.0
    assert float(c) == approx(13.0)


@rule
def test_an_attribute_can_be_set(student):
    """What the suite sets is read over there, in the order in which it was written."""
    a = student.Value(2.0)
    a.data = 5.0
    b = a * 1.0
    a.data = 6.0
    assert (b.data, a.data) == (5.0, 6.0)


@rule
def test_a_method_changes_the_object(student):
    """Objects live over there and change there."""
    a = student.Value(2.0)
    a.touch()
    a.touch()
    assert a.grad == 2.0


@rule
def test_identity_is_of_objects(student):
    """The same object has the same identity; an equal one has not."""
    a, b = student.Value(2.0), student.Value(2.0)
    c = a + b
    left, right = c.prev
    assert student.identity(left) == student.identity(a)
    assert student.identity(right) != student.identity(a)


@rule
def test_a_callback_comes_back(student):
    """A function of the suite's is called in the judge, with plain values."""
    seen = []

    def f(params):
        seen.append(list(params))
        return params[0] ** 2

    params = [3.0, 1.0]
    assert student.slope(f, params, 0) == approx(6.0, rel=1e-6)
    assert len(seen) == 2
    assert params == [3.0, 1.0]


@rule
def test_a_changed_argument_is_restored_back(student):
    """What the student changed in a list shows in the suite's own list."""
    params = [1.0, 2.0]
    student.leaky(params)
    assert params == [9.0, 2.0, 5]


@rule
def test_a_change_deep_inside_is_restored_back(student):
    """Also inside a dict of lists; and the inner list stays the same object."""
    inner = [0, 2]
    table = {"a": inner}
    student.deep_change(table)
    assert inner == [1, 2]


@rule
def test_a_keyword_argument_is_passed(student):
    """Keyword arguments cross by name."""
    assert student.slope(lambda p: p[0] ** 2, params=[1.0], i=0, h=0.5) == approx(2.0)


@rule
def test_numbers_cross_exactly(student):
    """Floats cross as they are: NaN, infinity, minus zero, subnormal; and long integers."""
    nan, inf, zero, tiny, sum_, big = student.value(student.special())
    assert math.isnan(nan)
    assert inf == math.inf
    assert math.copysign(1, zero) == -1
    assert (tiny, sum_, big) == (1e-320, 0.1 + 0.2, 2**200)


@rule
def test_containers_cross_by_value(student):
    """Lists, tuples and dicts come back as what they were."""
    thing = [1, (2.0, "drei"), {"four": [None, True]}]
    got = student.value(student.same(thing))
    assert got == thing
    assert type(got[1]) is tuple


@rule
def test_an_odd_float_is_flattened(student):
    """A subclass with its own __eq__ arrives as a plain float."""
    got = student.value(student.odd())
    assert float(got) == 2.0
    assert not float.__eq__(got, 3.0)


@rule
def test_a_numpy_scalar_is_flattened(student):
    """numpy.float64 is an honest number."""
    assert student.value(student.scalar()) == 1.5


@rule
def test_arrays_cross_and_are_restored_back(student):
    """An array goes over as a copy; what was changed in it comes back."""
    import numpy

    given = numpy.arange(6.0).reshape(2, 3)
    got = student.value(student.double(given))
    assert got.tolist() == [[0, 2, 4], [6, 8, 10]]
    assert given[0, 0] == -1


@rule
def test_objects_in_a_list_are_handles(student):
    """A list of objects can be walked, asked and passed back."""
    values = student.many(4)
    assert [float(v.data) for v in values] == [0, 1, 2, 3]
    assert student.total(list(values)).data == 6


@rule
def test_many_promises_are_asked_at_once(student):
    """student.value of a list asks for all of it."""
    assert student.value([v.data for v in student.many(3)]) == [0, 1, 2]


@rule
def test_length_and_truth_are_hers(student):
    """len and iteration force."""
    assert len(student.many(5)) == 5


@rule
def test_an_expected_exception_is_seen(student):
    """A built-in exception of hers is caught under its name."""
    with pytest.raises(TypeError, match="only plain numbers"):
        student.value(student.Value(2.0) ** "x")
    assert student.Value(2.0).data == 2.0


@rule
def test_an_exception_of_her_own_has_its_base(student):
    """Her own exception class is also an instance of the built-in that it extends."""
    with pytest.raises(ValueError, match="mine"):
        student.value(student.own())


@rule
def test_a_callback_that_raises_raises_here(student):
    """The suite's own exception comes back to the suite when her code lets it through."""

    def f(x):
        raise KeyError("mine")

    with pytest.raises(KeyError):
        student.value(student.call_twice(f))


@rule
def test_a_callback_that_raises_can_be_caught_by_her(student):
    """Her code may catch it, as in-process."""

    def f(x):
        raise KeyError("mine")

    assert student.swallow(f) == 7


@rule
def test_callbacks_nest(student):
    """A callback may ask the student again."""

    def f(depth):
        return depth if depth >= 3 else student.value(student.call_back(f, depth + 1))

    assert student.call_back(f, 0) == 3


@rule
def test_wrong_number_fails(student):
    """A wrong number is a failure."""
    assert student.Value(2.0).data == approx(3.0)


@rule
def test_an_uncaught_exception_fails(student):
    """An exception is a failure."""
    student.boom()


@rule
def test_a_missing_name_fails(student):
    """What she has not written is a failure, not a fault."""
    assert student.nothing() == 1


@rule
def test_an_object_is_no_number_fails(student):
    """An object where a number is due is a failure."""
    assert student.Value(2.0) == 2.0


@rule
def test_a_plain_answer_for_an_object_fails(student):
    """A number where an object is due is her failure, and no fault of the suite."""
    assert student.value(student.same(1.5)).grad == 0.0


@rule
def test_prints_do_not_matter(student):
    """What she prints is drained."""
    assert student.prints() == 1


@rule
def test_process_gone(student):
    """A program that ends itself costs this check."""
    assert student.die() == 1


@rule
def test_swallowed_end_still_counts(student):
    """No except of a suite's turns the end of the worker into a pass."""
    with contextlib.suppress(Exception):
        student.value(student.die())


@rule
def test_time_used_up(student):
    """An endless loop costs this check its time."""
    assert student.hang() == 1


@rule
def test_a_long_row_is_done_in_its_order(student):
    """Thousands of operations, most of them begun before the row is at its end."""
    link = counter = student.Counter()
    for _ in range(LONG):
        link = link.step()
    assert counter.count == LONG
    assert student.identity(link) == student.identity(counter)


@rule
def test_a_stumble_in_a_long_row_is_told(student):
    """What she raises in the middle is raised here, the rest of the row is not done, and what comes then is."""
    counter = student.Counter(700)
    with pytest.raises(ValueError, match="at 700"):  # noqa: PT012 - where it is raised is the matter
        for _ in range(LONG):
            counter.step()
        student.value(counter.count)
    assert counter.count == 700
    counter.step()
    assert counter.count == 701


@rule
def test_a_stumble_that_nobody_asked_for_fails(student):
    """It is told at the end of the check, also where nothing waits to be sent."""
    counter = student.Counter(300)
    for _ in range(510):
        counter.step()


@rule
def test_a_long_row_that_prints_does_not_wait(student):
    """Two megabytes, while nobody reads."""
    counter = student.Counter()
    for _ in range(2000):
        counter.shout()
    assert counter.count == 2000


@rule
def test_a_changed_argument_is_restored_back_after_any_row(student):
    """However many operations wait before it."""
    for length in (*range(248, 262), *range(1990, 2004), 2300):
        counter = student.Counter()
        for _ in range(length):
            counter.step()
        params = [1.0, 2.0]
        student.leaky(params)
        assert params == [9.0, 2.0, 5]
        assert counter.count == length


@rule
def test_a_kept_function_is_called_in_its_turn(student):
    """She may call what she was given long ago; nothing overtakes it."""
    seen = []
    counter = student.Counter()
    for _ in range(300):
        counter.step()
    counter.keep(seen.append)
    for _ in range(600):
        counter.call_kept()
    assert counter.count == 900
    assert seen == list(range(300, 900))


@rule
def test_long_rows_of_two_objects_keep_apart(student):
    """Their operations are mixed, their counts are not."""
    left, right = student.Counter(), student.Counter()
    for turn in range(LONG):
        (left if turn % 3 else right).step()
    assert student.value([left.count, right.count]) == [LONG - LONG // 3 - 1, LONG // 3 + 1]


@rule
def test_a_long_string_waits_for_nobody(student):
    """More than a socket holds, in one row."""
    text = "x" * 30_000
    lengths = [student.length(text + str(k)) for k in range(600)]
    assert student.value(lengths[-1]) == 30_003


def steps_in_a_long_row(student):
    counter = student.Counter()
    for _ in range(LONG):
        counter.step()
    student.value(counter.count)


@rule
def test_process_gone_in_a_long_row(student):
    """It ends itself while the suite still says what comes next."""
    student.die()
    steps_in_a_long_row(student)


@rule
def test_time_used_up_in_a_long_row(student):
    """An endless loop, and much after it."""
    student.hang()
    steps_in_a_long_row(student)
