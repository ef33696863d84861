"""``grade doctor``: what this machine can do."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import click

from grader.cli.speak import emit, say

_SIGNS = {"ok": ("ok     ", "正常"), "could be better": ("better?", "可改进"), "missing": ("missing", "缺少")}


@click.command(help="Tell what this machine can do, what is missing, and how to get it. / 说明这台机器能做什么、缺什么、怎么装。")
@click.option("--json", "as_json", is_flag=True, help="One JSON value on stdout. / 在 stdout 上输出一个 JSON。")
def command(as_json: bool) -> None:
    from grader import doctor

    findings = doctor.examine(Path.cwd())
    if as_json:
        emit([dataclasses.asdict(finding) for finding in findings])
        return
    for found in findings:
        en, zh = _SIGNS[found.state]
        say(f"{en}  {found.name:<12} {found.en}", f"{zh}\t{found.name:<12} {found.zh}")
        if found.remedy:
            say(f"{'':24}try: {found.remedy}", f"\t{'':13}试试：{found.remedy}")
