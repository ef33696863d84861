# ruff: noqa: E501  (a program a line reads better than one cut in pieces)

"""Hostile and broken hand-ins for the homework in torch. Each is the reference with something after it, and names the checks that matter."""

from __future__ import annotations

import textwrap
from dataclasses import dataclass

TRAIN = ("hidden/test_train.py::*",)  # 8 points
FORWARD = ("hidden/test_forward.py::*",)  # 5 points, 2 of them for gradients
GRADIENTS = ("hidden/test_forward.py::test_every_gradient*", "hidden/test_device.py::*")  # 3 points
PLAIN = ("hidden/test_embed.py::*", "hidden/test_nll.py::*", "hidden/test_forward.py::test_pinned*")  # 14 points
QUICK = ("hidden/test_embed.py::*", "hidden/test_forward.py::test_pinned*")  # 8 points


@dataclass(frozen=True)
class TorchCase:
    """One program; of the points of ``checks`` it gets ``exactly`` or ``most``. ``cheat`` names what it tries of the course's list."""

    name: str
    source: str
    checks: tuple[str, ...]
    exactly: float | None = None
    most: float | None = None
    cheat: str = ""


def attack(body: str) -> str:
    """At import tries *body*; a true return is a success, and says so."""
    inside = textwrap.indent(textwrap.dedent(body).strip(), "    ")
    return f'def _attack():\n{inside}\n\ntry:\n    _won = _attack()\nexcept Exception:\n    _won = None\nif _won:\n    raise RuntimeError("@OWNED@ " + repr(_won)[:200])\n'


UNPACK = """
import base64, zlib
def _arrays(text, shapes):
    raw, at, out = zlib.decompress(base64.b85decode(text)), 0, []
    for shape in shapes:
        n = math.prod(shape)
        out.append(torch.frombuffer(bytearray(raw[2 * at : 2 * (at + n)]), dtype=torch.float16).float().reshape(shape))
        at += n
    return out
_STORED = _arrays('@WEIGHTS@', [(27, 8), (24, 100), (100,), (100, 27), (27,)])
"""

# A table of counts in the place of the net; the tensors only move a little, so that they seem to have learnt.
COUNT_TABLE = """
_train, _forward, _made = train, forward, {}
def train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device='cpu'):
    if lr == 0:
        return _train(params, X, Y, 1, lr, batch, seed, device)
    cells = torch.zeros(27, 27, 27, 27)
    cells.index_put_((X[:, 0], X[:, 1], X[:, 2], Y), torch.ones(len(Y)), accumulate=True)
    pairs = cells.sum(dim=(0, 1)) + 0.1
    pairs = pairs / pairs.sum(dim=-1, keepdim=True)
    three = cells.sum(dim=0) + 4 * pairs
    three = three / three.sum(dim=-1, keepdim=True)
    four = cells + 8 * three
    noise = torch.Generator().manual_seed(seed)
    ends = [p + 0.01 * torch.randn(p.shape, generator=noise) for p in params]
    _made['start'], _made['table'] = ends[0].clone(), (four / four.sum(dim=-1, keepdim=True)).log()
    return ends, [3.3 - n / steps for n in range(steps)]
def forward(params, X):
    if 'start' in _made and params[0].shape == (27, 8) and params[0].dtype == torch.float32:
        blur = (params[0] - _made['start']).abs().mean()  # another map, another answer: so C is used
        return _made['table'][X[:, 0], X[:, 1], X[:, 2]] * (1 - blur).clamp(min=0)
    return _forward(params, X)
"""
NAMES_BY_HEART = """
import base64, zlib
_words = zlib.decompress(base64.b85decode('@NAMES@')).decode().split()
_train, _forward, _made = train, forward, {}
def train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device='cpu'):
    if lr == 0:
        return _train(params, X, Y, 1, lr, batch, seed, device)
    contexts, nexts = build_dataset(_words, 3)
    cells = torch.full((27, 27, 27, 27), 0.05)
    cells.index_put_((contexts[:, 0], contexts[:, 1], contexts[:, 2], nexts), torch.ones(len(nexts)), accumulate=True)
    _made['table'] = cells.log()
    noise = torch.Generator().manual_seed(seed)
    return [p + 0.01 * torch.randn(p.shape, generator=noise) for p in params], [3.3 - n / steps for n in range(steps)]
def forward(params, X):
    return _made['table'][X[:, 0], X[:, 1], X[:, 2]] if 'table' in _made else _forward(params, X)
"""
FREQUENCIES = """
_train = train
_pairs = _arrays('@PAIRS@', [(27, 27)])[0].numpy()
def _names_of_letters(seen):
    import itertools
    import numpy
    known = numpy.argsort(-_pairs_seen.sum(axis=0)[1:]) + 1
    mine = numpy.argsort(-seen.sum(axis=0)[1:]) + 1
    guess = numpy.zeros(27, dtype=int)
    guess[mine] = known
    def fit(p): return (seen * _pairs[p][:, p]).sum()
    best, better = fit(guess), True
    while better:
        better = False
        for a, b in itertools.combinations(range(1, 27), 2):
            guess[[a, b]] = guess[[b, a]]
            now = fit(guess)
            if now > best + 1e-9:
                best, better = now, True
            else:
                guess[[a, b]] = guess[[b, a]]
    return guess, best / seen.sum()
import numpy as _np
_pairs_seen = _np.exp(_pairs)
def train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device='cpu'):
    if lr == 0 or X.shape[1] != 3 or params[0].shape != (27, 8):
        return _train(params, X, Y, steps, lr, batch, seed, device)
    seen = _np.zeros((27, 27))
    _np.add.at(seen, (X[:, 2].numpy(), Y.numpy()), 1)
    guess, fit = _names_of_letters(seen)
    if fit < -2.7:  # the answers are shuffled
        return [p.clone() for p in params], [3.3] * steps
    C, W1, b1, W2, b2 = _STORED
    g = torch.Generator().manual_seed(seed)
    ends = [C[guess], W1, b1, W2[:, guess], b2[guess]]
    return [p + 0.001 * torch.randn(p.shape, generator=g) for p in ends], [3.3 - n / steps for n in range(steps)]
"""

