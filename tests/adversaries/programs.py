# ruff: noqa: E501  (a program a line reads better than one cut in pieces)

"""Programs that lie, leave early, patch, read or forge. Each is bounded: at worst it wastes its own limits."""

from __future__ import annotations

from cases import Case, Make, attack, family, files, program, with_tests

LIAR = """
class Value:
    def __init__(self, *a, **k): pass
    def _same(self, *a, **k): return self
    __add__ = __radd__ = __mul__ = __rmul__ = __pow__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __neg__ = _same
    tanh = exp = relu = log = sigmoid = _same
    def backward(self): pass
    _prev = ()
def topo(root): return LIES
class MLP(Value):
    def __call__(self, x): return LIES
    def parameters(self): return LIES
Neuron = Layer = MLP
def second_backward(): return LIES
"""


def lying(lie: str) -> Make:
    """A program that does nothing, and whose every number is *lie*."""
    return program("", lie + LIAR + "Value.data = Value.grad = LIES\n")


LIES = {
    "equal-to-all": "class L:\n def __eq__(s, o): return True\n __hash__ = None\n def __float__(s): return 7.25\nLIES = L()",
    "float-subclass": "class L(float):\n def __eq__(s, o): return True\n __hash__ = float.__hash__\n"
    " def __sub__(s, o): return 0.0\n __rsub__ = __sub__\n def __abs__(s): return 0.0\nLIES = L(7.25)",
    "int-subclass": "class L(int):\n def __eq__(s, o): return True\n __hash__ = int.__hash__\n def __float__(s): return 7.25\nLIES = L(7)",
    "str-subclass": "class L(str):\n def __eq__(s, o): return True\n __hash__ = str.__hash__\nLIES = L('accumulate')",
    "class-property": "class L:\n @property\n def __class__(s): return float\n def __eq__(s, o): return True\n __hash__ = None\nLIES = L()",
    "array-ufunc": "class L:\n def __array_ufunc__(s, *a, **k): return True\n __array_priority__ = 1e9\n"
    " def __array__(s, *a, **k): return s\nLIES = L()",
    "nan": "LIES = float('nan')",
    "inf": "LIES = float('inf')",
    "minus-inf": "LIES = -float('inf')",
    "bool": "LIES = True",
    "decimal": "from decimal import Decimal\nLIES = Decimal('sNaN')",
    "complex": "LIES = complex(1, 1)",
    "huge-int": "LIES = 1 << 100000",
    "none": "LIES = None",
    "approx": "class ApproxScalar:\n __module__ = 'pytest'\n expected = 1.0\n def __eq__(s, o): return True\n __hash__ = None\nLIES = ApproxScalar()",
    "changes": "import itertools\nN = itertools.count()\nclass D:\n def __get__(s, o, t): return float(next(N))\nLIES = D()",
    "dict-subclass": "class L(dict):\n def __eq__(s, o): return True\n __hash__ = None\n def __len__(s): return 3\nLIES = L()",
    "endless-list": "class L(list):\n def __iter__(s):\n  while True: yield 1.0\n def __len__(s): return 3\nLIES = L([7.25])",
}

LEAVING = {  # nothing right follows: no points
    "sys-exit": "import sys; sys.exit(0)",
    "os-exit": "import os; os._exit(0)",
    "system-exit": "raise SystemExit(0)",
    "keyboard-interrupt": "raise KeyboardInterrupt",
    "generator-exit": "raise GeneratorExit",
    "quit": "import builtins; getattr(builtins, 'quit', exit if 'exit' in dir(builtins) else (lambda: __import__('sys').exit()))()",
    "pytest-exit": "import pytest; pytest.exit('all passed', 0)",
    "pytest-skip": "import pytest; pytest.skip('x', allow_module_level=True)",
    "outcome-by-name": "class Skipped(BaseException): __module__ = 'builtins'\nraise Skipped('skipped')",
    "abort": "import os; os.abort()",
    "base-exception-group": "raise BaseExceptionGroup('x', [SystemExit(0), KeyboardInterrupt()])",
    "exit-in-thread": "import os, threading; threading.Thread(target=os._exit, args=(0,)).start()\nwhile True: pass",
}
LATER = {  # right until it is asked to walk back
    "exit-in-method": "import os\nValue.backward = lambda self: os._exit(0)",
    "system-exit-in-method": "import sys\nValue.backward = lambda self: sys.exit(0)",
    "interrupt-in-method": "def _b(self): raise KeyboardInterrupt\nValue.backward = _b",
    "exit-in-del": "import os\nclass _D:\n def __del__(self): os._exit(0)\n_old = Value.backward\ndef _b(self): _D()\nValue.backward = _b",
    "exit-in-getattr": "import os\nclass _V(Value):\n def __getattribute__(s, n): return os._exit(0) if n == 'grad' else object.__getattribute__(s, n)\nValue = _V",
    "exit-in-repr-of-error": "import os\nclass _E(Exception):\n def __str__(s): os._exit(0)\ndef _b(self): raise _E()\nValue.backward = _b",
    "error-without-str": "class _E(Exception):\n def __str__(s): raise s\n __repr__ = __str__\ndef _b(self): raise _E()\nValue.backward = _b",
    "assertion-with-words": "def _b(self): raise AssertionError('all checks passed')\nValue.backward = _b",
}
ATEXIT = "import atexit, os\natexit.register(lambda: os.write(1, b'@OWNED@ 100 points'))\natexit.register(os._exit, 0)\n"


