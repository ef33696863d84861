# ruff: noqa: E501  (a program a line reads better than one cut in pieces)

"""Programs that go for the network, the disk, memory, time and other processes. Bounded by size, count or the wall's own limits."""

from __future__ import annotations

from cases import Case, attack, family, program

TAMPERS = {
    "gradebook": "open('@STORE@', 'r+b').write(b'x'); return 1",
    "gradebook-sqlite": "import sqlite3\nc = sqlite3.connect('@STORE@'); c.execute('create table own (x)'); c.commit(); return 1",
    "gradebook-remove": "import os\nos.remove('@STORE@'); return 1",
    "hidden-suite": "open('@HIDDEN@', 'a').write('#'); return 1",
    "other-hand-in": "open('@OTHER@', 'w').write(''); return 1",
    "modes": "import os\nos.chmod('@ROOT@', 0o777); return 1",
    "times": "import os\nos.utime('@OTHER@', (0, 0)); return 1",
    "rename": "import os\nos.rename('@ROOT@/class', '@ROOT@/@MARK@'); return 1",
    "truncate": "import os\nos.truncate('@STORE@', 0); return 1",
    "attributes": "import os\nos.setxattr('@OTHER@', 'user.x', b'x'); return 1",
    "lock": "import fcntl, os\nfcntl.flock(os.open(os.__file__, os.O_RDONLY), fcntl.LOCK_EX); return 1",
    "own-suite": "import os\nopen(os.path.join('@ROOT@', 'assignments/hw2/tests/test_local.py'), 'w'); return 1",
}
NETWORK = {
    "tcp": "import socket\nsocket.create_connection(('127.0.0.1', @PORT@), 1).send(b'x'); return 1",
    "udp": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_DGRAM).sendto(b'x', ('127.0.0.1', @PORT@)); return 1",
    "tcp6": "import socket\nsocket.socket(socket.AF_INET6).connect(('::1', @PORT@)); return 1",
    "unix": "import socket\ns = socket.socket(socket.AF_UNIX); s.connect('@SOCKET@'); return 1",
    "abstract": "import socket\ns = socket.socket(socket.AF_UNIX); s.bind('\\0@MARK@'); return 1",
    "vsock": "import socket\nsocket.socket(40).connect((2, 1)); return 1",
    "raw": "import socket\nsocket.socket(socket.AF_INET, socket.SOCK_RAW, 1); return 1",
    "netlink": "import socket\nsocket.socket(16, 3, 0); return 1",
    "listen": "import socket\nsocket.create_server(('0.0.0.0', 0)); return 1",
    "names": "import socket\nreturn socket.getaddrinfo('localhost.example', 80)",
    "http": "import urllib.request\nreturn urllib.request.urlopen('http://127.0.0.1:@PORT@/', timeout=1).status",
    "over-the-wire": "import os, socket\ns = socket.socket(fileno=os.dup(3)); s.sendmsg([b''], [(1, 1, b'\\0\\0\\0\\0')]); return 1",
}
LASTING = {
    "tmp": "open('/tmp/@MARK@', 'w').write('x'); return 1",
    "var-tmp": "open('/var/tmp/@MARK@', 'w'); return 1",
    "home": "import os\nopen(os.path.expanduser('~/@MARK@'), 'w'); return 1",
    "shm": "open('/dev/shm/@MARK@', 'w'); return 1",
    "shared-memory": "from multiprocessing.shared_memory import SharedMemory\nSharedMemory('@MARK@', True, 100); return 1",
    "sysv-memory": "import ctypes\nreturn ctypes.CDLL(None).shmget(0x67726164, 4096, 0o1666) >= 0",
    "sysv-messages": "import ctypes\nreturn ctypes.CDLL(None).msgget(0x67726164, 0o1666) >= 0",
    "sysv-semaphores": "import ctypes\nreturn ctypes.CDLL(None).semget(0x67726164, 1, 0o1666) >= 0",
    "posix-queue": "import ctypes\nreturn ctypes.CDLL(None).mq_open(b'/@MARK@', 0o102, 0o600, None) >= 0",
    "keyring": "import ctypes\nreturn ctypes.CDLL(None).syscall(248, b'user', b'@MARK@', b'x', 1, -4) >= 0",
    "bytecode": "import os, sys\nd = os.path.join(os.path.dirname(os.__file__), '__pycache__')\nopen(os.path.join(d, 'colorsys.@MARK@.pyc'), 'wb'); return 1",
    "beside-packages": "import sys\nfor p in sys.path:\n    try: open(p + '/@MARK@.py', 'w'); return p\n    except OSError: pass",
    # The public checks share a process, which a program may remember; what it must not reach is another process's memory.
    "memory-of-the-next": "import builtins, os\nif getattr(builtins, 'seen_by', os.getpid()) != os.getpid(): return 1\nbuiltins.seen_by = os.getpid()",
    "modules-of-the-next": "import os, sys\nif sys.modules.get('left_behind', os.getpid()) != os.getpid(): return 1\nsys.modules['left_behind'] = os.getpid()",
    "crontab": "open('/var/spool/cron/@MARK@', 'w'); return 1",
    "anonymous-file": "import os\nreturn os.memfd_create('@MARK@')",
}
ENDLESS = {
    "loop": "while True: pass",
    "sleep": "import time\nwhile True: time.sleep(1000)",
    "c-call": "sum(range(10**13))",
    "big-power": "len(str(7 ** (10 ** 8)))",
    "regex": "import re\nre.match(r'(a+)+$', 'a' * 64 + 'b')",
    "ignored-signals": "import signal\nfor n in range(1, 65):\n    try: signal.signal(n, signal.SIG_IGN)\n    except (OSError, ValueError): pass\nwhile True: pass",
    "blocked-signals": "import signal\nsignal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\nwhile True: pass",
    "stdin": "import sys, time\nsys.stdin.read()\ninput_was = None\nwhile True: time.sleep(1)",
    "deadlock": "import threading\nl = threading.Lock(); l.acquire(); l.acquire()",
    "wait-for-wire": "import os\nwhile True: os.read(3, 1)",
    "stopped-clock": "import time\ntime.monotonic = lambda: 0\nwhile time.monotonic() < 1: pass",
    "swallows-all": "while True:\n    try:\n        while True: pass\n    except BaseException: pass",
    "compile": "compile('-' * 2 * 10**5 + '1', 'x', 'eval') if 0 else None\nwhile True: compile('1+' * 2000 + '1', 'x', 'eval')",
    "thread-that-stays": "import threading, time\nthreading.Thread(target=lambda: [time.sleep(1) for _ in iter(int, 1)]).start()\nwhile True: time.sleep(1)",
}
ENDLESS_LATER = {
    "loop-in-method": "def _b(self):\n    while True: pass\nValue.backward = _b",
    "sleep-in-method": "import time\nValue.backward = lambda self: time.sleep(10**6)",
    "slow-in-every-call": "import time\n_a = Value.__mul__\ndef _m(s, o): time.sleep(.7); return _a(s, o)\nValue.__mul__ = Value.__rmul__ = _m",
    "endless-list": "import itertools\ntopo = lambda root: itertools.count()",
    "loop-in-del": "class _D:\n def __del__(self):\n  while True: pass\nValue.backward = lambda self: _D() and None",
    "recursion": "def _b(self): return self.backward()\nValue.backward = _b",
}
GREEDY = {  # each is refused with an error that the program may catch, and then it behaves
    "one-block": "bytearray(8 << 30); return 1",
    "mapped": "import mmap\nmmap.mmap(-1, 8 << 30); return 1",
    "number": "1 << (1 << 36); return 1",
    "text": "'x' * (1 << 35); return 1",
    "fork": "import os\npids = [os.fork() for _ in range(5)]; return pids",
    "shell": "import os\nreturn os.system('touch /tmp/@MARK@') == 0",
    "popen": "import subprocess\nreturn subprocess.run(['touch', '/tmp/@MARK@'])",
    "spawn": "import os\nreturn os.posix_spawn('/usr/bin/touch', ['touch', '/tmp/@MARK@'], {})",
    "exec": "import os\nos.execv('/usr/bin/touch', ['touch', '/tmp/@MARK@'])",
    "multiprocessing": "import multiprocessing as m\np = m.get_context('fork').Process(target=print); p.start(); return 1",
    "daemon": "import os\nif os.fork() == 0:\n    os.setsid()\n    os._exit(0)\nreturn 1",
    "kill-all": "import os\nos.kill(-1, 9); return 1",
    "kill-parent": "import os\nos.kill(os.getppid(), 9); return 1",
    "kill-group": "import os\nos.killpg(os.getpgid(os.getppid()), 9); return 1",
    "stop-parent": "import ctypes, os\nreturn ctypes.CDLL(None).kill(os.getppid(), 19) == 0",
    "priority": "import os\nreturn os.nice(-5) is not None",
    "affinity": "import os\nos.sched_setaffinity(os.getppid(), {0}); return 1",
    "limits-of-parent": "import os, resource\nresource.prlimit(os.getppid(), resource.RLIMIT_CPU, (1, 1)); return 1",
    "raise-limits": "import resource as r\nr.setrlimit(r.RLIMIT_AS, (-1, -1)); return 1",
    "many-descriptors": "import os\nkept = [os.pipe() for _ in range(500)]; return 1",
    "namespace": "import ctypes\nreturn ctypes.CDLL(None).unshare(0x10000000) == 0",
}
SWALLOWING = {  # uses up its own memory, and gets nothing for it
    "list": "kept = []\nwhile True: kept.append(bytearray(1 << 20))",
    "dict": "kept = {}\nwhile True: kept[len(kept)] = 'x' * 10000",
    "unpack": "import zlib\nzlib.decompress(zlib.compress(bytes(1 << 27)) * 1)\nkept = [bytes(1 << 27) for _ in range(99)]",
    "generator": "kept = list(iter(int, 1))",
    "numpy": "import numpy\nkept = [numpy.ones(1 << 24) for _ in range(99)]",
    "in-threads": "import threading\ndef eat():\n    kept = []\n    while True: kept.append(bytearray(1 << 20))\n"
    "t = [threading.Thread(target=eat) for _ in range(8)]\nfor x in t: x.start()\nfor x in t: x.join()\nraise MemoryError",
}
THREADS = """
import threading, time
threading.stack_size(65536)
try:
    for n in range(20000): threading.Thread(target=time.sleep, args=(100,), daemon=True).start()
except RuntimeError: pass
"""
SPOILING = {  # the output and the descriptors are the program's own to spoil; what it computes still counts
    "flood": ("for n in range(400): print('x' * 65536)", 70.0),
    "flood-of-lines": ("for n in range(20000): print(n)", 70.0),
    "binary": ("import os\nfor n in range(200): os.write(1, bytes(range(256)) * 16)", 70.0),
    "errors": ("import sys\nfor n in range(100): print('x' * 65536, file=sys.stderr)", 70.0),
    "closed-output": ("import os\nos.close(1); os.close(2)", 70.0),
    "no-stdout": ("import sys\nsys.stdout = sys.stderr = sys.stdin = None", 70.0),
    "output-to-wire": ("import os\nos.dup2(3, 1)\nprint('hello', flush=True)", 0.0),
    "closed-wire": ("import os\nos.close(3)", 0.0),
    "all-closed": ("import os\nos.closerange(0, 256)", 0.0),
    "changed-folder": ("import os\nos.chdir('/')\nos.umask(0)", 70.0),
    "lower-limits": ("import resource as r\nr.setrlimit(r.RLIMIT_NOFILE, (3, 3))", 70.0),
    "recursion-limit": ("import sys\nsys.setrecursionlimit(10**6)", 70.0),
    "noisy": ("import warnings, logging\nwarnings.warn('x'); logging.error('y'); print('hello')", 70.0),
}
FILLING = {
    "tmp": "f = open('/tmp/@MARK@', 'wb')\nfor n in range(64): f.write(bytes(1 << 20))\nreturn 1",
    "inodes": "import os\nfor n in range(2000): os.mkdir(f'/tmp/@MARK@-{n}')\nreturn 1",
    "deep-tree": "import os\nos.chdir('/tmp')\nfor n in range(500): os.mkdir('@MARK@'); os.chdir('@MARK@')\nreturn 1",
    "sparse": "f = open('/dev/shm/@MARK@', 'wb'); f.truncate(1 << 40); return 1",
    "anonymous": "import os\nfd = os.memfd_create('x'); os.ftruncate(fd, 1 << 34); return 1",
    "unlinked": "import tempfile\nf = tempfile.TemporaryFile(); f.write(bytes(1 << 20)); return 1",
}
CRASHING = {
    "null": "import ctypes\nctypes.string_at(0)",
    "signal": "import os, signal\nos.kill(os.getpid(), signal.SIGSEGV)\nraise SystemError('still here')",
    "stack": "import sys\nsys.setrecursionlimit(10**9)\nclass A:\n def __repr__(s): return repr(s)\nimport ctypes\ndef f(): return ctypes.CFUNCTYPE(ctypes.c_int)(f)()\nf()",
    "deep-del": "x = []\nfor n in range(10**6): x = [x]\ny = str(x)",
    "free": "import ctypes\nctypes.CDLL(None).free(ctypes.c_void_p(1234567))",
    "code": "import types\nc = (lambda: 0).__code__\nexec(c.replace(co_code=b'\\x64\\xff' * 50, co_consts=()))\nraise SystemError",
    "bad-call": "import ctypes\nctypes.CFUNCTYPE(None)(1)()",
    "abort": "import ctypes\nctypes.CDLL(None).abort()",
    "refcount": "import ctypes\nfor n in range(100): ctypes.pythonapi.Py_DecRef(ctypes.py_object(Value)); ctypes.pythonapi.Py_DecRef(ctypes.py_object(None))\n"
    "import gc; gc.collect(); ctypes.string_at(1)",
    "i386": "import ctypes\nctypes.CDLL(None).syscall(0x40000000 + 39)\nctypes.string_at(0)",
}


def cases() -> list[Case]:
    """Return the cases of this file."""
    found = family("tamper", attack, TAMPERS, exactly=70.0)
    found += family("network", attack, NETWORK, exactly=70.0)
    found += family("last", attack, LASTING, exactly=70.0)
    found += family("endless", lambda body: program("starter", body), ENDLESS, exactly=0.0)
    found += family("endless", lambda body: program("right", body), ENDLESS_LATER, most=50.0)
    found += family("greedy", attack, GREEDY, exactly=70.0)
    found += family("swallow", lambda body: program("starter", body), SWALLOWING, exactly=0.0)
    found += [Case("endless", "slow-to-load", program("right", "for n in range(200000): print(n)"), most=70.0)]
    found += [Case("swallow", "threads", program("right", THREADS), most=70.0)]
    found += [Case("spoil", name, program("right", body), exactly=points) for name, (body, points) in SPOILING.items()]
    found += family("fill", attack, FILLING, exactly=70.0)
    found += family("crash", lambda body: program("right", body), CRASHING, exactly=0.0)
    return found