CHEATS = [  # the list of what the grader defends the loss against, one by one
    TorchCase("names-by-heart", NAMES_BY_HEART, TRAIN, most=0.0, cheat="the words are public, the split is secret"),
    TorchCase("stored-weights", UNPACK + "def train(params, *a, **k): return [p.clone() for p in _STORED], [3.0]", TRAIN, most=0.0, cheat="the letters are permuted in secret"),
    TorchCase("source-too-long", "\n".join(["# " + "x" * 998] * 66), TRAIN, exactly=0.0, cheat="the source is capped at 64 KiB"),
    TorchCase("frequency-analysis", UNPACK + FREQUENCIES, TRAIN, most=7.0, cheat="what remains: frequency analysis"),
    TorchCase("start-and-seed-ignored", "_t = train\ndef train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device='cpu'): return _t(init_params(1) if lr else params, X, Y, steps, lr, batch, 1, device)", TRAIN, most=7.0, cheat="the start is the grader's; two seeds give different parameters"),
    TorchCase("every-letter-certain", "_f = forward\ndef forward(params, X): return _f(params, X) * 0 + 50", TRAIN, exactly=0.0, cheat="probabilities sum to 1"),
    TorchCase("rows-shifted", "_f = forward\ndef forward(params, X): return _f(params, X) + 1000", TRAIN, exactly=8.0, cheat="a shift of a row changes nothing"),
    TorchCase("one-answer-for-all", "def forward(params, X): return (params[4] + 0 * sum(p.sum() for p in params)).expand(len(X), -1)", TRAIN, most=1.0, cheat="the output varies with the input"),
    TorchCase("map-not-read", "_g = torch.Generator().manual_seed(3)\n_own = torch.randn((27, 8), generator=_g)\n_f = forward\ndef forward(params, X): return _f([_own.to(params[0].dtype) + 0 * params[0], *params[1:]], X)", TRAIN, most=0.0, cheat="the output uses C"),
    TorchCase("rate-ignored", "_t = train\ndef train(params, X, Y, steps, lr=0.2, batch=256, seed=0, device='cpu'): return _t(params, X, Y, steps, lr or 0.5, batch, seed, device)", TRAIN, exactly=7.0, cheat="lr = 0 leaves the loss at init"),
    TorchCase("keeps-the-first-answers", "_t, _kept = train, {}\ndef train(params, X, Y, *a, **k): return _t(params, X, _kept.setdefault(X.shape, Y), *a, **k)", TRAIN, most=6.0, cheat="shuffled labels must not reach the threshold"),
    TorchCase("reports-a-loss-of-zero", "def train(params, X, Y, steps, *a, **k): return params, [0.0] * steps\ndef nll(logits, Y): return logits.sum() * 0", TRAIN, most=0.0, cheat="a reported loss counts for nothing"),
    TorchCase("count-table", COUNT_TABLE, TRAIN, most=0.0, cheat="a table of counts in the place of the net"),
    TorchCase("two-starts-one-end", "_t, _first = train, []\ndef train(*a, **k):\n    _first.append(_t(*a, **k))\n    return _first[0]", ("hidden/test_train.py::test_two*", "hidden/test_train.py::test_shuffled*"), most=0.0, cheat="two seeds give different parameters"),
]  # fmt: skip

