"""The lazy group: help from a table, a command's module imported when it is run, and one place that turns errors into exit codes."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple, NoReturn

import click

from grader.cli import speak

if TYPE_CHECKING:
    from grader.errors import CourseError

PASSED, FAILED, MEND, OURS, INTERRUPTED = 0, 1, 2, 3, 130  # the exit codes of every command
UNREAD = 141  # its reader went away in the middle (`| head`): what a shell says of such a program


class Entry(NamedTuple):
    """A command of the table: where it lies (``module:attribute``), and one line of help in both languages."""

    target: str
    en: str
    zh: str


def shared_options() -> list[click.Option]:
    """Return fresh copies of the options that every command takes: ``--lang`` and ``--verbose``."""
    lang = click.Option(
        ["--lang"], type=click.Choice(speak.LANGUAGES), is_eager=True, expose_value=False, callback=speak.set_language,
        help="Language of the messages. / 消息所用的语言。",
    )  # fmt: skip
    verbose = click.Option(
        ["--verbose"], is_flag=True, is_eager=True, expose_value=False, callback=speak.set_verbose,
        help="Add tracebacks. / 显示完整的 traceback。",
    )  # fmt: skip
    return [lang, verbose]


class LazyGroup(click.Group):
    """A click group over a table of entries. Commands return their exit code, or None for 0."""

    def __init__(self, sections: Mapping[tuple[str, str], Mapping[str, Entry]], **attributes: Any) -> None:
        super().__init__(params=list(shared_options()), **attributes)
        self.sections = sections
        self.table = {name: entry for entries in sections.values() for name, entry in entries.items()}

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(self.table)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        entry = self.table.get(cmd_name)
        if entry is None:
            return None
        import importlib

        module, _, attribute = entry.target.partition(":")
        command: click.Command = getattr(importlib.import_module(module), attribute)
        command.name = cmd_name
        known = {option for param in command.params for option in param.opts}
        command.params.extend(option for option in shared_options() if not known.intersection(option.opts))
        name_variables(command, f"GRADE_{cmd_name}")
        return _in_her_language(command)

    def resolve_command(self, ctx: click.Context, args: list[str]) -> tuple[str | None, click.Command | None, list[str]]:
        if args and args[0] not in self.table and not args[0].startswith("-"):
            import difflib

            close = difflib.get_close_matches(args[0], self.table, n=1, cutoff=0.5)
            en = f" Did you mean '{close[0]}'?" if close else " See 'grade --help'."
            zh = f"你是想输入 '{close[0]}' 吗？" if close else "见 'grade --help'。"
            raise click.UsageError(speak.pick(f"No such command '{args[0]}'.{en}", f"没有命令 '{args[0]}'。{zh}"), ctx)
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        for (en, zh), entries in self.sections.items():
            with formatter.section(speak.pick(en, zh)):
                formatter.write_dl([(name, speak.pick(entry.en, entry.zh)) for name, entry in entries.items()])

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        _in_her_language(self)
        super().format_help(ctx, formatter)

    def invoke(self, ctx: click.Context) -> int:
        """Run the command and return its exit code; what goes wrong is told here and nowhere else."""
        try:
            return int(super().invoke(ctx) or PASSED)
        except (click.exceptions.Exit, click.ClickException):
            raise
        except (KeyboardInterrupt, click.Abort):
            return interrupted()
        except BrokenPipeError:  # and nobody is there to be told
            return UNREAD
        except Exception as error:
            return tell(error)

    def main(self, args: Sequence[str] | None = None, *_positional: Any, **extra: Any) -> NoReturn:
        """Parse, run, and leave with one of the exit codes above."""
        speak.prepare_console()
        extra["standalone_mode"] = False
        try:
            code = super().main(args, **extra)
        except click.ClickException as error:
            _show_usage(error)
            code = MEND
        except click.Abort:
            code = interrupted()
        sys.exit(code)


def tell(error: BaseException) -> int:
    """Write the line that *error* deserves, and return the exit code that goes with it."""
    from grader.errors import CourseError, GraderFault

    told = _mendable(error) if isinstance(error, OSError) else error
    if isinstance(told, (CourseError, GraderFault)):
        speak.say(f"grade: {told.in_language('en')}", f"grade：{told.in_language('zh')}")
    else:
        unexpected = f"{type(error).__name__}: {error}"
        speak.say(f"grade: {unexpected}", f"grade：{unexpected}")
    code = MEND if isinstance(told, CourseError) else OURS
    if code == OURS:
        speak.say(
            "This is the kit's fault, not yours; no points are lost. 'grade doctor' looks for the cause, --verbose shows the traceback.",
            "这是评分工具的错，不是你的错，不会扣分。'grade doctor' 可以查找原因，--verbose 显示 traceback。",
        )
    if speak.verbose():
        import traceback

        click.echo("".join(traceback.format_exception(error)), err=True, nl=False)
    return code


def _mendable(error: OSError) -> CourseError | None:
    """Return what to mend where the system's refusal is ordinary trouble of a folder or a disk; None where it is ours."""
    import errno

    from grader.errors import FULL_DISK, CourseError

    where = error.filename or speak.pick("the output", "输出")
    try:
        os.getcwd()
    except OSError:
        return CourseError(
            "the folder that you are in is not there any more; go into your homework's folder (cd) and run the same command again",
            zh="你所在的文件夹已经不存在；请用 cd 进入作业文件夹，再运行同一条命令",
        )
    if error.errno in FULL_DISK:
        return CourseError(
            f"{where}: the disk is full; free some space and run the same command again",
            zh=f"{where}：磁盘已满；请腾出空间后重新运行",
        )
    if error.filename and error.errno in (errno.EACCES, errno.EPERM, errno.EROFS):
        return CourseError(
            f"{where}: {error.strerror}; give yourself the right to read and write there (chmod u+rw), and run the same command again",
            zh=f"{where}：{error.strerror}；请给自己加上读写权限（chmod u+rw），再运行同一条命令",
        )
    return None


