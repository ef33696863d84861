"""Zip archives, streamed: the central directory is measured before it is believed, and nothing is ever extracted."""

from __future__ import annotations

import os
import stat
import struct
import zipfile
import zlib
from typing import BinaryIO

from grader.intake.names import ENTRIES, Item, damaged, tidy, too_large, too_many
from grader.intake.refusal import Rejected

_END = b"PK\x05\x06"
_UTF8 = 0x800  # the flag of an entry whose name is in UTF-8
_DOUBLE_BYTES = ("big5", "gbk", "cp932")
_DIRECTORY = 2 * 1024 * 1024  # bytes of listing; the memory that a listing takes grows with it
_BROKEN = (zipfile.BadZipFile, zlib.error, EOFError, OSError, struct.error, ValueError, NotImplementedError, RuntimeError, OverflowError)


def open_zip(stream: BinaryIO, label: str) -> zipfile.ZipFile:
    """Return the archive in *stream*, once its listing is known to be small."""
    _measure(stream, label)
    try:
        return zipfile.ZipFile(stream)
    except (*_BROKEN, LookupError):
        raise damaged(label) from None


def _measure(stream: BinaryIO, label: str) -> None:
    # The same search as zipfile's own, so that both see the same end record.
    size = stream.seek(0, os.SEEK_END)
    start = max(0, size - (1 << 16) - 22)
    stream.seek(start)
    tail = stream.read()
    at = len(tail) - 22
    if not (at >= 0 and tail[at : at + 4] == _END and tail[-2:] == b"\0\0"):
        at = tail.rfind(_END)
    if at < 0 or at + 22 > len(tail):
        raise damaged(label)
    count, length = struct.unpack_from("<HL", tail, at + 10)
    if tail[max(0, at - 20) : max(0, at - 20) + 4] == b"PK\x06\x07" or count > ENTRIES or length > _DIRECTORY:
        raise too_many(label)
    stream.seek(0)


def list_zip(archive: zipfile.ZipFile) -> list[Item]:
    """Return the entries; ``key`` is the ZipInfo."""
    return [Item(_name(info), _kind(info), info.file_size, info) for info in archive.infolist()]


def _name(info: zipfile.ZipInfo) -> str:
    # filename is already cut at a NUL and may come from an extra field: both names must be harmless.
    original = _decoded(info)
    tidy(original)
    return original if info.filename == info.orig_filename else info.filename


def _decoded(info: zipfile.ZipInfo) -> str:
    """Return the name; where a backslash in it is half a character of Big5, GBK or Shift JIS, as that (nothing says which)."""
    name = info.orig_filename
    if "\\" in name and not info.flag_bits & _UTF8:
        raw = name.encode("cp437", "replace")  # as zipfile decodes what is not said to be UTF-8
        for encoding in _DOUBLE_BYTES:
            try:
                text = raw.decode(encoding)
            except UnicodeDecodeError:
                continue
            if "\\" not in text:
                return text
    return name


def _kind(info: zipfile.ZipInfo) -> str:
    if info.flag_bits & 0x41:
        return "encrypted"
    kind = stat.S_IFMT(info.external_attr >> 16)
    if kind in (0, stat.S_IFREG, stat.S_IFDIR):
        return "dir" if info.is_dir() else "file"
    names = {stat.S_IFLNK: "link", stat.S_IFIFO: "fifo", stat.S_IFSOCK: "socket", stat.S_IFCHR: "device", stat.S_IFBLK: "device"}
    return names.get(kind, "unknown")


def read_zip(archive: zipfile.ZipFile, item: Item, cap: int) -> bytes:
    """Return one entry's bytes, at most *cap*, and exactly as many as the listing says."""
    info = item.key
    assert isinstance(info, zipfile.ZipInfo)
    if info.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise Rejected(item.name, "uses a rare compression; make a plain zip", zh="使用了少见的压缩方式；请打包成普通 zip")
    try:
        with archive.open(info) as stream:
            data = stream.read(cap + 1)
    except _BROKEN:
        raise damaged(item.name) from None
    if len(data) > cap:
        raise too_large(item.name, cap)
    if len(data) != info.file_size:
        raise Rejected(item.name, "is not as long as the archive says; make it again", zh="长度与压缩包记录不符；请重新打包")
    return data
