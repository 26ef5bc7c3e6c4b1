"""Load_state_dict(strict=False) hides keys that did not load.

## What it does

Finds `load_state_dict(strict=False)` whose report of missing keys is thrown away, and entries that are chosen by a
prefix which the model does not have.

## Why is this bad

Keys that do not fit are skipped in silence: a part of the model (or all of it) stays random.

## Example

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"), strict=False)
```

## Use instead

```python
model = nn.Linear(4, 3)
model.load_state_dict(torch.load("weights.pt"))
```
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

from seedbed.doctor.finding import Finding, Severity
from seedbed.doctor.static import best, syntax
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Program
from seedbed.doctor.static.values import Val, ancestors


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    discarded = {id(e.node.value) for e in p.all("discard") if isinstance(e.node, ast.Expr)}
    named = _never_read(p) if p.all("restore") else set()  # somebody looked at it once
    discarded |= named
    for event in p.once("restore"):
        flag = event.arg(1, "strict")
        if event.loops and event.recv is not None and not any(n is event.loops[-1].node for n in event.recv.loops):
            continue  # a model that is filled part by part from several files
        if _passed_on(event) or (event.kwargs.get("assign") is not None and event.kwargs["assign"].const is True):
            continue  # the caller's choice; weights of the meta device that stay unloaded fail loudly
        if flag is None or flag.const is not False:
            continue
        saved = _saved_module(p, event)
        if saved is not None and _nothing_in_common(saved, event.recv):
            yield p.report(
                "SB606",
                event,
                f"no key matches: the file holds the weights of {_called(saved)}, whose keys {_example(saved, event)}, "
                "and strict=False hides it",
                why=f"every key is unexpected and every weight missing (not loaded): {_called(event.recv)} keeps "
                "its random weights",
                fix="Take the prefix off the keys (or save the part itself, model.part.state_dict()); load strictly",
            )
            continue
        part = _part(p, event)
        if part and _lacks(p, event, part):
            yield _too_early(p, event, part)
        if part is not None:
            continue  # only a part was saved: the other keys are missing on purpose
        if id(event.node) not in discarded or event.src.shows(event.node):
            continue  # it is looked at; a notebook shows the missing keys below its cell
        prefix = _foreign_prefix(event)
        if prefix:
            state, model = event.args[0], event.recv
            yield p.report(
                "SB606",
                state,
                f"no key matches: only keys with the prefix {prefix!r} are kept, which {_called(model)} does not have, "
                "and strict=False hides it",
                why="every key is unexpected and every weight missing, so nothing was loaded: the model keeps random "
                "weights",
                fix=f"Take the prefix off the keys: {{k[len({prefix!r}):]: v ...}}, and check the missing keys",
                related=((str(event.src.path), event.line, "it is loaded here"),),
            )
        elif not _chosen(_state(p, event)) and not _compared(p, event) and not _told(p, event):
            yield p.report(
                "SB606",
                event,
                "load_state_dict(strict=False) hides missing and unexpected keys: weights may not be loaded",
                why="keys that do not match (another prefix, such as 'module.') are skipped silently: their "
                "weights are not loaded",
                fix="Use strict=True, or check the result: missing, unexpected = model.load_state_dict(..., "
                "strict=False)",
                severity=Severity.HINT if _published(p, event) or (id(event.node) in named and not p.trains) else None,
            )


def _never_read(p: Program) -> set[int]:
    """Calls whose result gets a name that is read nowhere."""
    read = {n.id for n in p.nodes(ast.Name) if isinstance(n.ctx, ast.Load)}
    sets = p.nodes(ast.Assign)
    return {id(n.value) for n in sets if all(isinstance(t, ast.Name) and t.id not in read for t in n.targets)}


def _saved_module(p: Program, event: Event) -> Val | None:
    """The model of the program whose weights are in the file that is loaded, when they are loaded as they are."""
    state, key = event.arg(0, "state_dict"), None
    if state is not None and state.name == "getitem" and len(state.args) > 1:
        state, key = state.args[0], state.args[1].const
    if state is None or state.kind != "loaded" or not state.args:
        return None
    path = best.path_key(state.args[0])
    files = [e for e in p.all("save") if len(e.args) > 1 and e.seq < event.seq and best.path_key(e.args[1]) == path]
    held = [e.args[0].attrs.get(key) if isinstance(key, str) else e.args[0] for e in files]
    made = {id(m): m for h in held for m in (h.args[:1] if h is not None and h.kind == "state" else (None,)) if m}
    return next(iter(made.values())) if len(made) == 1 and None not in held else None


def _too_early(p: Program, event: Event, part: str) -> Finding:
    return p.report(
        "SB606",
        event,
        f"no key matches: the file holds only the weights called {part!r}, and {_called(event.recv)} has none of them "
        "yet when it is loaded; strict=False hides it",
        why="every key is unexpected and silently dropped: what was trained is not loaded",
        fix="Put the new layers in before load_state_dict(..., strict=False)",
    )


def _part(p: Program, event: Event) -> str | None:
    """For a file of picked weights: the word that chose them by name (empty: another choice); ``None`` for others."""
    state = event.arg(0, "state_dict")
    if state is None or state.kind != "loaded" or not state.args:
        return None
    path = best.path_key(state.args[0])
    files = [e for e in p.all("save") if len(e.args) > 1 and e.seq < event.seq and best.path_key(e.args[1]) == path]
    if not files or any(not _is_part(e.args[0]) for e in files):
        return None
    node = files[-1].args[0].node
    test = node.generators[0].ifs[0] if isinstance(node, ast.DictComp) and len(node.generators[0].ifs) == 1 else None
    key = syntax.text(node.key) if isinstance(node, ast.DictComp) else ""
    if isinstance(test, ast.Compare) and len(test.ops) == 1 and isinstance(test.ops[0], ast.In):
        word = test.left.value if isinstance(test.left, ast.Constant) else None
        return word if isinstance(word, str) and syntax.text(test.comparators[0]) == key else ""
    return ""


def _is_part(saved: Val) -> bool:
    """Whether some entries of a state dictionary were picked, under the names that they had."""
    node = saved.node
    if not isinstance(node, ast.DictComp) or not isinstance(node.key, ast.Name) or len(node.generators) != 1:
        return False
    return bool(node.generators[0].ifs) and any(a.kind == "state" for a in ancestors(saved, limit=12))


def _lacks(p: Program, event: Event, word: str) -> bool:
    """Whether a model has no weights of such a name when it is loaded: classes of the program give that name later."""
    model, named = event.recv, [e for e in p.all("attribute") if word.strip("._") in e.name]
    if model is None or model.kind != "module" or not _is_plain(model) or not named:
        return False
    for used in p.all("invoke", "call"):
        own = used.kind == "invoke" and used.name in ("__init__", "forward")
        if used.seq < event.seq and not own and any(a is model for a in used.args):
            return False  # it may have got them there
    kept = [e for e in p.all("attribute") if e.recv is model and e.seq < event.seq and e.args]
    return bool(kept) and all(e.args[-1].kind == "module" and e.args[-1].owner is None for e in kept)


def _nothing_in_common(saved: Val, model: Val | None) -> bool:
    """Whether two models of the program have no part of the same name."""
    if model is None or any(m.kind != "module" or not _is_plain(m) for m in (saved, model)):
        return False
    first, second = _parts(saved), _parts(model)
    return bool(first) and bool(second) and not first & second


def _is_plain(model: Val) -> bool:
    bases = getattr(model.owner, "bases", None) or ()
    return bool(bases) and all(b.kind == "lib" and b.name == "torch.nn.Module" for b in bases) and not _grows(model)


def _parts(model: Val) -> set[str]:
    """Names of the parts and weights that keys of a state dict begin with."""
    kinds = ("Parameter", "parameter")
    return {n for n, v in model.attrs.items() if v.kind in ("module", "phi") or v.name in kinds or "buffer" in v.tags}


def _example(saved: Val, event: Event) -> str:
    """How the keys of a file begin: with the part that is meant, where one is of the class that is loaded into."""
    own = getattr(event.recv, "owner", None)
    meant = [n for n, v in saved.attrs.items() if v.kind == "module" and own is not None and v.owner is own]
    return f"have the prefix {(meant or sorted(_parts(saved)))[0] + '.'!r}"


def _published(p: Program, event: Event) -> bool:
    """Whether nothing is trained, and the file is a fixed one from the net: it fits, or it never did."""
    state = event.arg(0, "state_dict")
    names = [v.name.rsplit(".", 1)[-1] for v in ancestors(state, limit=12)] if state is not None else []
    return not p.trains and "load_state_dict_from_url" in names


def _state(p: Program, event: Event) -> Val | None:
    """What is loaded; where it is an entry of a file's dictionary, what was put into that entry before."""
    state = event.arg(0, "state_dict")
    if state is None or state.name != "getitem" or len(state.args) < 2:
        return state
    put = [
        e.args[-1]
        for e in p.all("setitem")
        if e.seq < event.seq
        and len(e.args) > 1
        and q.same(e.recv, state.args[0])
        and e.args[0].const is not None
        and e.args[0].const == state.args[1].const
    ]
    return put[-1] if put else state


