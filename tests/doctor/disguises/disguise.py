"""The same program, written differently.

Each disguise takes the tree of a script and gives another tree that does the same: names that say nothing, arguments
in variables of their own, settings in a dictionary, the body of a loop in a function. What the doctor finds in a script
it must find in each of its disguises, and a correct script stays correct in all of them. ``None`` says that there is
nothing in the script to disguise in this way.
"""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Callable
from itertools import pairwise

from further import FURTHER
from habits import HABITS
from rewriting import (
    DEFINITIONS,
    IMPORTS,
    OWN_SCOPE,
    Bound,
    Constants,
    Flat,
    Longer,
    Member,
    Options,
    Put,
    Renamed,
    Spelling,
    blocks,
    bound_in,
    has_calls,
    holds,
    insert_first,
    leaves,
    names_in,
    one_name,
    own_nodes,
    rewrite,
    scopes,
    stored,
)

Disguise = Callable[[ast.Module], "ast.Module | None"]


def disguised(text: str, disguise: Disguise) -> str | None:
    """``text`` in a disguise, or ``None`` where it has nothing to disguise."""
    tree = disguise(ast.parse(text))
    return None if tree is None else ast.unparse(ast.fix_missing_locations(tree)) + "\n"


def plain(tree: ast.Module) -> ast.Module:
    """Nothing but the layout and the comments are gone."""
    return tree


def in_main(tree: ast.Module) -> ast.Module | None:
    """What stands after the last definition moves into ``main()``."""
    last = max((i for i, s in enumerate(tree.body) if isinstance(s, (*DEFINITIONS, *IMPORTS))), default=-1)
    tail = tree.body[last + 1 :]
    if len(tail) < 2 or any(isinstance(n, ast.Name) and n.id in ("main", "__name__") for n in ast.walk(tree)):
        return None
    assigned = stored(tail)
    used = {n.id for s in tree.body[: last + 1] for n in ast.walk(s) if isinstance(n, ast.Name)}
    shared = sorted(assigned & used)
    body: list[ast.stmt] = [ast.Global(names=shared)] if shared else []
    main = ast.parse("def main(): pass\nif __name__ == '__main__':\n    main()")
    function = main.body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = body + tail
    tree.body = tree.body[: last + 1] + main.body
    return tree


def opaque_names(tree: ast.Module) -> ast.Module | None:
    """Variables, functions, classes and parameters get names that say nothing."""
    keep = set(dir(builtins)) | {"self", "cls", "main"}
    for node in ast.walk(tree):
        if isinstance(node, ast.keyword) and node.arg:
            keep.add(node.arg)
        elif isinstance(node, IMPORTS):
            keep |= {(a.asname or a.name).split(".")[0] for a in node.names}
        elif isinstance(node, ast.ClassDef):
            keep |= stored(node.body) | {s.name for s in node.body if isinstance(s, DEFINITIONS)}
        elif isinstance(node, ast.Constant) and isinstance(node.value, str):
            keep.add(node.value)
    kinds = {"": "v", "f": "f", "c": "K"}
    names: dict[str, str] = {}
    for node in ast.walk(tree):
        name, kind = _bound(node)
        if name and name not in keep and not name.startswith("__"):
            names.setdefault(name, f"{kinds[kind]}{len(names)}")
    return Renamed(names).visit(tree) if names else None


def arguments_in_variables(tree: ast.Module) -> ast.Module | None:
    """Calls inside of calls get variables of their own."""
    return rewrite(tree, Flat())


def nested_calls(tree: ast.Module) -> ast.Module | None:
    """A variable that the next statement alone uses is written there."""
    changed = 0
    for scope in (n for n in ast.walk(tree) if isinstance(n, (ast.Module, ast.FunctionDef))):
        uses = Counter(n.id for n in ast.walk(scope) if isinstance(n, ast.Name))
        for block in blocks(scope):
            for first, second in reversed(list(pairwise(block))):
                name = one_name(first)
                if name is None or uses[name] != 2 or not isinstance(second, (ast.Assign, ast.Expr, ast.Return)):
                    continue
                assert isinstance(first, ast.Assign)
                put = Put(name, first.value)
                put.visit(second)
                if put.done:
                    block.remove(first)
                    changed += 1
    return tree if changed else None


