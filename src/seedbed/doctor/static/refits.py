"""Scalers, encoders and word tables that are made again for the data that is measured."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.static import data_queries, lineage, queries
from seedbed.doctor.static.leaks import MOMENTS, learns_nothing
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.scopes import Func
from seedbed.doctor.static.source import Source
from seedbed.doctor.static.values import Val, ancestors

_VOCABULARY = "the table of words or classes (vocabulary, mapping) is"
_CODES = frozenset(["codes", "factorize", "get_dummies", "cat_codes"])


def scalers(p: Program) -> Iterator[tuple[Val, str]]:
    """Where measured inputs are scaled by statistics of their own, though training has others."""
    learned, measured = lineage.feeds(p)
    before = next((f for f in learned if _scaled(f.x)), None) if measured else None
    if before is None:
        return
    used = {id(v) for f in learned for v in ancestors(f.x, limit=1500)}
    for one in measured:
        for step in lineage.certain(one.x):
            stat = _row_statistic(p, step) if id(step) not in used else None
            if stat is not None and id(stat) not in used:
                yield _second(p, stat, before), "the evaluation data is normalised with its own mean and deviation"
            if id(step) in used or id(step.node) in lineage.stepping(p):
                continue
            if step.name == "fit_transform" and not _estimator(step) and not _same_table(step, before.x):
                name = step.args[-1].name if len(step.args) > 1 else "the scaler"
                yield _second(p, step, before), f"{name} is fitted again (fit_transform) on the evaluation data"
            elif step.name == "div" and any(id(s) not in used for s in _own(step)):
                yield _second(p, step, before), "the evaluation data is normalised with its own mean and deviation"


def _same_table(step: Val, learned: Val) -> bool:
    """Whether training fitted it to the same table, read from the same file: the numbers come out equal."""
    firsts = [v for v in lineage.path(learned) if v.node is step.node and v.name == step.name]
    return any(v.args and step.args and worked_out_alike(v.args[0], step.args[0]) for v in firsts)


def _second(p: Program, step: Val, before: lineage.Feed) -> Val:
    """Where a line that also scales the training data is asked to do so with the evaluation data."""
    first = next((v for v in lineage.path(before.x) if v.node is step.node and v is not step), None)
    if first is None:
        return step
    mine, other = (
        next((e for e in p.events if e.result is v or any(a is v for a in e.args)), None) for v in (step, first)
    )
    site = queries.beside(mine, other) if mine is not None and other is not None else None
    return Val("unknown", "call", *site) if isinstance(site, tuple) else step


def _scaled(x: Val) -> bool:
    return any(
        v.name in ("fit_transform", "transform") or (v.name == "div" and (bool(_own(v)) or _of_table(v) is not None))
        for v in lineage.certain(x)
    )


def _of_table(step: Val) -> Val | None:
    """The mean of the very table whose rows a data set standardises one by one."""
    if step.name != "div" or len(step.args) != 2 or step.args[0].name != "sub" or len(step.args[0].args) != 2:
        return None
    base, middle = step.args[0].args
    key = lineage.row_key(base)
    if key is None or key.kind != "number" or not base.args:
        return None
    stats = [v for v in ancestors(middle, limit=30) if v.name in MOMENTS and v.args]
    return next((s for s in stats if _alike(s.args[0], base.args[0]) and not data_queries.per_sample(s)), None)


def _row_statistic(p: Program, step: Val) -> Val | None:
    """The same, where it is not worked out anew in every round of training."""
    stat = _of_table(step)
    return stat if stat is not None and id(stat.node) not in lineage.stepping(p) else None


def _estimator(step: Val) -> bool:
    names = [a.name for a in step.args[1:]]
    return learns_nothing(step) or any(n in ("TSNE", "UMAP", "KMeans", "SMOTE") or n.endswith("Encoder") for n in names)


def _own(step: Val) -> list[Val]:
    """The mean and deviation (or lowest and highest value) of data by which a quotient standardises that data."""
    if len(step.args) != 2 or step.args[0].name != "sub" or len(step.args[0].args) != 2:
        return []
    base, middle = step.args[0].args
    if base.name in ("element", "batch") or any(v.name in ("batch", "element") for v in lineage.certain(base)):
        return []
    key = lineage.row_key(base)
    if key is not None and any("index" in v.tags or "counter" in v.tags for v in ancestors(key, limit=20)):
        return []  # a window on its own scale: nothing that training has fixed
    stats = [v for part in (middle, step.args[1]) for v in ancestors(part, limit=30) if v.name in MOMENTS and v.args]
    if any(data_queries.per_sample(s) for s in stats):
        return []
    return [s for s in stats if _alike(s.args[0], base)]


def _alike(a: Val, b: Val) -> bool:
    """Whether two values are the same part of one thing, as in ``t[cols].mean()`` and ``t[cols]``."""
    if a is b:
        return True
    if not (a.name == b.name == "getitem" and a.args and b.args and a.args[0] is b.args[0]):
        return False
    return (
        isinstance(a.node, ast.Subscript) and isinstance(b.node, ast.Subscript) and ast.dump(a.node) == ast.dump(b.node)
    )


def encoders(p: Program) -> Iterator[tuple[Val, str]]:
    """Where words or classes of measured data get other numbers than in training."""
    learned, measured = lineage.feeds(p)
    known: dict[str, dict[int, Val]] = {}
    for feed in learned if measured else ():
        for part in (feed.x, feed.y):
            _collect(part, known)
    if not known:
        return
    for feed in measured:
        here: dict[str, dict[int, Val]] = {}
        for part in (feed.x, feed.y):
            _collect(part, here)
        for name, made in here.items():
            mine = [v for k, v in made.items() if k not in known.get(name, {})]
            shared = [k for k in known.get(name, {}) if k in made]
            if mine and name in known and not shared:
                others = known[name].values()
                if name == _VOCABULARY and all(any(_read_alike(p, v, o) for o in others) for v in mine):
                    continue
                place = _call_site(p, mine[0], next(iter(others))) if name == _VOCABULARY else None
                yield place or mine[0], f"{name} made anew for the evaluation data"


def _read_alike(p: Program, mine: Val, other: Val) -> bool:
    """Whether two tables are filled from the same thing in the same way, as from one file of class names."""
    words: list[list[Val]] = []
    for one in (mine, other):
        table = next((v for v in one.args if v.kind == "dict"), None)
        words.append([e.args[0] for e in p.all("setitem") if e.recv is table is not None and e.args])
    if not any(words) and mine.args and other.args and mine.args[0].name == other.args[0].name == "comprehension":
        return worked_out_alike(mine.args[0], other.args[0])  # {word: i for i, word in enumerate(...)}
    pairs = list(zip(*words, strict=False))
    return bool(pairs) and len(words[0]) == len(words[1]) and all(worked_out_alike(a, b) for a, b in pairs)


def worked_out_alike(a: Val, b: Val) -> bool:
    """Whether two values come from the same things by the same steps, so that they are equal."""
    stack, seen = [(a, b)], set[tuple[int, int]]()
    while stack:
        one, other = stack.pop()
        if one is other or (id(one), id(other)) in seen:
            continue
        seen.add((id(one), id(other)))
        if one.kind == other.kind == "const":
            if type(one.const) is not type(other.const) or one.const != other.const:
                return False
            continue
        left, right = list(one.inputs()), list(other.inputs())
        if not left or len(left) != len(right) or one.node is not other.node or one.name != other.name:
            return False
        if (one.place, one.split) != (other.place, other.split):
            return False  # two parts of one whole
        if len(seen) > 200:
            return False
        stack += zip(left, right, strict=True)
    return True


def _call_site(p: Program, mine: Val, other: Val) -> Val | None:
    """Where the program asks for the second table: the innermost call on the way to it that the first one had not.

    A data set that always makes a table of its own, and cannot be given one, is asked for there.
    """
    stacks: list[tuple[tuple[ast.AST, Source], ...]] = []
    makers: list[Event | None] = []
    for one in (mine, other):
        tables = [v for v in (one.args[0], *one.args) if v.kind == "dict"] if one.args else []
        event = next(
            (e for e in p.all("setitem", "return", "assign") if any(x in tables for x in (e.recv, e.result))), None
        )
        stacks.append(event.sites if event is not None else ())
        makers.append(event)
    before = {id(node) for node, _ in stacks[1]}
    for place, (node, src) in reversed(list(enumerate(stacks[0]))):
        if id(node) not in before:
            made = makers[0]
            func = made.funcs[place] if made is not None and place < len(made.funcs) else None
            if made is not None and func is not None and func.name == "__init__" and not _is_given(func):
                inner = stacks[0][place + 1] if place + 1 < len(stacks[0]) else (made.node, made.src)
                return Val("unknown", "call", *inner)
            return Val("unknown", "call", node, src)
    return None


def _is_given(func: Func) -> bool:
    """Whether a constructor can be given a vocabulary, and looks at it."""
    given = func.node.args
    read = {n.id for s in func.node.body for n in ast.walk(s) if isinstance(n, ast.Name)}
    names = [a.arg.lower() for a in (*given.args, *given.kwonlyargs) if a.arg in read]
    return any(w in n for n in names for w in ("vocab", "stoi", "idx", "index", "ids", "map", "token", "dict", "encod"))


def _collect(val: Val | None, into: dict[str, dict[int, Val]]) -> None:
    for one in _behind(val) if val is not None else ():
        name = ""
        if one.name == "fit_transform" and len(one.args) > 1 and one.args[-1].name.endswith(("Encoder", "Vectorizer")):
            name = f"the {one.args[-1].name} is"
        elif one.name in _CODES and one.kind in ("tensor", "unknown", "method") and not _given(one):
            name = f"the {'category codes' if 'codes' in one.name else one.name + '() columns or codes'} are"
        elif one.name == "unique" and "return_inverse" in one.kwargs:
            name = "the class codes of unique(return_inverse=True) are"
        elif one.kind == "number" and one.name in ("code", "len") and one.args and _table(one):
            name = "" if _folders(one) else _VOCABULARY
        elif one.name == "get" and one.kind == "unknown" and one.args and one.args[0].kind == "dict":
            codes = [o for v in one.args[0].attrs.values() for o in v.options() if o.name == "code"]
            into.setdefault(_VOCABULARY, {}).update({_key(c): one for c in codes})
        if name:
            into.setdefault(name, {})[_key(one)] = one


def _behind(val: Val, limit: int = 2500) -> list[Val]:
    """Everything that a value was made from, except what only names the columns that are taken."""
    stack, seen = [val], dict[int, Val]()
    while stack and len(seen) < limit:
        one = stack.pop()
        if id(one) in seen:
            continue
        seen[id(one)] = one
        if one.kind in ("func", "class", "lib", "module") or one.name in MOMENTS:
            continue  # of a mean it does not matter which columns its table has besides
        columns = one.name == "getitem" and len(one.args) > 1 and one.args[1].kind in ("list", "method")
        stack.extend(one.args[:1] if columns else one.inputs())
    return list(seen.values())


def _given(one: Val) -> bool:
    """Whether the categories were named beforehand, as with ``astype(CategoricalDtype(...))``."""
    for made in ancestors(one, limit=12):
        if made.name in ("Categorical", "set_categories", "CategoricalDtype") and (
            len(made.args) > 1 or "categories" in made.kwargs or made.name == "CategoricalDtype"
        ):
            return True
        if made.name == "astype" and len(made.args) > 1 and made.args[1].kind not in ("const", "lib"):
            return True
    return False


def _key(one: Val) -> int:
    """What tells two tables apart: the table itself when a number knows it."""
    return id(one.args[0]) if one.name in ("code", "len") and one.args and one.args[0].kind == "dict" else id(one)


def _folders(one: Val) -> bool:
    """Whether the classes are the sorted names of folders, which each split has alike."""
    names = {v.name for v in ancestors(one, limit=120)}
    return "sorted" in names and bool(names & {"listdir", "iterdir", "scandir", "glob", "rglob", "walk"})


def _table(one: Val) -> bool:
    return one.name == "code" or one.args[0].kind == "dict"