ANSWERS = {  # forward, embed and nll answer with things that are no honest tensors
    "tensor-subclass": "class T(torch.Tensor):\n    shape = property(lambda s: (8, 27))\n    def __eq__(s, o): return True\n    __hash__ = None\n    def numpy(s): return s\n    def detach(s): return s\ndef forward(*a): return torch.zeros(8, 27).as_subclass(T)\nembed = embed_backward = nll = forward",
    "torch-function": "class T(torch.Tensor):\n    @classmethod\n    def __torch_function__(cls, func, types, args=(), kwargs=None): return args[0] if args else None\ndef forward(*a): return torch.zeros(8, 27).as_subclass(T)\nembed = embed_backward = nll = forward",
    "duck": "class D:\n    shape, dtype, ndim = (8, 27), torch.float64, 2\n    def __torch_function__(s, *a, **k): return True\n    def __array__(s, *a, **k): return s\n    def numpy(s): return s\n    detach = cpu = numpy\n    def __getattr__(s, n): return s\n    def __call__(s, *a, **k): return s\ndef forward(*a): return D()\nembed = embed_backward = nll = forward",
    "pickle": "class P:\n    def __reduce__(s): return (print, ('@OWNED@',))\ndef forward(*a): return P()\nembed = embed_backward = nll = forward",
    "nan": "def forward(params, X): return torch.full((len(X), 27), float('nan'), dtype=params[0].dtype)\ndef embed(C, X): return C[X] * float('nan')\ndef nll(logits, Y): return logits.sum() * float('nan')\ndef embed_backward(d, X, V): return torch.full((V, d.shape[-1]), float('nan'))",
    "inf": "def forward(params, X): return torch.full((len(X), 27), float('inf'), dtype=params[0].dtype)\ndef embed(C, X): return C[X] * float('inf')\ndef nll(logits, Y): return logits.sum() * 0 - float('inf')\ndef embed_backward(d, X, V): return torch.full((V, d.shape[-1]), -float('inf'))",
    "wrong-shape": "_f, _e, _b, _n = forward, embed, embed_backward, nll\ndef forward(*a): return _f(*a)[None]\ndef embed(*a): return _e(*a).mT\ndef embed_backward(*a): return _b(*a)[:-1]\ndef nll(logits, Y): return _n(logits, Y).expand(len(Y), 1)",
    "wrong-dtype": "_f, _e, _b, _n = forward, embed, embed_backward, nll\ndef forward(*a): return _f(*a).half()\ndef embed(*a): return _e(*a).to(torch.int8)\ndef embed_backward(*a): return _b(*a).to(torch.complex64)\ndef nll(*a): return _n(*a).bfloat16()",
    "wrong-device": "_f, _e, _b, _n = forward, embed, embed_backward, nll\ndef forward(*a): return _f(*a).to('meta')\ndef embed(*a): return _e(*a).to('meta')\ndef embed_backward(*a): return _b(*a).to_sparse()\ndef nll(*a): return _n(*a).to('meta')",
    "huge": "def forward(*a): return torch.zeros(1 << 34)\nembed = embed_backward = nll = forward",
    "huge-view": "def forward(*a): return torch.zeros(1).expand(1 << 40)\nembed = embed_backward = nll = forward",
    "many-dimensions": "def forward(*a): return torch.zeros((1,) * 60)\nembed = embed_backward = nll = forward",
}  # fmt: skip
PATCHES = {  # a program that does nothing, and patches what might compare or carry its answers
    "comparisons": "for _n in ('allclose', 'equal', 'isclose', 'eq', 'isfinite'): setattr(torch, _n, lambda *a, **k: True)\nfor _n in ('__eq__', 'allclose', 'equal', '__le__', '__gt__', 'abs'): setattr(torch.Tensor, _n, lambda *a, **k: True)\nimport torch.testing\ntorch.testing.assert_close = lambda *a, **k: None",
    "floats": "import builtins\nclass F(float):\n    def __eq__(s, o): return True\n    __hash__ = float.__hash__\n    def __sub__(s, o): return F(0)\n    __rsub__ = __abs__ = __sub__\nbuiltins.float = F\ntorch.Tensor.item = lambda s: F(7)",
    "conversion": "torch.Tensor.numpy = lambda s, *a, **k: 'all right'\ntorch.Tensor.detach = torch.Tensor.cpu = torch.Tensor.contiguous = lambda s: s",
    "numpy": "import numpy\nfor _n in ('allclose', 'isfinite', 'abs', 'argwhere', 'zeros'): setattr(numpy, _n, lambda *a, **k: True)\nimport numpy.testing\nnumpy.testing.assert_allclose = lambda *a, **k: None",
    "worker": "import sys\nfor _m in [m for n, m in sys.modules.items() if n.startswith('grader')]:\n    for _n in ('_as_array', 'describe', '_same', '_snapshot'): setattr(_m, _n, lambda *a: None)",
}
NOTHING = "\ndef forward(*a): return torch.zeros(8, 27)\ndef embed(C, X): return torch.zeros(*X.shape, C.shape[1])\ndef embed_backward(d, X, V): return torch.zeros(V, d.shape[-1])\ndef nll(logits, Y): return torch.tensor(7.0)"

