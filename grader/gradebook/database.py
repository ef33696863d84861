"""One engine for a store: durable settings, short transactions, and errors that say what to do."""

from __future__ import annotations

import os
import sqlite3
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, NoReturn

import sqlalchemy as sa
from sqlalchemy.exc import ArgumentError, DBAPIError, NoSuchModuleError

from grader.errors import CourseError, GraderFault

# SQLite's primary result codes, the low byte of sqlite_errorcode.
_BUSY, _LOCKED, _READONLY, _IOERR, _CORRUPT, _FULL, _CANTOPEN, _NOTADB = 5, 6, 8, 10, 11, 13, 14, 26


class Database:
    """Transactions on one store; ``read`` sees one consistent state, ``write`` commits all or nothing.

    Who wants it *to_read* gets SQLite's file where nothing can be written, too.
    """

    def __init__(self, url: str, *, wait: float, to_read: bool = False) -> None:
        try:
            parsed = sa.make_url(url)
            if parsed.get_backend_name() not in ("sqlite", "postgresql"):
                raise _bad_url(url)
            self.label = parsed.database or url if parsed.get_backend_name() == "sqlite" else parsed.render_as_string(hide_password=True)
            self.only_reads = to_read and parsed.get_backend_name() == "sqlite" and _only_reads(Path(self.label))
            opener = {"creator": lambda: _open_reading(Path(self.label), wait)} if self.only_reads else {}
            self._engine = sa.create_engine(parsed, connect_args=_connect_args(parsed, wait), **opener)
        except (ArgumentError, NoSuchModuleError):
            raise _bad_url(url) from None
        except ModuleNotFoundError as error:
            text = f"this store needs {error.name}; type: pip install 'psycopg[binary]'"
            raise CourseError(text, zh=f"这个库需要 {error.name}；请运行：pip install 'psycopg[binary]'") from None
        self.dialect = self._engine.dialect.name
        self._wait = wait
        self._process = os.getpid()
        if self.dialect == "sqlite":
            _check_folder(Path(self.label))
            sa.event.listen(self._engine, "connect", _on_reading if self.only_reads else self._on_connect)
            sa.event.listen(self._engine, "begin", _on_begin)

    def _on_connect(self, connection: Any, _record: object) -> None:
        connection.isolation_level = None  # we begin transactions ourselves
        connection.execute(f"PRAGMA busy_timeout={int(self._wait * 1000)}")
        deadline = time.monotonic() + self._wait
        while True:
            try:
                connection.execute("PRAGMA journal_mode=WAL")
                break
            except Exception as error:  # two processes that make the store at once: this pragma does not wait by itself
                if _code(error) != _BUSY or time.monotonic() > deadline:
                    raise
                time.sleep(0.02)
        connection.execute("PRAGMA synchronous=FULL")
        connection.execute("PRAGMA foreign_keys=ON")
        connection.execute("PRAGMA secure_delete=ON")  # what was erased is overwritten

    @contextmanager
    def read(self) -> Iterator[sa.Connection]:
        """One consistent state; holds no lock that a writer waits for."""
        with self._transaction(write=False) as connection:
            yield connection

    @contextmanager
    def write(self) -> Iterator[sa.Connection]:
        """All or nothing, on disk when it returns."""
        with self._transaction(write=True) as connection:
            yield connection

    @contextmanager
    def _transaction(self, *, write: bool) -> Iterator[sa.Connection]:
        if self._process != os.getpid():  # a connection must not cross a fork
            self._engine.dispose(close=False)
            self._process = os.getpid()
        try:
            with self._engine.connect().execution_options(write=write) as connection, connection.begin():
                yield connection
        except DBAPIError as error:
            self.explain(error)

    def listen(self, on_statement: Any) -> None:
        """Call *on_statement* with the text of each statement, for counting them."""
        sa.event.listen(self._engine, "before_cursor_execute", lambda *args: on_statement(args[2]))

    def insert(self, table: sa.Table) -> Any:
        """Return the dialect's INSERT, which knows ON CONFLICT."""
        if self.dialect == "sqlite":
            from sqlalchemy.dialects.sqlite import insert
        else:
            from sqlalchemy.dialects.postgresql import insert  # type: ignore[assignment]  # the same shape
        return insert(table)

    def checkpoint(self) -> None:
        """Bring SQLite's write-ahead log into the file and empty it, so that old pages are gone from the disk."""
        raw = self._engine.raw_connection()
        try:
            raw.cursor().execute("PRAGMA wal_checkpoint(TRUNCATE)")
        finally:
            raw.close()

    def close(self) -> None:
        self._engine.dispose()

    def explain(self, error: DBAPIError) -> NoReturn:
        """Raise what the person at the keyboard can act on."""
        code, where = _code(error.orig), self.label
        if code in (_BUSY, _LOCKED):
            text = f"{where}: the store is locked by another program; close it, or wait, and run the same command again"
            raise CourseError(text, zh=f"{where}：成绩库被另一个程序锁住；请关闭它或稍后重试") from None
        if code == _NOTADB:
            raise CourseError(f"{where}: not a database; give another --store", zh=f"{where}：不是数据库；请换一个 --store") from None
        if code in (_READONLY, _CANTOPEN):
            text = f"{where}: cannot be written; check the folder's permissions, or give another --store"
            raise CourseError(text, zh=f"{where}：无法写入；请检查文件夹权限，或换一个 --store") from None
        if code == _FULL:
            text = f"{where}: the disk is full; free some space and run the same command again: what was stored is safe"
            raise CourseError(text, zh=f"{where}：磁盘已满；请腾出空间后重试：已保存的内容没有丢失") from None
        if code == _IOERR:  # a quota, a limit on the file's size, or a disk that fails
            text = f"{where}: the disk refused to write; make room or mend it, and run the same command again: what was stored is safe"
            raise CourseError(text, zh=f"{where}：磁盘拒绝写入；请腾出空间或检查磁盘后重试：已保存的内容没有丢失") from None
        if code == _CORRUPT:
            text = f"{where}: the file is damaged; restore it from a backup, or try: sqlite3 {where} .recover"
            raise GraderFault(text, zh=f"{where}：文件已损坏；请从备份恢复，或试试 sqlite3 {where} .recover") from None
        if code is None and isinstance(error, sa.exc.OperationalError):
            text = f"{where}: the server does not answer: {_first_line(error)}; is it running, and the address right?"
            raise CourseError(text, zh=f"{where}：服务器没有应答：{_first_line(error)}；它在运行吗？地址对吗？") from None
        raise GraderFault(f"{where}: {_first_line(error)}", zh=f"{where}：{_first_line(error)}") from error


