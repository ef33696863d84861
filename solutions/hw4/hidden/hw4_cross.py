"""What crosses for homework 4: tensors out, arrays back, each with its form checked before its numbers are."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from typing import Any

import hw4_data as data
import hw4_exact as exact
import numpy as np

SLACK = 0.02  # nats: float32 and other sums do not differ by that much


def array(student: Any, thing: Any, shape: tuple[int, ...], what: str) -> np.ndarray:
    """Return the student's tensor as float64. A wrong kind, shape, or a NaN fails the check and says what was expected."""
    got = student.value(thing)
    want = shown(shape)
    if shape == () and type(got) in (int, float):
        got = np.array(float(got))
    assert got is not None, f"{what}: expected a tensor of shape {want}, received None. / 应为形状 {want} 的张量，收到 None。"
    assert isinstance(got, np.ndarray), f"{what}: expected a tensor of shape {want}, received a {type(got).__name__}. / 应为张量。"
    assert got.shape == shape, f"{what}: expected shape {want}, received {shown(got.shape)}. / 形状应为 {want}，收到 {shown(got.shape)}。"
    assert got.dtype.kind in "fiub", f"{what}: expected numbers, received dtype {got.dtype}. / 应为数。"
    assert np.isfinite(got).all(), f"{what}: holds {int((~np.isfinite(got)).sum())} nan or inf. / 含有 nan 或 inf。"
    return got.astype(np.float64)


def shown(shape: tuple[int, ...]) -> str:
    return "(" + ", ".join(map(str, shape)) + ("," if len(shape) == 1 else "") + ")"


def close(got: np.ndarray, want: np.ndarray, what: str, rtol: float = 1e-9, atol: float = 1e-12) -> None:
    """Fail with the first place that differs."""
    bad = np.abs(got - want) > atol + rtol * np.abs(want)
    if bad.any():
        place = tuple(int(i) for i in np.argwhere(bad)[0])
        raise AssertionError(
            f"{what}: {int(bad.sum())} of {bad.size} numbers differ; at {list(place)} expected {want[place]:.6g}, received {got[place]:.6g}. / 有数不对。"
        )


def tensors(student: Any, arrays: list[np.ndarray], dtype: str = "float32", device: str = "cpu", learn: bool = False) -> list[Any]:
    return [student.tensor(a, dtype, device, learn) for a in arrays]


def letters(student: Any, X: np.ndarray, device: str = "cpu") -> Any:
    return student.tensor(X, "int64", device)


def train(student: Any, start: list[np.ndarray], X: np.ndarray, Y: np.ndarray, plan: tuple[int, float, int], seed: int, device: str) -> list[Any]:
    """Run her ``train`` from the judge's start for the judge's *plan* (steps, lr, batch) and return five tensors, their forms checked.

    The losses that she reports are used for one thing only: to say where a nan began.
    """
    steps, lr, batch = plan
    answer = student.value(student.train(tensors(student, start), letters(student, X), letters(student, Y), steps, lr, batch, seed, device))
    assert type(answer) in (list, tuple) and len(answer) == 2, "train must return two things: (params, losses). / train 应返回 (params, losses)。"
    params, losses = student.value(answer[0]), student.value(answer[1])
    assert type(params) in (list, tuple) and len(params) == 5, "train must return five tensors [C, W1, b1, W2, b2]. / 应返回五个张量。"
    for p, was, name in zip(params, start, ("C", "W1", "b1", "W2", "b2"), strict=True):
        got = student.value(p)
        where = first_nan(losses)
        assert not (isinstance(got, np.ndarray) and got.dtype.kind == "f" and np.isnan(got).any()), f"{name} holds nan after training; {where}"
        array(student, p, was.shape, f"trained {name}")
        if device != "cpu":
            on = student.value(p.device.type)
            assert on == device, f"trained {name}: expected device {device}, received {on}. / 设备应为 {device}，收到 {on}。"
    return list(params)


def first_nan(losses: Any) -> str:
    """Return the sentence that says at which step the reported loss stopped being a number."""
    if type(losses) in (list, tuple):
        for step, value in enumerate(losses):
            if type(value) in (int, float) and value != value:
                return f"the first loss that is nan came at step {step}. / 第 {step} 步的损失第一次成了 nan。"
    return "no reported loss is nan, so it came with the last step. / 报告的损失里没有 nan，所以是最后一步才出现的。"


def logits(student: Any, params: list[Any], X: np.ndarray, device: str = "cpu") -> np.ndarray:
    """Return her forward's logits for the contexts X, float64."""
    return array(student, student.forward(params, letters(student, X, device)), (len(X), data.V), "forward(params, X)")


def held_out_loss(student: Any, params: list[Any], held: list[str], device: str = "cpu") -> float:
    """Return the nats per character on *held*, of which nothing is sent: she answers for every context there is, the judge looks up."""
    X, Y = data.encode(held, data.BLOCK)
    contexts, rows = data.every_context(), data.row_numbers(X)
    reached = exact.loss(logits(student, params, contexts, device)[rows], Y)
    knows_no_more(student, params, reached, lambda own: (exact.loss(answer[rows], Y) for answer in exact.readings(own, contexts)))
    return reached


def knows_no_more(
    student: Any, params: list[Any], reached: float, losses: Callable[[list[np.ndarray]], Iterable[float]], slack: float = SLACK
) -> None:
    """Fail a forward that does better than its five tensors: what it knows beyond them, it did not learn by this net.

    *losses* gives, for her tensors as arrays, what the judge's own forward reaches under each way to read them.
    """
    own = [student.value(p).astype(np.float64) for p in params]
    best = np.inf
    for loss in losses(own):
        best = min(best, loss)
        if best <= reached + slack:
            return
    raise AssertionError(
        f"your forward reaches {reached:.3f} nats, and the five tensors by themselves {best:.3f}: it knows what they do not hold. / forward 知道的比五个张量还多。"
    )


def source_fits(submission: Any) -> None:
    """Refuse a source that could carry the word list itself."""
    size = len(submission.text("embeddings.py").encode())
    assert size <= data.SOURCE_CAP, f"embeddings.py is {size} bytes; at most {data.SOURCE_CAP} are graded. / 文件太大。"
