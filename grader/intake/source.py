"""Does the module's text decode as Python would decode it? Nothing is parsed here, and the bytes stay as handed in."""

from __future__ import annotations

import codecs
import io
import tokenize

from grader.intake.refusal import Rejected, shown

# Text codecs that editors write. Others (punycode, idna, utf-7, unicode_escape ...) can hide code or take ages.
_FAMILIES = (
    "utf-8",
    "utf8",
    "ascii",
    "iso8859",
    "cp125",
    "cp437",
    "cp850",
    "cp93",
    "cp94",
    "cp95",
    "gb",
    "big5",
    "shift_jis",
    "euc_",
    "koi8",
    "mac-",
)


def check_text(name: str, data: bytes) -> None:
    """Refuse *data* unless it is text in UTF-8, or in the encoding that a PEP 263 cookie states."""
    try:
        encoding, _ = tokenize.detect_encoding(io.BytesIO(data).readline)
        codec = codecs.lookup(encoding).name
    except (SyntaxError, LookupError, ValueError) as error:
        coding = str(error).partition("unknown encoding")[2].rpartition(": ")[2]
        if not coding:
            raise _not_utf8(name) from None
        text = f"declares the encoding {shown(coding)}, which Python does not know; save it as UTF-8 and take that line out"
        raise Rejected(name, text, zh=f"声明的编码是 {shown(coding)}，Python 不认识；请存为 UTF-8，并删掉那一行") from None
    if not codec.startswith(_FAMILIES):
        raise Rejected(name, f"declares the encoding {codec}; save it as UTF-8", zh=f"声明的编码是 {codec}；请存为 UTF-8")
    try:
        text = data.decode(encoding)
    except UnicodeError as error:
        place = getattr(error, "start", 0)
        raise _not_utf8(name, line=data[:place].count(b"\n") + 1) from None
    if not text.strip("\ufeff \t\r\n\f"):
        raise Rejected(name, "is empty; save your work and hand it in again", zh="是空的；请保存后重新提交")


def _not_utf8(name: str, line: int = 1) -> Rejected:
    return Rejected(name, f"line {line} is not UTF-8 text; save the file as UTF-8", zh=f"第 {line} 行不是 UTF-8 文本；请存为 UTF-8")