def options_in_dictionaries(tree: ast.Module) -> ast.Module | None:
    """Keywords with plain values are collected in a dictionary before the statement."""
    return rewrite(tree, Options())


def constants_named(tree: ast.Module) -> ast.Module | None:
    """Numbers in calls become constants of the module."""
    return _constants(tree, lambda name: ast.Name(name.upper(), ast.Load()), "{name} = {value}", str.upper)


def settings_in_dictionary(tree: ast.Module) -> ast.Module | None:
    """Numbers in calls are looked up in one dictionary."""
    look_up = lambda name: ast.Subscript(ast.Name("CFG", ast.Load()), ast.Constant(name), ast.Load())  # noqa: E731
    return _constants(tree, look_up, "CFG[{name!r}] = {value}", str, "CFG = {}")


def settings_in_class(tree: ast.Module) -> ast.Module | None:
    """Numbers in calls are attributes of a class of settings."""
    read = lambda name: ast.Attribute(ast.Name("Settings", ast.Load()), name, ast.Load())  # noqa: E731
    return _constants(tree, read, "    {name} = {value}", str, "class Settings:")


def full_names(tree: ast.Module) -> ast.Module | None:
    """``F.relu`` is written ``torch.nn.functional.relu``."""
    short: dict[str, str] = {}
    for node in list(tree.body):
        if isinstance(node, ast.Import):
            for alias in [a for a in node.names if a.asname and a.name.startswith("torch.")]:
                short[str(alias.asname)] = alias.name
                alias.asname = None
        elif isinstance(node, ast.ImportFrom) and node.module == "torch" and not node.level:
            taken = [a for a in node.names if a.name in ("nn", "optim")]
            short |= {a.asname or a.name: f"torch.{a.name}" for a in taken}
            node.names = [a for a in node.names if a not in taken]
            if not node.names:
                tree.body.remove(node)
    if not short:
        return None
    tree = Longer(short).visit(tree)
    insert_first(tree, "\n".join(f"import {m}" for m in sorted({"torch", *short.values()})))
    return tree


def bodies_of_loops(tree: ast.Module) -> ast.Module | None:
    """The body of an innermost loop is a function within."""
    count = 0
    for scope in scopes(tree):
        for block in list(blocks(scope)):
            for place, loop in reversed(list(enumerate(block))):
                if not isinstance(loop, ast.For) or len(loop.body) < 3 or leaves(loop.body):
                    continue
                if any(holds(s, ast.For, ast.While, *DEFINITIONS, ast.Global, ast.Nonlocal) for s in loop.body):
                    continue
                if not all(isinstance(n, (ast.Name, ast.Tuple, ast.expr_context)) for n in ast.walk(loop.target)):
                    continue
                count += 1
                block[place : place + 1] = _by_function(scope, loop, f"one_{count}")
        if isinstance(scope, ast.FunctionDef):
            _bind_shared(scope)
    return tree if count else None


def _by_function(scope: ast.Module | ast.FunctionDef, loop: ast.For, name: str) -> list[ast.stmt]:
    """The loop with its body in a function of the scope, and what must stand before it."""
    given = [n.id for n in ast.walk(loop.target) if isinstance(n, ast.Name)]
    everywhere = Counter(n.id for n in ast.walk(scope) if isinstance(n, ast.Name))
    here = Counter(n.id for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Name))
    first = {}
    for node in sorted((n for s in loop.body for n in ast.walk(s) if isinstance(n, ast.Name)), key=_order):
        first.setdefault(node.id, isinstance(node.ctx, ast.Store))
    assigned = stored(loop.body) - set(given)
    shared = sorted(n for n in assigned if everywhere[n] != here[n] or not first[n])
    function = ast.parse(f"def {name}({', '.join(given)}):\n    pass").body[0]
    assert isinstance(function, ast.FunctionDef)
    function.body = list(loop.body)
    if shared:
        function.body[0:0] = [ast.Nonlocal(shared) if isinstance(scope, ast.FunctionDef) else ast.Global(shared)]
    loop.body = ast.parse(f"{name}({', '.join(given)})").body
    return [function, loop]