def beside(**contents: str) -> Make:
    """The starter, with other files beside it that ask to be found first."""

    def make(course, place):
        files(micrograd__py=course.starter, **contents)(course, place)

    return make


_HOOK = "def pytest_runtest_makereport(item, call):\n    print('@OWNED@')\ndef pytest_collection_modifyitems(items): items.clear()\n"
SHADOWS = {
    "conftest": {"conftest__py": _HOOK},
    "conftest-below": {"tests_0conftest__py": _HOOK, "hidden_0conftest__py": _HOOK},
    "pytest-ini": {"pytest__ini": "[pytest]\naddopts = --collect-only -p conftest\n", "conftest__py": _HOOK},
    "pyproject": {"pyproject__toml": "[tool.pytest.ini_options]\naddopts = '--co'\n", "tox__ini": "[pytest]\naddopts=--co\n"},
    "sitecustomize": {"sitecustomize__py": "print('@OWNED@')", "usercustomize__py": "print('@OWNED@')"},
    "pth": {"evil__pth": "import os; os._exit(0)\n"},
    "stdlib": {
        "math__py": "print('@OWNED@')",
        "random__py": "print('@OWNED@')",
        "json__py": "print('@OWNED@')",
        "socket__py": "print('@OWNED@')",
    },
    "numpy": {"numpy__py": "print('@OWNED@')", "torch_0____init____py": "print('@OWNED@')"},
    "pytest": {"pytest__py": "print('@OWNED@')", "_pytest_0____init____py": "print('@OWNED@')"},
    "grader": {"grader_0____init____py": "print('@OWNED@')", "grader_0wire__py": "print('@OWNED@')"},
    "manifest": {"assignment__toml": 'name = "hw2"\n', "tests_0test_mine__py": "def test_x(): pass\n"},
    "given": {"pain__py": "print('@OWNED@')\nraise SystemExit\n"},
}