def _only_reads(path: Path) -> bool:
    """Return whether the store is there and nothing can be written beside it: then it can still be read."""
    return path.is_file() and not (os.access(path, os.W_OK) and os.access(path.parent, os.W_OK))


def _open_reading(path: Path, wait: float) -> sqlite3.Connection:
    """Open SQLite's file without the two that it would make beside it; what lies in a log that is there is read too."""
    log = path.with_name(path.name + "-wal")
    logged = log.is_file() and log.stat().st_size > 0
    if logged and not path.with_name(path.name + "-shm").is_file():  # SQLite makes it anew, where it can
        text = f"{path}: what was stored last lies in {log.name}, which cannot be read where nothing can be written"
        zh = f"{path}：最近保存的内容在 {log.name} 里，而这里不可写，无法读取；请把这两个文件一起复制到可写的文件夹，在那里打开"
        raise CourseError(f"{text}; copy both files to a folder that can be written, and open the copy", zh=zh)
    alone = "" if logged else "&immutable=1"
    return sqlite3.connect(f"{path.absolute().as_uri()}?mode=ro{alone}", uri=True, timeout=wait, check_same_thread=False)


def _on_reading(connection: Any, _record: object) -> None:
    connection.isolation_level = None  # as where it can be written: we begin transactions ourselves


def _code(error: BaseException | None) -> int | None:
    code = getattr(error, "sqlite_errorcode", None)
    return code & 0xFF if isinstance(code, int) else None


def _first_line(error: DBAPIError) -> str:
    return (str(error.orig).strip().splitlines() or ["no reason given"])[0]


def _connect_args(url: sa.URL, wait: float) -> dict[str, Any]:
    return {"timeout": wait} if url.get_backend_name() == "sqlite" else {"connect_timeout": max(2, int(wait))}


def _bad_url(url: str) -> CourseError:
    text = f"{url}: not a store; give a file name, or postgresql://USER@HOST/NAME"
    return CourseError(text, zh=f"{url}：不是成绩库；请给出文件名，或 postgresql://USER@HOST/NAME")


def _check_folder(path: Path) -> None:
    if not path.parent.is_dir():
        raise CourseError(f"{path}: there is no folder {path.parent}; make it first", zh=f"{path}：没有文件夹 {path.parent}；请先创建")
    if path.is_dir():
        raise CourseError(f"{path}: is a folder; name a file for the store", zh=f"{path}：是文件夹；请给出文件名")


def _on_begin(connection: sa.Connection) -> None:
    # A writer takes its lock at once: a reader that turns writer half-way could only fail.
    write = connection.get_execution_options().get("write", False)
    connection.exec_driver_sql("BEGIN IMMEDIATE" if write else "BEGIN")