def _bind_shared(scope: ast.FunctionDef) -> None:
    """What functions within call nonlocal must be assigned in the scope itself."""
    inner = [d for f in scope.body for d in [f, *own_nodes(f)] if isinstance(d, ast.FunctionDef)]
    wanted = {n for d in inner for s in d.body if isinstance(s, ast.Nonlocal) for n in s.names}
    missing = wanted - stored(scope.body) - {a.arg for a in ast.walk(scope.args) if isinstance(a, ast.arg)}
    outer = {n for s in scope.body if isinstance(s, (ast.Nonlocal, ast.Global)) for n in s.names}
    scope.body[0:0] = ast.parse("\n".join(f"{n} = None" for n in sorted(missing - outer))).body


def _order(node: ast.Name) -> tuple[int, int, int]:
    """The place at which a name is met: what is assigned comes after what is read in the same line."""
    return node.lineno, isinstance(node.ctx, ast.Store), node.col_offset


def functions_of_a_class(tree: ast.Module) -> ast.Module | None:
    """The functions of the module become static methods of a class."""
    functions = [s for s in tree.body if isinstance(s, ast.FunctionDef) and s.name != "main"]
    if not functions:
        return None
    names = {f.name for f in functions}
    if names & bound_in(tree) or any(isinstance(s, ast.ClassDef) and names & names_in(s) for s in tree.body):
        return None
    first = min(tree.body.index(f) for f in functions)
    between = [s for s in tree.body[first:] if not isinstance(s, DEFINITIONS) and names & names_in(s)]
    place = tree.body.index(between[0]) if between else tree.body.index(functions[-1]) + 1
    if any(tree.body.index(f) > place for f in functions):
        return None
    for function in functions:
        function.decorator_list.insert(0, ast.Name("staticmethod", ast.Load()))
    group = ast.parse("class Tools:\n    pass").body[0]
    assert isinstance(group, ast.ClassDef)
    group.body = list(functions)
    tree.body.insert(place, group)
    tree.body = [s for s in tree.body if s not in functions]
    return Member(names, "Tools").visit(tree)


def other_spelling(tree: ast.Module) -> ast.Module | None:
    """Losses by class, activations by method."""
    change = Spelling()
    tree = change.visit(tree)
    return tree if change.done else None


def batches_taken_apart(tree: ast.Module) -> ast.Module | None:
    """``for x, y in loader`` takes the batch first and its parts by their places."""
    count = 0
    for loop in [n for n in ast.walk(tree) if isinstance(n, ast.For)]:
        for part in [loop.target, *(loop.target.elts if isinstance(loop.target, ast.Tuple) else [])]:
            if not isinstance(part, ast.Tuple) or not all(isinstance(e, ast.Name) for e in part.elts):
                continue
            count += 1
            name = f"batch_{count}"
            lines = [f"{ast.unparse(e)} = {name}[{i}]" for i, e in enumerate(part.elts)]
            loop.body[0:0] = ast.parse("\n".join(lines)).body
            if part is loop.target:
                loop.target = ast.Name(name, ast.Store())
            else:
                assert isinstance(loop.target, ast.Tuple)
                loop.target.elts = [ast.Name(name, ast.Store()) if e is part else e for e in loop.target.elts]
            break
    return tree if count else None


def bound_methods(tree: ast.Module) -> ast.Module | None:
    """A method is taken from its object before it is called."""
    return rewrite(tree, Bound())