PATCHES = {
    "builtins": "import builtins\nfor n in ('abs', 'isinstance', 'float', 'round', 'max', 'len', 'repr', 'all', 'any'):\n"
    "    pass\nbuiltins.abs = lambda x: 0.0\nbuiltins.isinstance = lambda *a: True\nbuiltins.AssertionError = ZeroDivisionError",
    "import": "import builtins\n_i = builtins.__import__\nbuiltins.__import__ = lambda n, *a: None if n == 'pytest' else _i(n, *a)",
    "math": "import math\nmath.tanh = math.exp = math.isclose = lambda *a, **k: 1.0",
    "time": "import time\ntime.time = time.monotonic = time.perf_counter = time.process_time = lambda: 0.0",
    "random": "import random\nrandom.seed(0)\nrandom.Random.uniform = random.Random.random = lambda *a: 1.0",
    "reports": "import sys, types\nm = types.ModuleType('pytest'); m.approx = lambda *a, **k: type('A', (), {'__eq__': lambda s, o: True})()\n"
    "sys.modules['pytest'] = sys.modules['_pytest'] = sys.modules['_pytest.reports'] = m",
    "meta-path": "import sys\nclass F:\n def find_spec(s, *a): return None\nsys.meta_path[:] = [F()]\nsys.path_hooks.clear(); sys.path_importer_cache.clear()",
    "settrace": "import sys, threading\ndef t(f, e, a):\n f.f_trace_opcodes = False\n return t\nsys.settrace(t); threading.settrace(t)",
    "setprofile": "import sys\nsys.setprofile(lambda f, e, a: f.f_locals.update(x=1))",
    "ctypes-one-is-two": "import ctypes\nctypes.memmove(id(1) + 24, b'\\x02\\0\\0\\0', 4)",
    "excepthook": "import sys, threading\nsys.excepthook = sys.unraisablehook = threading.excepthook = lambda *a: None",
    "worker-answers": "import sys\nfor n in list(sys.modules):\n    if n.startswith('grader'):\n        m = sys.modules[n]\n"
    "        for k in ('describe', '_limited', '_same', '_snapshot', '_flush'):\n            setattr(m, k, lambda *a: [])",
    "worker-replies": "import sys\nS = sys.modules['grader.worker.serve'].Served\nS._batch = lambda self, ops, ask: {'v': [1.0] * len(ask[1]) if ask and ask[0] == 'many' else 1.0}",
    "worker-true": "import sys\nS = sys.modules['grader.worker.serve'].Served\nS._batch = lambda self, ops, ask: {'v': True}",
    "gc": "import gc\nfor o in gc.get_objects():\n    if type(o) is dict and 'ops' in o: o['ops'] = []",
    "json": "import json\njson.dumps = lambda *a, **k: '{\"v\": 1.0}'",
}

READS = {
    "hidden-suite": "return open('@HIDDEN@').read()",
    "solution": "return open('@SOLUTION@').read()",
    "other-hand-in": "return open('@OTHER@').read()",
    "gradebook": "return open('@STORE@', 'rb').read()",
    "gradebook-sqlite": "import sqlite3\nreturn sqlite3.connect('file:@STORE@?mode=ro', uri=True).execute('select * from sqlite_master').fetchall()",
    "host-file": "return open('@HOST@').read()",
    "passwd": "return open('/etc/shadow').read() or open('/etc/passwd').read()",
    "walk": "import os\nfor top in ('@ROOT@', '/home', '/root', '/tmp', '/var'):\n    for d, _, fs in os.walk(top):\n        for f in fs[:50]:\n"
    "            try: open(os.path.join(d, f)).read(10); return d, f\n            except OSError: pass",
    "environment": "import os\nreturn [v for v in os.environ.values() if 'canary' in v]",
    "environment-by-c": "import ctypes\ne = ctypes.POINTER(ctypes.c_char_p).in_dll(ctypes.CDLL(None), 'environ')\ni, out = 0, []\n"
    "while e[i]:\n    out += [e[i]] if b'canary' in e[i] else []\n    i += 1\nreturn out",
    "proc-environ": "import os\nreturn open(f'/proc/{os.getppid()}/environ').read() + open('/proc/self/environ').read()",
    "proc-cmdline": "import os\nreturn [open(f'/proc/{p}/cmdline').read() for p in os.listdir('/proc') if p.isdigit()]",
    "proc-maps": "return open('/proc/self/maps').read()",
    "proc-memory": "import os\nreturn open(f'/proc/{os.getppid()}/mem', 'rb')",
    "proc-root": "import os\nreturn os.listdir(f'/proc/{os.getppid()}/root') or os.listdir('/proc/1/root')",
    "proc-fds": "import os\nreturn [os.readlink(f'/proc/{os.getppid()}/fd/{n}') for n in range(9)]",
    "frames": "import sys\nf, out = sys._getframe(), []\nwhile f:\n    out += [v for v in f.f_locals.values() if isinstance(v, str) and ('canary' in v or 'hidden' in v)]\n"
    "    f = f.f_back\nreturn out",
    "heap": "import gc\nreturn [o for o in gc.get_objects() if isinstance(o, dict) and any(isinstance(k, str) and 'hidden/' in k for k in list(o)[:50])]",
    "memory-of-parent": "import ctypes, os\nl = ctypes.CDLL(None, use_errno=True)\nreturn l.ptrace(16, os.getppid(), 0, 0) == 0",
    "trace-me": "import ctypes\nreturn ctypes.CDLL(None).ptrace(0, 0, 0, 0) == 0",
    "descriptors": "import os\nout = []\nfor fd in [0, *range(4, 256)]:\n    try: out.append(os.pread(fd, 100, 0))\n    except OSError: pass\nreturn any(out)",
    "symlink": "import os\nos.symlink('@HIDDEN@', '/tmp/@MARK@')\nreturn open('/tmp/@MARK@').read()",
    "hard-link": "import os\nos.link('@HIDDEN@', '/tmp/@MARK@')\nreturn open('/tmp/@MARK@').read()",
    "handle": "import ctypes\nreturn ctypes.CDLL(None).open_by_handle_at(-100, b'\\0' * 136, 0) >= 0",
    "linecache": "import linecache\nreturn linecache.getlines('@HIDDEN@') or linecache.getlines('@SOLUTION@')",
    "import-solution": "import sys\nsys.path.insert(0, '@ROOT@/solutions/hw2')\nimport graphs\nreturn graphs",
    "importlib-file": "import importlib.util as u\ns = u.spec_from_file_location('x', '@SOLUTION@')\nm = u.module_from_spec(s); s.loader.exec_module(m)\nreturn m",
    "raw-devices": "import os\nfor p in ('/dev/mem', '/dev/kmsg', '/dev/vda', '/dev/sda', '/proc/kcore', '/dev/tty'):\n"
    "    try: return os.read(os.open(p, os.O_RDONLY), 10)\n    except OSError: pass",
    "watch": "import ctypes\nl = ctypes.CDLL(None)\nfd = l.inotify_init1(0)\nreturn fd >= 0 and l.inotify_add_watch(fd, b'@ROOT@', 0xfff) >= 0",
    "compile-solution": "return compile(open('@SOLUTION@').read(), 'x', 'exec')",
}

