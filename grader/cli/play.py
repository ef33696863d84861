"""``grade play``: the pain page in her browser, or the same in the terminal."""

from __future__ import annotations

from pathlib import Path

import click

from grader.cli import speak
from grader.cli.speak import say


@click.command(help="Try by hand, in my browser; every try is kept. / 在浏览器里亲手试，每一次都会记下来。")
@click.argument("homework", metavar="HW")
@click.option("--text", "as_text", is_flag=True, help="In this terminal instead. / 改在终端里玩。")
@click.option("--port", type=click.IntRange(0, 65535), default=0, help="Port of the page (a free one). / 网页的端口（自动选择）。")
@click.option("--no-browser", is_flag=True, help="Only say the address. / 只给出地址，不打开浏览器。")
def command(homework: str, as_text: bool, port: int, no_browser: bool) -> int:
    """Exit code 0 when she leaves."""
    from grader import manifest

    assignment = manifest.find(homework, Path.cwd())
    if as_text:
        from grader.play import text

        return text.play(assignment, speak.language())
    from grader.play import book, log, machine, server

    kept = log.Log(assignment.folder)
    page = server.Server(
        book.read(assignment.name, assignment.folder), kept, speak.language(), lambda panel: machine.play(assignment, panel), port
    )
    page.told = lambda address: say(f"that link was used twice; the page is now at {address}", f"那个链接被用了两次，网页现在在 {address}")
    say(f"the page: {page.address}", f"网页：{page.address}")
    say(f"every try goes into {kept.path}; Ctrl-C ends", f"每次尝试都记入 {kept.path}；按 Ctrl-C 结束")
    if kept.set_aside():
        name = kept.prediction_path.name
        en = f"{name} was cut off, or is no prediction: it is kept as {name}.bak, and you can predict"
        say(en, f"{name} 不完整，或者不是预测：已改名为 {name}.bak，可以重新预测")
    if not no_browser:
        _open(page.link)
    try:
        page.serve_forever(poll_interval=0.2)
    except KeyboardInterrupt:
        say(f"\n{len(kept.tries())} tries are kept in {kept.path}", f"\n{kept.path} 里记了 {len(kept.tries())} 次尝试")
    finally:
        page.server_close()
    return 0


def _open(link: str) -> None:
    """Open *link* in her browser, from a thread: some browsers keep whoever starts them waiting."""
    import threading
    import webbrowser

    def opened() -> None:
        if not webbrowser.open(link):
            say("no browser could be opened; copy the address into one, or use --text", "没能打开浏览器；请复制上面的地址，或者用 --text")

    threading.Thread(target=opened, daemon=True).start()