def built_by_functions(tree: ast.Module) -> ast.Module | None:
    """What a statement builds is built and returned by a function."""
    count = 0
    for scope in scopes(tree):
        for place, line in reversed(list(enumerate(scope.body))):
            name = one_name(line)
            if name is None or not isinstance(line, ast.Assign) or not isinstance(line.value, ast.Call):
                continue
            if name in names_in(line.value) or holds(line, ast.Yield, ast.YieldFrom, ast.Await, ast.NamedExpr):
                continue
            count += 1
            function = ast.parse(f"def build_{count}():\n    return 0").body[0]
            assert isinstance(function, ast.FunctionDef)
            function.body = [ast.Return(line.value)]
            line.value = ast.parse(f"build_{count}()", mode="eval").body
            scope.body.insert(place, function)
    return tree if count else None


def attributes_of_an_object(tree: ast.Module) -> ast.Module | None:
    """Variables of the module that no function reads are attributes of one object."""
    last = max((i for i, s in enumerate(tree.body) if isinstance(s, (*DEFINITIONS, *IMPORTS))), default=-1)
    tail = tree.body[last + 1 :]
    inner = {n for s in tail for c in ast.walk(s) if isinstance(c, OWN_SCOPE) for n in bound_in(c)}
    elsewhere = {n.id for s in tree.body[: last + 1] for n in ast.walk(s) if isinstance(n, ast.Name)}
    handlers = {n.name for s in tail for n in ast.walk(s) if isinstance(n, ast.ExceptHandler)}
    names = stored(tail) - inner - elsewhere - handlers - {"__all__"}
    if len(names) < 2:
        return None
    owner = "run" if "run" not in bound_in(tree) | {s.name for s in tree.body if isinstance(s, DEFINITIONS)} else "kept"
    member = Member(names, owner)
    new = [member.visit(s) for s in tail]
    start = ast.parse(f"import types\n{owner} = types.SimpleNamespace()").body
    tree.body = [*tree.body[: last + 1], *start, *new]
    return tree


def while_loops(tree: ast.Module) -> ast.Module | None:
    """``for i in range(n)`` counts by itself."""
    count = 0
    for scope in scopes(tree):
        for block in list(blocks(scope)):
            for place, loop in reversed(list(enumerate(block))):
                if not isinstance(loop, ast.For) or not _counts(scope, loop) or not isinstance(loop.iter, ast.Call):
                    continue
                count += 1
                name, bound = ast.unparse(loop.target), ast.unparse(loop.iter.args[0])
                start, new = ast.parse(f"{name} = 0\nwhile {name} < {bound}:\n    {name} += 1").body
                assert isinstance(new, ast.While)
                new.body[0:0] = loop.body
                block[place : place + 1] = [start, new]
    return tree if count else None


def _counts(scope: ast.AST, loop: ast.For) -> bool:
    """Whether a loop over ``range(n)`` can count by itself: its variable is its own, and nothing leaves its body."""
    if not isinstance(loop.target, ast.Name) or not isinstance(loop.iter, ast.Call) or loop.orelse:
        return False
    if ast.unparse(loop.iter.func) != "range" or len(loop.iter.args) != 1 or has_calls(loop.iter.args[0]):
        return False
    name = loop.target.id
    everywhere, here = (sum(isinstance(n, ast.Name) and n.id == name for n in ast.walk(s)) for s in (scope, loop))
    return everywhere == here and name not in stored(loop.body) and not leaves(loop.body)


def decorated(tree: ast.Module) -> ast.Module | None:
    """Every function of the module is wrapped by a decorator that measures its time."""
    functions = [s for s in tree.body if isinstance(s, ast.FunctionDef) and not s.decorator_list]
    if not functions:
        return None
    for function in functions:
        function.decorator_list = [ast.Name("timed", ast.Load())]
    code = """
import functools
import time

def timed(function):
    @functools.wraps(function)
    def inner(*args, **kwargs):
        start = time.perf_counter()
        result = function(*args, **kwargs)
        inner.seconds = time.perf_counter() - start
        return result
    return inner
"""
    insert_first(tree, code)
    return tree