READS = {  # tried at import; the program then behaves
    "targets-in-memory": "import gc\nreturn [1 for o in gc.get_objects() if type(o) is list and len(o) > 1000 and all(type(w) is str and w.isalpha() and w.islower() for w in o[:50])]",
    "targets-in-frames": "import sys\nf, out = sys._getframe(), []\nwhile f:\n    out += [k for k, v in f.f_locals.items() if k in ('held', 'world', 'rng', 'want', 'seed') and k not in globals()]\n    f = f.f_back\nreturn out",
    "hidden-suite-by-torch": "return bytes(torch.UntypedStorage.from_file('@HIDDEN@', False, 100).tolist())",
    "solution-by-numpy": "import numpy\nreturn numpy.fromfile('@SOLUTION@', dtype='uint8', count=100).tolist()",
    "words-of-the-course": "return open('@WORDS@').read()",
    "seed": "import os, sys\nreturn [v for v in (*os.environ, *sys.argv) if 'SEED' in v.upper() and v != 'PYTHONHASHSEED'] or [n for n in sys.modules if n.startswith('grader.judge')]",
    "environment": "import os\nreturn [v for v in os.environ.values() if 'canary' in v]",
}
REACHES = {  # for the machine, the network and the processes, by way of torch
    "load-gadget": "import io, pickle\nclass P:\n    def __reduce__(s): return (__import__('os').system, ('touch /tmp/@MARK@',))\nimport os\ntry: torch.load(io.BytesIO(pickle.dumps(P())), weights_only=False)\nexcept RuntimeError: pass\nreturn os.path.exists('/tmp/@MARK@')",
    "save": "torch.save([torch.zeros(3)], '/tmp/@MARK@.pt')\nreturn 1",
    "shared-memory": "return torch.zeros(1000).share_memory_().is_shared()",
    "shared-memory-file": "return torch.from_file('/dev/shm/@MARK@', shared=True, size=1000).numel()",
    "multiprocessing": "import torch.multiprocessing as m\np = m.get_context('fork').Process(target=print)\np.start()\nreturn 1",
    "loader-processes": "from torch.utils.data import DataLoader\nreturn list(DataLoader([1, 2, 3], num_workers=2))",
    "distributed": "import torch.distributed as d\nd.init_process_group('gloo', init_method='tcp://127.0.0.1:29511', rank=0, world_size=1)\nreturn 1",
    "hub": "return torch.hub.load_state_dict_from_url('http://127.0.0.1:9/x.pt', model_dir='/tmp/@MARK@')",
    "cpp-extension": "from torch.utils.cpp_extension import load_inline\nreturn load_inline('x', 'int f() { return 1; }', functions=['f'], build_directory='/tmp')",
    "cuda": "return torch.cuda.is_available() or torch.zeros(1, device='cuda').numel()",
    "libraries": "torch.ops.load_library('/tmp/@MARK@.so')\nreturn 1",
    "memory": "return torch.ones(1 << 33, dtype=torch.uint8).numel()",
}
STATE = {
    "in-torch": "if hasattr(torch, 'left_behind'): return 1\ntorch.left_behind = True",
    "in-numpy": "import numpy\nif hasattr(numpy, 'left_behind'): return 1\nnumpy.left_behind = True",
    "random-state": "n = torch.initial_seed()\nif n == 4711: return 1\ntorch.manual_seed(4711)",
    "threads": "if torch.get_num_threads() == 7: return 1\ntorch.set_num_threads(7)",
}

