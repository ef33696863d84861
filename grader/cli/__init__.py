"""The command line. The table says what there is; a command's module is imported when the command runs, and not before."""

from __future__ import annotations

import atexit
import contextlib
import gc
import os
import sys
from typing import Any, NoReturn

from grader.cli.group import Entry, LazyGroup

STUDENTS = {
    "check": Entry("grader.cli.check:command", "run the public checks on my work", "用公开测试检查我的作业"),
    "play": Entry("grader.cli.play:command", "try by hand, in my browser; every try is kept", "在浏览器里亲手试，每一次都会记下来"),
    "hint": Entry("grader.cli.hint:command", "open the next hint", "看下一条提示"),
    "status": Entry("grader.cli.status:command", "what is open, my best points, my eurekas", "进度、最好成绩和顿悟时刻"),
    "submit": Entry("grader.cli.submit:command", "pack my work for handing in", "打包提交我的作业"),
    "reset": Entry("grader.cli.reset:command", "the starter again; my file is kept as a backup", "恢复初始文件，我的文件留作备份"),
}
STAFF = {
    "new": Entry("grader.cli.new:command", "scaffold a homework", "新建一份作业"),
    "audit": Entry("grader.cli.audit:command", "prove each assignment sound", "证明每份作业都可靠"),
    "release": Entry("grader.cli.release:command", "fill dist/ with handouts and checksums", "生成学生版作业和校验和，写入 dist/"),
    "run": Entry("grader.cli.run:command", "grade a class; a second run grades only what is new", "批改全班，再次运行只批改新的提交"),
    "collect": Entry("grader.cli.collect:command", "fetch pushed repositories at the deadline's commit", "按截止时间取回推送的仓库"),
    "report": Entry(
        "grader.cli.report:command", "the class: marks, misconceptions, where the ramp is steep", "全班：成绩、误解、坡度太陡的地方"
    ),
    "export": Entry(
        "grader.cli.export:command", "marks for Canvas, Moodle, Gradescope and others", "把成绩导出到 Canvas、Moodle、Gradescope 等"
    ),
    "gradebook": Entry(
        "grader.cli.gradebook:command", "roster, manual marks, a student's data, nbgrader", "名单、人工评分、学生数据、nbgrader"
    ),
    "ci": Entry(
        "grader.cli.ci:command", "the public checks in a CI: summary, annotations, JUnit", "在 CI 中运行公开测试：摘要、标注、JUnit"
    ),
    "doctor": Entry(
        "grader.cli.doctor:command", "what this machine can do, and how to get what is missing", "检查这台机器：能做什么，缺什么，怎么装"
    ),
}
COMMANDS = {**STUDENTS, **STAFF}

main = LazyGroup(
    {("For students", "学生"): STUDENTS, ("For staff", "教师"): STAFF},
    name="grade",
    help="Exercises in neural networks that grade themselves. / 会自己批改的神经网络练习。",
    epilog="Every option can be set by an environment variable: GRADE_LANG, GRADE_CHECK_JSON, GRADE_RUN_WORKERS ...",
    context_settings={"auto_envvar_prefix": "GRADE", "help_option_names": ["-h", "--help"]},
)


def run(door: Any = None) -> NoReturn:
    """Be the console script: the group, with the *door* that it came in by.

    It ends without taking the interpreter down piece by piece, which takes longer than a check.
    """
    gc.set_threshold(50_000, 20, 50)  # a short run makes little rubbish; looking for it at every 700 objects costs a fifth of the imports
    code: Any = 0
    try:
        main(prog_name="grade", obj=door)
    except SystemExit as left:
        code = left.code
    atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with contextlib.suppress(OSError, ValueError, AttributeError):  # the reader of a pipe went away; the stream was closed
            stream.flush()
    os._exit(code if isinstance(code, int) else 1 if code else 0)
