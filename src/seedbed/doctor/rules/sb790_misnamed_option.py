"""An option is looked up under another name than it was given: the default is used in silence.

## What it does

Finds `options.get("lr", default)` where the options hold the same thing under another name, or one level deeper, which
nobody reads.

## Why is this bad

`get` with a default never fails: the number that you set has no effect and the fallback is trained with.

## Example

```python
config = {"learning_rate": 3e-3, "batch_size": 32}
optimizer = torch.optim.Adam(model.parameters(), lr=config.get("lr", 1e-5))
```

## Use instead

```python
config = {"lr": 3e-3, "batch_size": 32}
optimizer = torch.optim.Adam(model.parameters(), lr=config.get("lr", 1e-5))
```
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator

from seedbed.doctor.finding import Finding
from seedbed.doctor.static import queries as q
from seedbed.doctor.static.program import Event, Place, Program
from seedbed.doctor.static.values import Val

_SAME = (
    {"lr", "learning_rate", "learningrate", "base_lr", "init_lr", "initial_lr", "max_lr", "eta"},
    {"wd", "weight_decay", "l2", "decay", "l2_penalty", "weightdecay"},
    {"bs", "batch_size", "batchsize", "batch", "train_batch_size"},
    {"epochs", "num_epochs", "n_epochs", "max_epochs", "nepochs", "epoch"},
    {"dropout", "p_drop", "drop", "dropout_rate", "drop_rate", "p_dropout", "dropout_prob"},
    {"hidden", "hidden_size", "hidden_dim", "n_hidden", "width", "hidden_units"},
    {"layers", "num_layers", "n_layers", "depth"},
    {"clip", "grad_clip", "clip_norm", "max_norm", "max_grad_norm", "clip_grad_norm", "gradient_clip"},
    {"seed", "random_seed", "random_state", "manual_seed"},
    {"momentum", "mom"},
    {"optimizer", "optim", "opt"},
    {"scheduler", "lr_scheduler", "schedule"},
    {"patience", "early_stopping_patience", "early_stop", "early_stopping"},
    {"warmup", "warmup_steps", "warmup_epochs", "num_warmup_steps"},
    {"label_smoothing", "smoothing"},
    {"ema_decay", "ema"},
    {"accumulation", "accumulation_steps", "grad_accum", "accum_steps", "gradient_accumulation_steps"},
)


def check(p: Program) -> Iterator[Finding]:
    """Find it in a program."""
    if not p.complete:
        return
    seen: set[int] = set()
    read = _read(p)
    yield from _one_level_up(p, read)
    for event, box, name, default in _lookups(p):
        keys = [k for k, v in box.attrs.items() if k != "*" and v is not default]
        if "*" in box.attrs or name in keys or len(keys) < 2 or id(event.node) in seen:
            continue
        if id(box) in read["whole"]:
            continue
        meant = next((k for k in keys if k not in read["keys"] and same_option(name, k)), None)
        if meant is None:
            continue
        seen.add(id(event.node))
        given = box.attrs[meant]
        number = f" ({given.const!r})" if given.kind == "const" else ""
        fallback = f" {default.const!r}" if default.kind == "const" else ""
        yield p.report(
            "SB790",
            _written(p, box, meant) or event,
            f"the config key {meant!r}{number} is never read: the code asks for {name!r} and falls back to the "
            f"default{fallback}",
            why=f"get({name!r}, default) does not fail for a missing key, so the value that was set has no effect",
            fix=f"Use one name: rename the key to {name!r}, or read it without a default: options[{name!r}]",
            related=(q.place(event.result) if event.result is not None else ("", event.line, "read here"),),
        )


def _one_level_up(p: Program, read: dict[str, set[object]]) -> Iterator[Finding]:
    """Options that are looked up in a table of tables, although they lie in one of those."""
    found: dict[tuple[int, str], list[tuple[Event, str, str]]] = {}
    box: dict[int, Val] = {}
    if any(k.arg is None and isinstance(k.value, ast.Name) for n in q.everywhere(p, ast.Call) for k in n.keywords):
        return  # a table is handed on as a whole
    for event, one, name, default in _lookups(p):
        key = _deeper(p, one, name, default) if id(one) not in read["whole"] else ""
        if key:
            given, fallback = one.attrs[key].attrs[name].const, f" (default {default.const!r})"
            box[id(one)] = one
            said = f"{name!r} = {given!r}{fallback if default.kind == 'const' else ''}"
            same = found.setdefault((id(one), key), [])
            if all(e.node is not event.node for e, _, _ in same):
                same.append((event, name, said))
    for (which, key), lost in found.items():
        event, name, _ = lost[0]
        named = [e for _, v, e in p.assigns if v is box[which] and e.funcs == event.funcs and e.funcs]
        named = [e for e in named if e.seq < event.seq]
        yield p.report(
            "SB790",
            named[-1] if named else event,
            f"looked up one level too high: the config has {', '.join(s for _, _, s in lost)} nested under {key!r}, so "
            "the values never arrive and the defaults are used",
            why=f"get({name!r}, default) does not fail for a missing key, so what was set is silently ignored",
            fix=f"Read it where it is: options[{key!r}][{name!r}]",
            related=((str(event.src.path), event.line, "read here"),),
        )


def _deeper(p: Program, box: Val, name: str, default: Val) -> str:
    """The key under which the options hold another table with this option, which nobody reads there."""
    tables = [(k, v) for k, v in box.attrs.items() if v.kind == "dict" and "*" not in v.attrs and name in v.attrs]
    if len(tables) != 1 or box.kind != "dict" or "*" in box.attrs or _set(box, name, default):
        return ""
    key, table = tables[0]
    given = table.attrs[name]
    if given.kind != "const" or (default.kind == "const" and default.const == given.const):
        return ""
    return key if _only_others(p, key, name) else ""


def _set(box: Val, name: str, default: Val) -> bool:
    """Whether the table has the option itself; ``pop`` and ``setdefault`` may leave the default behind."""
    return name in box.attrs and box.attrs[name] is not default


def _only_others(p: Program, key: str, name: str) -> bool:
    """Whether the inner table is never read, or only asked for other options, one by one: ``cfg["optim"]["name"]``."""
    reads = [n for n in q.everywhere(p, ast.Subscript) if _text(n.slice) == key]
    asked = {id(n.value) for n in q.everywhere(p, ast.Subscript) if _text(n.slice) not in (None, name)}
    called = any(a.const == key for e in p.calls("get", "pop", "setdefault", "getattr") for a in e.args)
    return not called and all(id(n) in asked for n in reads)


def _text(node: ast.AST) -> object:
    return node.value if isinstance(node, ast.Constant) else None


def _lookups(p: Program) -> Iterator[tuple[Event, Val, str, Val]]:
    """Every look-up with a fallback: the place, the options, the name and the default."""
    for event in p.calls("get", "pop", "getattr"):
        direct = event.name.rsplit(".", 1)[-1] != "getattr"
        args = event.args if direct else event.args[1:]
        box = event.recv if direct else (event.args[0] if event.args else None)
        if box is None or len(args) < 2 or not isinstance(args[0].const, str) or args[1].is_none:
            continue
        if box.kind == "dict" or (box.kind == "instance" and box.name == "args"):
            yield event, box, args[0].const, args[1]


def _read(p: Program) -> dict[str, set[object]]:
    """The keys that anything reads, and the options that are handed on or gone through as a whole."""
    keys: set[object] = {n.slice.value for n in q.everywhere(p, ast.Subscript) if isinstance(n.slice, ast.Constant)}
    keys |= {n.attr for n in q.everywhere(p, ast.Attribute)}
    whole: set[object] = set()
    for event in p.calls("get", "pop", "setdefault", "getattr"):
        keys |= {a.const for a in event.args if isinstance(a.const, str)}
    for event in p.calls("items", "keys", "values"):
        whole |= {id(event.recv)}
    starred = [k.value for n in q.everywhere(p, ast.Call) for k in n.keywords if k.arg is None]
    if starred:
        keys |= {a.arg for n in q.everywhere(p, ast.FunctionDef) for a in (*n.args.args, *n.args.kwonlyargs)}
    return {"keys": keys, "whole": whole}


def same_option(asked: str, given: str) -> bool:
    """Whether two names stand for one option."""
    a, b = asked.lower(), given.lower()
    if any(a in group and b in group for group in _SAME):
        return True
    plain = a.replace("_", "").replace("-", ""), b.replace("_", "").replace("-", "")
    return plain[0] == plain[1] or (min(len(a), len(b)) > 5 and difflib.SequenceMatcher(None, a, b).ratio() > 0.84)


def _written(p: Program, box: Val, name: str) -> Place | None:
    """Where the key that nobody reads was written."""
    at = box.node
    for key in getattr(at, "keys", None) or []:
        if isinstance(key, ast.Constant) and key.value == name and box.src is not None:
            return key, box.src
    found = [k for n in q.nodes(p, ast.Dict) for k in n.keys if isinstance(k, ast.Constant) and k.value == name]
    return (found[0], p.source) if found else None