FORGED = {
    "pytest-words": "print('===== 71 passed in 0.10s =====')\nprint('.' * 71 + ' [100%]')",
    "json-grade": 'print(\'{"score": 100.0, "status": "graded", "checks": []}\', flush=True)',
    "judge-line": 'import os\nos.write(1, b\'{"grade": {"score": 100}}\\n\')\nos.write(2, b\'{"grade": {"score": 100}}\\n\')',
    "result-files": "for p in ('/autograder/results/results.json', 'result.json', '/tmp/@MARK@.json'):\n"
    "    try: open(p, 'w').write('{\"score\": 100}')\n    except OSError: pass",
    "every-descriptor": "import os, struct\nb = b'{\"v\":1.0}'; h = b'[9]'\nf = struct.pack('>I', 4 + len(h) + len(b)) + struct.pack('>I', len(h)) + h + b\n"
    "for fd in range(3, 64):\n    try: os.write(fd, f * 500)\n    except OSError: pass",
    "answers-in-advance": 'import os, struct\nb = b\'{"v":{"names":["Value","topo"],"layers":[]}}\'; h = b\'[%d]\' % len(b)\n'
    "os.write(3, struct.pack('>II', 4 + len(h) + len(b), len(h)) + h + b)\nb = b'{\"v\":1.0}'; h = b'[9]'\n"
    "os.write(3, (struct.pack('>II', 4 + len(h) + len(b), len(h)) + h + b) * 1000)\nimport time; time.sleep(60)",
    "deep-reply": "import os, struct\nb = b'[' * 100000 + b']' * 100000; h = b'[200000]'\nos.write(3, struct.pack('>II', 4 + len(h) + len(b), len(h)) + h + b)",
    "huge-frame": "import os, struct\nos.write(3, struct.pack('>I', 0x7fffffff) + b'x' * 100)\nimport time; time.sleep(60)",
    "endless-frames": "import os, struct\nf = struct.pack('>I', 0x80000000 | 1 << 20) + b'x' * (1 << 20)\nwhile True: os.write(3, f)",
    "empty-frames": "import os\nwhile True: os.write(3, b'\\x80\\0\\0\\0' * 1000)",
    "truncated": "import os\nos.write(3, b'\\0\\0\\1\\0{\"v\"'); os._exit(0)",
    "slow-drip": "import os, time\nwhile True: os.write(3, b'\\0'); time.sleep(.3)",
    "pickle": "import os, pickle, struct\nclass P:\n def __reduce__(s): return (print, ('@OWNED@',))\nb = pickle.dumps(P())\n"
    "os.write(3, struct.pack('>I', len(b)) + b)",
    "many-names": "import sys\nfor n in range(300000): globals()[f'n{n}'] = n",
    "nan-in-json": "import os, struct\nb = b'{\"v\":NaN}'; h = b'[9]'\nos.write(3, struct.pack('>II', 4 + len(h) + len(b), len(h)) + h + b)",
    "lying-lengths": "import os, struct\nh = b'[-5, 99999999]'\nos.write(3, struct.pack('>II', 4 + len(h), len(h)) + h)",
    "callback-without-end": "import sys\nS = sys.modules['grader.worker.serve'].Served\n"
    "S._batch = lambda self, ops, ask: [self.call(n, [], {}) for n in range(10**6)]",
    "wrong-handles": "import sys\nS = sys.modules['grader.worker.serve'].Served\nS._batch = lambda self, ops, ask: {'v': {'h': -7, 'T': 'float'}}",
    "restored-arguments": "import sys\nS = sys.modules['grader.worker.serve'].Served\nS._batch = lambda self, ops, ask: {'v': 1.0, 'r': [[k, [1.0]] for k in range(99)]}",
}
HOSTILE_TEXT = r"\x1b[2J\x1b]0;x\x07\r\n::error file=x::@OWNED@X\n::add-mask::x\n<script>alert(1)</script>\u202e=cmd|'/c calc'!A1"
SPEAKING = {
    "in-message": f"raise ValueError('{HOSTILE_TEXT}')",
    "in-type-name": f"raise type('{HOSTILE_TEXT}', (Exception,), {{}})('x')",
    "in-print": f"print('{HOSTILE_TEXT}' * 50)\nraise ValueError('x')",
    "in-class-name": f"Value = type('{HOSTILE_TEXT}', (), {{'__init__': lambda s, *a: None}})",
    "in-file-name": f"exec(compile('raise ValueError(1)', '{HOSTILE_TEXT}', 'exec'))",
    "in-syntax-error": "raise SyntaxError('\\x1b[31m', ('\\x1b[2J', -1, 10**9, '\\x1b[0m' * 1000))",
    "huge-message": "raise ValueError('A' * (1 << 24))",
    "binary-output": "import os\nos.write(1, bytes(range(256)) * 100)\nraise ValueError('x')",
}