def _compared(p: Program, event: Event) -> bool:
    """Whether the loaded table was filled with those entries only whose keys the model has."""
    state = event.arg(0, "state_dict")
    known = {n for n, v, _ in p.assigns if v.kind == "state"}
    for put in p.all("setitem"):
        if state is None or not q.same(put.recv, state):
            continue
        tests = [n for c in put.conds for n in syntax.walk(getattr(c[0], "test", c[0])) if isinstance(n, ast.Compare)]
        for test in tests:
            held = syntax.text(test.comparators[0]).removesuffix(".keys()")
            if isinstance(test.ops[0], ast.In) and (held in known or held.endswith(".state_dict()")):
                return True
    return False


def _told(p: Program, event: Event) -> bool:
    """Whether the code around the call says by itself which keys the loaded table lacks."""
    given = getattr(event.node, "args", None)
    table = syntax.text(given[0]) if given else ""
    around = event.funcs[-1].node if event.funcs else p.source.tree
    for branch in (n for n in syntax.walk(around) if isinstance(n, ast.If)):
        tests = [n for n in syntax.walk(branch.test) if isinstance(n, ast.Compare) and isinstance(n.ops[0], ast.NotIn)]
        if not any(syntax.text(t.comparators[0]).removesuffix(".keys()") == table for t in tests):
            continue
        calls = [n.func for s in branch.body for n in syntax.walk(s) if isinstance(n, ast.Call)]
        if any(syntax.text(c).rsplit(".", 1)[-1] in _SAYS for c in calls):
            return True
    return False