def aliased(tree: ast.Module) -> ast.Module | None:
    """What is called from a library is held in a table of the module."""
    return _aliases(tree, table=True)


def looked_up(tree: ast.Module) -> ast.Module | None:
    """What is called from a library is looked up with ``getattr``."""
    return _aliases(tree, table=False)


def guarded_loops(tree: ast.Module) -> ast.Module | None:
    """Every loop can be interrupted by hand."""
    count = 0
    for block in list(blocks(tree)):
        for place, loop in enumerate(block):
            if isinstance(loop, ast.For):
                guard = ast.parse("try:\n    pass\nexcept KeyboardInterrupt:\n    print('stopped')\n    raise").body[0]
                assert isinstance(guard, ast.Try)
                guard.body = [loop]
                block[place] = guard
                count += 1
    return tree if count else None


ALL: dict[str, Disguise] = {
    f.__name__: f
    for f in (
        plain,
        in_main,
        opaque_names,
        arguments_in_variables,
        nested_calls,
        options_in_dictionaries,
        constants_named,
        settings_in_dictionary,
        settings_in_class,
        full_names,
        bodies_of_loops,
        functions_of_a_class,
        other_spelling,
        batches_taken_apart,
        bound_methods,
        built_by_functions,
        attributes_of_an_object,
        while_loops,
        decorated,
        aliased,
        looked_up,
        guarded_loops,
        *FURTHER,
        *HABITS,
    )
}


def _bound(node: ast.AST) -> tuple[str, str]:
    """The name that a node binds and what it stands for: a variable, a function or a class."""
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
        return node.id, ""
    if isinstance(node, ast.arg):
        return node.arg, ""
    if isinstance(node, ast.FunctionDef):
        return node.name, "f"
    if isinstance(node, ast.ClassDef):
        return node.name, "c"
    return "", ""


def _constants(
    tree: ast.Module,
    read: Callable[[str], ast.expr],
    line: str,
    spelled: Callable[[str], str],
    head: str = "",
) -> ast.Module | None:
    """Give the numbers in calls of functions and of the module's statements names."""
    change = Constants(read)
    for statement in tree.body:
        if not isinstance(statement, IMPORTS):
            change.visit(statement)
    if not change.values:
        return None
    lines = [line.format(name=spelled(name), value=value) for name, value in change.values.items()]
    insert_first(tree, "\n".join([head, *lines]))
    return tree


def _aliases(tree: ast.Module, table: bool) -> ast.Module | None:
    """Replace what is called from a module that the script imports."""
    modules = {(a.asname or a.name).split(".")[0] for s in tree.body if isinstance(s, IMPORTS) for a in s.names}
    entries: dict[str, str] = {}
    for call in [n for n in ast.walk(tree) if isinstance(n, ast.Call) and isinstance(n.func, ast.Attribute)]:
        spelled = ast.unparse(call.func)
        parts = spelled.split(".")
        if parts[0] not in modules or not all(p.isidentifier() for p in parts):
            continue
        base, _, last = spelled.rpartition(".")
        if base.split(".")[-1] not in ("nn", "optim", "torch", "F", "functional", "data", "lr_scheduler"):
            continue
        if table:
            entries.setdefault(spelled, f"{last.lower()}_{len(entries)}")
            code = f"PARTS[{entries[spelled]!r}]"
        else:
            entries[spelled] = last
            code = f"getattr({base}, {last!r})"
        call.func = ast.parse(code, mode="eval").body
    if table and entries:
        items = ", ".join(f"{short!r}: {spelled}" for spelled, short in entries.items())
        insert_first(tree, f"PARTS = {{{items}}}", after_imports=True)
    return tree if entries else None