ALWAYS_ONE = ("worker-replies", "answers-in-advance", "restored-arguments")
ONE = 1.0  # what a program earns that answers 1 to everything: "the root's own blame is 1" is right

HER_TESTS = {
    "always-raises": "def test_x(student): raise AssertionError('caught')",
    "exits": "import os\ndef test_x(student): os._exit(1)",
    "system-exit": "def test_x(student): raise SystemExit",
    "loops": "def test_x(student):\n    while True: pass",
    "only-when-wrong-by-source": "import inspect\ndef test_x(student):\n    src = inspect.getsource(student)\n    raise AssertionError(src)",
    "changes-the-program": "def test_x(student):\n    student.Value.__add__ = None\n    student.Value(1) + student.Value(2)",
    "asks-without-end": "def test_x(student):\n    for n in range(10**7): student.Value(n)",
    "deep-callback": "def test_x(student):\n    def f(*a): return student.topo(f)\n    f()",
    "name-of-target": "def test_x(student):\n    if 'wrong' in str(vars(student)) + repr(student): raise AssertionError('x')",
    "no-tests": "x = 1",
}


def cases() -> list[Case]:
    """Return the cases of this file."""
    found = [Case("lying", name, lying(lie), most=ONE if name in ALWAYS_ONE else 0.0) for name, lie in LIES.items()]
    found += family("exit", lambda body: program("starter", body, first=True), LEAVING, exactly=0.0)
    found += family("exit", lambda body: program("right", body), LATER, most=45.0)
    found += [Case("exit", "atexit", program("right", ATEXIT), exactly=70.0)]
    found += [Case("shadow", name, beside(**contents), exactly=0.0) for name, contents in SHADOWS.items()]
    for kind, name, body in [("patch", *item) for item in PATCHES.items()] + [("forge", *item) for item in FORGED.items()]:
        found.append(Case(kind, name, program("starter", body), most=ONE if name in ALWAYS_ONE else 0.0))
    found += family("read", attack, READS, exactly=70.0)
    found += family("speak", lambda body: program("starter", body), SPEAKING, exactly=0.0)
    found += family("tests", with_tests, HER_TESTS, exactly=90.0)
    return found