_SAYS = frozenset(["print", "warn", "warning", "info", "error", "write", "echo"])


def _chosen(state: Val | None) -> bool:
    """Whether the program itself picks the entries to load, and changes the names of those that a wrapper has given."""
    node = state.node if state is not None else None
    if isinstance(node, ast.DictComp) and not isinstance(node.key, ast.Name):
        return True  # the names were changed to those of the model
    if not isinstance(node, ast.DictComp) or not any(g.ifs for g in node.generators):
        return False
    words = [str(n.value) for g in node.generators for n in syntax.walk(g) if isinstance(n, ast.Constant)]
    return not (isinstance(node.key, ast.Name) and any(word.startswith(("module.", "_orig_mod.")) for word in words))


def _foreign_prefix(event: Event) -> str:
    """The prefix of all keys that are kept unchanged, if the model has no part of that name."""
    state, model = event.arg(0, "state_dict"), event.recv
    node = state.node if state is not None else None
    if (
        not isinstance(node, ast.DictComp)
        or not isinstance(node.key, ast.Name)
        or model is None
        or model.kind != "module"
    ):
        return ""
    bases = getattr(model.owner, "bases", None)
    if not model.attrs or not bases or any(b.kind != "lib" or b.name != "torch.nn.Module" for b in bases):
        return ""
    for test in (t for g in node.generators for t in g.ifs):
        if (
            isinstance(test, ast.Call)
            and syntax.text(test.func) == f"{node.key.id}.startswith"
            and len(test.args) == 1
            and isinstance(test.args[0], ast.Constant)
        ):
            prefix = str(test.args[0].value)
            part, dot, _ = prefix.partition(".")
            if part and dot and part not in model.attrs and not _grows(model):
                return prefix
    return ""


def _called(model: Val | None) -> str:
    return str(getattr(getattr(model, "owner", None), "name", "")) or "the model"


def _grows(model: Val) -> bool:
    """Whether the class names parts in another way than by ``self.name = ...``."""
    written = [n.func for n in syntax.walk(model.owner.node) if isinstance(n, ast.Call)]
    return any(syntax.text(f).rsplit(".", 1)[-1] in ("setattr", "add_module", "register_module") for f in written)


def _passed_on(event: Event) -> bool:
    """Whether ``strict`` is a parameter of the function around the call."""
    given = [k.value for k in getattr(event.node, "keywords", ()) if k.arg == "strict"]
    if not given or not isinstance(given[0], ast.Name) or not event.funcs:
        return False
    spec = event.funcs[-1].node.args
    return given[0].id in {a.arg for a in (*spec.args, *spec.kwonlyargs)}
