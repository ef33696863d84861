"""How a value is shown: what a student can influence is made harmless, for each place.

HTML is escaped by its templates and JSON by its encoder; the rest is here.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")
_NUMBER = r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?"
_NOT_XML = "[^\t\n\r\u0020-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]"


def visible(text: str, *, keep: str = "") -> str:
    """Return *text* with everything unprintable spelled out: control characters, escape sequences, bidi overrides, lone surrogates."""
    if text.isprintable():  # nearly every text is, and a class has many
        return text
    return "".join(c if c in keep or c.isprintable() else _spelled(c) for c in text)


def _spelled(character: str) -> str:
    code = ord(character)
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def line(text: str) -> str:
    """Return *text* as one line for a terminal."""
    return visible(" ".join(text.split("\n")))


def few(words: Sequence[str], most: int) -> tuple[str, str]:
    """Return the first *most* of *words* as one line, and how many more there are, in both languages."""
    shown, more = line(", ".join(words[:most])), len(words) - most
    return (f"{shown} and {more} more", f"{shown} 等，另有 {more} 个") if more > 0 else (shown, shown)


def block(text: str) -> list[str]:
    """Return *text* as lines for a terminal."""
    return [visible(part, keep="\t") for part in text.replace("\r\n", "\n").strip("\n").split("\n")] if text.strip() else []


def cell(text: str) -> str:
    """Return *text* for a cell of a spreadsheet: nothing that begins a formula does so, and it is one line."""
    text = visible(text.replace("\r\n", "\n").replace("\n", " "), keep="\t")
    return f"'{text}" if text.startswith(_FORMULA) and not re.fullmatch(_NUMBER, text) else text


def xml(text: str) -> str:
    """Return *text* with the characters that XML 1.0 cannot hold, and those that hide others, spelled out."""
    return re.sub(_NOT_XML, lambda match: _spelled(match.group()), visible(text, keep="\t\n"))


def command_data(text: str) -> str:
    """Return *text* for the message of a GitHub workflow command: it cannot end the line and begin a command of its own."""
    return visible(text, keep="\r\n\t").replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def command_property(text: str) -> str:
    """Return *text* for a property (file, title) of a GitHub workflow command."""
    return command_data(text).replace(":", "%3A").replace(",", "%2C")


def markdown(text: str) -> str:
    """Return *text* for a line of Markdown where it is to be read and not rendered: no HTML, link, image, mention or table cell."""
    text = line(text).replace("&", "&amp;").replace("<", "&lt;").replace(">", "&gt;")
    return re.sub(r"([\\`*_{}\[\]()#+\-.!|~:@/])", r"\\\1", text).replace("\\@", "&#64;").replace("\\:", "&#58;").replace("\\/", "&#47;")


def fenced(text: str) -> str:
    """Return *text* as a Markdown code block that nothing in it can close."""
    body = "\n".join(block(text))
    longest = max((len(run) for run in re.findall(r"`+", body)), default=0)
    fence = "`" * max(3, longest + 1)
    return f"{fence}text\n{body}\n{fence}"


def points(number: float) -> str:
    """Return a number of points as a person writes it: 3, 2.5, 0.33."""
    return f"{round(number, 2):g}"