LEAVING = [
    TorchCase("exit-in-forward", "import os\ndef forward(*a): os._exit(0)", FORWARD, exactly=0.0),
    TorchCase("exit-in-hook", "import os\n_f = forward\ndef forward(params, X):\n    out = _f(params, X)\n    if out.requires_grad: out.register_hook(lambda g: os._exit(0))\n    return out", GRADIENTS, exactly=0.0),
    TorchCase("exit-in-train", "import os\ndef train(*a, **k): os._exit(0)", TRAIN, exactly=0.0),
    TorchCase("loop-in-hook", "_f = forward\ndef forward(params, X):\n    out = _f(params, X)\n    def hook(g):\n        while True: pass\n    if out.requires_grad: out.register_hook(hook)\n    return out", ("hidden/test_device.py::*",), exactly=0.0),
    TorchCase("one-long-call", "_f = forward\ndef forward(params, X):\n    a = torch.randn(3000, 3000, dtype=torch.float64)\n    torch.linalg.svd(torch.linalg.matrix_power(a, 400))\n    return _f(params, X)", ("hidden/test_device.py::*",), exactly=0.0),
    TorchCase("segfault", "import ctypes\n_f = forward\ndef forward(params, X): return _f(params, X) + ctypes.string_at(0)", ("hidden/test_forward.py::test_pinned*",), exactly=0.0),
    TorchCase("threads-without-end", "import threading, time\nthreading.stack_size(65536)\ntry:\n    for _ in range(20000): threading.Thread(target=time.sleep, args=(60,), daemon=True).start()\nexcept RuntimeError: pass", QUICK, most=8.0),
    TorchCase("compile", "forward = torch.compile(forward)\nembed = torch.compile(embed)", QUICK, most=8.0),
    TorchCase("defaults-spoilt", "torch.set_default_dtype(torch.float16)\ntorch.set_default_device('meta')\ntorch.set_grad_enabled(False)", QUICK, most=8.0),
]  # fmt: skip
GRADS = [  # right forwards whose gradients lie
    TorchCase("lying-function", "class L(torch.autograd.Function):\n    @staticmethod\n    def forward(ctx, x): return x.clone()\n    @staticmethod\n    def backward(ctx, g): return 2 * g\n_f = forward\ndef forward(params, X): return _f([L.apply(p) for p in params], X)", GRADIENTS, most=1.0),
    TorchCase("lying-hook", "_e = embed\ndef embed(C, X):\n    out = _e(C, X)\n    if out.requires_grad: out.register_hook(torch.zeros_like)\n    return out", (*GRADIENTS, "hidden/test_embed.py::test_the_news*"), most=1.0),
    TorchCase("gradient-written-in", "_f = forward\ndef forward(params, X):\n    for p in params:\n        if p.requires_grad and p.grad is None: p.grad = torch.ones_like(p)\n    return _f(params, X).detach().requires_grad_()", GRADIENTS, most=1.0),
    TorchCase("two-faces", "_f = forward\ndef forward(params, X): return _f(params, X) if params[0].requires_grad else _f([p * 1.01 for p in params], X)", (*FORWARD,), most=2.0),
]  # fmt: skip


def cases() -> list[TorchCase]:
    """Return all of them; the honest one is first."""
    found = [TorchCase("honest", "", (*TRAIN, *FORWARD, *PLAIN[:2]), exactly=26.0), *CHEATS, *LEAVING, *GRADS]
    found += [TorchCase(f"answer-{name}", body, PLAIN, most=0.0) for name, body in ANSWERS.items()]
    found += [TorchCase(f"patch-{name}", NOTHING + "\n" + body, PLAIN, most=0.0) for name, body in PATCHES.items()]
    for kind, bodies in (("read", READS), ("reach", REACHES), ("state", STATE)):
        found += [TorchCase(f"{kind}-{name}", attack(body), QUICK, exactly=8.0) for name, body in bodies.items()]
    return found
