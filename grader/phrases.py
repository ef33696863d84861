"""The kit's own sentences in a check's message, in the reader's language.

A suite may write ``ENGLISH / 中文`` itself: then she reads her half. What her own program raised is left as it is.
"""

from __future__ import annotations

import re
from dataclasses import replace

from grader.model import Grade, Verdict

_CHINESE = r"[\u4e00-\u9fff]"
_TABLE: tuple[tuple[str, str], ...] = (
    (r"this part is not written yet", "这一部分还没有写"),
    (r"(.*?): got (.*), should be below (.*)", r"\1：得到 \2，应小于 \3"),
    (r"(.*?): got (.*), should be at most (.*)", r"\1：得到 \2，应不超过 \3"),
    (r"(.*?): got (.*), should be above (.*)", r"\1：得到 \2，应大于 \3"),
    (r"(.*?): got (.*), should be at least (.*)", r"\1：得到 \2，应不小于 \3"),
    (r"(.*?): got (.*), should be (.*)", r"\1：得到 \2，应为 \3"),
    (r"got (.*), should be below (.*)", r"得到 \1，应小于 \2"),
    (r"got (.*), should be at most (.*)", r"得到 \1，应不超过 \2"),
    (r"got (.*), should be above (.*)", r"得到 \1，应大于 \2"),
    (r"got (.*), should be at least (.*)", r"得到 \1，应不小于 \2"),
    (r"got (.*), should be (.*)", r"得到 \1，应为 \2"),
    (r"The program ended by itself \((.*)\)\.", r"程序自己退出了（\1）。"),
    (r"It took more than (.*) s\.", r"用时超过了 \1 秒。"),
    (r"The checks before this one used up the (.*) s that a submission may take\.", r"前面的测试已经用完了一次提交可用的 \1 秒。"),
    (r"The program answered in a way that no program of the course does: (.*)", r"程序的回答方式不像本课程的程序：\1"),
    (r"waits for a machine with a CUDA device", "等待有 CUDA 设备的机器"),
    (r"an answer of an unexpected kind: (.*)", r"答案的种类不对：\1"),
    (r"(the student's program has no .*)", r"\1（程序里没有这个名字）"),
)
_PLACE = r"(.*) \(([^()]+), line (\d+)\)"


def in_language(message: str, lang: str) -> str:
    """Return *message* in *lang* as far as the kit wrote it."""
    english, _, chinese = message.rpartition(" / ")
    if english and re.search(_CHINESE, chinese) and not re.search(_CHINESE, english):
        return chinese if lang == "zh" else english
    if lang != "zh":
        return message
    placed = re.fullmatch(_PLACE, message, re.DOTALL)
    if placed is not None:
        return f"{_phrase(placed[1])}（{placed[2]} 第 {placed[3]} 行）"
    return _phrase(message)


def grade_in(grade: Grade, lang: str) -> Grade:
    """Return *grade* with every message and question in *lang*."""
    verdicts = tuple(verdict_in(verdict, lang) for verdict in grade.verdicts)
    return replace(grade, verdicts=verdicts, message=in_language(grade.message, lang))


def verdict_in(verdict: Verdict, lang: str) -> Verdict:
    question = in_language(verdict.question, lang) if verdict.question else verdict.question
    return replace(verdict, message=in_language(verdict.message, lang), question=question)


def _phrase(text: str) -> str:
    for english, chinese in _TABLE:
        found = re.fullmatch(english, text, re.DOTALL)
        if found is not None:
            return found.expand(chinese)
    return text
