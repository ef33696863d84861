"""The embryo of one program: a fork of the zygote that seals itself, makes the program ready to run, and is forked for each check.

What it forks is born sealed and with all but her own lines run, which is most of what a worker needs; nothing of the program has run in
any of its ancestors. The zygote, which may measure and end processes, is the parent of these workers too.

The judge's end (student/process.py) sends one byte and two descriptors for each fork, and hears its number: four bytes. After a fork the
first write to each page copies it, on both sides, so the loop here touches as little as it can.
"""

from __future__ import annotations

import gc
import os
import socket
import struct

from grader import wire
from grader.worker import load, seal, serve

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

_FDS = struct.Struct("2i")
_WORD = struct.Struct(">I")


def become(connection: int, policy: Any, site: list[str]) -> None:
    """Be an embryo until the judge hangs up, then end."""
    os.dup2(connection, 3)
    layers = seal.seal({**policy, "forks": True})
    clone = seal.cloner()
    sock = serve.connected()
    serve.disguise()
    program = load.program(_payload(sock))
    run = load.prepare(program, site, lambda code: None)
    channel = wire.Channel(sock)  # of the worker to come: it puts its own connection at this number

    def born() -> None:
        seal.finish(policy)
        serve.work(channel, program, site, layers, run)

    room = socket.CMSG_SPACE(_FDS.size)
    gc.collect()
    gc.freeze()
    while True:
        data, ancillary, _, _ = sock.recvmsg(1, room)
        if not data:
            os._exit(0)
        connection, output = _FDS.unpack(ancillary[0][2])
        pid = clone()
        if pid == 0:
            serve.live(connection, output, born)
        os.close(connection)
        os.close(output)
        sock.send(_WORD.pack(pid))


def _payload(sock: socket.socket) -> bytearray:
    """Return the payload of one message, and not a byte of what follows: descriptors come with that."""
    payload, more = bytearray(), wire.MORE
    while more:
        (word,) = _WORD.unpack(sock.recv(_WORD.size, socket.MSG_WAITALL))
        payload += sock.recv(word & ~wire.MORE, socket.MSG_WAITALL)
        more = word & wire.MORE
    return payload
