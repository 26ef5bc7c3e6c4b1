"""Functions that are handed to something which calls them: ``spawn(worker, args=(2,))``, ``Thread(target=worker)``.

A table says for each of these where the function is written and where its arguments are.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from seedbed.doctor.static import arguments, builtin_calls, frameworks, iteration
from seedbed.doctor.static.machine import Machine
from seedbed.doctor.static.naming import words
from seedbed.doctor.static.values import Val, const, join, unknown

Args = tuple[Val, ...]
Words = dict[str, Val]


@dataclass(frozen=True)
class Caller:
    """Where a call says which function is run, and with what."""

    place: int  # of the function
    word: str = ""
    given: str = ""  # what the caller itself puts before the arguments: the rank, a trial
    packed: int = -1  # the place of a tuple with the arguments
    packed_word: str = ""
    named_word: str = ""  # of a dict with arguments by name
    follows: bool = False  # what comes after the function are its arguments
    each: str = ""  # the arguments are sequences: "one" item of each; "row": an item is a row of arguments
    shell: bool = False  # arguments come from the command line
    later: bool = False  # gives back what calls the function, as ``partial`` does
    jobs: bool = False  # in a process or thread of its own: the loop that starts it is not a loop around it


_RANKED = Caller(0, "fn", given="rank", packed=1, packed_word="args", jobs=True)
_NOTEBOOK = Caller(0, "function", packed=1, packed_word="args")
_ELASTIC = Caller(1, "entrypoint", later=True)
_LAUNCH = Caller(0, "main_func", packed_word="args")

# By the last two words of the dotted name.
LIBRARY = {
    "multiprocessing.spawn": _RANKED,
    "multiprocessing.start_processes": _RANKED,
    "spawn.spawn": _RANKED,
    "xla_multiprocessing.spawn": _RANKED,
    "torch_xla.launch": _RANKED,
    "distributed.spawn": Caller(1, "fn", given="rank", packed=2, packed_word="args", named_word="kwargs_dict"),
    "accelerate.notebook_launcher": _NOTEBOOK,
    "launchers.notebook_launcher": _NOTEBOOK,
    "accelerate.debug_launcher": _NOTEBOOK,
    "launchers.debug_launcher": _NOTEBOOK,
    "launcher.elastic_launch": _ELASTIC,
    "api.elastic_launch": _ELASTIC,
    "api.launch_agent": Caller(1, "entrypoint", packed=2, packed_word="args"),
    "engine.launch": _LAUNCH,
    "core.launch": _LAUNCH,
    "fire.Fire": Caller(0, "component", shell=True),
    "typer.run": Caller(0, "function", shell=True),
    "app.run": Caller(0, "main", given="argv"),
    "asyncio.to_thread": Caller(0, "func", follows=True),
    "joblib.delayed": Caller(0, "function", later=True),
    "parallel.delayed": Caller(0, "function", later=True),
    "wandb.agent": Caller(1, "function", shell=True),
    "hyperopt.fmin": Caller(0, "fn", given="trial"),
    "tune.run": Caller(0, "run_or_experiment", given="config"),
    "_thread.start_new_thread": Caller(0, "function", packed=1, jobs=True),
    "pdb.runcall": Caller(0, "func", follows=True),
}

_EACH = Caller(0, "func", follows=True, each="one", jobs=True)
_ROWS = Caller(0, "func", packed=1, packed_word="iterable", each="row", jobs=True)
_ASYNC = Caller(0, "func", packed=1, packed_word="args", named_word="kwds", jobs=True)

# Methods: of which objects (a class or maker of the library, or a word of the name), and how they call.
_POOL = frozenset(
    ["Pool", "ThreadPool", "ThreadPoolExecutor", "ProcessPoolExecutor", "MPIPoolExecutor", "AutoExecutor"]
)
_POOL_WORDS = frozenset(["pool", "executor"])
_STUDY = frozenset(["create_study", "load_study", "Study"])
METHODS: dict[str, tuple[frozenset[str], frozenset[str], Caller]] = {
    "submit": (_POOL, _POOL_WORDS | {"ex"}, Caller(0, "fn", follows=True, jobs=True)),
    "map": (_POOL, _POOL_WORDS, _EACH),
    "imap": (_POOL, _POOL_WORDS, _EACH),
    "imap_unordered": (_POOL, _POOL_WORDS, _EACH),
    "map_async": (_POOL, _POOL_WORDS, _EACH),
    "starmap": (_POOL, _POOL_WORDS, _ROWS),
    "starmap_async": (_POOL, _POOL_WORDS, _ROWS),
    "apply": (_POOL, _POOL_WORDS, _ASYNC),
    "apply_async": (_POOL, _POOL_WORDS, _ASYNC),
    "run_in_executor": (frozenset(["get_running_loop", "get_event_loop"]), frozenset(["loop"]),
                        Caller(1, "func", follows=True)),
    "runcall": (frozenset(["Profile", "LineProfiler", "Pdb"]), frozenset(["profiler", "profile", "prof", "pr"]),
                Caller(0, "func", follows=True)),
    "runfunc": (frozenset(["Trace"]), frozenset(["tracer"]), Caller(0, "func", follows=True)),
    "optimize": (_STUDY, frozenset(["study"]), Caller(0, "func", given="trial")),
    "launch": (frozenset(["Fabric"]), frozenset(["fabric"]), Caller(0, "function", given="self", follows=True)),
    "run": (frozenset(["Parallel"]), frozenset(["parallel"]), Caller(0, "func", given="rank", follows=True)),
}  # fmt: skip
_DISTRIBUTOR = Caller(0, "train_object", follows=True)

# Objects that hold a function until they are started, and what starts them.
_HELD = Caller(1, "target", packed=3, packed_word="args", named_word="kwargs", jobs=True)
HELD = {
    "Thread": ("start", "run"),
    "Process": ("start", "run"),
    "Timer": ("start", "run"),
    "TorchTrainer": ("fit",),
    "Tuner": ("fit",),
}
_HOLDERS = {
    "Thread": _HELD,
    "Process": _HELD,
    "Timer": Caller(1, "function", packed=2, packed_word="args", named_word="kwargs", jobs=True),
    "TorchTrainer": Caller(0, "train_loop_per_worker", given="train_loop_config"),
    "Tuner": Caller(0, "trainable", given="config"),
}
_MADE = frozenset([*HELD, "Pool", "ThreadPool", "get_context"])


def library(run: Machine, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    """Call a function of the library that calls what it is given; ``None`` for all other functions."""
    root, _, last = name.rpartition(".")
    ends = f"{root.rpartition('.')[2]}.{last}"
    if (caller := LIBRARY.get(ends)) is not None:
        return _handed(run, caller, node, args, kwargs, None)
    if ends in ("cProfile.run", "profile.run") and args and isinstance(args[0].const, str):
        _written(run, node, args[0].const)
        return const(None, node, run.src)
    if last in _MADE and root.startswith("torch.multiprocessing"):
        return builtin_calls.library_value(run, "object", last, node, args, kwargs)
    return frameworks.library(run, name, node, args, kwargs)


def method(run: Machine, obj: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    """Call a method that calls what it is given, or what its object holds; ``None`` for all other methods."""
    if obj.kind == "future":
        return obj.args[0] if name in ("result", "get") else unknown(name, node, run.src)
    if obj.kind == "func":
        return _of_function(run, obj, name, node, args, kwargs)
    if (same := frameworks.method(run, obj, name, node, args, kwargs)) is not None:
        return same
    if obj.kind not in ("object", "unknown", "method", "instance"):
        return None
    if name in ("Process", "Pool") and obj.kind != "instance":
        return builtin_calls.library_value(run, "object", name, node, args, kwargs)
    if name in HELD.get(obj.name, ()) and obj.kind == "object":
        return _handed(run, _HOLDERS[obj.name], node, obj.args, obj.kwargs, None)
    if name == "run" and obj.name == "TorchDistributor":
        return _handed(run, _DISTRIBUTOR, node, args, kwargs, obj)
    known = METHODS.get(name)
    if known is None or not (
        obj.name in known[0] or (obj.kind != "object" and known[1].intersection(words(obj.var or obj.name)))
    ):
        return None
    return _handed(run, known[2], node, args, kwargs, obj)


def others(run: Machine, func: Val, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    """Call what is neither a function nor a class: a Typer application, ``start`` of a thread of the program."""
    if "<commands>" in func.attrs:
        return commands(run, func.attrs["<commands>"].items or [], node)
    me = func.args[0] if func.args else None
    if func.var == "start" and me is not None and me.kind == "instance" and hasattr(me.owner, "lib_bases"):
        own = me.owner.method("run")
        if own is not None and any(base.endswith(("Thread", "Process")) for base in me.owner.lib_bases()):
            return _apart(run, Val("func", "run", node, run.src), own, node, (me,))
    return None


def register(run: Machine, node: ast.FunctionDef | ast.AsyncFunctionDef, val: Val) -> None:
    """``@app.command()``: the application runs the function when it is called."""
    for decorator in node.decorator_list:
        named = decorator.func if isinstance(decorator, ast.Call) else decorator
        if isinstance(named, ast.Attribute) and named.attr in ("command", "group", "callback"):
            _add(run, run.eval(named.value), val)


def _add(run: Machine, holder: Val, val: Val) -> None:
    if holder.kind == "func":
        holder.owner.commands.append(val)
    elif holder.kind == "object":
        held = holder.attrs.setdefault("<commands>", Val("list", "commands", holder.node, run.src))
        held.items = [*(held.items or []), val]


def commands(run: Machine, given: list[Val], node: ast.AST) -> Val:
    """Run one of the commands of a program: which one, the command line says."""
    made: list[Val] = []

    def arm(one: Val) -> str:
        made.append(_shell(run, one, node))
        return ""

    if len(given) == 1:
        arm(given[0])
    else:
        run.branch(node, unknown("command", node, run.src), [lambda one=one: arm(one) for one in given])  # type: ignore[misc]
    return const(None, node, run.src)


def _shell(run: Machine, func: Val, node: ast.AST) -> Val:
    """Call a function with arguments of the command line: what is None by default may be given there."""
    if func.kind != "func":
        return run.apply(func, node, (), {})
    bound = len(func.args)
    spec = func.owner.node.args
    taken = {a.arg for a in [*spec.posonlyargs, *spec.args][:bound]}
    free = {k: v for k, v in arguments.left_open(func.owner).items() if k not in taken}
    return run.apply(func, node, (), free)


def _of_function(run: Machine, func: Val, name: str, node: ast.AST, args: Args, kwargs: Words) -> Val | None:
    """``job.remote(2)`` of ray, ``cli.add_command(train)`` of click."""
    if name == "remote":
        return _future(run, _apart(run, func, None, node, args, kwargs), node)
    if name == "add_command" and args and args[0].kind == "func":
        _add(run, func, args[0])
    return None


def _callable(val: Val | None) -> bool:
    return val is not None and (val.kind == "func" or (val.kind == "partial" and _callable(val.args[0])))


def _handed(run: Machine, caller: Caller, node: ast.AST, args: Args, kwargs: Words, obj: Val | None) -> Val | None:
    """Call the function that is handed over, with the arguments that are given for it."""
    func = args[caller.place] if len(args) > caller.place else kwargs.get(caller.word)
    if func is not None and caller.shell and func.kind == "dict" and all(_callable(v) for v in func.attrs.values()):
        return commands(run, list(func.attrs.values()), node)
    if func is None or not _callable(func):
        return None
    if caller.later:
        return func
    if caller.shell:
        return _shell(run, func, node)
    first, named = _arguments(run, caller, node, args, kwargs)
    if caller.given == "self" and obj is not None:
        first = (obj, *first)
    elif caller.given:
        first = (_own(run, caller, node, kwargs), *first)
    if not caller.jobs:
        return run.apply(func, node, first, named)
    result = _apart(run, func, None, node, first, named)
    if caller.each:
        made = Val("list", "mapped", node, run.src)
        made.items = [result]
        made.tags.add("each")
        return made
    return _future(run, result, node) if obj is not None else const(None, node, run.src)


def _own(run: Machine, caller: Caller, node: ast.AST, kwargs: Words) -> Val:
    """The argument that the caller makes: a rank is a number, all else is not known."""
    if caller.given in kwargs:
        return kwargs[caller.given]
    if caller.given == "rank":
        return builtin_calls.library_value(run, "number", "rank", node, (), {})
    made = unknown(caller.given, node, run.src)
    made.tags.add("free")
    return made


def _arguments(run: Machine, caller: Caller, node: ast.AST, args: Args, kwargs: Words) -> tuple[Args, Words]:
    """The arguments of the function that is handed over, by place and by name."""
    if caller.follows:
        first = args[caller.place + 1 :]
        if caller.each:
            return tuple(iteration.element(run, one, node) for one in first), {}
        return first, {k: v for k, v in kwargs.items() if k != caller.word}
    packed = args[caller.packed] if 0 <= caller.packed < len(args) else kwargs.get(caller.packed_word)
    if packed is not None and caller.each == "row":
        packed = iteration.element(run, packed, node)
    named = kwargs.get(caller.named_word)
    words_ = {k: v for k, v in named.attrs.items() if k != "*"} if named is not None and named.kind == "dict" else {}
    if packed is None:
        return (), words_
    if packed.items is not None and packed.kind in ("tuple", "list"):
        return tuple(packed.items), words_
    return (unknown("star", node, run.src, packed),), words_


def _apart(run: Machine, func: Val, own: object, node: ast.AST, args: Args, kwargs: Words | None = None) -> Val:
    """Run a function in a process or thread of its own, once for each place that starts it."""
    if own is not None:
        func.owner = own
    inner = func.args[0] if func.kind == "partial" else func
    key = ("job", id(getattr(inner.owner, "node", inner)), id(node))
    if key in run.memory:
        return run.memory[key]
    saved = run.loops, run.rounds
    run.loops, run.rounds = [], []
    try:
        result = run.apply(func, node, args, kwargs or {})
    finally:
        run.loops, run.rounds = saved
    run.memory[key] = join(None, result)
    return result


def _future(run: Machine, result: Val, node: ast.AST) -> Val:
    made = Val("future", "future", node, run.src)
    made.args = (result,)
    return made


def _written(run: Machine, node: ast.AST, text: str) -> None:
    """Run code that is given as text, placed at the call."""
    body: list[ast.stmt] | None = node.__dict__.get("_text")
    if body is None:
        try:
            tree = ast.parse(text)
        except SyntaxError:
            return
        for part in ast.walk(tree):
            if "lineno" in part.__dict__:
                ast.copy_location(part, node)
        body = node.__dict__["_text"] = tree.body
    run.run(body)
