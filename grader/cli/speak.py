"""Two languages, two streams: what a person reads goes to stderr, what a program reads goes to stdout."""

from __future__ import annotations

import os
import sys
from typing import Any

import click

LANGUAGES = ("en", "zh")
_LANG, _VERBOSE = "grade.lang", "grade.verbose"


def default_language() -> str:
    """Return ``zh`` or ``en`` from GRADE_LANG, else from the locale's variables, else from Windows' own setting."""
    if os.environ.get("GRADE_LANG") in LANGUAGES:
        return os.environ["GRADE_LANG"]
    for name in ("LC_ALL", "LC_MESSAGES", "LANG"):
        if os.environ.get(name):
            return "zh" if os.environ[name].lower().startswith("zh") else "en"
    if sys.platform == "win32":
        import locale

        return "zh" if (locale.getlocale()[0] or "").lower().startswith(("zh", "chinese")) else "en"
    return "en"


def language() -> str:
    """Return the language of the running command: ``en`` or ``zh``."""
    context = click.get_current_context(silent=True)
    return (context.meta.get(_LANG) if context else None) or default_language()


def verbose() -> bool:
    """Return whether the running command was asked for tracebacks."""
    context = click.get_current_context(silent=True)
    return bool(context.meta.get(_VERBOSE)) if context else False


def set_language(context: click.Context, _option: click.Parameter, value: str | None) -> None:
    """Remember ``--lang``, wherever on the line it stands."""
    if value:
        context.meta[_LANG] = value


def set_verbose(context: click.Context, _option: click.Parameter, value: bool) -> None:
    """Remember ``--verbose``, wherever on the line it stands."""
    if value:
        context.meta[_VERBOSE] = True


def pick(en: str, zh: str) -> str:
    """Return the one of the two texts that the reader asked for."""
    return zh if language() == "zh" else en


def half(text: str) -> str:
    """Return the reader's half of a help text ``English / 中文``; a text without a second half is returned whole."""
    en, _, zh = text.partition(" / ")
    return (zh or en) if language() == "zh" else en


def say(en: str, zh: str) -> None:
    """Write one message for a person, in her language, to stderr."""
    _write(pick(en, zh), err=True)


def out(text: str) -> None:
    """Write what the command was asked for to stdout."""
    _write(text, err=False)


def emit(record: Any) -> None:
    """Write one JSON value as one line to stdout, at once: a program may be reading along."""
    import json

    out(json.dumps(record, ensure_ascii=False))


def _write(text: str, *, err: bool) -> None:
    try:
        click.echo(text, err=err)
    except BrokenPipeError:  # nobody reads on (`| head`): the rest goes nowhere, and the exit code says what it would have said
        nothing = os.open(os.devnull, os.O_WRONLY)
        os.dup2(nothing, (sys.stderr if err else sys.stdout).fileno())
        os.close(nothing)


def prepare_console() -> None:
    """Let both streams write any text as UTF-8: a Windows console, or a C locale, must not turn a message into an exception."""
    for stream in (sys.stdout, sys.stderr):
        reconfigure = getattr(stream, "reconfigure", None)
        if reconfigure is not None:
            reconfigure(encoding="utf-8", errors="backslashreplace")