def interrupted() -> int:
    """Say that it was stopped, and return the exit code that goes with it."""
    speak.say("\nStopped.", "\n已停止。")
    return INTERRUPTED


def _show_usage(error: click.ClickException) -> None:
    context = getattr(error, "ctx", None)
    if isinstance(error, click.exceptions.NoArgsIsHelpError):
        click.echo(error.format_message(), err=True)
        return
    with context.scope(cleanup=False) if context else contextlib.nullcontext():
        speak.say(f"grade: {error.format_message()}", f"grade：{_in_chinese(error)}")
        if context is not None:
            speak.say(f"Try '{context.command_path} --help'.", f"用法见 '{context.command_path} --help'。")


def _in_chinese(error: click.ClickException) -> str:
    """Return click's own refusals in Chinese; what it does not say itself is kept as it is."""
    name = getattr(error, "param_hint", None) or getattr(getattr(error, "param", None), "human_readable_name", "")
    if isinstance(error, click.exceptions.NoSuchOption):
        return f"没有选项 '{error.option_name}'。"
    if isinstance(error, click.exceptions.MissingParameter):
        return f"缺少参数 '{name}'。"
    if isinstance(error, click.exceptions.BadParameter):
        return f"参数 '{name}' 的值不对：{error.message}"
    return error.format_message()


def name_variables(command: click.Command, prefix: str) -> None:
    """Let each option of *command* be set by the variable that is called as it is: ``--json`` by ``GRADE_CHECK_JSON``."""
    for param in command.params:
        if isinstance(param, click.Option) and param.envvar is None:
            param.envvar = f"{prefix}_{max(param.opts, key=len).lstrip('-')}".upper().replace("-", "_")


def _in_her_language(command: click.Command) -> click.Command:
    if command.help:
        command.help = speak.half(command.help)
    for param in command.params:
        if isinstance(param, click.Option) and param.help:
            param.help = speak.half(param.help)
    return command
